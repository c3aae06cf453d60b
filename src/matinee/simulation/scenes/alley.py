"""A narrow street at night: one lamp, wet stones, somebody with a hat and a long shadow."""

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, cat, person
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import Canvas, blur, colour, flat, glaze, mix, noise, radial, shine, smooth
from matinee.simulation.scenes.parts import walker
from matinee.simulation.weather import Palette, Rng, mist, rain

VANISH = (0.0, 0.52)


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    figure: str = "fedora",
    walking: bool = False,
    wet: float = 0.0,
    sign: str = "",
    animal: bool = False,
) -> Scene:
    """`figure` is the hat of somebody under the lamp (empty for nobody), `walking` towards the end of the street;
    a neon `sign` (its colour as ``#rrggbb``) on the right-hand wall.
    """
    light = flat(canvas, mix(palette.haze, palette.low, 0.5))
    shine(light, palette.light, 0.75 * radial(canvas, (0.0, 0.47), 0.17, 2.0))
    layers: list[Layer] = [Plate(light, None, depth=0.1), _far(canvas, palette, rng)]
    layers.append(mist(canvas, rng, mix(palette.low, palette.light, 0.4), 0.62, 0.14, strength=0.7, depth=0.3))
    layers.append(_walls(canvas, rng, palette, sign))
    if sign:
        glow = radial(canvas, (0.50, 0.34), 0.14, 2.2) * 0.4 + radial(canvas, (0.42, 0.95), 0.09, 2.0, 2.4) * 0.35
        layers.append(
            Glow(
                np.asarray(colour(sign) * glow[..., None], np.float32),
                lambda t: 0.25 if int(t * 11) % 17 in (3, 5) else 0.95,
                depth=0.7,
            )
        )
    if walking:
        layers.append(walker(canvas, colour(palette.ink), 0.38, (-0.16, 0.93), 0.03, depth=0.6, coat=True, hat=figure))
    elif figure:
        layers.append(_standing(canvas, palette, figure))
    if animal:
        small = Ink(canvas)
        cat(small, (0.24, 0.93), 0.12)
        layers.append(Plate(flat(canvas, palette.ink), small.cover(), depth=0.8))
    layers.append(_lamp(canvas, rng, palette))
    layers.append(
        mist(canvas, rng, mix(palette.haze, palette.light, 0.25), 0.95, 0.10, strength=0.4, depth=1.0, drift=14)
    )
    if wet:
        layers += rain(canvas, rng, mix(palette.haze, "#ffffff", 0.5), strength=0.3 * wet, slant=0.06)
    return Scene(layers)


def _far(canvas: Canvas, palette: Palette, rng: Rng) -> Plate:
    ink, glass = Ink(canvas), Ink(canvas)
    for x, top, wide in ((-0.2, 0.24, 0.10), (-0.11, 0.32, 0.08), (0.09, 0.28, 0.09), (0.17, 0.2, 0.1)):
        ink.box(x - wide / 2, top, x + wide / 2, 0.66).polygon(
            [(x - wide / 2, top), (x, top - 0.05), (x + wide / 2, top)]
        )
        for k in range(4):
            if rng.random() < 0.5:
                y = top + 0.04 + 0.06 * k
                glass.box(x - 0.018, y, x - 0.006, y + 0.02)
    paint = flat(canvas, mix(palette.haze, palette.ink, 0.4))
    glaze(paint, palette.light, glass.cover() * 0.8)
    return Plate(paint, ink.cover() * 0.8, depth=0.2)


