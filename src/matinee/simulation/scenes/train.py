"""A night train through snow: the land goes by, lit windows stay."""

from __future__ import annotations

from math import sin

import numpy as np

from matinee.simulation.ink import Ink, pine
from matinee.simulation.layers import Layer, Moment, Plate, Scene, Scroll
from matinee.simulation.paint import Canvas, Light, Mask, Picture, blur, colour, flat, mix, noise, radial, shine, smooth
from matinee.simulation.sprites import lay_sprite
from matinee.simulation.weather import Palette, Rng, clouds, moon, snow, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    speed: float = 1.0,
    flakes: float = 1.0,
    steam: bool = True,
    moonlit: bool = True,
) -> Scene:
    """`speed` 1 is an express; `flakes` how much it snows."""
    light = palette.sky(canvas, 0.68)
    stars(canvas, rng, light, count=220, horizon=0.5, strength=0.6)
    if moonlit:
        moon(canvas, rng, light, (0.42, 0.2), 0.06, palette.light)
    clouds(canvas, rng, light, lit=mix(palette.mid, palette.light, 0.2), dark=palette.high, cover=0.35, strength=0.6)
    layers: list[Layer] = [Plate(light, None, depth=0.05)]
    for share, pace in ((0.2, 26.0), (0.5, 90.0)):
        layers.append(_land(canvas, rng, palette, share, pace * speed))
    if steam:
        layers.append(_Steam(canvas, rng, palette))
    layers.append(_train(canvas, palette))
    layers.append(_land(canvas, rng, palette, 1.0, 520.0 * speed))
    if flakes:
        layers += snow(canvas, rng, wind=-330 * speed, fall=90, strength=0.75 * flakes, count=int(360 * flakes))
    return Scene(layers)


def _land(canvas: Canvas, rng: Rng, palette: Palette, share: float, pace: float) -> Scroll:
    period = int(canvas.width * (1.4 + share))
    height = round(canvas.scale * (0.42 if share < 1 else 0.2))
    strip = Canvas(period, height, canvas.lens * canvas.height / height, (0.0, 0.0), 0)
    phases = rng.uniform(0, 2 * np.pi, 9)
    at = np.linspace(0, 2 * np.pi, period, endpoint=False, dtype=np.float32)
    wave = sum(np.sin(at * k + phases[k]) / k**1.1 for k in range(1, 9)) / 3
    top = strip.ys[0, 0]
    line = (top + (0.13 if share < 1 else 0.075) + 0.03 * wave)[None, :]
    ink = Ink(strip)
    left, right = float(strip.xs[0, 0]), float(strip.xs[0, -1])
    count = {0.2: 60, 0.5: 42}.get(share, 16)
    for x in np.sort(rng.uniform(left, right, count)):
        tall = float(rng.uniform(0.05, 0.11) * (0.7 + share) if share < 1 else rng.uniform(0.03, 0.06))
        foot = float(np.interp(x, strip.xs[0], line[0])) + 0.01
        seed = int(rng.integers(1 << 30))
        for shift in (0.0, right - left, left - right):
            if share < 1:
                pine(ink, (float(x) + shift, foot), tall, np.random.default_rng(seed))
            else:
                ink.box(float(x) + shift - 0.004, foot - tall * 1.6, float(x) + shift + 0.004, foot)
    ground = np.clip((strip.ys - line) * strip.scale + 0.5, 0, 1).astype(np.float32)
    cover = np.maximum(ground, ink.cover())
    tone = mix(palette.haze, palette.ink, 0.3 + 0.45 * share)
    white = mix(mix(palette.low, "#e8f0ff", 0.45), palette.haze, 0.75 - 0.4 * share)
    paint = flat(strip, tone)
    drifts = noise(strip.shape, (strip.scale * 0.3, strip.scale * 0.04), rng, 4, wrap=True)
    depth = np.clip((strip.ys - line) / 0.2, 0, 1)
    field = colour(white) * (1.0 - 0.45 * depth - 0.25 * (1 - drifts))[..., None]
    paint += (field - paint) * (ground * (1 - 0.15 * ink.cover()))[..., None]
    rows = round({0.2: 0.50, 0.5: 0.56}.get(share, 0.855) * canvas.height)
    if share == 1.0:
        cover = np.asarray(blur(cover, 1.2), np.float32)
    return Scroll(
        np.asarray(paint, np.float32),
        cover,
        speed=(-pace, 0),
        depth=share * 0.6,
        frame=(canvas.height, canvas.width),
        top=rows,
    )


