"""Seek thumbnails: sheets of small pictures, and a WebVTT file that says which part of which sheet shows when.

00:00:04.000 --> 00:00:06.000
storyboard-1.jpg#xywh=192,0,192,108
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

from matinee.media.frames import Picture, frames_at
from matinee.media.pictures import jpeg
from matinee.media.subtitles import Cue, write_vtt

FILE = "storyboard.vtt"
_COLUMNS = 10
_ROWS = 10
_QUALITY = 70


def interval(duration: Fraction, asked_s: float, segment: Fraction) -> Fraction:
    """Seconds between thumbnails: about a hundred of them, but each for one to ten seconds.

    Whole segments are preferred for long films, since those begin with a picture that decodes alone.
    """
    if asked_s:
        return Fraction(asked_s).limit_denominator(1000)
    wanted = min(Fraction(10), max(Fraction(1), duration / 100))
    return segment * ceil(wanted / segment) if wanted > segment / 2 else wanted


def draw(rendition: Path, duration: Fraction, step: Fraction, width: int) -> dict[str, bytes]:
    """The storyboard of a film: its WebVTT file and its sheets, by name."""
    times = [step * i for i in range(max(1, ceil(duration / step)))]
    thumbnails = list(frames_at(rendition, times, width))
    sheets = [thumbnails[i : i + _COLUMNS * _ROWS] for i in range(0, len(thumbnails), _COLUMNS * _ROWS)]
    files = {f"storyboard-{i + 1}.jpg": jpeg(_sheet(sheet), _QUALITY) for i, sheet in enumerate(sheets)}
    height, width = thumbnails[0].shape[:2]
    cues = [
        Cue(time, min(time + step, duration), _place(i, width, height))
        for i, time in enumerate(times[: len(thumbnails)])
    ]
    return {FILE: write_vtt(cues).encode(), **files}


def _place(i: int, width: int, height: int) -> str:
    sheet, place = divmod(i, _COLUMNS * _ROWS)
    row, column = divmod(place, _COLUMNS)
    return f"storyboard-{sheet + 1}.jpg#xywh={column * width},{row * height},{width},{height}"


def _sheet(thumbnails: Sequence[Picture]) -> Picture:
    height, width = thumbnails[0].shape[:2]
    columns = min(_COLUMNS, len(thumbnails))
    rows = ceil(len(thumbnails) / columns)
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for i, picture in enumerate(thumbnails):
        row, column = divmod(i, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet
