"""Painting with light: gradients, noise, ridges, glows and mist on a canvas, and the way from there to 8 bits.

A painting is a float32 array (rows, columns, 3) of BGR light, 0 to 1 as displayed (gamma encoded), BGR because
OpenCV moves it about later. Everything is drawn once per shot; what happens per frame is in `layers`.

Coordinates are in units of the frame's height: x is 0 in the middle, y is 0 at the top edge and 1 at the bottom one.
A canvas with a longer `lens` sees less of the same place, at full sharpness, so that one scene gives a wide shot and
a close one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.floating[Any]]
"""BGR light, rows by columns by 3."""
Mask = NDArray[np.floating[Any]]
"""Cover from 0 to 1, rows by columns."""
Picture = NDArray[np.uint8]

Point = tuple[float, float]
_NOTHING = 0.002
"""Less than half a step of 8 bits."""


@dataclass(frozen=True)
class Canvas:
    """Where a shot is painted: the frame and a margin around it, into which the camera may pan."""

    width: int
    height: int
    lens: float = 1.0
    focus: Point = (0.0, 0.5)
    """What the middle of the frame shows."""
    margin: int = 0
    """Pixels beyond each edge of the frame."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, margins included."""
        return self.height + 2 * self.margin, self.width + 2 * self.margin

    @property
    def scale(self) -> float:
        """Pixels per unit."""
        return self.height * self.lens

    def column(self, x: float) -> float:
        """Pixel column of x."""
        return (x - self.focus[0]) * self.scale + self.width / 2 + self.margin

    def row(self, y: float) -> float:
        """Pixel row of y."""
        return (y - self.focus[1]) * self.scale + self.height / 2 + self.margin

    @cached_property
    def xs(self) -> Mask:
        """X of each column, as one row."""
        columns = np.arange(self.shape[1], dtype=np.float32) + 0.5
        return ((columns - self.width / 2 - self.margin) / self.scale + self.focus[0])[None, :].astype(np.float32)

    @cached_property
    def ys(self) -> Mask:
        """Y of each row, as one column."""
        rows = np.arange(self.shape[0], dtype=np.float32) + 0.5
        return ((rows - self.height / 2 - self.margin) / self.scale + self.focus[1])[:, None].astype(np.float32)


