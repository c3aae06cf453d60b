"""Savings: by how much fewer bits renditions of another make have the same quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matinee.encoding.codecs import CodecName
from matinee.encoding.curves import front


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One rendition as savings are counted by."""

    width: int
    height: int
    kbps: float
    vmaf: float | None = None
    """None where nobody has measured it."""


Savings = Mapping[CodecName, float | None]
"""By codec, the share of bits saved for the same quality, in percent; None where nothing can be said."""


def saved(old: Sequence[Point], new: Sequence[Point]) -> float | None:
    """How many percent fewer bits `new` needs for the qualities of `old`, their mean; below zero where it needs more.

    Of `old` those renditions count whose quality `new` reaches from both sides; None where there is none.

    >>> old = [Point(width=320, height=180, kbps=200, vmaf=60), Point(width=640, height=360, kbps=400, vmaf=80)]
    >>> new = [Point(width=320, height=180, kbps=100, vmaf=50), Point(width=640, height=360, kbps=200, vmaf=80)]
    >>> saved(old[1:], new)
    50.0
    """
    kept = [one for one in new if one.vmaf is not None]
    if len(kept) < 2:
        return None
    bits, quality = np.log([one.kbps for one in kept]), np.array([one.vmaf for one in kept], float)
    rising = front(bits, quality)
    bits, quality = bits[rising], quality[rising]
    had = [one for one in old if one.vmaf is not None and quality[0] <= one.vmaf <= quality[-1]]
    if not had:
        return None
    less = [float(np.interp(one.vmaf or 0.0, quality, bits) - np.log(one.kbps)) for one in had]
    return round(-100 * float(np.expm1(np.mean(less))), 9)
