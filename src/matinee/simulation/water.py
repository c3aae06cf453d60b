"""Water in perspective: a sea that comes nearer, waves that roll past, and what the sky leaves on it."""

from __future__ import annotations

import cv2
import numpy as np

from matinee.simulation.layers import Moment, Plate, window
from matinee.simulation.paint import Canvas, Light, Mask, Picture, blur, colour, curve, mix, noise, smooth, to_picture
from matinee.simulation.weather import Palette, Rng


def sea(
    canvas: Canvas, rng: Rng, light: Light, *, horizon: float, far: str, near: str, crest: str, swell: float = 0.5
) -> Light:
    """Paint a sea below `horizon` over `light`; `crest` is the colour of its wave tops. Returns `light`."""
    below = np.clip(canvas.ys - horizon, 1e-4, None)
    ripples = noise((512, 1024), (46, 26), rng, 4, wrap=True)
    away = 0.055 / below
    u = (canvas.xs * away * 520 + 512) % 1023 + 0 * canvas.ys
    v = (away * 900) % 511 + 0 * canvas.xs
    field = cv2.remap(ripples, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
    clear = smooth(below, 0.0, 0.10)
    share = np.clip(below / (1.05 - horizon), 0, 1) ** 0.8
    paint = colour(far) + (colour(near) - colour(far)) * share[..., None]
    tops = np.clip((field - 0.5) * 2.6, -0.6, 1) * (0.25 + 0.75 * clear) * swell
    paint = paint + (colour(crest) - paint) * np.clip(tops, 0, 1)[..., None] * 0.6
    paint *= 1 + np.minimum(tops, 0)[..., None] * 0.6
    cover = np.clip((canvas.ys - horizon) * canvas.scale, 0, 1)
    light += (paint - light) * cover[..., None]
    return light


def path_of_light(
    canvas: Canvas,
    rng: Rng,
    tint: str,
    x: float,
    horizon: float,
    *,
    width: float = 0.06,
    spread: float = 0.32,
    strength: float = 1.0,
    speed: float = 30.0,
) -> Glitter:
    """The glittering road that a moon, a sun or a lamp at `x` lays on the water."""
    below = np.clip(canvas.ys - horizon, 0, None)
    breadth = width + spread * below
    road = np.exp(-(((canvas.xs - x) / breadth) ** 2)) * smooth(below, 0.0, 0.012) * (1 - 0.55 * below / 0.5)
    light = colour(tint) * np.clip(road * strength, 0, 1.2)[..., None]
    return Glitter(np.asarray(light, np.float32), rng, canvas, speed=speed)


def swell(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    level: float,
    height: float,
    share: float,
    foam: float = 0.5,
    quick: float = 0.8,
) -> Plate:
    """One rolling row of waves with foam on its crests; `share` is how near it is, 0 to 1."""
    wander = curve(canvas.xs, 0.30 + 0.25 * share, rng, 5, 0.5)
    sharp = 1 - np.abs(wander)
    line = np.asarray(level - height * (sharp - 0.3), np.float32)
    cover = np.clip((canvas.ys - line) * canvas.scale / 1.4 + 0.5, 0, 1).astype(np.float32)
    depth = np.clip((canvas.ys - line) / (0.05 + 0.12 * share), 0, 1)
    top = mix(palette.haze, palette.ink, 0.25 + 0.45 * share)
    bottom = mix(palette.haze, palette.ink, 0.6 + 0.38 * share)
    paint = colour(top) + (colour(bottom) - colour(top)) * depth[..., None]
    streaks = noise(canvas.shape, (canvas.scale * 0.12, canvas.scale * 0.03), rng, 4)
    white = smooth(streaks, 0.48, 0.8) * np.exp(-depth * 3.2) * foam
    white += foam * 0.55 * np.exp(-np.abs(canvas.ys - line) * canvas.scale / 2.5) * smooth(streaks, 0.25, 0.6)
    paint = paint + (colour(mix(palette.low, "#ffffff", 0.45)) - paint) * np.clip(white, 0, 0.9)[..., None]
    pixels = canvas.scale / 540
    return Plate(
        np.asarray(paint, np.float32),
        cover,
        depth=0.3 + 0.7 * share,
        sway=((10 + 22 * share) * pixels, quick + 0.13 * share),
        bob=((3 + 7 * share) * pixels, quick * 1.7),
    )


def mirrored(canvas: Canvas, light: Light, horizon: float, *, darker: float = 0.7, soft: float = 5.0) -> Light:
    """What lies above `horizon` again below it, softened: still water. Changes `light` and returns it."""
    row = round(canvas.row(horizon))
    if not 0 < row < canvas.shape[0]:
        return light
    count = min(row, canvas.shape[0] - row)
    above = light[row - count : row][::-1]
    image = cv2.GaussianBlur(np.ascontiguousarray(above), (0, 0), sigmaX=soft * 0.4, sigmaY=soft)
    light[row : row + count] = image * darker
    if row + count < canvas.shape[0]:
        light[row + count :] = light[row + count - 1]
    return light


def ripples(canvas: Canvas, rng: Rng, light: Light, horizon: float, amount: float = 0.12) -> Light:
    """Still water broken by flat ripples that widen towards the viewer. Changes `light` and returns it."""
    below = np.clip(canvas.ys - horizon, 0, None)
    band: Mask = noise(canvas.shape, (canvas.scale * 0.35, canvas.scale * 0.012), rng, 3)
    wave = (blur(band, 1.2) - 0.5) * smooth(below, 0.0, 0.06)
    light *= 1 + np.asarray(wave * amount * 4, np.float32)[..., None]
    return light


__all__ = ["mirrored", "path_of_light", "ripples", "sea", "swell"]


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
