"""From events to rows, purely.

Each value is a register that keeps the greatest ``(time, value)`` it has seen, as in a last-writer-wins register
(Shapiro et al. 2011, "Conflict-free replicated data types"). Taking the greatest does not depend on order,
grouping or repetition, so events may arrive late, twice or in batches of any size and the state is the same. Of two
events at the same millisecond the greater value wins. `matinee.events.statements` does the same between a row and what
the table holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from matinee.events.records import Event, ListChange, Play, Progress, Rating, Stop, Thumb

Pair = tuple[int, int]
"""Viewer and title."""


@dataclass(slots=True)
class Changes:
    """What a batch of events asks of each table: for each key, the greatest of each register."""

    stars: dict[Pair, tuple[int, float]] = field(default_factory=dict)
    thumbs: dict[Pair, tuple[int, int]] = field(default_factory=dict)
    positions: dict[Pair, tuple[int, float]] = field(default_factory=dict)
    durations: dict[Pair, tuple[int, float]] = field(default_factory=dict)
    listed: dict[Pair, tuple[int, bool]] = field(default_factory=dict)
    started: dict[tuple[int, int, str], int] = field(default_factory=dict)
    """Viewer, title and playing: the earliest time heard of it."""
    watched: dict[tuple[int, int, str], float] = field(default_factory=dict)
    shown: dict[tuple[int, int, str], tuple[str, str]] = field(default_factory=dict)
    """The page and row that the playing began from."""
    devices: dict[tuple[int, int, str], str] = field(default_factory=dict)


def fold(events: Iterable[Event]) -> Changes:
    """The changes that these events ask for, in whatever order they come."""
    changes = Changes()
    for event in events:
        match event:
            case Rating():
                _raise(changes.stars, (event.viewer_id, event.title_id), (event.at_ms, event.stars))
            case Thumb():
                _raise(changes.thumbs, (event.viewer_id, event.title_id), (event.at_ms, event.value))
            case ListChange():
                _raise(changes.listed, (event.viewer_id, event.title_id), (event.at_ms, event.on))
            case Play() | Progress() | Stop():
                _fold_playing(changes, event)
            case _:
                pass  # searches leave no state
    return changes


def _fold_playing(changes: Changes, event: Play | Progress | Stop) -> None:
    pair = (event.viewer_id, event.title_id)
    playing = (*pair, event.play)
    _raise(changes.positions, pair, (event.at_ms, event.position_s))
    changes.started[playing] = min(event.at_ms, changes.started.get(playing, event.at_ms))
    if isinstance(event, Play):
        _raise(changes.shown, playing, (event.page, event.row))
        _raise(changes.devices, playing, event.device)
    elif event.duration_s > 0:
        _raise(changes.durations, pair, (event.at_ms, event.duration_s))
    if isinstance(event, Stop):
        _raise(changes.watched, playing, event.watched_s)


def _raise(registers: dict[Any, Any], key: Any, value: Any) -> None:
    held = registers.get(key)
    if held is None or value > held:
        registers[key] = value


def opinion_rows(changes: Changes) -> list[dict[str, Any]]:
    """Rows of the table `opinions`."""
    nothing = (None, None)
    rows = []
    for pair in changes.stars.keys() | changes.thumbs.keys():
        stars_ms, stars = changes.stars.get(pair, nothing)
        thumb_ms, thumb = changes.thumbs.get(pair, nothing)
        rows.append(
            {
                "viewer_id": pair[0],
                "title_id": pair[1],
                "stars": stars,
                "stars_ms": stars_ms,
                "thumb": thumb,
                "thumb_ms": thumb_ms,
            }
        )
    return rows


def watching_rows(changes: Changes) -> list[dict[str, Any]]:
    """Rows of the table `watching`."""
    rows = []
    for pair, (at_ms, position_s) in changes.positions.items():
        duration_ms, duration_s = changes.durations.get(pair, (None, None))
        rows.append(
            {
                "viewer_id": pair[0],
                "title_id": pair[1],
                "position_s": position_s,
                "at_ms": at_ms,
                "duration_s": duration_s,
                "duration_ms": duration_ms,
            }
        )
    return rows


def play_rows(changes: Changes) -> list[dict[str, Any]]:
    """Rows of the table `plays`."""
    rows = []
    for playing, at_ms in changes.started.items():
        page, row = changes.shown.get(playing, ("", ""))
        rows.append(
            {
                "viewer_id": playing[0],
                "title_id": playing[1],
                "id": playing[2],
                "at_ms": at_ms,
                "page": page,
                "row": row,
                "watched_s": changes.watched.get(playing, 0.0),
                "device": changes.devices.get(playing, ""),
            }
        )
    return rows


def listed_rows(changes: Changes) -> list[dict[str, Any]]:
    """Rows of the table `listed`."""
    return [
        {"viewer_id": viewer, "title_id": title, "on": on, "at_ms": at_ms}
        for (viewer, title), (at_ms, on) in changes.listed.items()
    ]
