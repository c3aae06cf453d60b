"""A city at night: towers with lit windows, a street with traffic, rain where wanted."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Sparks, bokeh, stamp
from matinee.simulation.paint import Canvas, Light, Mask, blur, colour, flat, glaze, mix, noise, radial, shine, smooth
from matinee.simulation.scenes.parts import walker
from matinee.simulation.water import path_of_light
from matinee.simulation.weather import Palette, Rng, clouds, mist, moon, rain, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    wet: float = 0.0,
    traffic: bool = True,
    figure: bool = False,
    river: bool = False,
    moonlit: bool = False,
    density: float = 0.42,
) -> Scene:
    """`wet` is how hard it rains; `density` the share of windows that are lit; a `river` in place of a street."""
    light = palette.sky(canvas, 0.75)
    stars(canvas, rng, light, count=160, strength=0.5)
    if moonlit:
        moon(canvas, rng, light, (-0.42, 0.2), 0.075, palette.light)
    clouds(canvas, rng, light, lit=palette.mid, dark=palette.high, cover=0.4, top=0, bottom=0.6, strength=0.6)
    shine(light, palette.low, 0.5 * radial(canvas, (0.0, 0.85), 0.42, 2.4, 2.2))
    layers: list[Layer] = [Plate(light, None, depth=0.1)]
    for share, base in ((0.25, 0.80), (0.55, 0.84), (0.9, 0.88)):
        layers.append(_towers(canvas, rng, palette, share, base, density))
    layers.append(_ground(canvas, rng, palette, river=river))
    if river:
        for x in (-0.6, -0.22, 0.08, 0.3, 0.66):
            tint = palette.light if rng.random() < 0.7 else palette.accent
            layers.append(path_of_light(canvas, rng, tint, x, 0.87, width=0.03, spread=0.18, strength=0.9))
    elif traffic:
        layers += _traffic(canvas, rng, palette)
    if figure:
        haze = mix(palette.low, palette.light, 0.25)
        layers.append(mist(canvas, rng, haze, 0.88, 0.17, strength=0.75, depth=0.8, drift=12))
        layers.append(
            walker(
                canvas, colour(palette.ink) * 0.6, 0.34, (-0.32, 0.99), 0.06, coat=True, hat="fedora", umbrella=wet > 0
            )
        )
    if wet:
        layers += rain(canvas, rng, mix(palette.haze, "#ffffff", 0.4), strength=0.32 * wet)
    return Scene(layers)


def _towers(canvas: Canvas, rng: Rng, palette: Palette, share: float, base: float, density: float) -> Plate:
    ink, glass = Ink(canvas), Ink(canvas)
    x = -1.15
    while x < 1.15:
        wide = float(rng.uniform(0.07, 0.15) * (0.75 + 0.55 * share))
        centre = x + wide / 2
        rise = float(rng.uniform(0.22, 0.58) * (1.15 - 0.25 * share) * (1.25 - 0.55 * abs(centre)))
        top = base - rise
        ink.box(x, top, x + wide, 1.2)
        crown = rng.integers(0, 4)
        if crown == 0:
            ink.box(x + wide * 0.2, top - 0.03, x + wide * 0.8, top)
        elif crown == 1:
            ink.polygon([(x, top), (x + wide / 2, top - 0.07), (x + wide, top)])
        elif crown == 2:
            ink.box(centre - 0.0025, top - 0.09, centre + 0.0025, top)
        _windows(rng, glass, (x, top, x + wide, base + 0.05), density, 0.0055 + 0.0035 * share)
        x += wide * float(rng.uniform(0.85, 1.15))
    cover = ink.cover()
    top_tone, low_tone = (
        mix(palette.haze, palette.ink, 0.35 + 0.6 * share),
        mix(palette.low, palette.ink, 0.25 + 0.6 * share),
    )
    paint = flat(canvas, top_tone)
    glaze(paint, low_tone, smooth(canvas.ys, 0.4, base))
    lit = glass.cover()
    warm = colour(palette.light) * lit[..., None] * (0.55 + 0.45 * share)
    paint += warm + colour(palette.light) * (blur(lit, 5) * 0.55)[..., None]
    return Plate(paint, cover, depth=0.2 + 0.6 * share)


def _windows(rng: Rng, glass: Ink, box: tuple[float, float, float, float], density: float, cell: float) -> None:
    left, top, right, bottom = box
    rows = np.arange(top + cell * 1.6, bottom, cell * 2.1)
    columns = np.arange(left + cell * 1.2, right - cell * 1.4, cell * 1.75)
    lit = rng.random((len(rows), len(columns))) < density * rng.uniform(0.35, 1.3)
    tones = rng.choice([90, 150, 215, 255], lit.shape)
    for tone in (90, 150, 215, 255):
        places = [(float(columns[j]), float(rows[i])) for i, j in zip(*np.nonzero(lit & (tones == tone)), strict=True)]
        glass.boxes([(x, y, x + cell, y + cell * 1.25) for x, y in places], tone)


def _ground(canvas: Canvas, rng: Rng, palette: Palette, *, river: bool) -> Plate:
    line = 0.87
    paint: Light = flat(canvas, mix(palette.ink, palette.low, 0.10 if river else 0.05))
    texture = noise(canvas.shape, (canvas.scale * 0.5, canvas.scale * 0.02), rng, 4)
    paint *= (0.7 + 0.6 * texture)[..., None]
    sheen = np.exp(-((canvas.xs / 0.55) ** 2)) * smooth(canvas.ys, 1.08, 0.87) * (0.3 + 0.7 * texture)
    paint += colour(palette.low) * (sheen * 0.35)[..., None]
    cover = np.clip((canvas.ys - line) * canvas.scale + 0.5, 0, 1) + 0 * canvas.xs
    return Plate(paint, np.asarray(cover, np.float32), depth=0.85)


def _traffic(canvas: Canvas, rng: Rng, palette: Palette) -> list[Layer]:
    count = 18
    lanes = rng.integers(0, 2, count)
    starts = rng.uniform(-1.2, 1.2, count)
    speeds = np.where(lanes == 0, 1, -1) * rng.uniform(0.14, 0.24, count)
    heights = np.where(lanes == 0, 0.955, 0.915) + rng.uniform(-0.004, 0.004, count)

    def places(at_s: float) -> tuple[Mask, Mask, Mask]:
        x = (starts + speeds * at_s + 1.2) % 2.4 - 1.2
        return x.astype(np.float32), heights.astype(np.float32), np.full(count, 0.95, np.float32)

    warm, red = colour(mix(palette.light, "#ffffff", 0.4)), colour("#ff3a2a")
    radius = 0.012 * canvas.scale
    white = [stamp(radius, warm, 0.3) if lane == 0 else stamp(radius * 0.8, red, 0.25) for lane in lanes]
    lamps = np.linspace(-1.0, 1.0, 9).astype(np.float32)
    signals = [stamp(radius * 0.7, colour(tint), 0.4) for tint in ("#ff4a3a", "#ffb84a", "#58e08a")]

    def lights(at_s: float) -> tuple[Mask, Mask, Mask]:
        phase = (at_s / 2.2 + np.arange(9) // 3 * 1.0) % 3
        return lamps, np.full(9, 0.845, np.float32), (phase.astype(int) == np.arange(9) % 3).astype(np.float32)

    near = [bokeh(0.03 * canvas.scale, warm, 0.25), bokeh(0.024 * canvas.scale, red, 0.28)]
    return [
        Sparks(canvas, signals, lights, 0.8),
        Sparks(canvas, white, places, 0.9),
        Sparks(
            canvas,
            near,
            lambda t: (
                np.array([(0.3 * t) % 2.6 - 1.3, 1.2 - (0.36 * t) % 2.6], np.float32),
                np.array([1.0, 0.985], np.float32),
                np.ones(2, np.float32),
            ),
            1.1,
        ),
    ]
