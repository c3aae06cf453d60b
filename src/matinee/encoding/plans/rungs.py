"""Where the rungs of a ladder stand: as far apart as a viewer just sees, between a floor and a cap.

A fixed ladder spends rungs where nobody sees a difference: six bitrates of a talking head above the point where it is
perfect, three of a car chase that look alike bad. Given how quality grows with bits for this title, rungs are placed
from the cap downwards, each about one noticeable step of quality below the last. Six points of VMAF are what three in
four viewers notice (Ozer, 2017, after Netflix), and players need neighbours whose bitrates are not too far apart
(Apple's HLS Authoring Specification asks for 1.5 to 2 times).

    >>> kbps = [100, 141, 200, 283, 400, 566, 800, 1131, 1600, 2263, 3200]
    >>> quality = [35, 45, 55, 64, 72, 79, 84, 89, 92, 94, 95]
    >>> place(kbps, quality, Placing())
    [1, 2, 3, 4, 6, 8, 10]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matinee.encoding.curves import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What a ladder has to keep to."""

    cap: float = 95.0
    """Quality above which nobody sees more; the top rung is the first to reach it."""
    floor: float = 40.0
    """Quality below which nobody would go on watching."""
    cap_kbps: float = float("inf")
    floor_kbps: float = 0.0
    step: float = 6.0
    """Points of quality between neighbours."""
    ratio: float = 2.5
    """Neighbours' bitrates lie at most so far apart."""
    most: int = 10
    """Rungs at most."""


def place(kbps: ArrayLike, quality: ArrayLike, placing: Placing) -> list[int]:
    """Which points of a rising curve become rungs, lowest first; at least one.

    `kbps` and `quality` have a number for each point that could be had, and rise together.
    """
    kbps, quality = np.asarray(kbps, float), np.asarray(quality, float)
    rungs = [_top(kbps, quality, placing)]
    while len(rungs) < placing.most:
        below = _below(kbps, quality, rungs[-1], placing)
        if below is None or quality[below] < placing.floor or kbps[below] < placing.floor_kbps:
            break
        rungs.append(below)
    return rungs[::-1]


def _top(kbps: Floats, quality: Floats, placing: Placing) -> int:
    """The first point at the cap, or the last that is allowed."""
    allowed = max(1, int(np.searchsorted(kbps, placing.cap_kbps, "right")))
    return min(allowed - 1, int(np.searchsorted(quality, placing.cap, "left")))


def _below(kbps: Floats, quality: Floats, rung: int, placing: Placing) -> int | None:
    """The next rung down: a step of quality lower, but not too far in bitrate."""
    seen = int(np.searchsorted(quality, quality[rung] - placing.step, "right")) - 1
    near = int(np.searchsorted(kbps, kbps[rung] / placing.ratio, "left"))
    below = min(max(seen, near), rung - 1)
    return below if below >= 0 and quality[rung] - quality[below] > 0 else None
