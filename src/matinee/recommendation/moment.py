"""The moment: what the time of day and the device say of which titles are wanted.

A day has parts, and part and device together are a moment: a morning on the phone, an evening at the television. For a
trait ``t`` of titles (short, long, for the whole family, each genre) the lift of a moment is

    lift = log( (plays_mt + k · prior_mt · share_t) / ((plays_m + k) · share_t) )

where ``plays_m`` plays began in the moment, ``plays_mt`` of them of titles with the trait, and ``share_t`` is the
trait's share of all plays. With no plays that is the logarithm of the prior, what anyone would guess (short films in
the morning and on phones, long ones on the television at night, films for all before bedtime); from `PRIOR_PLAYS`
plays on it is what viewers here do. A title's lift is the sum over its traits, genres counting as their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matinee.events.state import Moments
from matinee.learning.model import Context
from matinee.recommendation.library import Bools, Floats, Ints, Library

HOUR_MS = 3_600_000
PARTS = ((5, "night"), (11, "morning"), (17, "afternoon"), (20, "early-evening"), (24, "evening"))
"""Each part of the day up to the hour before which it ends."""
TRAITS = ("short", "long", "family")
SHORT_S, LONG_S, FAMILY_AGE = 45 * 60, 110 * 60, 7
PRIOR_PLAYS = 50.0
LIFT_LIMIT = 1.5

_BY_PART: Mapping[str, tuple[float, float, float]] = {
    "night": (1.0, 0.9, 0.5),
    "morning": (1.7, 0.5, 1.2),
    "afternoon": (1.1, 0.9, 1.2),
    "early-evening": (1.0, 0.8, 1.9),
    "evening": (0.8, 1.4, 0.6),
}
_BY_DEVICE: Mapping[str, tuple[float, float, float]] = {
    "phone": (1.8, 0.5, 0.9),
    "tablet": (1.2, 0.8, 1.1),
    "desktop": (1.1, 0.9, 0.8),
    "tv": (0.7, 1.3, 1.1),
}


class Moment(NamedTuple):
    """A part of the day and a device."""

    part: str
    device: str
    """``tv``, ``phone``, ``tablet``, ``desktop``, or empty where it is not known."""


def moment_of(context: Context) -> Moment | None:
    """The moment of a context; None where it has no time.

    >>> moment_of(Context(now_ms=8 * HOUR_MS, utc_offset_min=60, device="phone"))
    Moment(part='morning', device='phone')
    """
    if not context.now_ms:
        return None
    hour = (context.now_ms // HOUR_MS * 60 + context.now_ms // 60_000 % 60 + context.utc_offset_min) // 60 % 24
    return Moment(part_of(hour), context.device if context.device in _BY_DEVICE else "")


def part_of(hour: int) -> str:
    """The part of the day of an hour, 0 to 23."""
    return next(name for until, name in PARTS if hour < until)


@dataclass(frozen=True, slots=True, eq=False)
class Lifts:
    """What a moment adds to titles."""

    traits: Mapping[str, float]
    """Lift of each of `TRAITS`."""
    titles: Floats
    """Of each title of the library."""


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """When what is played, for one library; lifts are made when a moment is first asked for."""

    library: Library
    traits: Bools
    """Which titles have each of `TRAITS`, shape (3, titles)."""
    plays: Mapping[Moment, Floats]
    """Plays of each moment: in all, then of each trait, then of each genre (a title's genres share one play)."""
    total: Floats
    _made: dict[Moment, Lifts]

    @classmethod
    def of(cls, library: Library, plays: Moments, utc_offset_min: int) -> Habits:
        """From the plays of late, whose viewers are taken to live in one time zone."""
        traits = _traits(library)
        places = np.array([library.shown_as.get(one, -1) for one in plays.title_ids.tolist()], np.int64)
        hours = (plays.at_ms // 60_000 + utc_offset_min) // 60 % 24
        found: dict[Moment, list[int]] = {}
        for place, hour, device in zip(places.tolist(), hours.tolist(), plays.devices, strict=True):
            if place >= 0:
                found.setdefault(Moment(part_of(hour), device if device in _BY_DEVICE else ""), []).append(place)
        counts = {moment: _counts(library, traits, np.array(at)) for moment, at in found.items()}
        everywhere = np.sum(list(counts.values()), axis=0) if counts else _library_counts(library, traits)
        return cls(library, traits, counts, np.asarray(everywhere, np.float32), {})

    def lifts(self, moment: Moment) -> Lifts:
        """What the moment adds, in natural logarithms."""
        made = self._made.get(moment)
        if made is None:
            made = self._made[moment] = self._lifts(moment)
        return made

    def _lifts(self, moment: Moment) -> Lifts:
        prior = np.ones(self.total.size, np.float32)
        prior[1:4] = np.multiply(_BY_PART[moment.part], _BY_DEVICE.get(moment.device, (1.0, 1.0, 1.0)))
        plays = self.plays.get(moment, np.zeros_like(self.total))
        share = np.maximum(self.total, 0.5) / max(1.0, float(self.total[0]))
        lift = np.log((plays + PRIOR_PLAYS * prior * share) / ((plays[0] + PRIOR_PLAYS) * share))
        lift = np.clip(lift, -LIFT_LIMIT, LIFT_LIMIT).astype(np.float32)
        of_titles = lift[1:4] @ self.traits + self.library.mixtures @ lift[4:]
        return Lifts(dict(zip(TRAITS, lift[1:4].tolist(), strict=True)), np.asarray(of_titles, np.float32))


def _traits(library: Library) -> Bools:
    return np.stack([library.runtime_s <= SHORT_S, library.runtime_s >= LONG_S, library.age <= FAMILY_AGE])


def _counts(library: Library, traits: Bools, places: Ints) -> Floats:
    genres = library.mixtures[places].sum(axis=0)
    return np.concatenate([[places.size], traits[:, places].sum(axis=1), genres]).astype(np.float32)


def _library_counts(library: Library, traits: Bools) -> Floats:
    return _counts(library, traits, np.arange(len(library.titles)))
