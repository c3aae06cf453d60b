"""What a shot is made of, from back to front, and how each part is put on a frame cheaply.

Everything here works in place on 8-bit BGR frames with OpenCV's vector code: about half a millisecond for a layer
that fills a frame of 960 by 540. What does not change is painted beforehand (`paint`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import floor
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from matinee.simulation.paint import Canvas, Light, Mask, Picture, to_picture


class Moment(NamedTuple):
    """Where the shot is."""

    at_s: float
    """Seconds since the cut."""
    pan: tuple[float, float]
    """Where the camera looks, in pixels away from the middle of the canvas."""


class Layer(Protocol):
    """A part of a shot."""

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put the layer on the frame."""


@dataclass(frozen=True)
class Scene:
    """A shot, painted: layers from back to front. The first one fills the frame."""

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        """Find out which rows of each painting the ones before it hide for good."""
        hidden = 1 << 30
        for layer in reversed(self.layers):
            if isinstance(layer, Plate):
                layer.hide_from(hidden)
                hidden = min(hidden, layer.opaque_from)

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put every layer on the frame."""
        for layer in self.layers:
            layer.draw(frame, moment)


def window(source: Picture, row: float, column: float, rows: int, columns: int) -> Picture:
    """A part of `source` at a place between pixels, so that slow movement is smooth.

    Movement is interpolated along the axis that lies further from a whole pixel; the other is rounded.
    """
    down, across = row - floor(row), column - floor(column)
    top, left = floor(row), floor(column)
    along_rows = min(down, 1 - down) > min(across, 1 - across)
    share = down if along_rows else across
    if not along_rows:
        top += round(down)
    else:
        left += round(across)
    first = source[top : top + rows, left : left + columns]
    if share < 0.04:
        return first
    second = source[top + along_rows : top + along_rows + rows, left + 1 - along_rows :][:, :columns]
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


class Plate:
    """A painting, moved by the camera according to its depth: 0 stays with the horizon, 1 moves fully.

    `cover` says where it hides what lies behind; None covers all. `drift` moves it by itself, in pixels a second;
    `sway` and `bob` swing it across and up and down (pixels, radians a second).
    """

    def __init__(
        self,
        light: Light,
        cover: Mask | None,
        *,
        depth: float = 1.0,
        drift: tuple[float, float] = (0.0, 0.0),
        sway: tuple[float, float] = (0.0, 1.0),
        bob: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.depth, self.drift, self.sway, self.bob = depth, drift, sway, bob
        self._first, self._last = _rows(cover)
        part = slice(self._first, self._last)
        if cover is None:
            self._colour: Picture = to_picture(light)
            self._keep: Picture | None = None
            self._last, self._opaque = light.shape[0], 0
        else:
            shown = cover[part, :, None]
            self._colour = to_picture(light[part] * shown)
            self._colour *= shown > 0
            keep = np.round(255 * (1 - shown)).astype(np.uint8)
            self._keep = None if not keep.any() else np.asarray(cv2.cvtColor(keep, cv2.COLOR_GRAY2BGR), np.uint8)
            seen = np.flatnonzero(keep[..., 0].max(axis=1))
            self._opaque = int(seen[-1]) + 1 if len(seen) else 0
            """From this row of the colours on nothing shines through."""
        self._height = light.shape[0]

    @property
    def opaque_from(self) -> int:
        """The row of the canvas from which this painting hides all behind it, however the camera pans."""
        margin = round(self._height * 0.11)
        reaches = self._last >= self._height - 2 and not any(self.drift) and not self.bob[0]
        return self._first + self._opaque + margin if reaches else 1 << 30

    def hide_from(self, row: int) -> None:
        """Do not draw what lies below this row of the canvas."""
        count = max(2, min(self._colour.shape[0], row - self._first + 2))
        self._colour = self._colour[:count]
        self._keep = None if self._keep is None else self._keep[:count]

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put the painting on the frame."""
        rows, columns = frame.shape[:2]
        margin = (self._height - rows) / 2
        spare = (self._colour.shape[1] - columns) / 2
        swing = self.sway[0] * np.sin(moment.at_s * self.sway[1])
        x = spare + moment.pan[0] * self.depth - self.drift[0] * moment.at_s + swing
        y = margin + moment.pan[1] * self.depth - self.drift[1] * moment.at_s - self._first
        y += self.bob[0] * np.sin(moment.at_s * self.bob[1] + self.sway[1])
        x = min(max(x, 0.0), 2 * spare - 1.01)
        y = min(max(y, -float(self._first)), self._height - rows - self._first - 1.01)
        top = max(0, -floor(y))
        count = min(rows - top, self._colour.shape[0] - floor(y + top) - 1)
        if count <= 0:
            return
        split = count if self._keep is not None else 0
        split = max(0, min(split, self._opaque - floor(y + top) + 1))
        if split and self._keep is not None:
            part = frame[top : top + split]
            cv2.multiply(part, window(self._keep, y + top, x, split, columns), dst=part, scale=1 / 255)
            cv2.add(part, window(self._colour, y + top, x, split, columns), dst=part)
        if split < count:
            frame[top + split : top + count] = window(self._colour, y + top + split, x, count - split, columns)


