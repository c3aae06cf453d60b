"""The search: which rate factor each unit gets on each rung, found with few trials, nearly all of them for the result.

First a few trials of each unit, chosen so that they say most (the D-optimal ones under the prior), give surfaces of
bits and quality. From these follow, for every size, the best that constant slope can do with so many bits; over all
sizes, the curve of the title; and on the curve, the rungs. What the rungs need is then encoded and measured in earnest,
the surfaces are mended by it, and units that now should have another rate factor get it, until nothing would be gained.
All that is delivered has been measured; what was foretold only guided the way.

Nothing here encodes: `Search` is given a function that does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.resources import files
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from matinee.base.errors import NotFound
from matinee.encoding.allocation import (
    Allocation,
    Equal,
    Options,
    Staircase,
    Uniform,
    closest,
    fullest,
    reaching,
    within,
)
from matinee.encoding.codecs import CodecName
from matinee.encoding.curves import Floats, front
from matinee.encoding.rungs import Placing, place
from matinee.encoding.surface import TERMS, Film, Prior, Surface, Tried, basis, stretched, unstretched

Additive = Literal["mean", "harmonic"]
"""Poolings of quality that add up over units."""
Sharing = Literal["shots", "title", "equal"]
"""How bits are shared out: at constant slope, with one rate factor for all units, or for the same quality in all."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a unit may be encoded: number of the size, largest first, and rate factor."""

    size: int
    crf: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    bits: float
    quality: float
    """Pooled over the unit's frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The ways there are."""

    widths: tuple[int, ...]
    """Of the sizes, largest first; the first is that of the original."""
    crfs: tuple[float, ...]
    """Rising."""

    def rows(self, size: int, crfs: Sequence[float] | None = None) -> Floats:
        """Rows of `basis` for all rate factors of a size."""
        given = np.array(self.crfs if crfs is None else crfs)
        return basis(given, np.full(len(given), self.widths[size] / self.widths[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """What is known before the first trial: of the binary logarithm of bits a frame, and of stretched quality."""

    bits: Prior
    quality: Prior

    @classmethod
    def of_codec(cls, codec: CodecName) -> Self:
        """What was learnt of a codec from clips that were tried in every way.

        Raises `NotFound` for a codec of which nothing has been learnt.
        """
        kept = files("matinee.encoding").joinpath("priors", f"{codec}.json")
        if not kept.is_file():
            raise NotFound(f"What {codec} does to bits and quality has not been learnt.", next_step="Plan with h264.")
        told = json.loads(kept.read_text())
        return cls(bits=Prior.of(told["bits"]), quality=Prior.of(told["quality"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What the search knows of a unit beforehand."""

    frames: int
    measures: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A rung that was found: one size, and a rate factor for every unit."""

    size: int
    crfs: tuple[float, ...]
    bits: float
    quality: float
    target: float
    """The quality that was asked for: of a rung, what the curve foretold where it was placed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a rung has to reach: the first of the two that is met."""

    quality: float = 100.0
    bits: float = float("inf")
    near: float = 0.25
    """By how many points of quality it may be passed before it is worth more trials to come nearer."""


Trial = Callable[[Sequence[tuple[int, Way]]], Sequence[Outcome]]
"""Encodes units, given by number, in ways, and measures what came of it, in that order."""
_HARMONIC = 1e4
_CURVE = 400
"""Points of a title's curve that are looked at."""
_ROUNDS = 6
_CAPPED = 20
_SHORT = 0.05
"""By so many points of quality may a target be missed."""
_LOSS = 0.01
"""Share of the bits that is not worth more trials."""
_UNUSED = 0.02
"""Share of allowed bits that may be left."""
_NEAR_RUNG = 1.0
"""Where a rung stands on the curve hardly matters, but that it stands on it."""


@dataclass
class Search:
    """A search under way. `outcomes` may hold trials of earlier runs."""

    units: Sequence[Unit]
    space: Space
    priors: Priors
    trial: Trial
    pooling: Additive = "mean"
    sharing: Sharing = "shots"
    peak: float = float("inf")
    """How many times the bits of a mean frame of its rung a unit's frames may take."""
    outcomes: list[dict[Way, Outcome]] = field(default_factory=list)
    _mended: tuple[list[Surface], list[Surface]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.outcomes:
            self.outcomes = [{} for _ in self.units]

    def probe(self, each: int) -> None:
        """Try every unit in the `each` ways that say most about all others."""
        chosen = designed(self.space, self.priors, each)
        self._try([(i, way) for i in range(len(self.units)) for way in chosen])

    def sweep(self, crfs: Sequence[float]) -> None:
        """Try every unit at every size with these rate factors: what a search is there to save."""
        ways = [Way(size, crf) for size in range(len(self.space.widths)) for crf in crfs]
        self._try([(i, way) for i in range(len(self.units)) for way in ways])

    def curve(self) -> list[Step]:
        """The title's curve as it is foretold now: the best that there is for every amount of bits, rising."""
        return self._best(self._at)

    def measured(self) -> list[Step]:
        """The best of what has been tried, rising; at sizes at which not every unit was tried there is nothing."""
        return self._best(self._tried)

    def ladder(self, placing: Placing, seconds: float) -> list[Step]:
        """The rungs, every unit of every one of them encoded and measured; lowest first."""
        curve = self.curve()
        kbps = [one.bits / seconds / 1000 for one in curve]
        chosen = [curve[i] for i in place(kbps, [one.quality for one in curve], placing)]
        found = self.reach([(one.size, Target(quality=one.quality, near=_NEAR_RUNG)) for one in chosen])
        return [found[i] for i in front([one.bits for one in found], [one.quality for one in found])]

    def best(self, target: Target) -> Step:
        """The best way to a target at whichever size it takes the least bits, encoded and measured."""
        found = dict[int, Step]()
        for _ in self.space.widths:
            curve = self.curve()
            enough = [one for one in curve if one.quality >= target.quality or one.bits >= target.bits]
            size = (enough or curve[-1:])[0].size
            if size in found:
                break
            found[size] = self.reach([(size, target)])[0]
        return min(found.values(), key=partial(_off, target))

    def reach(self, goals: Sequence[tuple[int, Target]]) -> list[Step]:
        """For each pair of a size and a target the best way there, encoded and measured."""
        for _ in range(_ROUNDS):
            wanted = [way for size, target in goals for way in self._wanted(size, target)]
            if not wanted:
                break
            self._try(wanted)
        return [self._found(size, target) for size, target in goals]

    def _found(self, size: int, target: Target) -> Step:
        """The best of what was tried. What is foretold goes through it, and may see what lies off its stairs."""
        found = [self._step(self._tried(size), size, target)]
        believed = self._step(self._at(size), size, target)
        if all(Way(size, crf) in known for crf, known in zip(believed.crfs, self.outcomes, strict=True)):
            found.append(believed)
        return min(found, key=partial(_off, target))

    def _wanted(self, size: int, target: Target) -> list[tuple[int, Way]]:
        """Trials that would bring a rung nearer to its target, or save bits on the way; none where it is well."""
        curves, tried = self._at(size), self._tried(size)
        best = self._step(curves, size, target)
        missing = [(i, Way(size, crf)) for i, crf in enumerate(best.crfs) if Way(size, crf) not in self.outcomes[i]]
        if not missing or not all(one.crfs for one in tried):
            return missing
        had = self._step(tried, size, target)
        as_good = self._step(curves, size, Target(quality=had.quality))
        if best.quality >= target.quality:
            met = target.quality - _SHORT <= had.quality <= best.quality + target.near
        else:
            met = had.bits >= best.bits * (1 - _UNUSED)
        return [] if met and had.bits <= as_good.bits * (1 + _LOSS) else missing

    def _best(self, curves: Callable[[int], list[_Curve]]) -> list[Step]:
        sizes = {size: curves(size) for size in range(len(self.space.widths))}
        steps = [
            step
            for size, known in sizes.items()
            if all(one.crfs for one in known)
            for step in self._stairs(known, size)
        ]
        return [steps[i] for i in front([one.bits for one in steps], [one.quality for one in steps])]

    def _stairs(self, curves: Sequence[_Curve], size: int) -> list[Step]:
        options = self._options(curves)
        stairs = self._allocation(options, curves)
        picked = np.unique(np.linspace(0, len(stairs.bits) - 1, _CURVE).astype(int))
        return [self._told(stairs.choices(int(stair)), options, curves, size) for stair in picked]

    def _step(self, curves: Sequence[_Curve], size: int, target: Target) -> Step:
        step = self._uncapped(curves, size, target)
        for _ in range(_CAPPED):
            limits = [self.peak * step.bits / self._frames * unit.frames for unit in self.units]
            capped = [one.below(limit) for one, limit in zip(curves, limits, strict=True)]
            if all(len(now.crfs) == len(before.crfs) for now, before in zip(capped, curves, strict=True)):
                break
            curves, step = capped, self._uncapped(capped, size, target)
        return step

    def _uncapped(self, curves: Sequence[_Curve], size: int, target: Target) -> Step:
        options = self._options(curves)
        stairs = self._allocation(options, curves)
        worth = float(self._worth(target.quality)) * self._frames
        stair = within(stairs, bits=target.bits)
        if self.sharing != "shots":
            choices = stairs.choices(min(stair, reaching(stairs, worth=worth)))
        elif stairs.worth[stair] < worth:
            choices = fullest(options, stairs, bits=target.bits)
        else:
            choices = closest(options, stairs, worth=worth)
        step = self._told(choices, options, curves, size)
        return replace(step, target=min(target.quality, step.quality) if target.bits < np.inf else target.quality)

    def _options(self, curves: Sequence[_Curve]) -> list[Options]:
        return [
            Options(one.bits, unit.frames * self._worth(one.quality))
            for unit, one in zip(self.units, curves, strict=True)
        ]

    def _allocation(self, options: Sequence[Options], curves: Sequence[_Curve]) -> Allocation:
        if self.sharing == "title":
            return Uniform(options, [one.crfs for one in curves])
        if self.sharing == "equal":
            return Equal(options, [one.quality for one in curves])
        return Staircase(options)

    def _told(self, choices: Sequence[int], options: Sequence[Options], curves: Sequence[_Curve], size: int) -> Step:
        quality = self._quality(
            sum(float(one.worth[i]) for one, i in zip(options, choices, strict=True)) / self._frames
        )
        return Step(
            size=size,
            crfs=tuple(one.crfs[i] for one, i in zip(curves, choices, strict=True)),
            bits=sum(float(one.bits[i]) for one, i in zip(options, choices, strict=True)),
            quality=quality,
            target=quality,
        )

    def _tried(self, size: int) -> list[_Curve]:
        """What was measured of each unit at a size."""
        return [_Curve.of(one, size) for one in self.outcomes]

    def _at(self, size: int) -> list[_Curve]:
        """What is expected of each unit at a size, for every rate factor: through what was measured where it was."""
        found = []
        rows, crfs = self.space.rows(size), np.array(self.space.crfs)
        bits, quality = self._surfaces
        for i, known in enumerate(self._tried(size)):
            own = self.space.rows(size, known.crfs)
            off_bits = _between(crfs, known.crfs, np.log2(known.bits / self.units[i].frames) - bits[i].at(own))
            off_quality = _between(crfs, known.crfs, stretched(known.quality) - quality[i].at(own))
            found.append(
                _Curve(
                    self.space.crfs,
                    np.exp2(bits[i].at(rows) + off_bits) * self.units[i].frames,
                    unstretched(quality[i].at(rows) + off_quality),
                )
            )
        return found

    @property
    def _surfaces(self) -> tuple[list[Surface], list[Surface]]:
        """Of bits and of quality, as all outcomes so far have them."""
        if self._mended is None:
            measures = [one.measures for one in self.units]
            self._mended = (
                Film(self.priors.bits, measures, [self._seen(i, "bits") for i in range(len(self.units))]).surfaces,
                Film(
                    self.priors.quality, measures, [self._seen(i, "quality") for i in range(len(self.units))]
                ).surfaces,
            )
        return self._mended

    def _seen(self, i: int, what: Literal["bits", "quality"]) -> Tried:
        known = self.outcomes[i]
        if not known:
            return Tried.none()
        rows = np.concatenate([self.space.rows(way.size, [way.crf]) for way in known])
        if what == "bits":
            return Tried(rows, np.log2([one.bits / self.units[i].frames for one in known.values()]))
        return Tried(rows, stretched([one.quality for one in known.values()]))

    def _try(self, asked: Sequence[tuple[int, Way]]) -> None:
        asked = [one for one in dict.fromkeys(asked) if one[1] not in self.outcomes[one[0]]]
        for (i, way), outcome in zip(asked, self.trial(asked), strict=True):
            self.outcomes[i][way] = outcome
        self._mended = None

    @property
    def _frames(self) -> int:
        return sum(one.frames for one in self.units)

    def _worth(self, quality: ArrayLike) -> Floats:
        """What adds up, frame by frame."""
        value = np.asarray(quality, float)
        return value if self.pooling == "mean" else -_HARMONIC / (value + 1)

    def _quality(self, worth: float) -> float:
        return worth if self.pooling == "mean" else -_HARMONIC / worth - 1


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Bits and quality of one unit at one size, by rising rate factor."""

    crfs: tuple[float, ...]
    bits: Floats
    quality: Floats

    def below(self, bits: float) -> _Curve:
        """Those points that take at most so many bits; the cheapest where none does."""
        kept = np.flatnonzero(self.bits <= bits)
        if len(kept) == len(self.bits):
            return self
        kept = kept if len(kept) else np.array([int(np.argmin(self.bits))])
        return _Curve(tuple(self.crfs[i] for i in kept), self.bits[kept], self.quality[kept])

    @classmethod
    def of(cls, outcomes: Mapping[Way, Outcome], size: int) -> _Curve:
        """What was measured."""
        ways = sorted((way for way in outcomes if way.size == size), key=lambda way: way.crf)
        return cls(
            tuple(way.crf for way in ways),
            np.array([outcomes[way].bits for way in ways]),
            np.array([outcomes[way].quality for way in ways]),
        )


def _off(target: Target, step: Step) -> tuple[float, float]:
    """Less for what is better: that a target's quality is met comes before that it takes few bits."""
    return max(0.0, target.quality - _SHORT - step.quality), step.bits


def _between(at: Floats, known: Sequence[float], off: Floats) -> Floats | float:
    """How far a surface is off, drawn straight from one measured rate factor to the next."""
    return np.interp(at, known, off) if known else 0.0


def designed(space: Space, priors: Priors, n: int) -> list[Way]:
    """The `n` ways whose outcomes leave least doubt about all others, under the prior: taken one by one.

    Doubt is counted in the noise of each surface, so that bits and quality weigh alike.
    """
    ways = [Way(size, crf) for size in range(len(space.widths)) for crf in space.crfs]
    rows = np.concatenate([space.rows(size) for size in range(len(space.widths))])
    believed = [
        (Surface(np.zeros(TERMS), one.of_film + one.of_unit), one.noise) for one in (priors.bits, priors.quality)
    ]
    chosen: list[Way] = []
    for _ in range(min(n, len(ways))):
        best = min(range(len(ways)), key=lambda i: sum(_left(surface, rows, i, noise) for surface, noise in believed))
        chosen.append(ways[best])
        tried = Tried(rows[best : best + 1], np.zeros(1))
        believed = [(surface.told(tried, noise), noise) for surface, noise in believed]
    return chosen


def _left(surface: Surface, rows: Floats, i: int, noise: float) -> float:
    """The mean variance, in squares of the noise, that remains after a trial of row `i`."""
    after = surface.told(Tried(rows[i : i + 1], np.zeros(1)), noise)
    return float(np.mean(after.doubt(rows) ** 2)) / noise**2
