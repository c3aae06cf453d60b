"""What one viewer's state says about taste: what was touched, how it was liked, where to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.catalog.records import Title
from matinee.events.state import ViewerState, Watching
from matinee.events.strength import UNKNOWN_SHARE, strength
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
    at_ms: int = 0
    """When the viewer was last at it."""


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """A viewer's state against a library."""

    touched: NDArray[np.bool_]
    """Titles played or judged."""
    strengths: Mapping[int, float]
    """In stars, by index, of each title touched; oldest first."""
    times: tuple[int, ...]
    """When each of `strengths` was touched last, in the same order."""
    liked: tuple[Liked, ...]
    """Newest first."""
    begun: tuple[Begun, ...]
    """Newest first."""
    listed: tuple[Title, ...]
    """The viewer's list, newest first."""


class _Touch(NamedTuple):
    """The latest word on a film or series."""

    at_ms: int
    stars: float
    thumb: float
    share: float
    watched: bool
    judged: bool


def taste(library: Library, state: ViewerState, maturity: int, dislike_below: float) -> Taste:
    """What `state` says. Titles above the maturity limit count as taste but are in no tuple."""
    touches = _touches(library, state)
    touches = dict(sorted(touches.items(), key=lambda one: (one[1].at_ms, -one[0])))
    touched = np.zeros(len(library.titles), bool)
    touched[list(touches)] = True
    strengths = _strengths(touches)
    liked = []
    for place, touch in reversed(touches.items()):
        value = strengths[place]
        # Who only watched has not said otherwise; who judged must have judged well.
        if (value >= LIKED or (not touch.judged and value > dislike_below)) and library.age[place] <= maturity:
            liked.append(Liked(place, library.titles[place], touch.watched, value))
    listed = [library.all[one] for one in state.listed if one in library.all and library.ages[one] <= maturity]
    begun = [one for one in _begun(library, state) if library.ages[one.title.id] <= maturity]
    times = tuple([touch.at_ms for touch in touches.values()])
    return Taste(touched, strengths, times, tuple(liked), tuple(begun), tuple(listed))


def _touches(library: Library, state: ViewerState) -> dict[int, _Touch]:
    """By place; where several episodes say different things the latest word stands for the series."""
    found: dict[int, _Touch] = {}
    for title_id, (stars, thumb, at_ms) in state.opinions.items():
        place = library.shown_as.get(title_id)
        if place is not None and title_id not in state.watching:
            touch = _Touch(at_ms, stars or np.nan, thumb or np.nan, np.nan, watched=False, judged=True)
            _keep(found, place, touch)
    for title_id, watching in state.watching.items():
        place, opinion = library.shown_as.get(title_id), state.opinions.get(title_id)
        if place is not None:
            share = _share(library.all[title_id], watching)
            stars, thumb, at_ms = opinion or (None, None, 0)
            touch = _Touch(
                max(at_ms, watching.at_ms),
                stars or np.nan,
                thumb or np.nan,
                UNKNOWN_SHARE if share is None else share,
                watched=True,
                judged=opinion is not None,
            )
            _keep(found, place, touch)
    return found


def _keep(found: dict[int, _Touch], place: int, touch: _Touch) -> None:
    held = found.get(place)
    if held is None or touch.at_ms > held.at_ms:
        found[place] = touch


def _strengths(touches: Mapping[int, _Touch]) -> dict[int, float]:
    if not touches:
        return {}
    columns = np.array([touch[1:4] for touch in touches.values()], np.float64).T
    return dict(zip(touches, strength(columns[0], columns[1], columns[2]).tolist(), strict=True))


def _begun(library: Library, state: ViewerState) -> list[Begun]:
    """Of a series only the episode watched last is offered, or the one after it."""
    latest: dict[int, tuple[int, int]] = {}
    for title_id, watching in state.watching.items():
        place = library.shown_as.get(title_id)
        if place is not None and (watching.at_ms, title_id) > latest.get(place, (-1, 0)):
            latest[place] = (watching.at_ms, title_id)
    found = []
    for _, title_id in sorted(latest.values(), key=lambda one: (-one[0], one[1])):
        begun = _go_on(library, library.all[title_id], state.watching[title_id])
        if begun is not None:
            found.append(begun)
    return found


def _go_on(library: Library, title: Title, watching: Watching) -> Begun | None:
    """The title itself, or the next episode where it is finished."""
    share = _share(title, watching)
    if share is None or share < FINISHED:
        length_s = watching.duration_s or title.runtime_s
        return Begun(title, share, max(0.0, length_s - watching.position_s) if length_s else None, watching.at_ms)
    following = library.next_episode.get(title.id)
    return Begun(library.all[following], None, None, watching.at_ms) if following is not None else None


def _share(title: Title, watching: Watching) -> float | None:
    length_s = watching.duration_s or title.runtime_s
    return min(1.0, watching.position_s / length_s) if length_s else None
