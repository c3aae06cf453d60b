"""A road by night, seen from the car: lines come up, tail lights ahead, a town or mountains far off."""

from __future__ import annotations

import cv2
import numpy as np

from matinee.simulation.ink import Ink
from matinee.simulation.layers import Layer, Moment, Plate, Scene
from matinee.simulation.lights import Sparks, stamp
from matinee.simulation.paint import (
    Canvas,
    Light,
    Mask,
    Picture,
    below,
    colour,
    curve,
    flat,
    glaze,
    mix,
    radial,
    shine,
    smooth,
)
from matinee.simulation.weather import Palette, Rng, clouds, rain, stars

HORIZON = 0.56


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    speed: float = 1.0,
    grid: bool = False,
    wet: float = 0.0,
    dash: bool = True,
    traffic: int = 3,
) -> Scene:
    """`grid` draws glowing lines and a striped sun; `dash` the driver's wheel; `traffic` is cars ahead."""
    light = palette.sky(canvas, HORIZON)
    stars(canvas, rng, light, horizon=HORIZON, strength=0.9)
    if grid:
        _striped_sun(canvas, palette, light)
    else:
        clouds(canvas, rng, light, lit=palette.low, dark=palette.high, cover=0.45, bottom=0.5, strength=0.6)
        shine(light, palette.low, 0.5 * radial(canvas, (0.0, HORIZON), 0.12, 1.8, 3.5))
    far = np.asarray(
        HORIZON - 0.035 - 0.05 * np.abs(curve(canvas.xs, 0.4, rng, 5)) * smooth(np.abs(canvas.xs), 0.05, 0.5),
        np.float32,
    )
    hills = below(canvas, far)
    glaze(light, mix(palette.haze, palette.ink, 0.6), hills)
    if not grid:
        town = Ink(canvas)
        for _ in range(60):
            town.circle((float(rng.normal(0, 0.35)), HORIZON - float(rng.uniform(0.001, 0.02))), 0.0022)
        shine(light, palette.light, town.cover())
    layers: list[Layer] = [Plate(light, None, depth=0.1), _Ground(canvas, palette, speed, grid=grid)]
    if traffic:
        layers.append(_cars(canvas, rng, traffic))
    if wet:
        layers += rain(canvas, rng, mix(palette.haze, "#ffffff", 0.5), strength=0.3 * wet, slant=0.02)
    if dash:
        layers.append(_dash(canvas, palette))
    return Scene(layers)


def _striped_sun(canvas: Canvas, palette: Palette, light: Light) -> None:
    centre, radius = (0.0, HORIZON - 0.13), 0.25
    distance = np.hypot(canvas.xs - centre[0], canvas.ys - centre[1])
    cover = np.clip((radius - distance) * canvas.scale, 0, 1)
    share = np.clip((canvas.ys - centre[1] + radius) / (2 * radius), 0, 1)
    gaps = smooth(
        np.asarray(np.sin((canvas.ys - centre[1]) * 118), np.float32),
        0.62 - 1.05 * (share - 0.4),
        0.72 - 1.05 * (share - 0.4),
    )
    cover = cover * (1 - gaps * (share > 0.42))
    tone = colour(palette.light) + (colour(palette.accent) - colour(palette.light)) * share[..., None]
    shine(light, palette.accent, np.asarray(0.5 * radial(canvas, centre, radius * 1.1, 3), np.float32))
    light += (tone - light) * np.asarray(cover, np.float32)[..., None]


