"""A harbour in fog: cranes that fade away, boats at their moorings, lamps on the quay."""

from __future__ import annotations

from collections.abc import Callable
from math import sin

import numpy as np

from matinee.simulation.ink import Ink
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import Canvas, Mask, colour, flat, glaze, mix, radial, shine, smooth
from matinee.simulation.scenes.parts import flock, walker
from matinee.simulation.water import mirrored, path_of_light, ripples
from matinee.simulation.weather import Palette, Rng, mist

QUAY = 0.86


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    fog: float = 1.0,
    figure: str = "cap",
    gulls: bool = True,
    lamps: int = 3,
) -> Scene:
    """`fog` 0 to 1; `figure` is the hat of somebody who walks the quay, empty for nobody; `lamps` on the quay."""
    light = palette.sky(canvas, 0.62)
    shine(light, palette.light, 0.5 * radial(canvas, (-0.12, 0.42), 0.2, 2.0))
    for share in (0.15, 0.42, 0.75):
        cover = _boats(canvas) if share > 0.7 else _cranes(canvas, rng, share)
        tone = colour(mix(palette.haze, palette.ink, share * (1.1 - 0.35 * fog)))
        light += (tone - light) * cover[..., None]
        veil = np.exp(-(((canvas.ys - 0.60) / 0.13) ** 2)) * (0.55 * fog * (1 - share))
        glaze(light, palette.low, np.asarray(veil + 0 * canvas.xs, np.float32))
    mirrored(canvas, light, 0.64, darker=0.78, soft=6)
    ripples(canvas, rng, light, 0.64, 0.10)
    layers: list[Layer] = [Plate(light, None, depth=0.35)]
    layers.append(path_of_light(canvas, rng, palette.light, -0.12, 0.64, width=0.05, spread=0.25, strength=0.6))
    layers.append(mist(canvas, rng, palette.low, 0.63, 0.09, strength=0.75 * fog, depth=0.5, drift=9))
    if gulls:
        layers.append(flock(canvas, rng, mix(palette.ink, palette.haze, 0.25), (-0.15, 0.24), 6))
    layers.append(_quay(canvas, rng, palette, lamps))
    if figure:
        layers.append(
            walker(canvas, colour(palette.ink), 0.25, (-0.5, QUAY + 0.035), 0.045, depth=0.9, coat=True, hat=figure)
        )
    for number in range(lamps):
        x = -0.62 + number * 0.6
        halo = radial(canvas, (x, 0.505), 0.035, 2.1) * 0.85 + radial(canvas, (x, 0.505), 0.15, 2.6) * 0.22
        layers.append(
            Glow(
                np.asarray(
                    colour(palette.light)
                    * halo[..., None]
                    * smooth(radial(canvas, (x, 0.505), 0.3), 0.05, 0.3)[..., None],
                    np.float32,
                ),
                _burning(9 + number),
                depth=0.9,
            )
        )
    layers.append(mist(canvas, rng, palette.low, 0.98, 0.09, strength=0.45 * fog, depth=1.1, drift=18))
    return Scene(layers)


def _burning(rate: float) -> Callable[[float], float]:
    """A lamp that is nearly steady."""
    return lambda t: 0.9 + 0.1 * sin(t * rate) * sin(t * 3.1)


