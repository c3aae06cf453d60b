"""What many scenes share: stars, moon, clouds, mist, rain, snow and drifting motes."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matinee.simulation.layers import Plate, Scroll
from matinee.simulation.lights import Sparks, stamp
from matinee.simulation.paint import (
    Canvas,
    Light,
    Mask,
    Point,
    blur,
    colour,
    disc,
    glaze,
    noise,
    radial,
    shine,
    sky,
    smooth,
)

Rng = np.random.Generator


@dataclass(frozen=True)
class Palette:
    """The colours of a film, as ``#rrggbb``."""

    high: str
    """The sky at its top."""
    mid: str
    low: str
    """The sky at the horizon."""
    haze: str
    """What distance turns into."""
    ink: str
    """The darkest thing, which silhouettes are made of."""
    light: str
    """Lamps, sun or moon."""
    accent: str
    """The one colour that stands out."""

    @classmethod
    def of(cls, words: str) -> Palette:
        """Seven colours in one text, in the order above."""
        return cls(*words.split())

    def sky(self, canvas: Canvas, horizon: float = 0.7) -> Light:
        """A sky down to `horizon` (y)."""
        return sky(canvas, [(-0.1, self.high), (horizon * 0.55, self.mid), (horizon, self.low), (1.2, self.low)])


def stars(
    canvas: Canvas,
    rng: Rng,
    light: Light,
    *,
    count: int = 420,
    horizon: float = 0.6,
    tint: str = "#dfe8ff",
    strength: float = 1.0,
) -> Light:
    """Stars, few of them bright, fading towards the horizon. Changes `light` and returns it."""
    rng = np.random.default_rng(rng.integers(1 << 62))
    rows, columns = canvas.shape
    points = np.zeros((rows, columns), np.float32)
    ys = (rng.random(count) * canvas.row(horizon)).astype(int)
    xs = rng.integers(1, columns - 1, count)
    power = rng.pareto(2.2, count).clip(0, 6).astype(np.float32) * 0.25 + 0.12
    good = (ys > 0) & (ys < rows - 1)
    fade = 1 - (ys / max(canvas.row(horizon), 1)) ** 2
    points[ys[good], xs[good]] = (power * fade)[good]
    spread = points + 2.2 * cv2.GaussianBlur(points, (0, 0), 0.8) + 5 * cv2.GaussianBlur(points, (0, 0), 2.4)
    return shine(light, tint, np.clip(spread * strength, 0, 1))


def moon(
    canvas: Canvas, rng: Rng, light: Light, at: Point, radius: float, tint: str = "#fff3d6", halo: float = 0.35
) -> Light:
    """A full moon with its seas and its halo. Changes `light` and returns it."""
    shine(light, tint, halo * radial(canvas, at, radius * 2.2, 1.7))
    cover = disc(canvas, at, radius)
    seas = noise(canvas.shape, canvas.scale * radius * 0.8, rng, 4)
    face = 0.80 + 0.26 * smooth(seas, 0.35, 0.62) - 0.10 * np.hypot(canvas.xs - at[0], canvas.ys - at[1]) / radius
    light += (colour(tint) * face[..., None] - light) * cover[..., None]
    return light


def clouds(
    canvas: Canvas,
    rng: Rng,
    light: Light,
    *,
    lit: str,
    dark: str,
    cover: float = 0.5,
    top: float = 0.0,
    bottom: float = 0.6,
    size: float = 0.5,
    flat: float = 2.6,
    strength: float = 0.9,
) -> Light:
    """Clouds between `top` and `bottom`, lit from below or above by `lit`. Changes `light` and returns it."""
    scale = canvas.scale * size
    body = noise(canvas.shape, (scale * flat, scale), rng, 6)
    shifted = np.roll(body, round(scale * 0.05), axis=0)
    density = smooth(body, 0.62 - cover * 0.4, 0.92 - cover * 0.4)
    relief = np.clip((body - shifted) * 5 + 0.45, 0, 1)
    band = smooth(canvas.ys, top - 0.12, top + 0.12) * smooth(canvas.ys, bottom + 0.12, bottom - 0.15)
    tone = colour(dark) + (colour(lit) - colour(dark)) * relief[..., None]
    light += (tone - light) * (density * band * strength)[..., None]
    return light


def mist(
    canvas: Canvas,
    rng: Rng,
    tint: str,
    level: float,
    thickness: float,
    *,
    strength: float = 0.7,
    depth: float = 0.5,
    drift: float = 6.0,
) -> Plate:
    """A bank of mist around the height `level` that drifts slowly."""
    band = np.exp(-(((canvas.ys - level) / thickness) ** 2)).astype(np.float32)
    texture = noise(canvas.shape, (canvas.scale * 0.7, canvas.scale * 0.16), rng, 4)
    cover = np.asarray(band * (0.35 + 0.65 * texture) * strength, np.float32)
    cover[cover < 0.01] = 0
    paint = np.broadcast_to(colour(tint), (*canvas.shape, 3)).astype(np.float32)
    return Plate(paint, cover, depth=depth, drift=(drift, 0))


