"""Units: the runs of frames that are encoded by themselves, each beginning with a picture that decodes alone.

A unit is a shot, or an equal part of one that is longer than a segment may be; shots too short to be worth a beginning
of their own go with the shot before them. The segments of a stream are made of whole units, the same on all rungs, so
that none begins in the middle of a shot that would have fitted into one.

    >>> shots = [Shot(0, 240), Shot(240, 246), Shot(246, 280), Shot(280, 300)]
    >>> units(shots, Fraction(24), shortest_s=0.5, longest_s=6)
    [Shot(start=0, stop=123), Shot(start=123, stop=246), Shot(start=246, stop=280), Shot(start=280, stop=300)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from matinee.media.shots import Shot


def units(shots: Iterable[Shot], rate: Fraction, *, shortest_s: float, longest_s: float) -> list[Shot]:
    """The runs of frames to encode, in order, without a gap; `rate` is frames a second.

    Only a film that is shorter itself has a unit shorter than `shortest_s`, and none is longer than `longest_s`.
    """
    shortest, longest = _frames(shortest_s, rate, ceil), max(1, _frames(longest_s, rate, floor))
    merged: list[Shot] = []
    for shot in shots:
        if merged and min(shot.frames, merged[-1].frames) < shortest:
            merged[-1] = Shot(merged[-1].start, shot.stop)
        else:
            merged.append(shot)
    return [part for shot in merged for part in _parts(shot, longest)]


def _frames(seconds: float, rate: Fraction, whole: Callable[[Fraction], int]) -> int:
    return whole(Fraction(seconds) * rate)


def _parts(shot: Shot, longest: int) -> list[Shot]:
    n = ceil(shot.frames / longest)
    ends = [shot.start + shot.frames * i // n for i in range(n + 1)]
    return [Shot(start, stop) for start, stop in pairwise(ends)]
