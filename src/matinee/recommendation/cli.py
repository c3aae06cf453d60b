"""Commands: train, recommend, explain, look at pages and at what is like a title, and the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random, SystemRandom
from typing import Annotated

import numpy as np
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from matinee.base.clock import now_ms, to_iso
from matinee.base.errors import NotFound
from matinee.base.plotting import save
from matinee.base.terminal import Opener
from matinee.catalog.records import Title, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.learning.model import Context
from matinee.recommendation import cli_challenger, cli_evaluation
from matinee.recommendation.records import Filters, HomePage, Item, Row, ShelfModel, TrainReport
from matinee.recommendation.service import Service

MEASURE = "ndcg@10"
TOLD = (MEASURE, "hit_rate@10", "coverage@10", "novelty@10")

app = typer.Typer(help="Which titles for this viewer, in which rows, and why.", no_args_is_help=True)
app.command()(cli_evaluation.evaluate)
app.command()(cli_evaluation.compare)
app.add_typer(cli_challenger.app, name="challenger")


def _open(ctx: typer.Context) -> tuple[Opener, Service, Catalog]:
    opener: Opener = ctx.obj
    workspace = opener.workspace()
    return opener, workspace.service("recommendation"), workspace.service("catalog")


@app.command()
def train(
    ctx: typer.Context,
    models: Annotated[
        str,
        typer.Option(help="Methods, separated by commas, beside als and popularity; else those of the settings."),
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed and viewing give the same models.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write the learning curves to this file (.svg, .png).")] = None,
) -> None:
    """Learn from everything that viewers have done, measure, and serve the best.

    What was interrupted goes on where it was, if asked for with the same seed.
    """
    opener, service, _ = _open(ctx)
    kinds = [one.strip() for one in models.split(",") if one.strip()] or None
    report = service.train(now_ms(), np.random.default_rng(seed), kinds)
    if plot is not None:
        from matinee.recommendation.plots import learning_curves

        save(learning_curves({one.name: one.losses for one in report.models}), plot)
    opener.show(report, Group(_trained(report), _measured(report.models, report.best)))
    opener.say("A running server takes it up by itself. `matinee recommendation page VIEWER` shows what it does.")


@app.command()
def recommend(
    ctx: typer.Context,
    viewer: Annotated[str, typer.Argument(help="Id, or SOURCE:KEY as movielens:42.")],
    n: Annotated[int, typer.Option("-n", min=1, max=500, help="How many.")] = 10,
    genre: Annotated[list[str] | None, typer.Option(help="Only of this genre; may be given again.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only in this original language, as fr.")] = None,
    since: Annotated[int | None, typer.Option(help="From this year on.")] = None,
    until: Annotated[int | None, typer.Option(help="Up to this year.")] = None,
    minutes: Annotated[float | None, typer.Option(help="No longer than this.", min=0)] = None,
    playable: Annotated[bool, typer.Option("--playable", help="Only what can be played.")] = False,
    seen: Annotated[bool, typer.Option("--seen", help="Also what the viewer knows.")] = False,
    device: Annotated[str, typer.Option(help="tv, phone, tablet or desktop.")] = "",
    hour: Annotated[int | None, typer.Option(help="As if it were this hour at the viewer's.", min=0, max=23)] = None,
) -> None:
    """List titles for a viewer, within filters, and say which recommender served them."""
    opener, service, catalog = _open(ctx)
    filters = Filters(
        genres=tuple(genre or ()),
        languages=tuple(language or ()),
        years=(since, until),
        longest_s=None if minutes is None else minutes * 60,
        playable=playable,
        seen=seen,
    )
    found = service.recommend(_viewer(catalog, viewer), n, _context(device, hour), filters)
    table = Table("id", "title", "year", "why", title=_served(found.model, found.fallback))
    for item in found.items:
        table.add_row(str(item.title.id), item.title.name, str(item.title.year or ""), item.reason)
    opener.show(found, table if found.items else found.words)
    if found.items and found.words:
        opener.say(found.words)
    if found.items:
        opener.say(f"`matinee recommendation explain {viewer} {found.items[0].title.id}` says more of the first.")


@app.command()
def explain(
    ctx: typer.Context,
    viewer: Annotated[str, typer.Argument(help="Id, or SOURCE:KEY as movielens:42.")],
    title: Annotated[str, typer.Argument(help="Id or name.")],
    device: Annotated[str, typer.Option(help="tv, phone, tablet or desktop.")] = "",
    hour: Annotated[int | None, typer.Option(help="As if it were this hour at the viewer's.", min=0, max=23)] = None,
) -> None:
    """Say why a title is for a viewer, or is not: what of the history, and of all else, its score rests on."""
    opener, service, catalog = _open(ctx)
    found = service.explain(_viewer(catalog, viewer), _title(catalog, title).id, _context(device, hour))
    place = "" if found.rank is None else f"; place {found.rank:,} of {found.among:,}"
    table = Table("what", "", "weight", title=found.title.name, caption=_served(found.model, found.fallback) + place)
    for one in found.evidence:
        table.add_row(one.kind, one.words, f"{one.weight:+.3f}" if one.weight else "")
    opener.show(found, Group(Text(found.reason, style="bold"), table))


@app.command()
def page(
    ctx: typer.Context,
    viewer: Annotated[str, typer.Argument(help="Id, or SOURCE:KEY as movielens:42.")],
    titles: Annotated[int, typer.Option("--titles", "-n", min=1, max=100, help="Shown of each row.")] = 5,
    device: Annotated[str, typer.Option(help="tv, phone, tablet or desktop.")] = "",
    hour: Annotated[int | None, typer.Option(help="As if it were this hour at the viewer's.", min=0, max=23)] = None,
    seed: Annotated[int | None, typer.Option(help="The same gives the same page, also where chance has a say.")] = None,
) -> None:
    """Show a viewer's home page, with the reasons. Nothing is recorded."""
    opener, service, catalog = _open(ctx)
    who = _viewer(catalog, viewer)
    rng = SystemRandom() if seed is None else Random(seed)  # noqa: S311  no secret
    found = service.page(who, now_ms(), rng, context=_context(device, hour))
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
    """List the versions on the shelf, newest first, with what was measured of them."""
    opener, service, _ = _open(ctx)
    report = service.shelf_report()
    table = Table("version", "trained", "recommends", MEASURE, "served")
    for one in report.versions:
        figures = {model.name: model.metrics for model in one.models}
        measured = figures.get(one.best, {}).get(MEASURE)
        table.add_row(
            one.version,
            to_iso(one.created_ms) if one.created_ms else "",
            one.best or one.fault,
            "" if measured is None else f"{measured:.4f}",
            "yes" if one.served else "",
        )
    opener.show(report, table)
    if not report.versions:
        opener.say("Nothing has been trained; `matinee recommendation train` does it.")