def rain(
    canvas: Canvas,
    rng: Rng,
    tint: str,
    *,
    strength: float = 0.5,
    slant: float = 0.16,
    speed: float = 1500.0,
    count: int = 520,
    length: int = 46,
) -> list[Scroll]:
    """Two sheets of rain, the nearer one quicker and longer."""
    rng = np.random.default_rng(rng.integers(1 << 62))
    sheets = []
    for near in (0, 1):
        size = (canvas.height + 180, canvas.width + 160)
        sheet = np.zeros(size, np.float32)
        for _ in range(count // (1 + 2 * near)):
            x, y = rng.integers(0, size[1]), rng.integers(0, size[0])
            run = int(length * (0.7 + near) * rng.uniform(0.6, 1.2))
            tone = float(rng.uniform(0.25, 1.0)) * (0.7 + 0.3 * near)
            for dx in (0, -size[1]):
                for dy in (0, -size[0]):
                    cv2.line(
                        sheet,
                        (int(x + dx), int(y + dy)),
                        (int(x + dx - run * slant), int(y + dy + run)),
                        tone,
                        1,
                        cv2.LINE_AA,
                    )
        sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.6 + near * 0.5), np.float32)
        fall = speed * (0.75 + 0.5 * near)
        light = colour(tint) * (sheet * strength)[..., None]
        sheets.append(
            Scroll(
                light.astype(np.float32),
                None,
                speed=(-fall * slant, fall),
                frame=(canvas.height, canvas.width),
                depth=0.2,
            )
        )
    return sheets


def snow(
    canvas: Canvas,
    rng: Rng,
    tint: str = "#f2f6ff",
    *,
    strength: float = 0.8,
    wind: float = 40.0,
    fall: float = 70.0,
    count: int = 420,
) -> list[Scroll]:
    """Three sheets of falling snow: far and fine, near and out of focus."""
    rng = np.random.default_rng(rng.integers(1 << 62))
    sheets = []
    for near in range(3):
        size = (canvas.height + 140, canvas.width + 120)
        sheet = np.zeros(size, np.float32)
        many = int(count / (1 + 2.5 * near))
        xs, ys = rng.integers(0, size[1], many), rng.integers(0, size[0], many)
        tones = rng.uniform(0.35, 1.0, many)
        for x, y, tone in zip(xs, ys, tones, strict=True):
            radius = int(16 * (0.7 + near * 1.1) * rng.uniform(0.7, 1.3))
            for dx in (0, size[1] if x < 40 else 0, -size[1] if x > size[1] - 40 else 0):
                cv2.circle(sheet, (int(x + dx) * 16, int(y) * 16), radius, float(tone), -1, cv2.LINE_AA, 4)
        sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.7 + near * 0.9), np.float32)
        quick = 0.55 + 0.6 * near
        light = colour(tint) * np.clip(sheet * strength * (1 - 0.15 * near), 0, 1)[..., None]
        sheets.append(
            Scroll(
                light.astype(np.float32),
                None,
                speed=(wind * quick, fall * quick),
                frame=(canvas.height, canvas.width),
                depth=0.3 + 0.3 * near,
            )
        )
    return sheets


def motes(
    canvas: Canvas,
    rng: Rng,
    tint: str,
    *,
    count: int = 34,
    area: tuple[float, float, float, float],
    radius: float = 0.006,
    wander: float = 0.05,
    rise: float = 0.0,
    pulse: float = 0.8,
    depth: float = 0.8,
) -> Sparks:
    """Fireflies, dust or embers that wander within an area (left, top, right, bottom) and pulse.

    With `rise` (units a second) they climb and begin again at the bottom.
    """
    left, top, right, bottom = area
    x0 = rng.uniform(left, right, count)
    y0 = rng.uniform(top, bottom, count)
    phases = rng.uniform(0, 2 * np.pi, (4, count))
    rates = rng.uniform(0.3, 1.0, (4, count))
    level = rng.uniform(0.45, 1.0, count)
    height = bottom - top

    def places(at_s: float) -> tuple[Mask, Mask, Mask]:
        x = (
            x0
            + wander * np.sin(phases[0] + rates[0] * at_s * 1.4)
            + wander * 0.4 * np.sin(phases[1] + rates[1] * at_s * 3)
        )
        y = y0 + wander * 0.6 * np.sin(phases[2] + rates[2] * at_s * 1.2)
        bright = level * (1 - pulse + pulse * np.clip(np.sin(phases[3] + rates[3] * at_s * 2.6), 0, 1))
        if rise:
            climbed = (bottom - y + rise * at_s * (0.6 + rates[0])) % height
            y = bottom - climbed
            bright = bright * np.clip((1 - climbed / height) * 1.8, 0, 1)
        return x.astype(np.float32), y.astype(np.float32), bright.astype(np.float32)

    sizes = [stamp(max(1.2, radius * canvas.scale * size), colour(tint)) for size in (0.6, 0.85, 1.2)]
    return Sparks(canvas, sizes, places, depth)


def vapour(
    canvas: Canvas, rng: Rng, light: Light, tint: str, *, low: float, high: float, strength: float = 0.5
) -> Light:
    """Air that thickens from y `low` to y `high`. Changes `light` and returns it."""
    texture = 0.75 + 0.25 * blur(noise(canvas.shape, canvas.scale * 0.6, rng, 2), 4)
    glaze(light, tint, smooth(canvas.ys, low, high) * texture * strength)
    return light
