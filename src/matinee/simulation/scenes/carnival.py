"""A fair at night: the great wheel turns, strings of lamps, lights out of focus before the lens."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from matinee.simulation.ink import Ink, person
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow, Sparks, bokeh, stamp
from matinee.simulation.paint import Canvas, Mask, blur, colour, flat, glaze, mix, noise, radial, shine, smooth
from matinee.simulation.weather import Palette, Rng, clouds, stars

HUB, RADIUS = (0.16, 0.42), 0.31


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    crowd: int = 9,
    pair: bool = True,
    turning: float = 0.22,
    deserted: bool = False,
) -> Scene:
    """`crowd` people, a `pair` hand in hand before them; the wheel turns by `turning` radians a second."""
    light = palette.sky(canvas, 0.8)
    stars(canvas, rng, light, strength=0.7)
    clouds(canvas, rng, light, lit=palette.mid, dark=palette.high, cover=0.35, strength=0.5)
    lit = 0.25 if deserted else 1.0
    shine(light, palette.accent, 0.32 * lit * radial(canvas, HUB, 0.34, 2.2))
    shine(light, palette.light, 0.34 * lit * radial(canvas, (0.0, 0.86), 0.16, 2.0, 4))
    layers: list[Layer] = [Plate(light, None, depth=0.1), _frame(canvas, palette)]
    layers += _wheel(canvas, palette, turning, lit)
    layers.append(_tents(canvas, rng, palette, lit))
    layers += _strings(canvas, palette, lit)
    layers.append(_people(canvas, rng, palette, crowd, pair=pair))
    if not deserted:
        layers.append(_bokeh(canvas, rng, palette))
    return Scene(layers)


def _frame(canvas: Canvas, palette: Palette) -> Plate:
    ink = Ink(canvas)
    for dx in (-0.17, 0.17):
        ink.line([HUB, (HUB[0] + dx, 0.92)], 0.011)
    for share in (0.35, 0.65):
        ink.line([(HUB[0] - 0.17 * share, HUB[1] + 0.5 * share), (HUB[0] + 0.17 * share, HUB[1] + 0.5 * share)], 0.005)
    around = np.linspace(0, 2 * pi, 80)
    for share, wide in ((1.0, 0.007), (0.9, 0.004)):
        ink.line([(HUB[0] + RADIUS * share * cos(a), HUB[1] + RADIUS * share * sin(a)) for a in around], wide)
    return Plate(flat(canvas, mix(palette.ink, palette.mid, 0.35)), ink.cover(), depth=0.3)


def _wheel(canvas: Canvas, palette: Palette, turning: float, lit: float) -> list[Layer]:
    scale = canvas.scale
    rim = np.repeat(np.arange(48), 1) / 48 * 2 * pi
    spokes = np.repeat(np.arange(16) / 16 * 2 * pi, 5)
    shares = np.tile(np.linspace(0.18, 0.84, 5), 16)
    angles = np.concatenate([rim, spokes])
    radii = RADIUS * np.concatenate([np.ones(48), shares])

    def lamps(t: float) -> tuple[Mask, Mask, Mask]:
        a = angles + turning * t
        chase = 0.55 + 0.45 * np.sin(angles * 4 - t * 5)
        return (
            (HUB[0] + radii * np.cos(a)).astype(np.float32),
            (HUB[1] + radii * np.sin(a)).astype(np.float32),
            (chase * lit).astype(np.float32),
        )

    def cabins(t: float) -> tuple[Mask, Mask, Mask]:
        a = np.arange(16) / 16 * 2 * pi + turning * t
        return (
            (HUB[0] + RADIUS * np.cos(a)).astype(np.float32),
            (HUB[1] + RADIUS * np.sin(a) + 0.028).astype(np.float32),
            np.full(16, 0.9 * lit, np.float32),
        )

    small = [
        stamp(0.0085 * scale, colour(tint), 0.42)
        for tint in (palette.light, palette.accent, mix(palette.light, "#ffffff", 0.5))
    ]
    big = [stamp(0.016 * scale, colour(tint), 0.3) for tint in (palette.accent, palette.light)]
    return [Sparks(canvas, small, lamps, 0.3), Sparks(canvas, big, cabins, 0.3)]


def _tents(canvas: Canvas, rng: Rng, palette: Palette, lit: float) -> Plate:
    ink, stripes = Ink(canvas), Ink(canvas)
    for x, wide, tall in ((-0.62, 0.26, 0.24), (-0.22, 0.17, 0.16), (0.62, 0.22, 0.2), (0.95, 0.16, 0.15)):
        base, eave = 0.92, 0.92 - tall * 0.45
        ink.polygon(
            [(x - wide / 2, base), (x - wide / 2, eave), (x, base - tall), (x + wide / 2, eave), (x + wide / 2, base)]
        )
        ink.line([(x, base - tall), (x, base - tall - 0.05)], 0.003).polygon(
            [(x, base - tall - 0.05), (x + 0.03, base - tall - 0.04), (x, base - tall - 0.03)]
        )
        for k in range(8):
            left, right = x - wide / 2 + wide * k / 8, x - wide / 2 + wide * (k + 0.5) / 8
            stripes.polygon([(left, base), (left, eave), (x, base - tall), (right, eave), (right, base)])
    ink.box(-1.3, 0.915, 1.3, 1.3)
    cover = ink.cover()
    paint = flat(canvas, mix(palette.ink, palette.accent, 0.5))
    glaze(paint, mix(palette.light, palette.ink, 0.25), stripes.cover())
    paint *= (0.12 + 0.62 * lit * smooth(canvas.ys, 0.62, 0.9))[..., None]
    ground = smooth(canvas.ys, 0.912, 0.918)
    grain = noise(canvas.shape, (canvas.scale * 0.3, canvas.scale * 0.02), rng, 3)
    floor = (
        colour(palette.ink) + colour(palette.light) * (0.20 * lit * grain * smooth(canvas.ys, 1.02, 0.91))[..., None]
    )
    paint += (floor - paint) * (ground * np.ones_like(cover))[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=0.6)


def _strings(canvas: Canvas, palette: Palette, lit: float) -> list[Layer]:
    bulbs, wire = np.zeros(canvas.shape, np.float32), Ink(canvas)
    for (x0, y0), (x1, y1) in (
        ((-1.1, 0.42), (-0.4, 0.55)),
        ((-0.4, 0.55), (0.4, 0.60)),
        ((0.4, 0.60), (1.1, 0.44)),
        ((-1.1, 0.62), (-0.3, 0.68)),
        ((0.3, 0.70), (1.1, 0.6)),
    ):
        share = np.linspace(0, 1, 15)
        points = [(x0 + (x1 - x0) * s, y0 + (y1 - y0) * s + 0.22 * (s - s * s)) for s in share]
        wire.line(points, 0.0022)
        for x, y in points:
            column, row = int(canvas.column(x)), int(canvas.row(y + 0.008))
            if 0 <= row < canvas.shape[0] and 0 <= column < canvas.shape[1]:
                bulbs[row, column] = 1
    unit = canvas.scale / 540
    spots = blur(bulbs, 1.6 * unit) * 14 * unit + blur(bulbs, 7 * unit) * 90 * unit
    light = colour(palette.light) * np.clip(spots, 0, 1)[..., None]
    plate = Plate(flat(canvas, palette.ink), wire.cover(), depth=0.75)
    return [plate, Glow(np.asarray(light, np.float32), lambda t: lit * (0.9 + 0.1 * sin(t * 6)), depth=0.75)]


def _people(canvas: Canvas, rng: Rng, palette: Palette, crowd: int, *, pair: bool) -> Plate:
    ink = Ink(canvas)
    for _ in range(crowd):
        x = float(rng.choice([-1, 1]) * rng.uniform(0.32, 0.95))
        person(
            ink,
            (x, float(rng.uniform(0.935, 0.955))),
            float(rng.uniform(0.13, 0.17)),
            facing=int(rng.choice([-1, 1])),
            stride=float(rng.uniform(-1, 1)),
            dress=bool(rng.random() < 0.4),
            hat=str(rng.choice(["", "hair", "cap"])),
        )
    if pair:
        person(ink, (-0.075, 1.0), 0.30, coat=True, hat="hair", facing=1, arm=0.35)
        person(ink, (0.055, 1.0), 0.325, coat=True, hat="cap", facing=-1, arm=0.35)
    cover = ink.cover()
    rim = np.clip(cover - np.roll(blur(cover, 2), 3, axis=0), 0, 1)
    paint = flat(canvas, palette.ink) * 0.7 + colour(palette.light) * (rim * 0.55)[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=0.9)


def _bokeh(canvas: Canvas, rng: Rng, palette: Palette) -> Sparks:
    count = 13
    x0, y0, phase = rng.uniform(-1, 1, count), rng.uniform(0.05, 1.0, count), rng.uniform(0, 6.28, count)
    far = np.abs(x0) > 0.45
    stamps = [
        bokeh(
            canvas.scale * float(rng.uniform(0.025, 0.055)),
            colour(str(rng.choice([palette.light, palette.accent, palette.low]))),
            0.3,
        )
        for _ in range(count)
    ]

    def places(t: float) -> tuple[Mask, Mask, Mask]:
        return (
            (x0 + 0.01 * np.sin(t * 0.6 + phase)).astype(np.float32),
            (y0 + 0.008 * np.sin(t * 0.8 + phase)).astype(np.float32),
            ((0.6 + 0.4 * np.sin(t * 1.4 + phase)) * far).astype(np.float32),
        )

    return Sparks(canvas, stamps, places, 1.3)
