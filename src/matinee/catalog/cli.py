"""Commands: look at what there is, and say who may sign in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.progress import track
from matinee.base.terminal import Opener
from matinee.catalog.records import Account, Kind, Role, Title
from matinee.catalog.service import Service, Sort

app = typer.Typer(help="Titles, people, assets, accounts and viewers.", no_args_is_help=True)
accounts_app = typer.Typer(help="People who can sign in.", no_args_is_help=True)

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="How many.")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def _catalog(ctx: typer.Context) -> tuple[Opener, Service]:
    opener: Opener = ctx.obj
    return opener, opener.workspace().service("catalog")


# Looking


@app.command("list")
def list_(
    ctx: typer.Context,
    kind: Annotated[Kind | None, typer.Option(help="Films and series unless another kind is named.")] = None,
    genre: Annotated[str | None, typer.Option(help="Of this genre only.")] = None,
    sort: Annotated[Sort, typer.Option(help="Newest, by name, or latest year first.")] = "added",
    playable: Annotated[bool, typer.Option("--playable", help="Only what has a stream.")] = False,
    limit: Limit = 50,
) -> None:
    """List titles."""
    opener, service = _catalog(ctx)
    page = service.browse(kind=kind, genre=genre, sort=sort, playable=playable or None, limit=limit)
    _show_titles(opener, page.items, f"{len(page.items):,} of {page.total:,}")


@app.command()
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="A name or a part of one, a person, a year; typos are forgiven.")],
    limit: Limit = 20,
) -> None:
    """Find titles by name or people."""
    opener, service = _catalog(ctx)
    found = service.search(query, limit=limit)
    _show_titles(opener, found, f"{len(found)} found" if found else f"nothing found for {query!r}")


def _show_titles(opener: Opener, titles: Sequence[Title], caption: str) -> None:
    table = Table("id", "name", "year", "kind", "age", "genres", "stream", box=None, caption=escape(caption))
    for one in titles:
        age = "" if one.maturity is None else str(one.maturity)
        stream = "yes" if one.playable else ""
        table.add_row(
            str(one.id), escape(one.name), str(one.year or ""), one.kind, age, escape(", ".join(one.genres)), stream
        )
    opener.show([asdict(one) for one in titles], table)


@app.command()
def show(ctx: typer.Context, title: Annotated[int, typer.Argument(help="Its number.")]) -> None:
    """Show all that is known of a title."""
    opener, service = _catalog(ctx)
    record = _everything(service, service.title(title))
    table = Table(box=None, show_header=False)
    for name, value in record.items():
        if value not in (None, "", (), []):
            table.add_row(name, escape(_text(value)))
    opener.show(record, table)


def _everything(service: Service, title: Title) -> dict[str, Any]:
    return asdict(title) | {
        "credits": [asdict(one) for one in service.credits(title.id)],
        "external_ids": [asdict(one) for one in service.external_ids("title", title.id)],
        "assets": [asdict(one) for one in service.assets(title.id)],
        "children": [asdict(one) for one in service.children(title.id)],
    }


def _text(value: Any) -> str:
    if not isinstance(value, (list, tuple)):
        return str(value)
    return "\n".join(
        " ".join(str(v) for v in one.values() if v) if isinstance(one, dict) else str(one) for one in value
    )


@app.command()
def export(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(help="Where to write JSON Lines, one title a line.")]
) -> None:
    """Write all titles with their credits, ids and assets to a file."""
    opener, service = _catalog(ctx)
    titles = service.snapshot().titles.values()
    try:
        with file.open("wb") as out:
            for one in track(titles, "exporting", total=len(titles), unit="titles"):
                out.write(orjson.dumps(_everything(service, one), default=str) + b"\n")
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be written: {error.strerror}.", next_step="Name a file in a folder with space of your own."
        ) from None
    opener.show({"titles": len(titles), "file": str(file)}, f"{len(titles):,} titles in {escape(str(file))}")


# Accounts


@accounts_app.command()
def add(
    ctx: typer.Context,
    email: str,
    operator: Annotated[bool, typer.Option("--operator", help="May see the console.")] = False,
    password_stdin: Stdin = False,
) -> None:
    """Make an account, with one viewer."""
    opener, service = _catalog(ctx)
    role = Role.OPERATOR if operator else Role.MEMBER
    account = service.create_account(email, _password(stdin=password_stdin), role, now_ms())
    service.create_viewer(account.email.partition("@")[0][:60], account_id=account.id)
    opener.show(asdict(account), f"Made the {account.role} account {account.email}")


@accounts_app.command("list")
def list_accounts(ctx: typer.Context) -> None:
    """List the accounts and their viewers."""
    opener, service = _catalog(ctx)
    table, rows = Table("id", "e-mail", "role", "viewers", box=None), []
    for account in service.accounts():
        viewers = service.viewers(account.id)
        table.add_row(str(account.id), account.email, account.role, escape(", ".join(one.name for one in viewers)))
        rows.append(asdict(account) | {"viewers": [asdict(one) for one in viewers]})
    opener.show(rows, table)


@accounts_app.command()
def password(ctx: typer.Context, email: str, password_stdin: Stdin = False) -> None:
    """Replace a password."""
    opener, service = _catalog(ctx)
    account = service.account_of(email)
    service.set_password(account.id, _password(stdin=password_stdin))
    opener.show(asdict(account), f"{account.email} has a new password")


@accounts_app.command()
def claim(
    ctx: typer.Context,
    email: str,
    viewer: Annotated[str, typer.Option(help="A viewer's number, or as movielens:42.")],
) -> None:
    """Put an imported viewer into an account."""
    opener, service = _catalog(ctx)
    account: Account = service.account_of(email)
    taken = service.claim_viewer(_viewer_id(service, viewer), account.id)
    opener.show(asdict(taken), f"{taken.name} belongs to {account.email} now")


def _viewer_id(service: Service, viewer: str) -> int:
    if viewer.isascii() and viewer.isdecimal():
        return int(viewer)
    found = service.find_viewers(viewer, limit=2) if ":" in viewer else []
    if len(found) > 1:
        raise InvalidInput(f"{viewer!r} means several viewers.", next_step="Name its source in full: movielens-25m:42.")
    if not found:
        raise NotFound(f"There is no viewer {viewer!r}.", next_step="Import them first, and write it as movielens:42.")
    return found[0].id


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    entered: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return entered
