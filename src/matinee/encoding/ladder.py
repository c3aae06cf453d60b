"""The ladder: which sizes a film is encoded at, and how many bits each may take at most.

Each height stands for a box of 16:9 (upright for an upright film), into which the film is fitted without being
enlarged; the film's own size is the top rung where it fits the largest box. A rung that is nearly as large as the
one above it is left out, since switching to it would gain nothing.

    >>> [(rung.width, rung.height) for rung in ladder((1920, 800), Fraction(24), (240, 360, 540, 720, 1080))]
    [(426, 178), (640, 266), (960, 400), (1280, 534), (1920, 800)]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

_SMALLEST_STEP = 0.7
"""A rung has at most this share of the pixels of the one above it."""
_FULL_HD = 1920 * 1080
MAX_ASPECT = 100


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition. Both sides are even, as 4:2:0 needs."""

    width: int
    height: int
    peak_kbps: int


def ladder(
    size: tuple[int, int], frame_rate: Fraction, heights: Iterable[int], peak_kbps: int = 5200
) -> tuple[Rung, ...]:
    """The rungs for a film of this display size, smallest first; at least one.

    `peak_kbps` is what 1080p at 30 frames a second may take.
    """
    rungs: list[Rung] = []
    for height in sorted(set(heights), reverse=True):
        width, height = fitted(size, height)  # noqa: PLW2901
        if not rungs or width * height <= _SMALLEST_STEP * rungs[-1].width * rungs[-1].height:
            rungs.append(Rung(width, height, _peak(width * height, frame_rate, peak_kbps)))
    return tuple(reversed(rungs))


def fitted(size: tuple[int, int], height: int) -> tuple[int, int]:
    """The largest even size of this shape, no larger than `size`, that fits a 16:9 box of this height (or its turn)."""
    box = (Fraction(height * 16, 9), Fraction(height))
    if size[1] > size[0]:
        box = box[::-1]
    scale = min(Fraction(1), *(inside / side for inside, side in zip(box, size, strict=True)))
    return _even(size[0], scale), _even(size[1], scale)


def _even(side: int, scale: Fraction) -> int:
    """The nearest even number that is not larger than the film's own side; 2 where that is a single pixel."""
    return max(2, min(2 * round(side * scale / 2), side - side % 2))


def _peak(pixels: int, frame_rate: Fraction, peak_kbps: int) -> int:
    """Bits grow more slowly than pixels (exponent 0.75, the usual rule of thumb) and than frames."""
    size, speed = (pixels / _FULL_HD) ** 0.75, max(1.0, float(frame_rate) / 30) ** 0.5
    return max(100, int(peak_kbps * size * speed) // 10 * 10)
