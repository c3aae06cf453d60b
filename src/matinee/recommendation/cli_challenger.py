"""Commands that bring a version to where it is served, one for each step; see `matinee.recommendation.challengers`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from matinee.base.terminal import Opener
from matinee.recommendation.fitting import MEASURE
from matinee.recommendation.judgement import Judgement
from matinee.recommendation.service import Service

app = typer.Typer(
    help="Models on their way to being served, step by step: freeze, train, evaluate, gate, publish.",
    no_args_is_help=True,
)
Version = Annotated[
    str, typer.Argument(help="Its name to be: when it is begun in milliseconds, a dash, and the seed in base 16.")
]


def _open(ctx: typer.Context) -> tuple[Opener, Service]:
    opener: Opener = ctx.obj
    return opener, opener.workspace().service("recommendation")


@app.command()
def freeze(
    ctx: typer.Context,
    version: Version,
    models: Annotated[str, typer.Option(help="Methods, separated by commas; else those of the settings.")] = "",
) -> None:
    """Keep all that a training depends on: viewing up to then, the catalogue, methods and knobs."""
    opener, service = _open(ctx)
    service.challengers.freeze(version, [one.strip() for one in models.split(",") if one.strip()] or None)
    opener.show({"version": version}, f"{version} is frozen.")


@app.command()
def train(ctx: typer.Context, version: Version) -> None:
    """Fit the methods of a version that was frozen; nobody is served them yet."""
    opener, service = _open(ctx)
    service.challengers.train(version)
    opener.show({"version": version}, f"{version} is trained.")


@app.command()
def evaluate(ctx: typer.Context, version: Version) -> None:
    """Measure the methods of a version that was frozen, and hold them against what is served."""
    opener, service = _open(ctx)
    _tell(opener, service.challengers.evaluate(version))


@app.command()
def gate(
    ctx: typer.Context,
    version: Version,
    tolerance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="How much worse than what is served it may be; else as in the settings."),
    ] = None,
) -> None:
    """Fail where a version is worse than what is served, by more than chance and by more than the tolerance."""
    opener, service = _open(ctx)
    _tell(opener, service.challengers.gate(version, tolerance))


@app.command()
def publish(ctx: typer.Context, version: Version) -> None:
    """Serve a version that was trained and evaluated, once a page could be made with it."""
    opener, service = _open(ctx)
    service.challengers.publish(version)
    opener.show({"current": version}, f"Serving {version}.")
    opener.say("A running server takes it up by itself. `matinee recommendation rollback` goes back.")


def _tell(opener: Opener, found: Judgement) -> None:
    table = Table("model", MEASURE, "95 % interval")
    for name in found.order:
        one = found.measured.get(name, {})
        if MEASURE in one:
            table.add_row(name, f"{one[MEASURE]:.4f}", f"{one[f'{MEASURE}.low']:.4f} to {one[f'{MEASURE}.high']:.4f}")
    opener.show(asdict(found) | {"words": found.words}, Group(table, Text(found.words)))
