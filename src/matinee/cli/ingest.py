"""Commands that bring films and viewing in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from matinee.base.clock import now_ms
from matinee.base.terminal import Opener
from matinee.workflows import ingest

import_app = typer.Typer(help="Read films and viewing from MovieLens and TMDB.", no_args_is_help=True)

_SHOWN_REFUSALS = 10


@import_app.command()
def movielens(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The ZIP archive as GroupLens publishes it, or an unpacked folder.")],
) -> None:
    """Read films, viewers and ratings of MovieLens: 100k, 1m, 10m, and the CSV layouts (latest, 20m, 25m, 32m)."""
    opener: Opener = ctx.obj
    report = ingest.import_movielens(opener.workspace(), file, now_ms())
    _show_import(opener, report)
    opener.say("Next: `matinee train` learns from the ratings; `matinee accounts claim EMAIL --viewer movielens:42`.")


@import_app.command()
def tmdb(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="tmdb_5000_movies.csv, movie_metadata.csv, or a ZIP archive of them.")],
    cast: Annotated[Path | None, typer.Option("--credits", help="tmdb_5000_credits.csv, where it lies apart.")] = None,
) -> None:
    """Read plots, keywords, people and certifications; known films are joined by id, or by name and year."""
    opener: Opener = ctx.obj
    _show_import(opener, ingest.import_tmdb(opener.workspace(), file, cast, now_ms()))
    opener.say("Next: `matinee catalog search NAME` finds a film.")


def _show_import(opener: Opener, report: ingest.ImportReport) -> None:
    counts = {
        "films new": report.films.created,
        "films updated": report.films.updated,
        "films unchanged": report.films.unchanged,
        "viewers": report.viewers,
        "ratings new": report.ratings,
        "ratings known already": report.known,
    }
    shown = {name: count for name, count in counts.items() if count}
    opener.show({"name": report.name} | counts | {"refused": report.refused}, _counts(report.name, shown))
    for sentence in report.refused:
        opener.say(escape(f"{sentence[0].upper()}{sentence[1:]}."))


def scan(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A library as Jellyfin, Plex or Kodi have it; it is only read.")],
    forget: Annotated[bool, typer.Option("--forget", help="Take off all films of a folder that is empty now.")] = False,
) -> None:
    """Read a folder of films and series."""
    opener: Opener = ctx.obj
    report = ingest.scan(opener.workspace(), folder, now_ms(), forget=forget)
    counts = {
        "titles new": report.titles.created,
        "titles updated": report.titles.updated,
        "titles unchanged": report.titles.unchanged,
        "film files new": report.new - report.moved,
        "film files moved": report.moved,
        "film files changed": report.changed,
        "film files unchanged": report.unchanged,
        "film files gone": report.gone,
        "subtitles": report.subtitles,
        "pictures": report.pictures,
        "refused": len(report.refused),
    }
    shown = {name: count for name, count in counts.items() if count}
    refused = [asdict(one) for one in report.refused]
    opener.show(counts | {"refused": refused}, _counts(str(folder), shown))
    for one in report.refused[:_SHOWN_REFUSALS]:
        opener.say(escape(f"Refused: {one.path} {one.reason}."))
    if len(report.refused) > _SHOWN_REFUSALS:
        opener.say(f"And {len(report.refused) - _SHOWN_REFUSALS} more; --json lists them all.")
    opener.say("Next: `matinee encode` makes streams of them.")


def _counts(title: str, counts: dict[str, int]) -> Table:
    table = Table(title=escape(title), box=None, show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, count in (counts or {"nothing found": 0}).items():
        table.add_row(name, f"{count:,}")
    return table