class _Ground:
    """The road in perspective, computed by look-up: which stripe each row shows moves with time."""

    def __init__(self, canvas: Canvas, palette: Palette, speed: float, *, grid: bool) -> None:
        self._canvas, self._speed = canvas, speed
        inner = Canvas(canvas.width, canvas.height, canvas.lens, canvas.focus)
        self._first = max(0, int(inner.row(HORIZON)))
        y = inner.ys[self._first :] - HORIZON
        far = 0.05 / np.maximum(y, 0.0008)
        x = inner.xs / np.maximum(y, 0.0008)
        self._distance = far[:, 0]
        fade = np.exp(-far * 0.09)
        if grid:
            lines = np.clip(1 - np.abs((x * 1.1) % 1 - 0.5) * 2 - (1 - 0.05), 0, 1) * 20
            base = colour(palette.ink) + colour(palette.mid) * 0.12 * fade[..., None]
            self._base = np.asarray(
                np.clip(base + colour(palette.accent) * np.clip(lines * fade, 0, 1)[..., None] * 0.85, 0, 1) * 255,
                np.uint8,
            )
            stripe = np.repeat((colour(palette.accent) * 0.85 * fade[..., None]), canvas.width, axis=1)
        else:
            edge = np.clip(1 - np.abs(np.abs(x) - 1.15) * 22, 0, 1) * fade
            tarmac = smooth(np.abs(x), 1.32, 1.25)
            beam = np.exp(-((x / 1.3) ** 2)) * np.exp(-far * 0.35) * 0.5
            base = (
                colour(mix(palette.ink, palette.haze, 0.12))
                + (colour(mix(palette.ink, palette.haze, 0.3)) - colour(mix(palette.ink, palette.haze, 0.12)))
                * tarmac[..., None]
            )
            base = (
                base * (0.6 + 0.4 * fade)[..., None]
                + colour(palette.light) * (beam * (0.35 + 0.65 * tarmac) + edge * 0.6)[..., None]
            )
            self._base = np.asarray(np.clip(base, 0, 1) * 255, np.uint8)
            middle = np.clip(1 - np.abs(x) * 18, 0, 1) * fade
            posts = np.clip(1 - np.abs(np.abs(x) - 1.75) * 9, 0, 1) * fade * 0.5
            stripe = colour(mix(palette.light, "#ffffff", 0.5)) * (middle + posts)[..., None]
        self._stripe = np.asarray(np.clip(stripe, 0, 1) * 255, np.uint8)
        self._grid = grid

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put the road on the frame as far as the car has come."""
        first = self._first - round(moment.pan[1] * 0.1)
        count = min(frame.shape[0] - first, len(self._base))
        along = (self._distance * 2.4 + moment.at_s * self._speed * 3.4) % 1
        on: Mask = np.asarray(
            np.clip((0.035 - np.abs(along - 0.5)) * 40, 0, 1) if self._grid else (along < 0.42) * 1.0, np.float32
        )
        rows = np.flatnonzero(on[:count] > 0.02)
        part = frame[first : first + count]
        part[:] = self._base[:count]
        shown = cv2.multiply(
            self._stripe[rows],
            np.repeat(on[rows, None], self._stripe.shape[1], axis=1)[..., None].repeat(3, axis=2),
            dtype=cv2.CV_8U,
        )
        part[rows] = cv2.add(np.ascontiguousarray(part[rows]), shown)


def _cars(canvas: Canvas, rng: Rng, count: int) -> Sparks:
    lanes = rng.choice([-0.55, 0.55], count)
    phase, pace = rng.uniform(0, 1, count), rng.uniform(0.05, 0.10, count)
    red = [stamp(canvas.scale * size, colour("#ff2a1a"), 0.3) for size in (0.010, 0.010)]
    white = [stamp(canvas.scale * size, colour("#fff2d0"), 0.35) for size in (0.014, 0.014)]
    ahead = lanes > 0

    def places(t: float) -> tuple[Mask, Mask, Mask]:
        share = np.where(ahead, 0.45 + 0.35 * np.sin(t * 0.5 + phase * 6), (phase + pace * 2.6 * t) % 1)
        below_ = 0.012 + 0.16 * share**2.2
        half = 0.13 * below_
        x = lanes * below_ * 1.1
        return (
            np.concatenate([x - half, x + half]).astype(np.float32),
            np.concatenate([HORIZON + below_] * 2).astype(np.float32),
            np.full(2 * count, 0.9, np.float32) * np.concatenate([0.4 + 0.6 * share] * 2).astype(np.float32),
        )

    stamps = [red[0] if near else white[0] for near in ahead]
    return Sparks(canvas, stamps * 2, places, 0.2)


def _dash(canvas: Canvas, palette: Palette) -> Plate:
    ink, dials = Ink(canvas), Ink(canvas)
    ink.polygon([(-1.3, 0.92), (-0.5, 0.865), (0.0, 0.86), (0.6, 0.875), (1.3, 0.93), (1.3, 1.4), (-1.3, 1.4)])
    ring = [(-0.36 + 0.24 * float(np.cos(a)), 1.03 + 0.235 * float(np.sin(a))) for a in np.linspace(0, 6.2832, 60)]
    ink.line(ring, 0.028).line([(-0.58, 1.0), (-0.14, 1.0)], 0.03)
    ink.polygon([(-0.13, 0.02), (0.13, 0.02), (0.12, 0.085), (-0.12, 0.085)]).line([(0, -0.2), (0, 0.03)], 0.01)
    for side in (-1, 1):
        ink.polygon([(side * 0.98, -0.2), (side * 1.4, -0.2), (side * 1.4, 1.2), (side * 1.12, 0.95)])
    for x in (-0.46, -0.27):
        dials.line(
            [(x + 0.05 * float(np.cos(a)), 0.945 + 0.05 * float(np.sin(a))) for a in np.linspace(2.4, 7.0, 24)], 0.005
        )
        dials.line([(x, 0.945), (x + 0.03, 0.925)], 0.004)
    cover, lit = ink.cover(), dials.cover()
    paint = flat(canvas, palette.ink) * 0.6
    edge = np.clip(cover - np.roll(cover, 2, axis=0), 0, 1)
    paint += colour(palette.haze) * (edge * 0.6)[..., None]
    paint += colour(palette.accent) * lit[..., None] * 0.9
    return Plate(np.asarray(paint, np.float32), cover, depth=1.0, bob=(0.8, 9.0))
