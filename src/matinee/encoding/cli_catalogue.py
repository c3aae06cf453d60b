"""The command that encodes the whole catalogue anew, and says what that takes and saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from matinee.base.errors import MatineeError
from matinee.base.terminal import Opener, grid
from matinee.encoding.catalogue import Survey, Waiting
from matinee.encoding.records import Stream
from matinee.encoding.service import Service

_HOUR_S = 3600


def catalogue(
    ctx: typer.Context,
    *,
    cpu_hours: Annotated[
        float | None, typer.Option(min=0, help="Hours of processor to spend; what is unfinished goes on the next time.")
    ] = None,
    days: Annotated[float, typer.Option(min=0, help="Titles most watched in so many days come first.")] = 28,
    mean_kbps: Annotated[
        float | None,
        typer.Option(min=1, help="Share out bits among titles, so that all that is watched takes so much on average."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would take and save.")] = False,
) -> None:
    """Encode every title anew that waits, most watched first, and say what that saves. Stopped, it goes on there."""
    opener: Opener = ctx.obj
    service: Service = opener.workspace().service("encoding")
    allowed_s = float("inf") if cpu_hours is None else cpu_hours * _HOUR_S
    survey = service.catalogue.survey(cpu_s=allowed_s, days=days, mean_kbps=mean_kbps)
    waiting = {one.title_id: one for one in survey.titles}
    if dry_run or not opener.json:
        _announce(opener, survey, final=dry_run)
    if dry_run:
        return
    with closing(service.catalogue.encode(survey)) as outcomes:
        rows = [_row(waiting[id_], outcome) for id_, outcome in outcomes]
    failed = {id_: str(error) for id_, error in survey.failed.items()} | {
        row["title_id"]: row["error"] for row in rows if row["error"]
    }
    if rows or opener.json:
        opener.show({"forecast": _told(survey), "titles": rows}, _outcomes(rows))
    for id_, error in failed.items():
        opener.say(f"Title {id_}: {error}")
    waits = len(survey.titles) - len(rows) + len(survey.beyond)
    if waits:
        opener.say(f"The budget is spent; {_titles(waits)} still to be done. Run this again to go on.")
    if failed:
        raise typer.Exit(1)


def _announce(opener: Opener, survey: Survey, *, final: bool) -> None:
    """Before anything is encoded."""
    if survey.titles:
        told = Group(_forecast(survey.titles), Text(_sum(survey)))
    else:
        others = "No other title" if survey.failed else "Nothing"
        told = Group(Text(f"{others} waits: every stream is as the settings have it."))
    if final:
        opener.show(_told(survey), told)
        opener.say("Nothing was encoded. Run this without --dry-run to begin.")
    elif not opener.quiet:
        opener.console.print(told)


def _told(survey: Survey) -> dict[str, Any]:
    return {
        "titles": [
            {
                "title_id": one.title_id,
                "name": one.name,
                "watched_s": one.watched_s,
                "cpu_s": round(one.cpu_s, 1),
                "cap_vmaf": one.cap_vmaf,
                "kbps": one.kbps,
                "saved_percent": one.saved,
            }
            for one in survey.titles
        ],
        "beyond": list(survey.beyond),
        "failed": {str(id_): str(error) for id_, error in survey.failed.items()},
    }


def _forecast(titles: Sequence[Waiting]) -> Any:
    rows = [
        {
            "title": one.title_id,
            "name": one.name,
            "watched": f"{one.watched_s / _HOUR_S:.1f} h",
            "now": "-" if one.kbps is None else f"{one.kbps:.0f} kbps",
            "best VMAF": f"{one.cap_vmaf:g}",
            "processor": _time(one.cpu_s),
            "should save": _savings(one.saved),
        }
        for one in titles
    ]
    return grid(rows, tuple(rows[0]))


def _sum(survey: Survey) -> str:
    wait = f"; {len(survey.beyond)} more are beyond the budget" if survey.beyond else ""
    first = f"\n{_titles(len(survey.titles))}, about {_time(survey.cpu_s)} of processor{wait}."
    return first + _weighed(
        "All that was watched should take", ((one.watched_s, one.kbps, one.saved) for one in survey.titles)
    )


def _weighed(begin: str, titles: Iterable[tuple[float, float | None, Mapping[Any, float | None]]]) -> str:
    """How many fewer bits all that was watched takes, in the best rendition of each title; empty if nobody watched."""
    before, after = 0.0, dict[str, float]()
    for watched_s, kbps, saved in titles:
        if kbps is None or any(one is None for one in saved.values()):
            continue
        before += watched_s * kbps
        for codec, percent in saved.items():
            after[codec] = after.get(codec, 0.0) + watched_s * kbps * (1 - (percent or 0.0) / 100)
    if not before:
        return ""
    less = ", ".join(f"{100 * (1 - bits / before):.0f} % in {codec}" for codec, bits in after.items())
    return f" {begin} fewer bits for the same quality: {less}."


def _row(waiting: Waiting, outcome: Stream | MatineeError) -> dict[str, Any]:
    row: dict[str, Any] = {"title_id": waiting.title_id, "name": waiting.name, "error": ""}
    if isinstance(outcome, MatineeError):
        return row | {"error": str(outcome)}
    done = outcome.recoded
    if done is None:
        return row
    return row | {
        "cpu_s": round(done.cpu_s, 1),
        "cpu_s_foretold": round(done.cpu_s_foretold, 1),
        "saved_percent": done.saved,
        "saved_percent_foretold": done.saved_foretold,
        "watched_s": waiting.watched_s,
        "kbps": waiting.kbps,
    }


def _outcomes(rows: Sequence[Mapping[str, Any]]) -> Group:
    told = [
        {
            "title": row["title_id"],
            "name": row["name"],
            "processor": "failed" if row["error"] else f"{_time(row['cpu_s'])} of {_time(row['cpu_s_foretold'])}",
            "saved": "-" if row["error"] else _savings(row["saved_percent"]),
            "foretold": "-" if row["error"] else _savings(row["saved_percent_foretold"]),
        }
        for row in rows
        if row["error"] or "cpu_s" in row
    ]
    sums = _weighed(
        "All that was watched takes",
        ((row["watched_s"], row["kbps"], row["saved_percent"]) for row in rows if "cpu_s" in row),
    )
    return Group(grid(told, ("title", "name", "processor", "saved", "foretold")), Text(sums.strip()))


def _savings(saved: Mapping[Any, float | None]) -> str:
    return ", ".join(f"{codec} {'-' if one is None else f'{one:.0f} %'}" for codec, one in saved.items())


def _titles(n: int) -> str:
    return "1 title" if n == 1 else f"{n} titles"


def _time(seconds: float) -> str:
    """Seconds as people read them.

    >>> _time(40), _time(600), _time(90_000)
    ('40 s', '10 min', '25.0 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * _HOUR_S else f"{seconds / _HOUR_S:.1f} h"
