"""Constant slope: how bits are shared out among shots so that the whole looks best.

Each shot can be encoded in many ways; on its convex hull every step up costs bits and brings worth. A budget is best
spent on the steps that bring most for a bit, whichever shot they are of: all shots then end at the same slope, since
otherwise moving bits from the flatter to the steeper would gain (Shoham and Gersho, 1988; Ortega and Ramchandran,
1998). Giving every shot the same quality instead wastes bits on the shots that hardly repay them.

Sorted by slope, the steps of all shots make one staircase, and every constant-slope allocation is one of its stairs.
Two other ways of sharing out are here to be compared with, `Uniform` (one rate factor for the whole title) and `Equal`.

    >>> still, action = Options([1, 2, 4], [80, 90, 92]), Options([4, 8, 16], [50, 70, 80])
    >>> film = Staircase([still, action])
    >>> film.bits.tolist(), film.worth.tolist()
    ([5.0, 6.0, 10.0, 18.0, 20.0], [130.0, 140.0, 160.0, 170.0, 172.0])
    >>> film.choices(within(film, bits=12))
    [1, 1]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matinee.encoding.curves import Floats, front, hull


class Options:
    """The ways to encode one shot: what each takes and what it is worth, in units that add up over shots."""

    def __init__(self, bits: ArrayLike, worth: ArrayLike) -> None:
        self.bits: Floats = np.asarray(bits, float)
        self.worth: Floats = np.asarray(worth, float)
        if not (np.isfinite(self.bits).all() and np.isfinite(self.worth).all()):
            raise ValueError("bits and worth have to be finite numbers")
        self.hull = hull(self.bits, self.worth)
        """Those worth having, by rising bits."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps up the hulls of all shots, steepest first."""

    shot: NDArray[np.intp]
    bits: Floats
    worth: Floats


class Allocation(Protocol):
    """Ways to share out bits among shots, from the cheapest to the best."""

    bits: Floats
    """Sums over the shots, rising."""
    worth: Floats

    def choices(self, stair: int) -> list[int]:
        """The option of each shot in the allocation of this number."""


def within(found: Allocation, *, bits: float) -> int:
    """The best allocation that takes at most so many bits; the cheapest where none does."""
    return max(0, int(np.searchsorted(found.bits, bits * (1 + 1e-12), "right")) - 1)


def reaching(found: Allocation, *, worth: float) -> int:
    """The cheapest allocation that is worth so much; the best where none is."""
    return min(len(found.worth) - 1, int(np.searchsorted(found.worth, worth - 1e-9, "left")))


def closest(shots: Sequence[Options], found: Allocation, *, worth: float) -> list[int]:
    """The choices that are worth so much for the fewest bits, by one shot off the stairs if need be.

    A film of few shots has high stairs. Between two of them, one shot takes whichever of its options is enough.

    >>> shots = [Options([1, 2, 4], [50, 70, 80]), Options([10, 20, 25], [40, 55, 70])]
    >>> closest(shots, Staircase(shots), worth=135)
    [2, 1]
    """
    stair = reaching(found, worth=worth)
    best = found.choices(stair)
    if stair == 0:
        return best
    below, lacking = found.choices(stair - 1), worth - found.worth[stair - 1]
    extra = found.bits[stair] - found.bits[stair - 1]
    for i, (one, now) in enumerate(zip(shots, below, strict=True)):
        enough = np.flatnonzero(one.worth - one.worth[now] >= lacking - 1e-9)
        if len(enough):
            option = int(enough[np.argmin(one.bits[enough])])
            if (more := one.bits[option] - one.bits[now]) < extra:
                extra, best = more, [*below[:i], option, *below[i + 1 :]]
    return best


def fullest(shots: Sequence[Options], found: Allocation, *, bits: float) -> list[int]:
    """The choices that bring most for at most so many bits, by one shot off the stairs if need be.

    >>> shots = [Options([1, 2, 4], [50, 70, 80]), Options([10, 20, 25], [40, 55, 70])]
    >>> fullest(shots, Staircase(shots), bits=24)
    [2, 1]
    """
    stair = within(found, bits=bits)
    below, left = found.choices(stair), bits - found.bits[stair]
    best, most = below, 0.0
    for i, (one, now) in enumerate(zip(shots, below, strict=True)):
        allowed = np.flatnonzero(one.bits - one.bits[now] <= left)
        if len(allowed):
            option = int(allowed[np.argmax(one.worth[allowed])])
            if (more := one.worth[option] - one.worth[now]) > most:
                most, best = more, [*below[:i], option, *below[i + 1 :]]
    return best


class Staircase:
    """Every constant-slope allocation over `shots`, from the cheapest to the best.

    ``bits[k]`` and ``worth[k]`` are the sums over the shots when the `k` steepest steps are taken.
    """

    def __init__(self, shots: Sequence[Options]) -> None:
        self._shots = shots
        steps = _steps(shots)
        self._shot = steps.shot
        self.bits = np.cumsum([sum(one.bits[one.hull[0]] for one in shots), *steps.bits])
        self.worth = np.cumsum([sum(one.worth[one.hull[0]] for one in shots), *steps.worth])

    def choices(self, stair: int) -> list[int]:
        """The option of each shot at a stair."""
        taken = np.bincount(self._shot[:stair], minlength=len(self._shots))
        return [int(one.hull[count]) for one, count in zip(self._shots, taken, strict=True)]


def _steps(shots: Sequence[Options]) -> _Steps:
    shot = np.repeat(np.arange(len(shots)), [len(one.hull) - 1 for one in shots])
    bits = np.concatenate([np.diff(one.bits[one.hull]) for one in shots])
    worth = np.concatenate([np.diff(one.worth[one.hull]) for one in shots])
    # Stable, so that the steps of a shot stay in their order where slopes are equal.
    order = np.argsort(-worth / bits, kind="stable")
    return _Steps(shot[order], bits[order], worth[order])


class Uniform:
    """The same setting for all shots: what one rate factor for the whole title can do.

    Option `i` of a shot is the one with setting ``settings[shot][i]``; settings that not all of them have are left out.
    """

    def __init__(self, shots: Sequence[Options], settings: Sequence[Sequence[float]]) -> None:
        shared = set(settings[0]).intersection(*settings[1:])
        self._picks = [[own.index(one) for own in settings] for one in sorted(shared)]
        self.bits, self.worth, self._picks = _rising(shots, self._picks)

    def choices(self, stair: int) -> list[int]:
        """The option of each shot."""
        return self._picks[stair]


class Equal:
    """The same quality in all shots, as who encodes each to a target gets it.

    Option `i` of a shot has the quality ``quality[shot][i]``.
    """

    def __init__(self, shots: Sequence[Options], quality: Sequence[Floats], levels: int = 200) -> None:
        low, high = min(one.min() for one in quality), max(one.max() for one in quality)
        picks = [
            [_cheapest(one.bits, own, level) for one, own in zip(shots, quality, strict=True)]
            for level in np.linspace(low, high, levels)
        ]
        self.bits, self.worth, self._picks = _rising(shots, picks)

    def choices(self, stair: int) -> list[int]:
        """The option of each shot."""
        return self._picks[stair]


def _cheapest(bits: Floats, quality: Floats, level: float) -> int:
    """The cheapest option that is so good, or the best one where none is."""
    good = np.flatnonzero(quality >= level)
    return int(good[np.argmin(bits[good])]) if len(good) else int(np.argmax(quality))


def _rising(shots: Sequence[Options], picks: Sequence[list[int]]) -> tuple[Floats, Floats, list[list[int]]]:
    """Bits, worth and choices of those picks that cost more than every worse one."""
    bits = np.array([sum(one.bits[i] for one, i in zip(shots, pick, strict=True)) for pick in picks])
    worth = np.array([sum(one.worth[i] for one, i in zip(shots, pick, strict=True)) for pick in picks])
    kept = front(bits, worth)
    return bits[kept], worth[kept], [picks[i] for i in kept]
