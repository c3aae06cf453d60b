"""The search: which size and rate factor each unit gets on each rung, found with few trials, nearly all for the result.

First a few trials of each unit, chosen so that they say most (the D-optimal ones under the prior), give surfaces of
bits and quality. From these follow the best that constant slope can do with so many bits, the curve of the title; and
on the curve, the rungs. What the rungs need is then encoded and measured in earnest, the surfaces are mended by it, and
units that now should be encoded in another way get it, until nothing would be gained. All that is delivered has been
measured; what was foretold only guided the way.

Nothing here encodes: `Search` is given a function that does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from matinee.encoding.curves import Floats, front
from matinee.encoding.plans.allocation import (
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
from matinee.encoding.plans.knowledge import Curve, Knowledge, Outcome, Priors, Space, Unit, Way, designed
from matinee.encoding.plans.rungs import Placing, place

Additive = Literal["mean", "harmonic"]
"""Poolings of quality that add up over units."""
Sharing = Literal["shots", "title", "equal"]
"""How bits are shared out: at constant slope, with one rate factor for all units, or for the same quality in all."""
Sizes = tuple[int, ...]
"""Numbers of the sizes that the units of a rung may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A rung that was found: a way for every unit."""

    sizes: Sizes
    """That units might have."""
    ways: tuple[Way, ...]
    bits: float
    peak: float
    """How many times the bits of a mean frame the unit with the most bits a frame takes."""
    quality: float
    target: float
    """The quality that was asked for: of a rung, what the curve foretold where it was placed."""


_NEAR = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a rung has to reach: the first of the two that is met."""

    quality: float = 100.0
    bits: float = float("inf")
    near: float = _NEAR
    """By how many points of quality it may be passed before it is worth more trials to come nearer."""


Trial = Callable[[Sequence[tuple[int, Way]]], Sequence[Outcome]]
"""Encodes units, given by number, in ways, and measures what came of it, in that order."""
_HARMONIC = 1e4
_CURVE = 400
"""Points of a title's curve that are looked at."""
_STRIDES = (4, 2)
"""Of so many targets one is tried first: what is learnt at these spares those between trials in wrong ways."""
_ROUNDS = 6
"""Over all targets."""
_CAPPED = 20
_APART = 1.0
"""A rate factor that lies nearer than so to one that was tried is not worth a trial for a rung of a ladder."""
_SHORT = 0.05
"""By so many points of quality may a target be missed."""
_LOSS = 0.005
"""Share of the bits that is not worth more trials."""
_ROUNDING = 1 + 1e-9
_UNUSED = 0.02
"""Share of allowed bits that may be left."""
_NEAR_RUNG = 1.5
"""Where a rung stands on the curve hardly matters, but that it stands on it."""


