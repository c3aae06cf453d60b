"""The command that serves."""

from __future__ import annotations

import signal
import webbrowser
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from matinee.base.terminal import Opener
from matinee.jobs.settings import JobsSettings


def serve_command(
    ctx: typer.Context,
    subsystem: Annotated[
        str, typer.Argument(help="Serve only this one, as recommendation beside another media server; all otherwise.")
    ] = "",
    host: Annotated[str | None, typer.Option(help="Address to listen on; otherwise server.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, 0 for a free one; otherwise server.port.")
    ] = None,
    agents: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="Processes that run jobs beside it; otherwise jobs.agents, 0 with SUBSYSTEM."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the site in a browser.")] = False,
) -> None:
    """Serve the site, the console and the API, or one subsystem, until Ctrl+C."""
    from matinee.server.agents import Agents
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

    workspace = opener.workspace()
    usual = 0 if subsystem else workspace.settings.table("jobs", JobsSettings).agents
    signal.signal(signal.SIGTERM, _leave)
    with Agents(workspace, usual if agents is None else agents, opener.flags):
        serve(workspace, host, port, only=subsystem, ready=ready)


def _leave(_number: int, _frame: object) -> NoReturn:
    """End as Ctrl+C does: what was begun is ended in turn. Uvicorn raises the signal again once it has stopped."""
    raise SystemExit(0)
