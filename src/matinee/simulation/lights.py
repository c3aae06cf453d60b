"""Layers of light, which is added and hides nothing: a glow, and many small sparks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from matinee.simulation.layers import Moment
from matinee.simulation.paint import Canvas, Light, Mask, Picture, to_picture


class Glow:
    """Light that comes and goes: a painting added with a strength that changes with time."""

    def __init__(
        self,
        light: Light,
        strength: Callable[[float], float],
        *,
        depth: float = 1.0,
    ) -> None:
        shown = np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2]) > 0.004
        rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
        self._top, self._left = (int(rows[0]), int(columns[0])) if len(rows) else (0, 0)
        bottom, right = (int(rows[-1]) + 1, int(columns[-1]) + 1) if len(rows) else (1, 1)
        picture = to_picture(light[self._top : bottom, self._left : right])
        self._light = np.where(light[self._top : bottom, self._left : right] > 0.002, picture, 0).astype(np.uint8)
        self._size = light.shape[:2]
        self.strength, self.depth = strength, depth

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Add the light as it is now."""
        share = self.strength(moment.at_s)
        if share <= 0.01:
            return
        rows, columns = frame.shape[:2]
        top = round(self._top - (self._size[0] - rows) / 2 - moment.pan[1] * self.depth)
        left = round(self._left - (self._size[1] - columns) / 2 - moment.pan[0] * self.depth)
        add_light(frame, self._light, top, left, share)


def add_light(frame: Picture, light: Picture, top: int, left: int, share: float = 1.0) -> None:
    """Add `light` to the frame at a place that may lie partly outside."""
    rows, columns = frame.shape[:2]
    first, last = max(0, top), min(rows, top + light.shape[0])
    start, stop = max(0, left), min(columns, left + light.shape[1])
    if first >= last or start >= stop:
        return
    part = frame[first:last, start:stop]
    inside = light[first - top : last - top, start - left : stop - left]
    cv2.addWeighted(part, 1, inside, share, 0, dst=part)


@dataclass
class Sparks:
    """Many small lights that move and twinkle: fireflies, embers, snow near the lens, traffic.

    `places` gives x, y (units) and brightness (0 to 1) of all of them at a time in seconds.
    """

    canvas: Canvas
    stamps: Sequence[Picture]
    """Pictures of a spark, of odd size; spark i uses stamp i modulo their number."""
    places: Callable[[float], tuple[Mask, Mask, Mask]]
    depth: float = 1.0

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Add every spark that is in the frame."""
        x, y, brightness = self.places(moment.at_s)
        margin = self.canvas.margin
        columns = (self.canvas.column(0) + x * self.canvas.scale - margin - moment.pan[0] * self.depth).astype(int)
        rows = (self.canvas.row(0) + y * self.canvas.scale - margin - moment.pan[1] * self.depth).astype(int)
        for index in np.flatnonzero(brightness > 0.03).tolist():
            stamp = self.stamps[index % len(self.stamps)]
            half = stamp.shape[0] // 2
            add_light(frame, stamp, int(rows[index]) - half, int(columns[index]) - half, float(brightness[index]))


def stamp(radius: float, tint: Light, core: float = 0.35) -> Picture:
    """A spark: a bright core in a halo. `radius` is in pixels."""
    half = max(1, round(radius * 2))
    axis = np.arange(-half, half + 1, dtype=np.float32)
    distance = np.hypot(axis[None, :], axis[:, None]) / radius
    halo = np.exp(-(distance**2) * 1.6) * 0.45 * np.clip(2 - distance, 0, 1)
    middle = np.clip((core - distance) * radius + 0.5, 0, 1)
    light = tint * halo[..., None] + (0.35 * tint + 0.65) * middle[..., None]
    return np.asarray(np.clip(light * 255, 0, 255), np.uint8)


def bokeh(radius: float, tint: Light, strength: float = 0.5) -> Picture:
    """A light out of focus: a disc that is a little brighter at its rim."""
    half = max(1, round(radius + 2))
    axis = np.arange(-half, half + 1, dtype=np.float32)
    distance = np.hypot(axis[None, :], axis[:, None])
    inside = np.clip(radius - distance + 0.5, 0, 1)
    light = inside * (0.65 + 0.35 * np.clip(distance / radius, 0, 1) ** 3) * strength
    return np.asarray(np.clip(light[..., None] * tint * 255, 0, 255), np.uint8)