def colour(text: str) -> Light:
    """BGR of ``#rrggbb``."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return np.array([blue, green, red], np.float32)


def mix(a: str, b: str, share: float) -> str:
    """The colour that lies `share` of the way from `a` to `b`."""
    blue, green, red = (colour(a) * (1 - share) + colour(b) * share) * 255
    return f"#{round(float(red)):02x}{round(float(green)):02x}{round(float(blue)):02x}"


def gradient(at: Mask, stops: Sequence[tuple[float, str]]) -> Light:
    """Light at each value of `at`, eased between the colours of `stops`, which are sorted by their position."""
    places = np.array([place for place, _ in stops], np.float32)
    colours = np.stack([colour(text) for _, text in stops])
    fine = np.linspace(places[0], places[-1], 512, dtype=np.float32)
    table = np.stack([np.interp(fine, places, colours[:, channel]) for channel in range(3)], axis=-1)
    table = cv2.GaussianBlur(table.astype(np.float32)[None], (0, 0), 12, borderType=cv2.BORDER_REPLICATE)[0]
    index = np.clip((at - places[0]) / (places[-1] - places[0]) * 511, 0, 511)
    return np.asarray(table[index.astype(np.int32)], np.float32)


def sky(canvas: Canvas, stops: Sequence[tuple[float, str]]) -> Light:
    """A sky that changes from top to bottom; the places of `stops` are y."""
    column = gradient(canvas.ys, stops)
    return np.repeat(column, canvas.shape[1], axis=1)


def smooth(value: Mask, low: float, high: float) -> Mask:
    """0 below `low`, 1 above `high` (or the other way round where low > high), an S between."""
    at = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(at * at * (3 - 2 * at), np.float32)


def noise(
    shape: tuple[int, int],
    cell: float | Point,
    rng: np.random.Generator,
    octaves: int = 4,
    *,
    wrap: bool = False,
) -> Mask:
    """Fractal noise, about 0 to 1: bumps of `cell` pixels (across, down), halved in each octave.

    `wrap` makes the left edge meet the right one.
    """
    rng = np.random.default_rng(rng.integers(1 << 62))  # takes one number, whatever the lens: the place stays the same
    across, down = (cell, cell) if isinstance(cell, int | float) else cell
    rows, columns = max(2, round(shape[0] / max(down, 2))), max(2, round(shape[1] / max(across, 2)))
    pad = 2
    total = np.zeros((rows + 2 * pad, columns + 2 * pad), np.float32)
    doublings = max(octaves, int(np.ceil(np.log2(max(shape[0] / rows, shape[1] / columns, 2)))) - 1)
    for octave in range(doublings):
        if octave:
            total = np.asarray(cv2.pyrUp(total), np.float32)
        if octave < octaves:
            times = 2**octave
            fresh = rng.random((total.shape[0], columns * times + (0 if wrap else 2 * pad * times)), dtype=np.float32)
            if wrap:
                fresh = np.concatenate([fresh[:, -pad * times :], fresh, fresh[:, : pad * times]], axis=1)
            total += (fresh - 0.5) * 0.5**octave
        if total.shape[0] >= 2 * shape[0] or total.shape[1] >= 2 * shape[1]:
            break
    times = total.shape[0] // (rows + 2 * pad)
    inside = total[pad * times : -pad * times, pad * times : -pad * times]
    full = np.asarray(cv2.resize(inside, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
    full *= np.float32(1.05 / (2 - 0.5 ** (octaves - 1)) * 1.6)
    full += np.float32(0.5)
    return np.asarray(np.clip(full, 0, 1, out=full), np.float32)


def curve(xs: Mask, cell: float, rng: np.random.Generator, octaves: int = 5, roughness: float = 0.5) -> Mask:
    """A wandering line over `xs`, about -1 to 1, with bumps of `cell` units; the same at every lens."""
    total = np.zeros(xs.shape[1], np.float32)
    for octave in range(octaves):
        lattice = rng.uniform(-1, 1, 512).astype(np.float32)
        at = np.abs(xs[0] / cell * 2**octave + 256.37)
        left = np.floor(at)
        share = at - left
        share = share * share * (3 - 2 * share)
        index = left.astype(np.int32)
        total += (lattice[index % 512] * (1 - share) + lattice[(index + 1) % 512] * share) * roughness**octave
    return np.asarray(total[None, :], np.float32)


def below(canvas: Canvas, line: Mask, softness: float = 1.0) -> Mask:
    """1 below the line of heights (one y per column), 0 above it, with an edge of `softness` pixels."""
    return np.asarray(np.clip((canvas.ys - line) * (canvas.scale / softness) + 0.5, 0, 1), np.float32)


def radial(canvas: Canvas, centre: Point, radius: float, power: float = 2.0, stretch: float = 1.0) -> Mask:
    """A glow: 1 in the middle, falling off with distance; half as strong at `radius`. `stretch` widens it."""
    dx, dy = (canvas.xs - centre[0]) / (radius * stretch), (canvas.ys - centre[1]) / radius
    return np.asarray(1 / (1 + np.minimum(dx * dx + dy * dy, 40.0) ** (power / 2)), np.float32)


def disc(canvas: Canvas, centre: Point, radius: float, softness: float = 1.5) -> Mask:
    """A filled circle with a soft edge of `softness` pixels."""
    distance = np.hypot(canvas.xs - centre[0], canvas.ys - centre[1])
    return np.asarray(np.clip((radius - distance) * (canvas.scale / softness) + 0.5, 0, 1), np.float32)


def lay(under: Light, over: Light, cover: Mask) -> Light:
    """`over` laid upon `under` where there is cover; changes `under` and returns it."""
    under += (over - under) * cover[..., None]
    return under


def shine(under: Light, tint: str, glow: Mask) -> Light:
    """`under` lit by a glow, as a lens adds it (screen): never beyond white. Changes `under` and returns it."""
    part, light = _where(under, glow), _tinted(tint, glow)
    if light is not None:
        cv2.subtract(part + light, cv2.multiply(np.minimum(part, 1), light), dst=light)
        part[:] = light
    return under


def glaze(under: Light, tint: str, cover: Mask) -> Light:
    """`under` painted over with one colour, as thick as `cover`. Changes `under` and returns it."""
    part, light = _where(under, cover), _tinted(tint, cover)
    if light is not None:
        thick = np.asarray(cover[_box(cover)], np.float32)
        part *= cv2.merge([1 - thick] * 3)
        part += light
    return under


def _box(mask: Mask) -> tuple[slice, slice]:
    """The part of a mask outside which it is nothing."""
    rows = np.flatnonzero(mask.max(axis=1) > _NOTHING)
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    columns = np.flatnonzero(mask[part].max(axis=0) > _NOTHING)
    return part, slice(int(columns[0]), int(columns[-1]) + 1)


def _where(under: Light, mask: Mask) -> Light:
    return under[_box(mask)]


def _tinted(tint: str, mask: Mask) -> Light | None:
    """The mask in a colour, as far as it is more than nothing; None where it is not."""
    part = np.asarray(mask[_box(mask)], np.float32)
    return np.asarray(cv2.merge([part * channel for channel in colour(tint)]), np.float32) if part.size else None


def shade(under: Light, amount: Mask) -> Light:
    """`under` darkened by `amount`; changes it and returns it."""
    under *= (1 - amount)[..., None]
    return under


def flat(canvas: Canvas, tint: str) -> Light:
    """One colour all over."""
    return np.full((*canvas.shape, 3), colour(tint), np.float32)


def fall(canvas: Canvas, top: str, bottom: str, start: Mask | float, length: float) -> Light:
    """From one colour to another over `length` units below the line `start`."""
    share = np.clip((canvas.ys - start) / length, 0, 1)
    return np.asarray(colour(top) + (colour(bottom) - colour(top)) * share[..., None], np.float32) + np.zeros(
        (*canvas.shape, 3), np.float32
    )


def blur(mask: Mask, pixels: float) -> Mask:
    """The mask out of focus. Large blurs are done small, for speed."""
    if pixels < 12:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), pixels), np.float32)
    small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), pixels / 4)
    return np.asarray(cv2.resize(small, (mask.shape[1], mask.shape[0])), np.float32)


def bloom(light: Light, threshold: float, strength: float, pixels: float) -> Light:
    """Light that spills over from what is brighter than `threshold`; changes `light` and returns it."""
    small = cv2.resize(light, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    spill = cv2.GaussianBlur(np.maximum(small - threshold, 0), (0, 0), pixels / 4)
    spill += cv2.GaussianBlur(spill, (0, 0), pixels)
    light += cv2.resize(spill, (light.shape[1], light.shape[0])) * strength
    return light


def to_picture(light: Light) -> Picture:
    """8 bits, with noise of one step before rounding so that no gradient shows bands."""
    dither = _dither(light.shape[0], light.shape[1])
    return np.asarray(cv2.addWeighted(np.asarray(light, np.float32), 255, dither, 1, -0.5, dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=8)
def _dither(rows: int, columns: int) -> Light:
    noise_ = np.random.default_rng(0).random((rows, columns), dtype=np.float32)
    return np.asarray(cv2.merge([noise_] * 3), np.float32)
