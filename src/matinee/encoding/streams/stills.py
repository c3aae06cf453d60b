"""The pictures that stand for a film: a wide still and an upright poster, from its best frames.

Frames over the whole film but its opening and its credits are judged small: what is black, plain or blurred loses,
what is sharp, contrasted and colourful wins (all relative to the film itself: a foggy one is not punished).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from matinee.media.frames import Picture, frames_at
from matinee.media.pictures import (
    UPRIGHT,
    WIDE,
    blackness,
    colourfulness,
    contrast,
    crop,
    dominant_colour,
    interest_kept,
    sharpness,
    shrink,
    webp,
)

CANDIDATES = 32
STILL_WIDTH = 1280
POSTER_WIDTH = 720
_QUALITY = 82
_JUDGED_WIDTH = 320
_SHORTLIST = 4


@dataclass(frozen=True, slots=True)
class Pictures:
    """WebP files and the colour that goes with them."""

    still: bytes
    poster: bytes
    colour: str
    """``#rrggbb``."""
    still_size: tuple[int, int]
    poster_size: tuple[int, int]


def draw(judged: Path, best: Path, duration: Fraction) -> Pictures:
    """Judge the frames of one rendition, and cut the pictures from another, which has the same frames."""
    times = [duration * Fraction(i + 2, CANDIDATES + 4) for i in range(CANDIDATES)]
    small = list(frames_at(judged, times, _JUDGED_WIDTH))
    order = ranked(small)
    still = next(frames_at(best, [times[order[0]]]))
    upright = max(order[:_SHORTLIST], key=lambda i: interest_kept(small[i], UPRIGHT))
    poster = still if upright == order[0] else next(frames_at(best, [times[upright]]))
    wide = shrink(crop(still, WIDE), STILL_WIDTH)
    tall = shrink(crop(poster, UPRIGHT), POSTER_WIDTH)
    return Pictures(webp(wide, _QUALITY), webp(tall, _QUALITY), dominant_colour(wide), _size(wide), _size(tall))


def ranked(pictures: Sequence[Picture]) -> list[int]:
    """Numbers of the pictures, the best first."""
    scores = score(pictures)
    return sorted(range(len(pictures)), key=lambda i: -scores[i])


def score(pictures: Sequence[Picture]) -> list[float]:
    """How well each picture would stand for the film; those as good as black or plain fall below all others."""
    sharp, rich = [sharpness(one) for one in pictures], [colourfulness(one) for one in pictures]
    spread, black = [contrast(one) for one in pictures], [blackness(one) for one in pictures]
    return [
        _part(sharp, i)
        + 0.8 * _part(spread, i)
        + 0.6 * _part(rich, i)
        - black[i]
        - 10 * (black[i] > 0.9 or spread[i] < 0.02)
        for i in range(len(pictures))
    ]


def _part(values: Sequence[float], i: int) -> float:
    """Which share of the film's frames this one beats: ranks are not swayed by one frame of noise or titles."""
    return sum(value < values[i] for value in values) / len(values)


def _size(picture: Picture) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]