@app.command()
def rollback(
    ctx: typer.Context,
    version: Annotated[
        str, typer.Argument(help="Any version of the shelf, also a later one.", show_default="the one before")
    ] = "",
) -> None:
    """Serve another version of the shelf, by default the one before the current one."""
    opener, service, _ = _open(ctx)
    served = service.roll_back(version)
    opener.show({"current": served}, f"Serving {served}.")


def _context(device: str, hour: int | None) -> Context:
    """The present on a device, or another hour of today; the clock is that of this machine."""
    now = datetime.now().astimezone()
    if hour is not None:
        now = now.replace(hour=hour)
    offset = now.utcoffset()
    return Context(round(now.timestamp() * 1000), round(offset.total_seconds() / 60) if offset else 0, device)


def _served(model: str, fallback: str) -> str:
    return f"{model} ({fallback})" if fallback else model


def _trained(report: TrainReport) -> Table:
    table = Table("trained", "", title=report.version)
    for name in ("viewers", "titles", "interactions"):
        table.add_row(name, f"{getattr(report, name):,}")
    table.add_row("time", f"{report.seconds:.1f} s")
    return table


def _measured(models: Sequence[ShelfModel], best: str) -> Table:
    """What was measured of each model, the best first."""
    table = Table("model", *TOLD, "loss", "fit", caption=f"{best} recommends")
    for one in sorted(models, key=lambda one: -one.metrics.get(MEASURE, 0.0)):
        figures = [f"{one.metrics[name]:.4f}" if name in one.metrics else "" for name in TOLD]
        loss = " → ".join(f"{loss:.4f}" for loss in one.losses[:: max(1, len(one.losses) - 1)])
        table.add_row(one.name, *figures, loss, f"{one.seconds:.1f} s")
    return table


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
