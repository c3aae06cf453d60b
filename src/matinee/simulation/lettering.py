"""The name of a film on black before its first shot, in capitals set wide, as title cards are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from matinee.simulation.paint import Picture


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """STIX, a Times, which comes with Matplotlib and so is the same everywhere."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/STIXGeneral.ttf", size)


def title(name: str, width: int, height: int) -> Picture:
    """White letters on black, as cover: a picture of the frame's size."""
    words = name.upper()
    size = round(height * 0.085)
    while _length(words, size) > width * 0.82 and size > 12:
        size -= 2
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    x = (width - _length(words, size)) / 2
    y = height * 0.5 - size * 0.62
    for letter in words:
        draw.text((x, y), letter, font=_font(size), fill=255)
        x += _font(size).getlength(letter) + size * 0.24
    draw.line([(width * 0.47, y + size * 1.5), (width * 0.53, y + size * 1.5)], fill=180, width=max(1, height // 400))
    sharp = np.asarray(image, np.float32)
    soft = cv2.GaussianBlur(sharp, (0, 0), size * 0.16) * 0.45
    return np.clip(sharp + soft, 0, 255).astype(np.uint8)


def _length(words: str, size: int) -> float:
    return sum(_font(size).getlength(letter) + size * 0.24 for letter in words) - size * 0.24


class Title:
    """The name, faded in and out again."""

    def __init__(self, name: str, width: int, height: int, *, start_s: float = 0.0, seconds: float = 2.0) -> None:
        cover = title(name, width, height)
        rows = np.flatnonzero(cover.any(axis=1))
        self._first, self._last = int(rows[0]), int(rows[-1]) + 1
        self._light = np.repeat(cover[self._first : self._last, :, None], 3, axis=2)
        self._start_s, self._seconds = start_s, seconds

    def draw(self, frame: Picture, at_s: float) -> None:
        """Add the letters as bright as they are at this moment of the film."""
        share = (at_s - self._start_s) / self._seconds
        if not 0 < share < 1:
            return
        strength = min(1.0, share * 4, (1 - share) * 4) * 0.95
        part = frame[self._first : self._last]
        cv2.addWeighted(part, 1, self._light, strength, 0, dst=part)
