"""Curves of quality over bits: their convex hull, and how far apart two of them lie.

Everything that encodes is judged by two numbers, the bits it takes and the quality that they buy. Of many encodes of
the same pictures only those on the upper convex hull are worth having: for every other one some mixture of two of
these is better and no larger (Katsavounidis and Guo, "Video codec comparison using the dynamic optimizer framework",
SPIE 2018).

    >>> hull([1, 2, 3, 4], [50, 80, 79, 90]).tolist()
    [0, 1, 3]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matinee.base.errors import InvalidInput

Floats = NDArray[np.float64]


def hull(bits: ArrayLike, worth: ArrayLike) -> NDArray[np.intp]:
    """Which points lie on the upper convex hull, by rising bits: each dearer than the last, better, and by less a bit.

    `bits` and `worth` have one number for each point, in any order. The first is the cheapest point (of equals the
    best), the last the best one (of equals the cheapest).
    """
    bits, worth = np.asarray(bits, float), np.asarray(worth, float)
    found: list[int] = []
    for i in np.lexsort((-worth, bits)):
        if found and worth[i] <= worth[found[-1]]:
            continue
        # A point below the line from the one before it to the one after it is not on the hull.
        while len(found) > 1 and _slope(bits, worth, found[-2], i) >= _slope(bits, worth, found[-2], found[-1]):
            found.pop()
        found.append(int(i))
    return np.array(found, np.intp)


def _slope(bits: Floats, worth: Floats, a: int, b: int) -> float:
    return float((worth[b] - worth[a]) / max(bits[b] - bits[a], 1e-12))


def front(bits: ArrayLike, worth: ArrayLike) -> NDArray[np.intp]:
    """Which points no other one beats in both, by rising bits.

    >>> front([1, 2, 3, 4], [50, 80, 79, 90]).tolist()
    [0, 1, 3]
    """
    bits, worth = np.asarray(bits, float), np.asarray(worth, float)
    order = np.lexsort((-worth, bits))
    best = np.maximum.accumulate(np.concatenate([[-np.inf], worth[order]]))[:-1]
    kept: NDArray[np.intp] = order[worth[order] > best]
    return kept


def bd_rate(anchor: tuple[ArrayLike, ArrayLike], test: tuple[ArrayLike, ArrayLike]) -> float:
    """By how many percent `test` takes more bits than `anchor` for the same quality; below zero where it saves.

    Each is a pair of bits and qualities of at least two points. The mean of the logarithm of bits is taken over the
    qualities that both reach (Bjøntegaard, VCEG-M33, 2001), between the points by Akima's curve, which overshoots
    least (Herglotz et al., "Beyond Bjøntegaard", ICIP 2022). A point that another one beats in both bits and quality
    is left out.

    Raises `InvalidInput` where a curve has a single point, or where the two have no quality in common.

    >>> bd_rate(([100, 200, 400], [60, 75, 85]), ([50, 100, 200], [60, 75, 85]))
    -50.0
    """
    curves = [_rising(*anchor), _rising(*test)]
    low, high = max(quality[0] for _, quality in curves), min(quality[-1] for _, quality in curves)
    if high <= low:
        raise InvalidInput(
            "The two curves have no quality in common, so that their bits cannot be compared.",
            next_step="Encode both at more bitrates.",
        )
    of_anchor, of_test = (_mean_log(bits, quality, low, high) for bits, quality in curves)
    return round(float(np.expm1(of_test - of_anchor)) * 100, 9)


def _rising(bits: ArrayLike, quality: ArrayLike) -> tuple[Floats, Floats]:
    """The points that no other one beats, by rising bits and quality."""
    bits, quality = np.asarray(bits, float), np.asarray(quality, float)
    kept = front(bits, quality)
    if len(kept) < 2:
        raise InvalidInput("A curve needs two points that differ.", next_step="Encode at more bitrates.")
    return bits[kept], quality[kept]


def _mean_log(bits: Floats, quality: Floats, low: float, high: float) -> float:
    if len(bits) == 2:
        return float(np.interp([low, high], quality, np.log(bits)).mean())
    from scipy.interpolate import Akima1DInterpolator  # takes a while to import, and few ask for this

    return float(Akima1DInterpolator(quality, np.log(bits)).integrate(low, high)) / (high - low)
