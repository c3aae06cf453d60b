"""A lighthouse in a storm: its beam turns, the sea breaks on its rock, lightning lights the clouds."""

from __future__ import annotations

from math import cos, exp, pi, sin

import cv2
import numpy as np

from matinee.simulation.ink import Ink
from matinee.simulation.layers import Layer, Moment, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import (
    Canvas,
    Light,
    Picture,
    below,
    blur,
    colour,
    curve,
    flat,
    glaze,
    mix,
    noise,
    radial,
    shine,
    smooth,
)
from matinee.simulation.water import sea, swell
from matinee.simulation.weather import Palette, Rng, clouds, rain, stars

LAMP = (0.24, 0.215)


def paint(
    canvas: Canvas, rng: Rng, palette: Palette, *, storm: float = 1.0, lightning: float = 2.2, turn: float = 0.0
) -> Scene:
    """`storm` 0 to 1: waves and rain; `lightning` is when it strikes (s), `turn` where the beam starts (radians)."""
    light = palette.sky(canvas, 0.62)
    if storm < 0.4:
        stars(canvas, rng, light, strength=0.8)
    clouds(
        canvas,
        rng,
        light,
        lit=mix(palette.mid, palette.light, 0.25),
        dark=palette.high,
        cover=0.35 + 0.5 * storm,
        top=-0.1,
        bottom=0.62,
        size=0.45,
        strength=0.85,
    )
    shine(light, palette.light, 0.26 * radial(canvas, LAMP, 0.22, 1.6))
    sea(
        canvas,
        rng,
        light,
        horizon=0.62,
        far=mix(palette.low, palette.haze, 0.5),
        near=palette.ink,
        crest=mix(palette.haze, palette.light, 0.3),
        swell=0.4 + 0.6 * storm,
    )
    layers: list[Layer] = [Plate(light, None, depth=0.15)]
    if lightning > 0:
        layers.append(_lightning(canvas, rng, palette, lightning))
    layers.append(swell(canvas, rng, palette, level=0.74, height=0.03 + 0.05 * storm, share=0.25, foam=0.4 * storm))
    layers.append(_Beam(canvas, palette, turn))
    layers.append(_tower(canvas, rng, palette))
    layers.append(
        Glow(
            colour(palette.light) * (0.9 * radial(canvas, LAMP, 0.03, 2.6) ** 1.3)[..., None],
            lambda t: 0.55 + 0.45 * abs(cos(t * 0.9 + turn)),
            depth=0.6,
        )
    )
    layers.append(
        swell(canvas, rng, palette, level=0.90, height=0.05 + 0.08 * storm, share=0.65, foam=0.3 + 0.5 * storm)
    )
    layers.append(
        swell(canvas, rng, palette, level=1.04, height=0.06 + 0.08 * storm, share=1.0, foam=0.3 + 0.5 * storm)
    )
    if storm > 0.4:
        layers += rain(canvas, rng, mix(palette.haze, "#ffffff", 0.5), strength=0.36 * storm, slant=0.35)
    return Scene(layers)


