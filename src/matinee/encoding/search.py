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
from importlib.resources import files
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from matinee.base.errors import NotFound
from matinee.encoding.allocation import Allocation, Equal, Options, Staircase, Uniform, reaching, within
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


Trial = Callable[[Sequence[tuple[int, Way]]], Sequence[Outcome]]
"""Encodes units, given by number, in ways, and measures what came of it, in that order."""
_HARMONIC = 1e4
_CURVE = 400
"""Points of a title's curve that are looked at."""


@dataclass
class Search:
    """A search under way. `outcomes` may hold trials of earlier runs."""

    units: Sequence[Unit]
    space: Space
    priors: Priors
    trial: Trial
    pooling: Additive = "mean"
    sharing: Sharing = "shots"
    outcomes: list[dict[Way, Outcome]] = field(default_factory=list)
    _mended: tuple[list[Surface], list[Surface]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.outcomes:
            self.outcomes = [{} for _ in self.units]

    def probe(self, each: int) -> None:
        """Try every unit in the `each` ways that say most about all others."""
        chosen = designed(self.space, self.priors, each)
        self._try([(i, way) for i in range(len(self.units)) for way in chosen])

    def curve(self) -> list[Step]:
        """The title's curve as it is foretold now: the best that there is for every amount of bits, rising."""
        steps = [step for size in range(len(self.space.widths)) for step in self._stairs(size)]
        return [steps[i] for i in front([one.bits for one in steps], [one.quality for one in steps])]

    def ladder(self, placing: Placing, seconds: float) -> list[Step]:
        """The rungs, every unit of every one of them encoded and measured; lowest first."""
        curve = self.curve()
        kbps = [one.bits / seconds / 1000 for one in curve]
        chosen = [curve[i] for i in place(kbps, [one.quality for one in curve], placing)]
        return [self.reach(one.size, Target(quality=one.quality)) for one in chosen]

    def reach(self, size: int, target: Target, rounds: int = 3) -> Step:
        """The best way to a target at one size, encoded and measured."""
        for _ in range(rounds):
            step = self._step(self._at(size), size, target)
            missing = [(i, Way(size, crf)) for i, crf in enumerate(step.crfs) if Way(size, crf) not in self.outcomes[i]]
            if not missing:
                break
            self._try(missing)
        return self._step(self._tried(size), size, target)

    def _stairs(self, size: int) -> list[Step]:
        curves = self._at(size)
        stairs = self._allocation(curves)
        picked = np.unique(np.linspace(0, len(stairs.bits) - 1, _CURVE).astype(int))
        return [self._told(stairs, int(stair), curves, size) for stair in picked]

    def _step(self, curves: Sequence[_Curve], size: int, target: Target) -> Step:
        stairs = self._allocation(curves)
        worth = float(self._worth(target.quality)) * self._frames
        stair = min(reaching(stairs, worth=worth), within(stairs, bits=target.bits))
        return replace(self._told(stairs, stair, curves, size), target=target.quality)

    def _allocation(self, curves: Sequence[_Curve]) -> Allocation:
        options = [
            Options(one.bits, unit.frames * self._worth(one.quality))
            for unit, one in zip(self.units, curves, strict=True)
        ]
        if self.sharing == "title":
            return Uniform(options, [one.crfs for one in curves])
        if self.sharing == "equal":
            return Equal(options, [one.quality for one in curves])
        return Staircase(options)

    def _told(self, stairs: Allocation, stair: int, curves: Sequence[_Curve], size: int) -> Step:
        quality = self._quality(float(stairs.worth[stair]) / self._frames)
        return Step(
            size=size,
            crfs=tuple(one.crfs[i] for one, i in zip(curves, stairs.choices(stair), strict=True)),
            bits=float(stairs.bits[stair]),
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
        asked = [one for one in asked if one[1] not in self.outcomes[one[0]]]
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

    @classmethod
    def of(cls, outcomes: Mapping[Way, Outcome], size: int) -> _Curve:
        """What was measured."""
        ways = sorted((way for way in outcomes if way.size == size), key=lambda way: way.crf)
        return cls(
            tuple(way.crf for way in ways),
            np.array([outcomes[way].bits for way in ways]),
            np.array([outcomes[way].quality for way in ways]),
        )


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
