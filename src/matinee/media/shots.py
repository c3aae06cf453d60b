"""Shots: the runs of frames between one cut and the next, exact to the frame.

A cut is a frame that differs far more from the one before it than its neighbours from theirs: compared with a moving
mean, a pan or a shaking hand is none; and neither is a flash, after which one sees what one saw before. Where pictures
fade to black and out of it, the shot ends in the middle of the black. Dissolves stay within one shot. Cuts are found by
the adaptive detector of PySceneDetect (https://www.scenedetect.com), which is fed with small pictures.

    >>> red, blue = np.full((90, 160, 3), (0, 0, 200), np.uint8), np.full((90, 160, 3), (200, 0, 0), np.uint8)
    >>> find_shots([red] * 20 + [blue] * 30, Fraction(25))
    [Shot(start=0, stop=20), Shot(start=20, stop=50)]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from matinee.media.frames import Picture

_CHANGE = 10.0
"""Mean change of hue, saturation and value, of 255, that a cut brings at least: dark films have small ones."""
_RATIO = 3.0
"""By how much a cut stands out among its neighbours."""
_NEIGHBOURS = 2
_BLACK = 12
"""Mean value of 255 below which a picture is black."""
_DARK = np.uint8(24)
"""Darker than this counts as this: the hue of what is nearly black is noise."""
_FLASH = 5
"""A flash lasts at most so many frames."""
_SKETCH = (32, 18)
_NEAR_S = Fraction(1, 5)
"""A cut so near to black belongs to it."""
_LONG_S = Fraction(2)
"""Longer black between two cuts is a shot of its own."""


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames from `start` to before `stop`, counted from 0."""

    start: int
    stop: int

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.stop - self.start


class Detector:
    """Finds shots in pictures that are fed to it in order."""

    def __init__(self, rate: Fraction) -> None:
        from scenedetect import AdaptiveDetector, FrameTimecode

        self._rate, self._time, self._frames = rate, FrameTimecode, 0
        self._cutting = AdaptiveDetector(_RATIO, min_scene_len=1, window_width=_NEIGHBOURS, min_content_val=_CHANGE)
        self._recent: deque[NDArray[np.int16]] = deque(maxlen=_FLASH + _NEIGHBOURS + 2)
        self._cuts: list[int] = []
        self._black: list[Shot] = []

    def feed(self, picture: Picture) -> None:
        """The next picture, in blue, green and red, some 150 to 400 pixels wide, each of the same size."""
        now = self._time(self._frames, self._rate)
        self._recent.append(cv2.resize(picture, _SKETCH, interpolation=cv2.INTER_AREA).astype(np.int16))
        for one in self._cutting.process_frame(now, np.maximum(picture, _DARK)):
            self._cut(one.frame_num)
        if picture.mean() < _BLACK:
            self._blacken()
        self._frames += 1

    def _blacken(self) -> None:
        """Enter a black frame."""
        if self._black and self._black[-1].stop == self._frames:
            self._black[-1] = Shot(self._black[-1].start, self._frames + 1)
        else:
            self._black.append(Shot(self._frames, self._frames + 1))

    def _cut(self, frame: int) -> None:
        """Enter a cut, or take back the one before where both are of a flash: what was seen before is seen again."""
        if self._cuts and frame - self._cuts[-1] <= _FLASH:
            before = self._recent[self._cuts[-1] - 1 - self._frames - 1]
            after = self._recent[frame - self._frames - 1]
            if np.abs(after - before).mean() < _CHANGE:
                self._cuts.pop()
                return
        self._cuts.append(frame)

    def shots(self) -> list[Shot]:
        """The shots of what was fed; none where nothing was."""
        if not self._frames:
            return []
        cuts = {one for one in self._cuts if 0 < one < self._frames}
        for black in self._black:
            self._through(black, cuts)
        return [Shot(start, stop) for start, stop in pairwise([0, *sorted(cuts), self._frames])]

    def _through(self, black: Shot, cuts: set[int]) -> None:
        """Have black between two pictures end one shot, whether it comes and goes slowly or at once."""
        near, long = max(1, round(_NEAR_S * self._rate)), round(_LONG_S * self._rate)
        beside = {one for one in cuts if black.start - near <= one <= black.stop + near}
        at_an_end = black.start <= near or black.stop >= self._frames - near
        if not at_an_end and (not beside or (len(beside) > 1 and black.frames < long)):
            cuts -= beside
            cuts.add((black.start + black.stop) // 2)


def find_shots(pictures: Iterable[Picture], rate: Fraction) -> list[Shot]:
    """The shots of a film whose small pictures are given, as `Detector.feed` wants them; `rate` is frames a second."""
    detector = Detector(rate)
    for picture in pictures:
        detector.feed(picture)
    return detector.shots()
