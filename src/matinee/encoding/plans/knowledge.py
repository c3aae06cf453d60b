"""Knowledge of a film's units: what came of the ways that were tried, and what is expected of all others.

A unit can be encoded in many ways, each a size and a rate factor. `Knowledge` holds the outcomes, has surfaces drawn
through them (see `surface`), and gives curves of bits and quality to choose from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, Self

import numpy as np

from matinee.base.errors import NotFound
from matinee.encoding.codecs import CodecName
from matinee.encoding.curves import Floats
from matinee.encoding.plans.surface import TERMS, Film, Prior, Surface, Tried, basis, stretched, unstretched


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
        kept = files("matinee.encoding.plans").joinpath("priors", f"{codec}.json")
        if not kept.is_file():
            raise NotFound(f"What {codec} does to bits and quality has not been learnt.", next_step="Plan with h264.")
        told = json.loads(kept.read_text())
        return cls(bits=Prior.of(told["bits"]), quality=Prior.of(told["quality"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What the search knows of a unit beforehand."""

    frames: int
    measures: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Bits and quality of one unit in several ways."""

    ways: tuple[Way, ...]
    bits: Floats
    quality: Floats

    def apart(self, known: Iterable[Way], least: float) -> Curve:
        """Without the ways whose rate factors lie nearer than so to one of `known`, which serves for them."""
        by_size: dict[int, list[float]] = {}
        for way in known:
            by_size.setdefault(way.size, []).append(way.crf)
        near = [min((abs(one.crf - crf) for crf in by_size.get(one.size, ())), default=least) for one in self.ways]
        return self._of([i for i, off in enumerate(near) if off == 0 or off >= least])

    def below(self, bits: float) -> Curve:
        """Those ways that take at most so many bits; the cheapest where none does."""
        kept = np.flatnonzero(self.bits <= bits).tolist()
        return self if len(kept) == len(self.bits) else self._of(kept or [int(np.argmin(self.bits))])

    def _of(self, kept: Sequence[int]) -> Curve:
        return Curve(tuple(self.ways[i] for i in kept), self.bits[list(kept)], self.quality[list(kept)])

    @classmethod
    def joined(cls, curves: Sequence[Curve]) -> Curve:
        """One after the other."""
        ways = tuple(way for one in curves for way in one.ways)
        return cls(ways, np.concatenate([one.bits for one in curves]), np.concatenate([one.quality for one in curves]))


class Knowledge:
    """Of the units of one film."""

    def __init__(self, units: Sequence[Unit], space: Space, priors: Priors) -> None:
        self.outcomes: list[dict[Way, Outcome]] = [{} for _ in units]
        self._units, self._space, self._priors = units, space, priors
        self._mended: tuple[list[Surface], list[Surface]] | None = None
        self._curves: dict[int, list[Curve]] = {}

    def learn(self, i: int, way: Way, outcome: Outcome) -> None:
        """Enter what came of a trial of unit `i`."""
        self.outcomes[i][way] = outcome
        self._mended = None
        self._curves.clear()

    def tried(self, sizes: Sequence[int]) -> list[Curve]:
        """What was measured of each unit at these sizes."""
        return [Curve.joined([self._tried(i, size) for size in sizes]) for i in range(len(self._units))]

    def expected(self, sizes: Sequence[int]) -> list[Curve]:
        """What is expected of each unit in every way of these sizes: what was measured, where it was."""
        for size in sizes:
            if size not in self._curves:
                self._curves[size] = [self._expected(i, size) for i in range(len(self._units))]
        if len(sizes) == 1:
            return self._curves[sizes[0]]
        return [Curve.joined(of_unit) for of_unit in zip(*(self._curves[size] for size in sizes), strict=True)]

    def _tried(self, i: int, size: int) -> Curve:
        known = self.outcomes[i]
        ways = sorted((way for way in known if way.size == size), key=lambda way: way.crf)
        return Curve(
            tuple(ways),
            np.array([known[way].bits for way in ways]),
            np.array([known[way].quality for way in ways]),
        )

    def _expected(self, i: int, size: int) -> Curve:
        rows, crfs, known = self._space.rows(size), np.array(self._space.crfs), self._tried(i, size)
        had = [way.crf for way in known.ways]
        own = self._space.rows(size, had)
        bits, quality = (surfaces[i] for surfaces in self._surfaces)
        frames = self._units[i].frames
        off_bits = _between(crfs, had, np.log2(known.bits / frames) - bits.at(own))
        off_quality = _between(crfs, had, stretched(known.quality) - quality.at(own))
        return Curve(
            tuple(Way(size, crf) for crf in self._space.crfs),
            np.exp2(bits.at(rows) + off_bits) * frames,
            unstretched(quality.at(rows) + off_quality),
        )

    @property
    def _surfaces(self) -> tuple[list[Surface], list[Surface]]:
        """Of bits and of quality, as all outcomes so far have them."""
        if self._mended is None:
            measures, all_ = [one.measures for one in self._units], range(len(self._units))
            self._mended = (
                Film(self._priors.bits, measures, [self._seen(i, "bits") for i in all_]).surfaces,
                Film(self._priors.quality, measures, [self._seen(i, "quality") for i in all_]).surfaces,
            )
        return self._mended

    def _seen(self, i: int, what: Literal["bits", "quality"]) -> Tried:
        known = self.outcomes[i]
        if not known:
            return Tried.none()
        rows = np.concatenate([self._space.rows(way.size, [way.crf]) for way in known])
        if what == "bits":
            return Tried(rows, np.log2([one.bits / self._units[i].frames for one in known.values()]))
        return Tried(rows, stretched([one.quality for one in known.values()]))


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
