"""A little chance in some slots, with exact propensities, so that what is shown can be learned from.

A page that always shows what the model likes best never learns of anything else, and what is logged of it says
nothing of what another model would have done. So some slots of a row are drawn: slot ``s`` has a pool of its own, and
title ``i`` of the pool is put there with

    p_i = (1 - even) · exp(score_i / heat) / sum over the pool of exp(score_j / heat)  +  even / (size of the pool)

Pools are disjoint and made before anything is drawn, and what was in a pool and not drawn sits this page out.
Therefore draws are independent, no other slot of the page depends on them, and ``p_i`` is exactly the probability with
which the title stands in that place: not one that holds only given the other draws, as for a ranking sampled from one
pool (Plackett-Luce). The even part keeps weights of inverse propensity below ``size / even``.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.recommendation.library import Ints

POOL = 8
"""Titles that compete for one slot."""
HEAT, EVEN = 0.5, 0.2
RESERVED = 10
"""At most one in so many of the titles that may be shown goes into pools."""


class Draw(NamedTuple):
    """What came of a slot."""

    choice: int
    """Place in the pool."""
    propensity: float


def slots(length: int, share: float) -> list[int]:
    """Which places of a row of that length are left to chance: evenly spread, at most every other one, never the first.

    >>> slots(20, 0.1), slots(20, 0.0), slots(1, 1.0)
    ([9, 19], [], [])
    """
    count = min(round(share * length), length // 2)
    return [length * (number + 1) // count - 1 for number in range(count)]


def pools_of(ordered: Ints, count: int, allowed: int) -> list[Ints]:
    """Disjoint pools for `count` slots, dealt from titles in order like cards; none where too few may be reserved.

    `allowed` is how many titles there are to choose from.
    """
    size = min(POOL, allowed // (RESERVED * count) if count else 0, ordered.size // max(1, count))
    return [ordered[number : size * count : count] for number in range(count)] if size > 1 else []


def chances(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probability of each title of a pool; they add up to 1."""
    weights = np.exp((scores - scores.max()) / HEAT)
    return np.asarray((1 - EVEN) * weights / weights.sum() + EVEN / scores.size)


def draw(scores: NDArray[np.floating], rng: Random) -> Draw:
    """One title of a pool, and the probability with which it was drawn."""
    shares = chances(np.asarray(scores, np.float64)).tolist()
    left = rng.random()
    for choice, share in enumerate(shares):
        left -= share
        if left < 0:
            return Draw(choice, share)
    return Draw(len(shares) - 1, shares[-1])  # rounding left a crumb


__all__: Sequence[str] = ("Draw", "chances", "draw", "pools_of", "slots")
