"""The tree of commands: workflows first, then one group per subsystem."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from matinee import __version__
from matinee.base.logging import Form, configure
from matinee.base.terminal import Opener
from matinee.cli.lazy import Entry, LazyGroup
from matinee.subsystems import SUBSYSTEMS, open_workspace

START, WORK, PARTS = "Begin", "Work", "Subsystems"


class Root(LazyGroup):
    """``matinee``."""

    entries = (
        Entry("demo", "A small cinema made on the spot: films, viewers, a month of viewing, and the site.",
              "matinee.cli.demo:demo", START),
        Entry("init", "Make a workspace.", "matinee.cli.workspace:init", START),
        Entry("status", "What this workspace holds and what to do next.", "matinee.cli.workspace:status", START),
        Entry("import", "Read films and viewing from MovieLens and TMDB.", "matinee.cli.ingest:import_app", WORK),
        Entry("scan", "Read a folder of films and series.", "matinee.cli.ingest:scan", WORK),
        Entry("encode", "Encode every film that has no stream yet.", "matinee.encoding.cli:encode", WORK),
        Entry("train", "Fit the models to all viewing so far.", "matinee.recommendation.cli:train", WORK),
        Entry("run", "Workflows as graphs of jobs: nightly, ingest, reencode.", "matinee.cli.workflows:app", WORK),
        Entry("serve", "Serve the site, the console and the API.", "matinee.server.cli:serve_command", WORK),
        Entry("accounts", "People who can sign in.", "matinee.catalog.cli:accounts_app", WORK),
        Entry("settings", "Every setting: its value here, its default, what it means.",
              "matinee.cli.workspace:settings", WORK),
        *(Entry(one.name, one.sentence, one.commands, PARTS) for one in SUBSYSTEMS.values() if one.commands),
    )  # fmt: skip


app = typer.Typer(
    cls=Root,
    help="The AI of a film and series service, from the script to the screen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"matinee {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None, typer.Option(help="The workspace; otherwise MATINEE_WORKSPACE, or the one you stand in.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="TABLE.NAME=VALUE", help="A setting, for this run only; or @FILE with one in each line."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print results as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False,
    log_format: Annotated[Form, typer.Option(help="How logs are written.")] = "text",
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that every command takes, before or after its name."""
    configure(logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING, log_format)
    ctx.obj = Opener(open_workspace, workspace, tuple(setting or ()), json=json, quiet=quiet)
    ctx.call_on_close(ctx.obj.close)
