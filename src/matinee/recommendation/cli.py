"""Commands: train, look at a viewer's page, look at what is like a title, and the shelf."""

from __future__ import annotations

from random import SystemRandom
from typing import Annotated

import numpy as np
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from matinee.base.clock import now_ms, to_iso
from matinee.base.errors import NotFound
from matinee.base.terminal import Opener
from matinee.catalog.records import Title, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.recommendation import cli_evaluation
from matinee.recommendation.records import HomePage, Item, Row
from matinee.recommendation.service import Service

app = typer.Typer(help="Which titles for this viewer, in which rows, and why.", no_args_is_help=True)
app.command()(cli_evaluation.evaluate)
app.command()(cli_evaluation.compare)


def _open(ctx: typer.Context) -> tuple[Opener, Service, Catalog]:
    opener: Opener = ctx.obj
    workspace = opener.workspace()
    return opener, workspace.service("recommendation"), workspace.service("catalog")


@app.command()
def train(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(help="The same seed and viewing give the same model.")] = 0,
) -> None:
    """Learn from everything that viewers have done, and serve the result."""
    opener, service, _ = _open(ctx)
    report = service.train(now_ms(), np.random.default_rng(seed))
    table = Table("trained", "", title=report.version)
    for name in ("viewers", "titles", "interactions"):
        table.add_row(name, f"{getattr(report, name):,}")
    table.add_row("loss", " → ".join(f"{loss:.4f}" for loss in report.losses[:: max(1, len(report.losses) - 1)]))
    table.add_row("time", f"{report.seconds:.1f} s")
    opener.show(report, table)
    opener.say("A running server takes it up by itself. `matinee recommendation page VIEWER` shows what it does.")


@app.command()
def page(
    ctx: typer.Context,
    viewer: Annotated[str, typer.Argument(help="Id, or SOURCE:KEY as movielens:42.")],
    titles: Annotated[int, typer.Option("--titles", "-n", min=1, max=100, help="Shown of each row.")] = 5,
) -> None:
    """Show a viewer's home page, with the reasons. Nothing is recorded."""
    opener, service, catalog = _open(ctx)
    who = _viewer(catalog, viewer)
    found = service.page(who, now_ms(), SystemRandom())
    opener.show(found, _shown(found, who, titles))


@app.command()
def similar(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="Id or name.")],
    n: Annotated[int, typer.Option("-n", min=1, max=200, help="How many.")] = 10,
) -> None:
    """Show what is like a title."""
    opener, service, catalog = _open(ctx)
    one = _title(catalog, title)
    found = service.similar(one.id, Viewer(id=1, name="operator"), n)
    table = Table("id", "title", "year", "genres", title=f"Like {one.name}")
    for other in found:
        table.add_row(str(other.id), other.name, str(other.year or ""), ", ".join(other.genres))
    opener.show(found, table)


@app.command()
def shelf(ctx: typer.Context) -> None:
    """List the versions on the shelf."""
    opener, service, _ = _open(ctx)
    versions, current = service.versions()
    table = Table("version", "trained", "served")
    for version in versions:
        table.add_row(version, to_iso(int(version.partition("-")[0])), "yes" if version == current else "")
    opener.show({"versions": versions, "current": current}, table)
    if not versions:
        opener.say("Nothing has been trained; `matinee recommendation train` does it.")


@app.command()
def rollback(ctx: typer.Context) -> None:
    """Serve the version before the current one again."""
    opener, service, _ = _open(ctx)
    version = service.roll_back()
    opener.show({"current": version}, f"Serving {version}.")


def _viewer(catalog: Catalog, name: str) -> Viewer:
    source, colon, key = name.partition(":")
    id_ = catalog.by_external("viewer", source, key) if colon else int(name) if name.isdecimal() else None
    if id_ is None:
        raise NotFound(f"There is no viewer {name!r}.", next_step="Give an id, or a source and key as movielens:42.")
    return catalog.viewer(id_)


def _title(catalog: Catalog, name: str) -> Title:
    if name.isdecimal():
        return catalog.title(int(name))
    found = catalog.search(name, limit=1)
    if not found:
        raise NotFound(f"There is no title {name!r}.", next_step="Give its id, or another spelling.")
    return found[0]


def _shown(found: HomePage, viewer: Viewer, titles: int) -> Group:
    parts: list[Text | Table] = [Text(viewer.name, style="bold")]
    if found.hero is None:
        parts.append(Text("The library is empty. `matinee scan FOLDER` or `matinee import` fills it."))
    else:
        parts.append(Text.assemble((found.hero.title.name, "bold"), "  ", found.hero.reason))
    parts.extend(_row(row, titles) for row in found.rows)
    return Group(*parts)


def _row(row: Row, titles: int) -> Table:
    table = Table("title", "year", "why", title=row.heading, title_justify="left", caption=row.reason, expand=True)
    table.columns[0].ratio, table.columns[2].ratio = 3, 4
    for item in row.items[:titles]:
        table.add_row(item.title.name, str(item.title.year or ""), _why(item))
    return table


def _why(item: Item) -> str:
    return item.reason if item.progress is None else f"{item.reason} ({item.progress:.0%} watched)"
