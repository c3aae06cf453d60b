"""The command that serves."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from typing import Annotated

import typer

from matinee.base.terminal import Opener


def serve_command(
    ctx: typer.Context,
    subsystem: Annotated[
        str, typer.Argument(help="Serve only this one, as recommendation beside another media server; all otherwise.")
    ] = "",
    host: Annotated[str | None, typer.Option(help="Address to listen on; otherwise server.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, 0 for a free one; otherwise server.port.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the site in a browser.")] = False,
) -> None:
    """Serve the site, the console and the API, or one subsystem, until Ctrl+C."""
    from matinee.server.run import serve  # the web framework is slow to import, and --help needs none of it

    opener: Opener = ctx.obj

    def ready(address: str, _stop: Callable[[], None]) -> None:
        opener.show({"address": address}, f"Serving {opener.workspace().root} at {address}")
        if subsystem:
            opener.say(f"{address}/openapi.json describes it. Ctrl+C stops.")
            return
        opener.say("Sign in with an account; `matinee accounts add EMAIL` makes one. Ctrl+C stops.")
        if open_:
            webbrowser.open(address)

    serve(opener.workspace(), host, port, only=subsystem, ready=ready)