def _rows(cover: Mask | None) -> tuple[int, int]:
    """First and last row in which a cover shows anything."""
    if cover is None:
        return 0, 1 << 29
    shown = np.flatnonzero(cover.max(axis=1) > 0.002)
    return (int(shown[0]), int(shown[-1]) + 2) if len(shown) else (0, 1)


_FAST = 240.0
"""Pixels a second from which on nobody sees that something moves by whole pixels."""


class Scroll:
    """An endless strip that passes by: its left edge meets its right one.

    `speed` is in pixels a second (across, down). A strip with a cover hides what lies behind; without one it is
    added as light, and wraps downwards too.
    """

    def __init__(
        self,
        light: Light,
        cover: Mask | None,
        *,
        speed: tuple[float, float],
        depth: float = 0.0,
        frame: tuple[int, int],
        top: int = 0,
    ) -> None:
        rows, columns = frame
        self.speed, self.depth, self._top = speed, depth, top
        self._period = light.shape[1], light.shape[0]
        picture = to_picture(light if cover is None else light * cover[..., None])
        if cover is None:
            picture = np.concatenate([picture, picture[: rows + 2]], axis=0)
        self._colour = np.concatenate([picture, picture[:, : columns + 2]], axis=1)
        self._keep: Picture | None = None
        if cover is not None:
            self._colour *= np.concatenate([cover, cover[:, : columns + 2]], axis=1)[..., None] > 0
            keep = np.round(255 * (1 - cover)).astype(np.uint8)[..., None].repeat(3, axis=2)
            self._keep = np.concatenate([keep, keep[:, : columns + 2]], axis=1)

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put the part that passes now on the frame."""
        rows, columns = frame.shape[:2]
        x = (moment.pan[0] * self.depth - self.speed[0] * moment.at_s) % self._period[0]
        if self._keep is None:
            y = (-self.speed[1] * moment.at_s) % self._period[1]
            if max(map(abs, self.speed)) > _FAST:
                x, y = floor(x), floor(y)
            cv2.add(frame, window(self._colour, y, x, rows, columns), dst=frame)
            return
        top = self._top - round(moment.pan[1] * self.depth)
        first, last = max(0, top), min(rows, top + self._colour.shape[0])
        part, inside = frame[first:last], first - top
        cv2.multiply(part, window(self._keep, inside, x, last - first, columns), dst=part, scale=1 / 255)
        cv2.add(part, window(self._colour, inside, x, last - first, columns), dst=part)


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


class Glitter:
    """Light on moving water: two fields of flecks pass over each other and shine where they meet."""

    def __init__(
        self, light: Light, rng: np.random.Generator, canvas: Canvas, *, speed: float = 26.0, depth: float = 0.4
    ) -> None:
        shown = np.flatnonzero(light.max(axis=(1, 2)) > 0.01)
        self._first, self._last = (int(shown[0]), int(shown[-1]) + 1) if len(shown) else (0, 1)
        self._height, self.speed, self.depth = light.shape[0], speed, depth
        part = light[self._first : self._last]
        rows, columns = part.shape[:2]
        near = np.linspace(0.15, 1, rows, dtype=np.float32)[:, None]
        self._light = to_picture(part * _flecks(rows, columns, near, canvas.scale, rng)[..., None] * 1.6)
        other = _flecks(rows, columns, near, canvas.scale, rng)
        self._other = np.repeat((other * 255).astype(np.uint8)[..., None], 3, axis=2)

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Add the flecks of this moment."""
        rows, columns = frame.shape[:2]
        spare, margin = (self._light.shape[1] - columns) / 2, (self._height - rows) / 2
        top = round(self._first - margin - moment.pan[1] * self.depth)
        first, last = max(0, top), min(rows, top + self._light.shape[0])
        if first >= last:
            return
        swing = spare * 0.8 * np.sin(moment.at_s * self.speed / max(spare, 1))
        pan = moment.pan[0] * self.depth * 0.15
        here = window(self._light, first - top, spare + pan, last - first, columns)
        there = window(self._other, first - top, spare + swing, last - first, columns)
        cv2.add(frame[first:last], cv2.multiply(here, there, scale=1 / 150), dst=frame[first:last])


def _flecks(rows: int, columns: int, near: Mask, scale: float, rng: np.random.Generator) -> Mask:
    """Flat flecks that grow towards the lower edge."""
    field = np.zeros((rows, columns), np.float32)
    for share, cell in ((0.5, 0.012), (1.0, 0.03)):
        size = max(2.0, scale * cell)
        grid = rng.random((max(2, int(rows / size * 2.6)) + 2, max(2, int(columns / size / 2.4)) + 2), dtype=np.float32)
        fine = cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC)
        weight = 1 - np.abs(near - share) * 1.4
        field = np.maximum(field, np.clip((fine - 0.58) * 4, 0, 1) * np.clip(weight, 0, 1))
    return np.asarray(np.clip(field, 0, 1), np.float32)
