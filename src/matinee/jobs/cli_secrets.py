"""Commands for secrets."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from matinee.jobs.cli_parts import service_of

app = typer.Typer(help="What jobs must know and nobody may read.", no_args_is_help=True)
NameOfSecret = Annotated[str, typer.Argument(help="Of the variable in which jobs find it.")]


@app.command("set")
def set_(ctx: typer.Context, name: NameOfSecret) -> None:
    """Keep a secret; its value is read from standard input, or asked for where that is a terminal."""
    opener, service = service_of(ctx)
    value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    service.secrets.put(name, value)
    opener.show({"name": name}, f"{name} is kept; jobs get it with --secret {name}")


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """List the names of secrets."""
    opener, service = service_of(ctx)
    names = service.secrets.names()
    opener.show(names, "\n".join(names))


@app.command()
def remove(ctx: typer.Context, name: NameOfSecret) -> None:
    """Forget a secret."""
    opener, service = service_of(ctx)
    service.secrets.remove(name)
    opener.show({"removed": name}, f"{name} is gone")
