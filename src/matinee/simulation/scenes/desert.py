"""Dunes under a great sun, and a caravan that crosses them."""

from __future__ import annotations

from math import pi, sin

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import Canvas, Picture, below, bloom, colour, curve, mix, noise, radial, shine, smooth
from matinee.simulation.scenes.parts import Flock, beating, sheet, walker
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Palette, Rng, motes, stars, vapour


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    sun: tuple[float, float] = (0.1, 0.42),
    size: float = 0.15,
    camels: int = 4,
    night: float = 0.0,
    walkers: bool = True,
) -> Scene:
    """`size` is the radius of the sun; `camels` how many go by; `night` brings out stars."""
    light = palette.sky(canvas, 0.66)
    if night:
        stars(canvas, rng, light, strength=night, count=700)
    shine(light, palette.light, np.clip(0.75 * radial(canvas, sun, size * 1.7, 1.8), 0, 1))
    shine(light, mix(palette.light, "#ffffff", 0.25), np.clip(radial(canvas, sun, size, 26), 0, 1))
    vapour(canvas, rng, light, palette.low, low=0.35, high=0.68, strength=0.55)
    bloom(light, 0.85, 0.35, 36)
    layers: list[Layer] = [Plate(light, None, depth=0.05)]
    layers += [_dune(canvas, rng, palette, share, sun) for share in (0.2, 0.5)]
    if camels:
        layers.append(_caravan(canvas, palette, camels, walkers=walkers))
    layers += [_dune(canvas, rng, palette, share, sun) for share in (0.78, 1.0)]
    layers.append(
        motes(canvas, rng, palette.light, count=30, area=(-0.95, 0.3, 0.95, 1.0), radius=0.003, wander=0.2, pulse=0.5)
    )
    return Scene(layers)


def _dune(canvas: Canvas, rng: Rng, palette: Palette, share: float, sun: tuple[float, float]) -> Plate:
    wander = curve(canvas.xs, 0.75 - 0.15 * share, rng, 3, 0.32)
    base = {0.2: 0.63, 0.5: 0.735, 0.78: 0.86}.get(share, 0.98)
    line = np.asarray(base - (0.05 + 0.03 * share) * (1 - np.abs(wander) * 1.4), np.float32)
    if share == 0.5:
        line = np.asarray(0.735 - 0.02 * np.sin(canvas.xs * 2.4 + 0.6), np.float32)
    cover = below(canvas, line, 1.3)
    down = np.clip(canvas.ys - line, 0, 1)
    lean = np.roll(line, 9, axis=1) - line
    sheared = canvas.xs + down * 0.9 + 0.03 * np.sin(down * 24)
    across = np.interp(sheared, canvas.xs[0], wander[0]).astype(np.float32)
    side = 1.0 if sun[0] > 0 else -1.0
    shadow = smooth(across * side, -0.02, 0.05) * np.exp(-down * 5)
    tone = mix(palette.haze, palette.ink, share**1.4 * 0.78)
    bright = mix(tone, palette.light, 0.5 - 0.32 * share)
    paint = colour(bright) + (colour(mix(tone, palette.ink, 0.45)) - colour(bright)) * shadow[..., None]
    sand = noise(canvas.shape, (canvas.scale * 0.16, canvas.scale * 0.010 * (0.6 + share)), rng, 3)
    paint = paint * (0.94 + 0.12 * sand)[..., None]
    rim = np.exp(-down * canvas.scale / 5) * np.clip(0.5 + lean * canvas.scale * 0.6, 0, 1)
    paint = paint + (colour(palette.light) - paint) * (rim * 0.55)[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=0.1 + 0.8 * share)


def camel(ink: Ink, foot: tuple[float, float], h: float, stride: float, *, rider: bool) -> Ink:
    """A dromedary in step; `stride` is the phase of its walk, 0 to 1."""
    x, y = foot
    ink.ellipse((x, y - 0.55 * h), (0.27 * h, 0.13 * h)).ellipse((x - 0.02 * h, y - 0.68 * h), (0.12 * h, 0.11 * h))
    for number, dx in enumerate((-0.2, -0.14, 0.15, 0.21)):
        swing = sin((stride + (0.5 if number in (0, 3) else 0.0)) * 2 * pi) * 0.10 * h
        knee = (x + dx * h + swing * 0.4, y - 0.27 * h)
        ink.tapered((x + dx * h, y - 0.52 * h), knee, (0.09 * h, 0.05 * h))
        ink.tapered(knee, (x + dx * h + swing, y), (0.05 * h, 0.045 * h))
    ink.line(
        [
            (x + 0.22 * h, y - 0.58 * h),
            (x + 0.33 * h, y - 0.52 * h),
            (x + 0.42 * h, y - 0.64 * h),
            (x + 0.43 * h, y - 0.8 * h),
        ],
        0.085 * h,
    )
    ink.tapered((x + 0.42 * h, y - 0.83 * h), (x + 0.55 * h, y - 0.79 * h), (0.085 * h, 0.055 * h))
    ink.line([(x - 0.26 * h, y - 0.58 * h), (x - 0.31 * h, y - 0.38 * h)], 0.02 * h)
    if rider:
        ink.polygon(
            [
                (x - 0.11 * h, y - 0.66 * h),
                (x + 0.1 * h, y - 0.66 * h),
                (x + 0.05 * h, y - 0.98 * h),
                (x - 0.05 * h, y - 0.98 * h),
            ]
        )
        ink.circle((x, y - 1.03 * h), 0.055 * h).ellipse((x, y - 1.06 * h), (0.065 * h, 0.035 * h))
    else:
        ink.box(x - 0.17 * h, y - 0.7 * h, x - 0.03 * h, y - 0.52 * h).box(
            x + 0.0 * h, y - 0.73 * h, x + 0.13 * h, y - 0.52 * h
        )
    return ink


def _caravan(canvas: Canvas, palette: Palette, count: int, *, walkers: bool) -> Flock:
    height, speed = 0.115, 0.022
    small = sheet(canvas, height * 1.5)
    tone = colour(palette.ink)
    kinds: list[list[Picture]] = [
        [
            cut_out(small, tone, camel(Ink(small), (0.0, 0.5 + height * 0.6), height, step / 12, rider=rider).cover())
            for step in range(12)
        ]
        for rider in (True, False)
    ]
    sprites: list[Sprite] = []
    for number in range(count):
        start = -0.42 + number * 0.165

        def path(t: float, start: float = start) -> tuple[float, float]:
            x = start + speed * t
            return x, 0.738 - 0.02 * sin(x * 2.4 + 0.6)

        sprites.append(Sprite(canvas, kinds[0 if number % 2 == count % 2 else 1], path, beating(10, number * 5), 0.5))
    if walkers:
        first = walker(
            canvas, tone, 0.075, (-0.42 + count * 0.165 - 0.02, 0.726), speed, depth=0.5, dress=True, hat="hair"
        )
        sprites.append(first)
    return Flock(sprites)