def _cranes(canvas: Canvas, rng: Rng, share: float) -> Mask:
    ink = Ink(canvas)
    ink.box(-1.2, 0.60, 1.2, 0.645)
    for at in np.arange(-1.05, 1.1, 0.52 - 0.1 * share) + float(rng.uniform(-0.08, 0.08)):
        x, h = float(at + rng.uniform(-0.05, 0.05)), float(rng.uniform(0.2, 0.3) * (0.85 + share))
        side = float(rng.choice([-1, 1]))
        base, w = 0.63, 0.055 * (0.8 + share)
        for dx in (-w, w):
            ink.line([(x + dx, base), (x + dx * 0.45, base - h * 0.62)], 0.009)
        ink.line([(x - w * 0.8, base - h * 0.25), (x + w * 0.8, base - h * 0.25)], 0.006)
        ink.box(x - w * 0.5, base - h * 0.72, x + w * 0.5, base - h * 0.58)
        ink.line([(x, base - h * 0.62), (x, base - h)], 0.009)
        tip = (x + side * h * 0.85, base - h * 0.98)
        ink.line([(x, base - h * 0.66), tip], 0.007).line([(x, base - h), tip], 0.003).line(
            [tip, (tip[0], tip[1] + h * 0.35)], 0.0025
        )
        ink.line([(x, base - h), (x - side * w, base - h * 0.66)], 0.003)
        ink.box(tip[0] - 0.012, tip[1] + h * 0.35, tip[0] + 0.012, tip[1] + h * 0.39)
    for x in rng.uniform(-1, 1, 5):
        ink.box(float(x), 0.575 - 0.03 * share, float(x) + 0.16, 0.63)
    return ink.cover()


def _boats(canvas: Canvas) -> Mask:
    ink = Ink(canvas)
    for x, size in ((0.36, 1.15), (-0.72, 0.8), (0.86, 0.7)):
        s = size * 0.36
        y = 0.645
        ink.polygon(
            [
                (x - 0.5 * s, y - 0.13 * s),
                (x + 0.5 * s, y - 0.17 * s),
                (x + 0.4 * s, y + 0.02 * s),
                (x - 0.42 * s, y + 0.02 * s),
            ]
        )
        ink.box(x - 0.3 * s, y - 0.32 * s, x - 0.02 * s, y - 0.12 * s).box(
            x - 0.26 * s, y - 0.4 * s, x - 0.1 * s, y - 0.3 * s
        )
        ink.line([(x + 0.15 * s, y - 0.14 * s), (x + 0.15 * s, y - 0.85 * s)], 0.007)
        ink.line([(x + 0.15 * s, y - 0.8 * s), (x + 0.48 * s, y - 0.2 * s)], 0.003).line(
            [(x + 0.15 * s, y - 0.8 * s), (x - 0.28 * s, y - 0.4 * s)], 0.003
        )
        ink.line([(x + 0.15 * s, y - 0.25 * s), (x + 0.42 * s, y - 0.5 * s)], 0.005)
        ink.box(x + 0.138 * s, y - 0.86 * s, x + 0.22 * s, y - 0.8 * s)
    return ink.cover()


def _quay(canvas: Canvas, rng: Rng, palette: Palette, lamps: int) -> Plate:
    ink = Ink(canvas)
    ink.box(-1.3, QUAY, 1.3, 1.3)
    for at in np.arange(-1.2, 1.3, 0.3):
        x = float(at + rng.uniform(-0.02, 0.02))
        ink.polygon([(x - 0.018, QUAY), (x - 0.022, QUAY - 0.03), (x + 0.022, QUAY - 0.03), (x + 0.018, QUAY)])
        ink.line([(x, QUAY - 0.02), (x + 0.15, QUAY - 0.004), (x + 0.3, QUAY - 0.02)], 0.004)
    for number in range(lamps):
        x = -0.62 + number * 0.6
        ink.box(x - 0.004, 0.525, x + 0.004, QUAY).box(x - 0.012, QUAY - 0.05, x + 0.012, QUAY)
        ink.polygon([(x - 0.014, 0.49), (x + 0.014, 0.49), (x + 0.009, 0.525), (x - 0.009, 0.525)])
        ink.polygon([(x - 0.02, 0.49), (x, 0.472), (x + 0.02, 0.49)])
    cover = ink.cover()
    paint = flat(canvas, palette.ink)
    for number in range(lamps):
        x = -0.62 + number * 0.6
        shine(paint, palette.light, 0.4 * radial(canvas, (x, 0.89), 0.035, 2.2, 3.5) * smooth(canvas.ys, 0.85, 0.865))
        shine(paint, palette.light, 0.95 * radial(canvas, (x, 0.508), 0.012, 6))
    return Plate(np.asarray(paint, np.float32), cover, depth=0.9)