def _walls(canvas: Canvas, rng: Rng, palette: Palette, sign: str) -> Plate:
    left = Ink(canvas).polygon([(-1.4, -0.4), (-0.20, 0.10), (-0.20, 0.66), (-1.4, 1.45)]).cover()
    right = Ink(canvas).polygon([(1.4, -0.5), (0.21, 0.06), (0.21, 0.66), (1.4, 1.4)]).cover()
    floor = Ink(canvas).polygon([(-0.20, 0.66), (0.21, 0.66), (1.5, 1.45), (-1.5, 1.5)]).cover()
    depth = np.clip((np.abs(canvas.xs) - 0.2) / 0.8, 0, 1) + 0 * canvas.ys
    near = np.clip(0.16 / np.maximum(np.abs(canvas.xs), 0.05), 0, 1)
    v = (canvas.ys - VANISH[1]) * near * 26
    u = 1 / np.maximum(np.abs(canvas.xs), 0.05) * 3.2
    row = np.floor(v)
    bricks = np.minimum(np.abs(v - row - 0.5) * 2, np.abs((u * 2 + row * 0.5) % 1 - 0.5) * 2)
    mortar = smooth(np.asarray(bricks, np.float32), 0.92, 0.72)
    grime = noise(canvas.shape, canvas.scale * 0.12, rng, 5)
    tone = colour(mix(palette.haze, palette.ink, 0.55)) * (0.55 + 0.35 * mortar + 0.35 * (grime - 0.5))[..., None]
    lamp = radial(canvas, (-0.36, 0.36), 0.24, 2.0) + 0.35 * radial(canvas, (0.0, 0.5), 0.25, 2.2)
    wall = tone * (0.30 + 2.3 * lamp * (1 - 0.3 * depth))[..., None]
    wall = wall + colour(palette.light) * (0.10 * lamp * mortar * (0.4 + 0.6 * grime))[..., None]
    stones = noise(canvas.shape, (canvas.scale * 0.10, canvas.scale * 0.022), rng, 3)
    wet = smooth(stones, 0.4, 0.75)
    pool = radial(canvas, (-0.22, 0.86), 0.13, 2.0, 2.4) + 0.8 * np.exp(-((canvas.xs / 0.16) ** 2)) * smooth(
        canvas.ys, 1.0, 0.64
    )
    ground = colour(palette.ink) * 1.4 + colour(palette.light) * (pool * (0.15 + 0.5 * wet))[..., None] * 0.7
    if sign:
        ground = ground + colour(sign) * (radial(canvas, (0.36, 0.93), 0.12, 2.2, 2.2) * wet * 0.5)[..., None]
    glass, frames = Ink(canvas), Ink(canvas)
    for x, y, w, h in (
        (-0.62, 0.25, 0.10, 0.17),
        (0.34, 0.28, 0.05, 0.10),
        (0.68, 0.55, 0.12, 0.2),
        (-0.31, 0.22, 0.035, 0.07),
    ):
        tilt = (y - VANISH[1]) * 0.25 * np.sign(x) * w
        glass.polygon([(x, y - tilt), (x + w, y + tilt), (x + w, y + h + tilt), (x, y + h - tilt)])
        frames.line([(x + w / 2, y), (x + w / 2, y + h)], 0.006).line([(x, y + h * 0.4), (x + w, y + h * 0.4)], 0.006)
    paint = np.asarray(wall * (left + right)[..., None] + ground * floor[..., None], np.float32)
    lit = glass.cover() * (1 - frames.cover())
    dim = mix(palette.light, palette.ink, 0.55)
    glaze(paint, dim, lit * np.where(canvas.xs < -0.5, 0.9, 0.25))
    if sign:
        tube = Ink(canvas).line([(0.44, 0.22), (0.56, 0.18), (0.56, 0.46), (0.44, 0.44), (0.44, 0.22)], 0.008)
        tube.line([(0.47, 0.29), (0.53, 0.28)], 0.008).line([(0.47, 0.345), (0.53, 0.345)], 0.008).line(
            [(0.47, 0.40), (0.53, 0.405)], 0.008
        )
        glaze(paint, mix(sign, "#ffffff", 0.5), tube.cover())
    return Plate(paint, np.clip(left + right + floor, 0, 1), depth=0.7)


def _lamp(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    ink = Ink(canvas).line([(-0.5, 0.22), (-0.38, 0.22), (-0.36, 0.25)], 0.008)
    ink.polygon([(-0.395, 0.285), (-0.36, 0.25), (-0.325, 0.285)])
    bulb = radial(canvas, (-0.36, 0.30), 0.018, 4)
    angle = np.abs((canvas.xs + 0.36) / np.maximum(canvas.ys - 0.27, 0.01))
    cone = smooth(angle, 0.62, 0.1) * smooth(canvas.ys, 0.27, 0.30) * np.exp(-np.clip(canvas.ys - 0.3, 0, 1) * 1.5)
    smoke = noise(canvas.shape, canvas.scale * 0.22, rng, 4)
    glow = np.clip(bulb + cone * (0.22 + 0.28 * smoke) + 0.3 * radial(canvas, (-0.36, 0.3), 0.07, 2.2), 0, 1)
    glow = np.where(glow < 0.02, 0, glow)
    paint = np.where(ink.cover()[..., None] > 0.5, colour(palette.ink), colour(palette.light)).astype(np.float32)
    return Plate(paint, np.asarray(np.maximum(glow * 0.9, ink.cover()), np.float32), depth=0.7)


def _standing(canvas: Canvas, palette: Palette, hat: str) -> Plate:
    ink = person(Ink(canvas), (-0.24, 0.90), 0.42, coat=True, hat=hat, facing=1)
    cover = ink.cover()
    shadow = Ink(canvas).polygon([(-0.27, 0.895), (-0.21, 0.895), (0.18, 1.16), (0.0, 1.2)]).cover()
    rim = np.clip(cover - np.roll(blur(cover, 2), (2, 5), (0, 1)), 0, 1)
    paint = flat(canvas, palette.ink) + colour(palette.light) * (rim * 0.9)[..., None]
    return Plate(np.asarray(paint, np.float32), np.maximum(cover, blur(shadow, 4) * 0.75), depth=0.8)