@dataclass
class Search:
    """A search under way."""

    units: Sequence[Unit]
    space: Space
    priors: Priors
    trial: Trial
    pooling: Additive = "mean"
    sharing: Sharing = "shots"
    mixed: bool = False
    """Whether the units of a rung may have different sizes, where bits are shared out at constant slope."""
    peak: float = float("inf")
    """How many times the bits of a mean frame of its rung a unit's frames may take."""
    known: Knowledge = field(init=False)

    def __post_init__(self) -> None:
        self.known = Knowledge(self.units, self.space, self.priors)

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
        return self._best(self.known.expected)

    def measured(self) -> list[Step]:
        """The best of what has been tried, rising; at sizes at which not every unit was tried there is nothing."""
        return self._best(self.known.tried)

    def ladder(self, placing: Placing, seconds: float) -> list[Step]:
        """The rungs, every unit of every one of them encoded and measured; lowest first."""
        curve = self.curve()
        kbps = [one.bits / seconds / 1000 for one in curve]
        qualities = [curve[i].quality for i in place(kbps, [one.quality for one in curve], placing)]
        return self.rungs(qualities, _NEAR_RUNG)

    def rungs(self, qualities: Sequence[float], near: float = _NEAR) -> list[Step]:
        """Rungs that are `near` these qualities, each unit of each encoded and measured; lowest first."""
        found = self.reach([Target(quality=one, near=near) for one in qualities])
        return [found[i] for i in front([one.bits for one in found], [one.quality for one in found])]

    def reach(self, targets: Sequence[Target]) -> list[Step]:
        """For each target the best way there, at whichever sizes take the least bits, encoded and measured."""
        looked: list[set[Sizes]] = [set() for _ in targets]
        for stride in [*(one for one in _STRIDES if one < len(targets)), *[1] * _ROUNDS]:
            curve, wanted = self.curve(), list[tuple[int, Way]]()
            for target, scopes in list(zip(targets, looked, strict=True))[::stride]:
                scopes.add(sizes := _first(curve, target).sizes)
                wanted += self._wanted(sizes, target)
            if not wanted and stride == 1:
                break
            self._try(wanted)
        return [
            min((self._found(sizes, target) for sizes in sorted(scopes)), key=partial(self._off, target))
            for target, scopes in zip(targets, looked, strict=True)
        ]

    def _found(self, sizes: Sizes, target: Target) -> Step:
        """The best of what was tried. What is foretold goes through it, and may see what lies off its stairs."""
        found = [self._step(self.known.tried(sizes), sizes, target)]
        believed = self._step(self.known.expected(sizes), sizes, target)
        if not self._missing(believed):
            found.append(believed)
        return min(found, key=partial(self._off, target))

    def _wanted(self, sizes: Sizes, target: Target) -> list[tuple[int, Way]]:
        """Trials that would bring a rung nearer to its target, or save bits on the way; none where it is well."""
        tried, curves = self.known.tried(sizes), self.known.expected(sizes)
        if target.near >= _NEAR_RUNG:
            curves = [one.apart(known.ways, _APART) for one, known in zip(curves, tried, strict=True)]
        best = self._step(curves, sizes, target)
        missing = self._missing(best)
        if not missing or not all(one.ways for one in tried):
            return missing
        had = self._step(tried, sizes, target)
        as_good = self._step(curves, sizes, Target(quality=had.quality))
        if best.quality >= target.quality:
            met = target.quality - _SHORT <= had.quality <= best.quality + target.near
        else:
            met = had.bits >= best.bits * (1 - _UNUSED)
        return [] if met and had.bits <= as_good.bits * (1 + _LOSS) else missing

    def _missing(self, step: Step) -> list[tuple[int, Way]]:
        return [(i, way) for i, way in enumerate(step.ways) if way not in self.known.outcomes[i]]

    def _off(self, target: Target, step: Step) -> tuple[float, ...]:
        """Less for what is better: limits first, then that the target's quality is met, then that it takes few bits."""
        over = max(0.0, step.bits - target.bits * _ROUNDING), max(0.0, step.peak - self.peak * _ROUNDING)
        return *over, max(0.0, target.quality - _SHORT - step.quality), step.bits

    @property
    def _scopes(self) -> list[Sizes]:
        """Which sizes may be on a rung together."""
        sizes = range(len(self.space.widths))
        return [tuple(sizes)] if self.mixed and self.sharing == "shots" else [(size,) for size in sizes]

    def _best(self, curves: Callable[[Sizes], list[Curve]]) -> list[Step]:
        steps = list[Step]()
        for sizes in self._scopes:
            known = curves(sizes)
            if all(one.ways for one in known):
                steps += self._stairs(known, sizes)
        return [steps[i] for i in front([one.bits for one in steps], [one.quality for one in steps])]

    def _stairs(self, curves: Sequence[Curve], sizes: Sizes) -> list[Step]:
        options = self._options(curves)
        stairs = self._allocation(options, curves)
        picked = np.unique(np.linspace(0, len(stairs.bits) - 1, _CURVE).astype(int))
        return [self._told(stairs.choices(int(stair)), options, curves, sizes) for stair in picked]

    def _step(self, curves: Sequence[Curve], sizes: Sizes, target: Target) -> Step:
        step = self._uncapped(curves, sizes, target)
        for _ in range(_CAPPED):
            limits = [self.peak * step.bits / self._frames * unit.frames for unit in self.units]
            capped = [one.below(limit) for one, limit in zip(curves, limits, strict=True)]
            if all(now is before for now, before in zip(capped, curves, strict=True)):
                break
            curves, step = capped, self._uncapped(capped, sizes, target)
        return step

    def _uncapped(self, curves: Sequence[Curve], sizes: Sizes, target: Target) -> Step:
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
        step = self._told(choices, options, curves, sizes)
        return replace(step, target=min(target.quality, step.quality) if target.bits < np.inf else target.quality)

    def _options(self, curves: Sequence[Curve]) -> list[Options]:
        return [
            Options(one.bits, unit.frames * self._worth(one.quality))
            for unit, one in zip(self.units, curves, strict=True)
        ]

    def _allocation(self, options: Sequence[Options], curves: Sequence[Curve]) -> Allocation:
        if self.sharing == "title":
            return Uniform(options, [[way.crf for way in one.ways] for one in curves])
        if self.sharing == "equal":
            return Equal(options, [one.quality for one in curves])
        return Staircase(options)

    def _told(self, choices: Sequence[int], options: Sequence[Options], curves: Sequence[Curve], sizes: Sizes) -> Step:
        worth = sum(float(one.worth[i]) for one, i in zip(options, choices, strict=True))
        quality = self._quality(worth / self._frames)
        bits = [float(one.bits[i]) for one, i in zip(options, choices, strict=True)]
        most = max(size / unit.frames for size, unit in zip(bits, self.units, strict=True))
        return Step(
            sizes=sizes,
            ways=tuple(one.ways[i] for one, i in zip(curves, choices, strict=True)),
            bits=sum(bits),
            peak=most * self._frames / sum(bits),
            quality=quality,
            target=quality,
        )

    def _try(self, asked: Sequence[tuple[int, Way]]) -> None:
        asked = [one for one in dict.fromkeys(asked) if one[1] not in self.known.outcomes[one[0]]]
        for (i, way), outcome in zip(asked, self.trial(asked), strict=True):
            self.known.learn(i, way, outcome)

    @property
    def _frames(self) -> int:
        return sum(one.frames for one in self.units)

    def _worth(self, quality: ArrayLike) -> Floats:
        """What adds up, frame by frame."""
        value = np.asarray(quality, float)
        return value if self.pooling == "mean" else -_HARMONIC / (value + 1)

    def _quality(self, worth: float) -> float:
        return worth if self.pooling == "mean" else -_HARMONIC / worth - 1


def _first(curve: Sequence[Step], target: Target) -> Step:
    """The first point of a rising curve that meets a target, or the last."""
    return next((one for one in curve if one.quality >= target.quality or one.bits >= target.bits), curve[-1])
