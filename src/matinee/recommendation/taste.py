"""What one viewer's state says about taste: what was touched, how it was liked, where to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.catalog.records import Title
from matinee.events.state import ViewerState, Watching
from matinee.events.strength import strength
from matinee.recommendation.library import Library

FINISHED = 0.95
"""Who has seen this share of a film has seen it: what follows are the credits."""
LIKED = 3.5
"""Stars from which a title is taken as liked."""
LOVED = 4.5


class Liked(NamedTuple):
    """A title that says what the viewer is after."""

    place: int
    """Index in the library."""
    title: Title
    watched: bool
    """Played here, as opposed to only rated."""
    strength: float


class Begun(NamedTuple):
    """A film or episode to go on with."""

    title: Title
    progress: float | None
    left_s: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """A viewer's state against a library."""

    touched: NDArray[np.bool_]
    """Titles played or judged."""
    strengths: Mapping[int, float]
    """In stars, by index, of each title touched."""
    liked: tuple[Liked, ...]
    """Newest first."""
    begun: tuple[Begun, ...]
    """Newest first."""
    listed: tuple[Title, ...]
    """The viewer's list, newest first."""


def taste(library: Library, state: ViewerState, maturity: int, dislike_below: float) -> Taste:
    """What `state` says. Titles above the maturity limit count as taste but are in no tuple."""
    strengths = _strengths(library, state)
    touched = np.zeros(len(library.titles), bool)
    touched[list(strengths)] = True
    liked = [one for one in _liked(library, state, strengths, dislike_below) if library.age[one.place] <= maturity]
    listed = [library.all[one] for one in state.listed if one in library.all and library.ages[one] <= maturity]
    begun = [one for one in _begun(library, state) if library.ages[one.title.id] <= maturity]
    return Taste(touched, strengths, tuple(liked), tuple(begun), tuple(listed))


def _strengths(library: Library, state: ViewerState) -> dict[int, float]:
    """By index; where several episodes say different things the latest word stands for the series."""
    latest: dict[int, tuple[int, float, float, float]] = {}
    for title_id in state.opinions.keys() | state.watching.keys():
        index = library.shown_as.get(title_id)
        if index is None:
            continue
        opinion, watching = state.opinions.get(title_id), state.watching.get(title_id)
        share = _share(library.all[title_id], watching) if watching else None
        said = (
            max(opinion.at_ms if opinion else 0, watching.at_ms if watching else 0),
            np.nan if opinion is None or opinion.stars is None else opinion.stars,
            np.nan if opinion is None or opinion.thumb is None else float(opinion.thumb),
            0.5 if share is None else share,
        )
        if index not in latest or said[0] > latest[index][0]:
            latest[index] = said
    if not latest:
        return {}
    columns = np.array(list(latest.values()), np.float64).T
    return dict(zip(latest, strength(columns[1], columns[2], columns[3]).tolist(), strict=True))


def _liked(library: Library, state: ViewerState, strengths: Mapping[int, float], dislike_below: float) -> list[Liked]:
    times: dict[int, tuple[int, bool]] = {}
    for title_id in state.opinions.keys() | state.watching.keys():
        index = library.shown_as.get(title_id)
        if index is None:
            continue
        opinion, watching = state.opinions.get(title_id), state.watching.get(title_id)
        at_ms = max(opinion.at_ms if opinion else 0, watching.at_ms if watching else 0)
        # Who only watched has not said otherwise; who judged must have judged well.
        good = strengths[index] >= LIKED or (opinion is None and strengths[index] > dislike_below)
        if good and at_ms >= times.get(index, (0, False))[0]:
            times[index] = (at_ms, watching is not None)
    order = sorted(times, key=lambda index: (-times[index][0], index))
    return [Liked(index, library.titles[index], times[index][1], strengths[index]) for index in order]


def _begun(library: Library, state: ViewerState) -> list[Begun]:
    found: dict[int, tuple[int, Begun]] = {}
    for title_id, watching in state.watching.items():
        index, title = library.shown_as.get(title_id), library.all.get(title_id)
        if index is None or title is None:
            continue
        begun = _go_on(library, title, watching)
        # Of a series only the episode watched last is offered.
        if begun is not None or title.parent_id is not None:
            held = found.get(index)
            if held is None or watching.at_ms > held[0]:
                found[index] = (watching.at_ms, begun)  # type: ignore[assignment]
    ordered = sorted(found.values(), key=lambda pair: -pair[0])
    return [begun for _, begun in ordered if begun is not None]


def _go_on(library: Library, title: Title, watching: Watching) -> Begun | None:
    """The title itself, or the next episode where it is finished."""
    share = _share(title, watching)
    if share is None or share < FINISHED:
        length_s = watching.duration_s or title.runtime_s
        return Begun(title, share, max(0.0, length_s - watching.position_s) if length_s else None)
    following = library.next_episode.get(title.id)
    return Begun(library.all[following], None, None) if following is not None else None


def _share(title: Title, watching: Watching) -> float | None:
    length_s = watching.duration_s or title.runtime_s
    return min(1.0, watching.position_s / length_s) if length_s else None
