"""What one viewer's state says about taste: what was touched, how it was liked, where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.catalog.records import Title
from matinee.events.state import ViewerState, Watching
from matinee.events.strength import UNKNOWN_SHARE, strength
from matinee.recommendation.library import Library

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


_Touch = tuple[int, int, float, float, float, bool, bool]
"""The latest word on a film or series: when, minus its place, stars, thumb and share (NaN where not known), whether it
was watched and whether it was judged. Plain, for a page makes hundreds and sorts them."""


def taste(library: Library, state: ViewerState, maturity: int, dislike_below: float) -> Taste:
    """What `state` says. Titles above the maturity limit count as taste but are in no tuple."""
    touches = sorted(_touches(library, state).values())
    places = [-touch[1] for touch in touches]
    strengths = dict(zip(places, _strengths(touches), strict=True))
    touched = np.zeros(len(library.titles), bool)
    touched[places] = True
    young = (library.age[places] <= maturity).tolist()
    # Who only watched has not said otherwise; who judged must have judged well.
    liked = [
        Liked(place, library.titles[place], watched, value)
        for (*_, watched, judged), (place, value), fits in zip(touches, strengths.items(), young, strict=True)
        if fits and (value >= LIKED or (not judged and value > dislike_below))
    ]
    listed = [library.all[one] for one in state.listed if one in library.all and library.ages[one] <= maturity]
    begun = [one for one in _begun(library, state) if library.ages[one.title.id] <= maturity]
    times = tuple([touch[0] for touch in touches])
    return Taste(touched, strengths, times, tuple(liked[::-1]), tuple(begun), tuple(listed))


def _touches(library: Library, state: ViewerState) -> dict[int, _Touch]:
    """By place; where several episodes say different things the latest word stands for the series."""
    found: dict[int, _Touch] = {}
    shown_as, watching, nan = library.shown_as, state.watching, np.nan
    for title_id, (stars, thumb, at_ms) in state.opinions.items():
        place = shown_as.get(title_id)
        if place is not None and title_id not in watching:
            held = found.get(place)
            if held is None or at_ms > held[0]:
                found[place] = (at_ms, -place, stars or nan, thumb or nan, nan, False, True)
    for title_id, seen in watching.items():
        place, opinion = shown_as.get(title_id), state.opinions.get(title_id)
        if place is not None:
            stars, thumb, at_ms = opinion or (None, None, 0)
            held, at_ms = found.get(place), max(at_ms, seen.at_ms)
            if held is None or at_ms > held[0]:
                share = _share(library.all[title_id], seen)
                share = UNKNOWN_SHARE if share is None else share
                found[place] = (at_ms, -place, stars or nan, thumb or nan, share, True, opinion is not None)
    return found


def _strengths(touches: Sequence[_Touch]) -> list[float]:
    if not touches:
        return []
    _, _, stars, thumb, share, *_ = zip(*touches, strict=True)
    found: list[float] = strength(np.array(stars), np.array(thumb), np.array(share)).tolist()
    return found


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
    if not watching.over(title.runtime_s):
        share = _share(title, watching)
        length_s = watching.duration_s or title.runtime_s
        return Begun(title, share, max(0.0, length_s - watching.position_s) if length_s else None, watching.at_ms)
    following = library.next_episode.get(title.id)
    return Begun(library.all[following], None, None, watching.at_ms) if following is not None else None


def _share(title: Title, watching: Watching) -> float | None:
    length_s = watching.duration_s or title.runtime_s
    return min(1.0, watching.position_s / length_s) if length_s else None