def _tower(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    ink = Ink(canvas)
    x, top = LAMP
    ink.polygon([(x - 0.052, 0.66), (x - 0.032, top + 0.045), (x + 0.032, top + 0.045), (x + 0.052, 0.66)])
    body = ink.cover()
    iron = Ink(canvas)
    iron.box(x - 0.05, top + 0.036, x + 0.05, top + 0.046).box(x - 0.045, top + 0.020, x - 0.041, top + 0.04)
    iron.box(x + 0.041, top + 0.020, x + 0.045, top + 0.04).box(x - 0.05, top + 0.018, x + 0.05, top + 0.022)
    iron.polygon([(x - 0.034, top - 0.026), (x, top - 0.066), (x + 0.034, top - 0.026)])
    iron.box(x - 0.002, top - 0.1, x + 0.002, top - 0.05)
    for bar in (-0.026, -0.009, 0.009, 0.026):
        iron.box(x + bar - 0.0018, top - 0.028, x + bar + 0.0018, top + 0.038)
    line = np.asarray(
        0.76
        - 0.11 * np.exp(-(((canvas.xs - x) / 0.2) ** 2))
        - 0.05 * np.exp(-(((canvas.xs - x - 0.24) / 0.1) ** 2))
        - 0.02 * curve(canvas.xs, 0.12, rng, 5),
        np.float32,
    )
    line = line + smooth(np.abs(canvas.xs - x - 0.03), 0.26, 0.42) * 0.2
    rock = below(canvas, np.asarray(line, np.float32), 1.2)
    cottage = (
        Ink(canvas)
        .box(x - 0.20, 0.615, x - 0.085, 0.70)
        .polygon([(x - 0.212, 0.62), (x - 0.142, 0.572), (x - 0.073, 0.62)])
        .box(x - 0.125, 0.565, x - 0.108, 0.60)
        .cover()
    )
    paint = flat(canvas, palette.ink)
    round_ = np.clip(1 - np.abs((canvas.xs - (x - 0.016)) / 0.055), 0, 1)
    bands = (np.sin((canvas.ys - 0.27) * 2 * pi / 0.13) > 0)[..., None]
    stone = np.where(
        bands, colour(mix(palette.haze, palette.light, 0.45)), colour(mix(palette.accent, palette.ink, 0.35))
    )
    paint += (stone * (0.25 + 0.75 * round_[..., None]) - paint) * (body * 0.92)[..., None]
    texture = noise(canvas.shape, (canvas.scale * 0.05, canvas.scale * 0.025), rng, 4)
    wet = smooth(texture, 0.5, 0.8) * rock * (1 - body) * np.exp(-np.clip(canvas.ys - line, 0, 1) * 9)
    paint += colour(palette.haze) * (wet * 0.4)[..., None]
    windows = (
        Ink(canvas)
        .box(x - 0.165, 0.645, x - 0.147, 0.668)
        .box(x - 0.128, 0.645, x - 0.11, 0.668)
        .ellipse((x, 0.42), (0.006, 0.012))
        .ellipse((x, 0.53), (0.006, 0.012))
        .cover()
    )
    glaze(paint, palette.light, windows)
    cover = np.maximum.reduce([body, iron.cover(), rock, cottage])
    glow = blur(windows, 7) * 1.5
    paint += colour(palette.light) * (glow * 0.5)[..., None]
    return Plate(paint, cover, depth=0.6)


def _lightning(canvas: Canvas, rng: Rng, palette: Palette, when: float) -> Glow:
    texture = noise(canvas.shape, (canvas.scale * 0.5, canvas.scale * 0.2), rng, 5)
    at = (-0.45, 0.18)
    sheet = radial(canvas, at, 0.33, 2.0) * (0.25 + 0.75 * smooth(texture, 0.3, 0.75)) * smooth(canvas.ys, 0.66, 0.55)
    points = [(at[0], -0.05)]
    while points[-1][1] < 0.6:
        points.append((points[-1][0] + float(rng.normal(0.004, 0.022)), points[-1][1] + float(rng.uniform(0.02, 0.05))))
    bolt = Ink(canvas).line(points, 0.004).line([(x + 0.02 + 0.3 * (y - 0.2) ** 2, y) for x, y in points[4:9]], 0.002)
    stroke = bolt.cover()
    light = colour(mix(palette.low, "#eaf2ff", 0.75)) * (0.55 * sheet + stroke + 2.0 * blur(stroke, 6))[..., None]

    def strength(t: float) -> float:
        since = t - when
        return 0.0 if since < 0 else exp(-since * 7) + 0.7 * exp(-abs(since - 0.22) * 22)

    return Glow(np.asarray(np.clip(light, 0, 1), np.float32), strength, depth=0.15)


class _Beam:
    """Two cones of light that turn about the lamp, wide and strong when they point at the viewer."""

    def __init__(self, canvas: Canvas, palette: Palette, turn: float) -> None:
        self._canvas, self._turn = canvas, turn
        self._tint = colour(palette.light)
        rows, columns = canvas.height // 4, canvas.width // 4
        ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
        self._dx = (xs * 4 - (canvas.column(LAMP[0]) - canvas.margin)) / canvas.scale
        self._dy = (ys * 4 - (canvas.row(LAMP[1]) - canvas.margin)) / canvas.scale
        self._reach = np.exp(-np.hypot(self._dx, self._dy) * 1.15)

    def _light(self, angle: float) -> Light:
        across, toward = cos(angle), sin(angle)
        length = np.hypot(self._dx, self._dy) + 1e-3
        along = self._dx * np.sign(across) / length
        width = 0.035 + 0.35 * max(0.0, toward) ** 3
        offset = np.arccos(np.clip(along, -1, 1)) * np.sign(self._dy) - 0.03
        cone = np.exp(-((offset / width) ** 2)) * self._reach * abs(across) ** 0.35
        flare = max(0.0, toward) ** 12 * np.exp(-(length**2) * 16)
        return np.asarray((cone * 0.62 + flare)[..., None] * self._tint, np.float32)

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Add both cones."""
        angle = self._turn + moment.at_s * 0.9
        light = self._light(angle) + self._light(angle + pi)
        small = np.clip(light * 255, 0, 255).astype(np.uint8)
        move = np.array([[4, 0, -moment.pan[0] * 0.6], [0, 4, -moment.pan[1] * 0.6]], np.float32)
        wide = cv2.warpAffine(cv2.cvtColor(small, cv2.COLOR_BGR2BGRA), move, (frame.shape[1], frame.shape[0]))
        cv2.add(frame, cv2.cvtColor(wide, cv2.COLOR_BGRA2BGR), dst=frame)
