"""Layers that move about and change their pose: walkers, birds, boats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from math import floor
from typing import Protocol

import cv2
import numpy as np

from matinee.simulation.layers import Moment
from matinee.simulation.paint import Canvas, Picture


class Poses(Protocol):
    """Pictures by number; a list is one."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, number: int, /) -> Picture:
        """One of them."""


class Drawn:
    """Poses that are drawn when they are first seen, which some never are."""

    def __init__(self, count: int, draw: Callable[[int], Picture]) -> None:
        self._count = count
        self._draw = cache(draw)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int, /) -> Picture:
        return self._draw(number)


@dataclass
class Sprite:
    """Something with poses that moves along a path: a walker, a bird, a boat.

    A pose is a BGRA picture with its colours multiplied by its cover already. `path` gives x, y (units) of the
    middle of the lower edge, `pose` the number of the pose, both by time in seconds.
    """

    canvas: Canvas
    poses: Poses
    path: Callable[[float], tuple[float, float]]
    pose: Callable[[float], int] = field(default=lambda _: 0)
    depth: float = 1.0
    span: float = 2.0
    """No pose is wider than this, in units."""

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put the pose of this moment on the frame."""
        x, y = self.path(moment.at_s)
        beyond = abs(self.canvas.column(x) - self.canvas.shape[1] / 2) - self.canvas.shape[1] / 2
        if beyond > self.span / 2 * self.canvas.scale:
            return
        picture = self.poses[self.pose(moment.at_s) % len(self.poses)]
        margin = self.canvas.margin
        left = self.canvas.column(x) - margin - moment.pan[0] * self.depth - picture.shape[1] / 2
        top = self.canvas.row(y) - margin - moment.pan[1] * self.depth - picture.shape[0]
        lay_sprite(frame, picture, top, left)


def lay_sprite(frame: Picture, picture: Picture, top: float, left: float) -> None:
    """Put a BGRA picture (premultiplied) on the frame at a place between pixels, partly outside where need be."""
    rows, columns = frame.shape[:2]
    whole_top, whole_left = floor(top), floor(left)
    height, width = picture.shape[:2]
    first, last = max(0, whole_top), min(rows, whole_top + height + 1)
    start, stop = max(0, whole_left), min(columns, whole_left + width + 1)
    if first >= last or start >= stop:
        return
    move = np.array([[1, 0, left - whole_left], [0, 1, top - whole_top]], np.float32)
    moved = cv2.warpAffine(picture, move, (width + 1, height + 1))
    inside = moved[first - whole_top : last - whole_top, start - whole_left : stop - whole_left]
    part = frame[first:last, start:stop]
    keep = cv2.cvtColor(255 - inside[..., 3], cv2.COLOR_GRAY2BGR)
    cv2.multiply(part, keep, dst=part, scale=1 / 255)
    cv2.add(part, np.ascontiguousarray(inside[..., :3]), dst=part)
