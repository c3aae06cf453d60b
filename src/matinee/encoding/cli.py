"""``matinee encoding``: encode what waits, say what stands, look into a file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from matinee.base.errors import MatineeError
from matinee.base.terminal import Opener, grid
from matinee.encoding import cli_catalogue, cli_planning
from matinee.encoding.records import Stream
from matinee.encoding.service import Service
from matinee.media.probe import probe as look_into
from matinee.media.records import Colour, Media

app = typer.Typer(help="From a delivered film to an adaptive stream.", no_args_is_help=True)


app.command()(cli_planning.analyse)
app.command()(cli_planning.plan)
app.command()(cli_planning.compare)
app.command()(cli_catalogue.catalogue)


@app.command()
def encode(
    ctx: typer.Context,
    titles: Annotated[list[int] | None, typer.Argument(help="Ids of titles; all that are pending if left out.")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Encode again what is encoded already.")] = False,
) -> None:
    """Encode titles, going on where an interrupted run stopped. A film that fails does not stop the others."""
    opener: Opener = ctx.obj
    service: Service = opener.workspace().service("encoding")
    with closing(service.encode_all(titles or None, force=force)) as outcomes:
        rows = [_row(title_id, outcome) for title_id, outcome in outcomes]
    failed = [row for row in rows if row["error"]]
    if rows:
        opener.show(rows, _outcomes(rows))
    else:
        opener.show(rows, "Nothing is pending: every source has its stream.")
    for row in failed:
        opener.say(f"Title {row['title_id']}: {row['error']}")
    if failed:
        opener.say(f"{len(failed)} of {len(rows)} could not be encoded; mend them and run this again.")
        raise typer.Exit(1)
    opener.say("Next: `matinee serve` shows them.")


@app.command()
def status(ctx: typer.Context) -> None:
    """Where each title with a film file stands."""
    opener: Opener = ctx.obj
    service: Service = opener.workspace().service("encoding")
    rows = [
        {"title_id": one.title_id, "name": one.name, "state": one.state, "source": one.source}
        for one in service.status()
    ]
    opener.show(rows, grid(rows, ("title_id", "name", "state", "source")) if rows else "No title has a film file.")
    waiting = sum(row["state"] == "pending" for row in rows)
    if waiting:
        opener.say(f"{waiting} pending. Next: `matinee encoding encode`.")
    elif not rows:
        opener.say("Next: `matinee scan FOLDER` finds films.")


@app.command()
def tidy(ctx: typer.Context) -> None:
    """Remove replaced streams and comparisons that nobody can be watching any more."""
    opener: Opener = ctx.obj
    service: Service = opener.workspace().service("encoding")
    removed = service.tidy()
    opener.show({"removed": removed}, f"Removed {removed} that {'was' if removed == 1 else 'were'} replaced.")


@app.command()
def probe(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(help="A film file; it need not be in the catalogue.")]
) -> None:
    """What is in a film file, and whether it is one."""
    opener: Opener = ctx.obj
    facts = _facts(look_into(file))
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
    opener.show(facts, table)


def _row(title_id: int, outcome: Stream | MatineeError) -> dict[str, Any]:
    if isinstance(outcome, MatineeError):
        return {"title_id": title_id, "state": "failed", "sizes": [], "left_out": [], "error": str(outcome)}
    sizes = [f"{one.width}x{one.height}" for one in outcome.renditions]
    state = "encoded" if outcome.fresh else "unchanged"
    return {
        "title_id": title_id,
        "state": state,
        "duration_s": round(outcome.duration_s, 3),
        "sizes": sizes,
        "left_out": list(outcome.refused),
        "error": "",
    }


def _outcomes(rows: list[dict[str, Any]]) -> Table:
    told = [
        {
            "title": row["title_id"],
            "state": row["state"],
            "sizes": ", ".join(row["sizes"]),
            "left out": " ".join(row["left_out"]),
        }
        for row in rows
    ]
    return grid(told, ("title", "state", "sizes", "left out"))


def _colour(colour: Colour) -> list[str]:
    """Codes of ITU-T H.273 for primaries, transfer and matrix, and what is told of the mastering display."""
    codes = f"{colour.primaries}/{colour.transfer}/{colour.matrix}"
    told = [codes, "full range" if colour.full_range else "limited range"]
    if colour.mastering:
        told.append(f"mastered at {float(colour.mastering.darkest):g} to {float(colour.mastering.brightest):g} cd/m2")
    if colour.max_cll:
        told.append(f"MaxCLL {colour.max_cll}, MaxFALL {colour.max_fall}")
    return [*told, *colour.more]


def _facts(media: Media) -> dict[str, Any]:
    video, (width, height) = media.video, media.video.display_size
    return {
        "file": str(media.path),
        "container": media.container,
        "size_bytes": media.size_bytes,
        "duration_s": float(media.duration),
        "picture": f"{width}x{height}",
        "codec": video.codec,
        "frame_rate": str(video.frame_rate),
        "variable_rate": video.variable,
        "rotation": video.rotation,
        "dynamic": video.dynamic,
        "bit_depth": video.bit_depth,
        "colour": _colour(video.colour),
        "audio": [f"{one.language or 'und'} {one.codec} {one.layout}" for one in media.audio],
        "subtitles": [f"{one.language or 'und'} {one.codec}" for one in media.subtitles],
    }