def _train(canvas: Canvas, palette: Palette) -> Plate:
    ink, glass = Ink(canvas), Ink(canvas)
    top, bottom = 0.66, 0.83
    for start, stop in ((-1.4, -0.62), (-0.6, 0.16)):
        ink.polygon(
            [
                (start, top + 0.012),
                (start + 0.012, top),
                (stop - 0.012, top),
                (stop, top + 0.012),
                (stop, bottom),
                (start, bottom),
            ]
        )
        ink.box(start + 0.02, bottom, stop - 0.02, bottom + 0.015)
        for wheel in (start + 0.08, start + 0.16, stop - 0.16, stop - 0.08):
            ink.circle((wheel, bottom + 0.02), 0.021)
        for k in range(7):
            x = start + 0.06 + k * 0.095
            glass.polygon([(x, top + 0.038), (x + 0.07, top + 0.038), (x + 0.07, top + 0.098), (x, top + 0.098)])
    ink.box(-0.64, top + 0.1, -0.56, bottom).box(0.14, top + 0.1, 0.2, bottom)
    ink.polygon([(0.18, 0.69), (0.34, 0.69), (0.34, bottom), (0.18, bottom)]).box(0.17, 0.675, 0.36, 0.692)
    glass.box(0.23, 0.71, 0.295, 0.76)
    ink.polygon([(0.33, 0.735), (0.70, 0.735), (0.72, 0.75), (0.72, 0.815), (0.7, bottom), (0.33, bottom)])
    ink.box(0.62, 0.665, 0.655, 0.74).box(0.612, 0.655, 0.663, 0.672).ellipse((0.46, 0.735), (0.03, 0.028))
    ink.polygon([(0.7, bottom), (0.79, bottom + 0.035), (0.66, bottom + 0.035)])
    for x, radius in ((0.38, 0.035), (0.47, 0.035), (0.56, 0.035), (0.66, 0.022)):
        ink.circle((x, bottom + 0.008), radius)
    seated = Ink(canvas)
    for x in (-0.52, -0.33, -0.05, -0.9):
        seated.ellipse((x, top + 0.072), (0.010, 0.013)).ellipse((x, top + 0.105), (0.02, 0.02))
    cover, windows = ink.cover(), glass.cover()
    windows = windows * (1 - 0.85 * seated.cover())
    paint = flat(canvas, palette.ink)
    paint += (
        colour(mix(palette.haze, palette.light, 0.2))
        * (0.35 * smooth(canvas.ys, top + 0.02, top - 0.004) * cover)[..., None]
    )
    warm = 0.75 + 0.25 * smooth(canvas.ys, top + 0.1, top + 0.04)
    paint += (colour(palette.light) * warm[..., None] - paint) * windows[..., None]
    spill = blur(windows, 10) * 1.1
    lamp = radial(canvas, (0.735, 0.77), 0.03, 2.6)
    beam = np.exp(
        -(((canvas.ys - 0.775 - 0.02 * (canvas.xs - 0.735)) / (0.012 + 0.16 * np.clip(canvas.xs - 0.735, 0, 1))) ** 2)
    )
    beam = beam * smooth(canvas.xs, 0.725, 0.745) * np.exp(-np.clip(canvas.xs - 0.735, 0, 2) * 2.2)
    glow = np.clip(spill * 0.6 + lamp * 0.9 + beam * 0.5, 0, 1)
    shine(paint, palette.light, glow * (1 - windows))
    snow_glow = smooth(canvas.ys, bottom, bottom + 0.06) * blur(windows.max(axis=0, keepdims=True) + 0 * canvas.ys, 9)
    over = np.maximum(cover, np.clip(glow * 0.9 + 0 * snow_glow, 0, 0.85))
    return Plate(np.asarray(paint, np.float32), np.asarray(over, np.float32), depth=0.75, bob=(0.6, 13.0))


class _Steam:
    """Puffs that leave the funnel, grow and pale as they fall back."""

    def __init__(self, canvas: Canvas, rng: Rng, palette: Palette) -> None:
        self._canvas = canvas
        self._puffs = [_puff(round(canvas.scale * radius), rng, palette) for radius in np.linspace(0.018, 0.10, 14)]

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put the puffs of this moment on the frame, the oldest first."""
        at_s, pan = moment
        for number in range(int(at_s * 9) + 1, int(at_s * 9) - 24, -1):
            age = at_s - number / 9
            if not 0 <= age < 2.6:
                continue
            picture = self._puffs[min(13, int(age / 2.6 * 14))]
            x = 0.638 - 0.62 * age + 0.012 * sin(number * 2.4)
            y = 0.64 - 0.10 * age**0.6 - 0.01 * sin(number * 1.7)
            canvas = self._canvas
            lay_sprite(
                frame,
                picture,
                canvas.row(y) - canvas.margin - pan[1] * 0.75 - picture.shape[0] / 2,
                canvas.column(x) - canvas.margin - pan[0] * 0.75 - picture.shape[1] / 2,
            )


def _puff(radius: int, rng: Rng, palette: Palette) -> Picture:
    size = radius * 2 + 3
    axis = np.linspace(-1.1, 1.1, size, dtype=np.float32)
    distance: Mask = np.hypot(axis[None, :], axis[:, None]).astype(np.float32)
    body = smooth(distance + 0.5 * (noise((size, size), size * 0.4, rng, 3) - 0.5), 0.95, 0.1)
    cover = body * (0.5 * (1 - radius / 140))
    tone: Light = colour(mix(palette.low, "#ffffff", 0.45)) * (1.0 - 0.25 * np.clip(axis[:, None, None] + 0.2, 0, 1))
    return np.round(np.concatenate([tone * cover[..., None], cover[..., None]], axis=2).clip(0, 1) * 255).astype(
        np.uint8
    )
