"""Roofs of an old town in the rain: chimneys, one lit attic window, a cat."""

from __future__ import annotations

from math import sin

import numpy as np

from matinee.simulation.ink import Ink, cat, cut_out, person
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import Canvas, blur, colour, flat, glaze, mix, noise, radial, shine, smooth
from matinee.simulation.scenes.parts import sheet
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Palette, Rng, clouds, mist, moon, rain, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    wet: float = 1.0,
    animal: bool = True,
    figure: str = "",
    moonlit: bool = False,
    spire: bool = True,
) -> Scene:
    """`wet` how hard it rains; `figure` ``thief`` or ``child`` stands on the ridge; a `spire` among the roofs."""
    light = palette.sky(canvas, 0.7)
    if wet < 0.3:
        stars(canvas, rng, light, strength=0.8)
    if moonlit:
        moon(canvas, rng, light, (0.3, 0.27), 0.14, palette.light)
    clouds(
        canvas,
        rng,
        light,
        lit=mix(palette.mid, palette.light, 0.22),
        dark=palette.high,
        cover=0.35 + 0.3 * wet,
        bottom=0.65,
        strength=0.7,
    )
    shine(light, palette.low, 0.4 * radial(canvas, (0.0, 0.72), 0.3, 2.2, 2.4))
    layers: list[Layer] = [Plate(light, None, depth=0.05)]
    for share, base in ((0.2, 0.60), (0.45, 0.69), (0.72, 0.80)):
        layers.append(_roofs(canvas, rng, palette, share, base, spire=spire and share < 0.3))
        if share == 0.45:
            layers.append(mist(canvas, rng, mix(palette.haze, palette.low, 0.4), 0.74, 0.07, strength=0.55, depth=0.5))
    layers.append(_ridge(canvas, palette, figure))
    if animal:
        layers.append(_cat(canvas, palette))
    if wet:
        layers += rain(canvas, rng, mix(palette.haze, "#ffffff", 0.5), strength=0.34 * wet, slant=0.12)
    return Scene(layers)


def _roofs(canvas: Canvas, rng: Rng, palette: Palette, share: float, base: float, *, spire: bool) -> Plate:
    ink, glass = Ink(canvas), Ink(canvas)
    if spire:
        ink.box(-0.36, 0.42, -0.28, 0.8).polygon([(-0.372, 0.43), (-0.32, 0.16), (-0.268, 0.43)])
        ink.line([(-0.32, 0.17), (-0.32, 0.11)], 0.004).line([(-0.332, 0.13), (-0.308, 0.13)], 0.004)
        glass.circle((-0.32, 0.475), 0.014)
    x = -1.25
    while x < 1.25:
        wide = float(rng.uniform(0.13, 0.26) * (0.7 + 0.6 * share))
        top = base - float(rng.uniform(0.06, 0.14)) * (0.7 + 0.6 * share)
        eave = base + float(rng.uniform(-0.01, 0.03))
        peak = x + wide * float(rng.uniform(0.35, 0.65))
        ink.polygon([(x - 0.012, eave), (peak, top), (x + wide + 0.012, eave), (x + wide, 1.2), (x, 1.2)])
        if rng.random() < 0.75:
            at = x + wide * float(rng.uniform(0.15, 0.8))
            tall = float(rng.uniform(0.03, 0.06)) * (0.8 + share)
            ink.box(at, top - tall * 0.5, at + 0.028, eave).box(
                at - 0.004, top - tall * 0.5 - 0.008, at + 0.032, top - tall * 0.5
            )
            for pot in (0.006, 0.019):
                ink.box(at + pot - 0.004, top - tall * 0.5 - 0.025, at + pot + 0.004, top - tall * 0.5)
        for _ in range(int(rng.integers(0, 3))):
            wx, wy = x + wide * float(rng.uniform(0.2, 0.75)), eave + float(rng.uniform(0.015, 0.09))
            size = 0.011 * (0.7 + share)
            glass.box(wx, wy, wx + size, wy + size * 1.5)
        x += wide * float(rng.uniform(0.8, 1.0))
    cover, lit = ink.cover(), glass.cover()
    tone = mix(palette.haze, palette.ink, 0.28 + 0.72 * share)
    paint = flat(canvas, tone)
    tiles = noise(canvas.shape, (canvas.scale * 0.03, canvas.scale * 0.014), rng, 2)
    paint *= (0.9 + 0.2 * tiles)[..., None]
    edge = np.clip(cover - np.roll(cover, 2, axis=0), 0, 1)
    paint += colour(mix(palette.low, palette.light, 0.3)) * (edge * 0.45)[..., None]
    glaze(paint, palette.low, smooth(canvas.ys, base, base + 0.25) * 0.22)
    glaze(paint, palette.light, lit)
    paint += colour(palette.light) * (blur(lit, 6) * 0.6)[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=0.1 + 0.7 * share)


def _ridge(canvas: Canvas, palette: Palette, figure: str) -> Plate:
    ink, glass = Ink(canvas), Ink(canvas)
    ink.polygon([(-1.3, 0.99), (-0.1, 0.855), (1.3, 0.88), (1.3, 1.3), (-1.3, 1.3)])
    ink.polygon([(-0.72, 1.1), (-0.72, 0.77), (-0.56, 0.66), (-0.40, 0.77), (-0.40, 1.1)])
    ink.polygon([(-0.75, 0.785), (-0.56, 0.65), (-0.37, 0.785), (-0.385, 0.79), (-0.56, 0.672), (-0.735, 0.79)])
    glass.polygon([(-0.63, 0.80), (-0.49, 0.80), (-0.49, 0.95), (-0.63, 0.95)])
    glass.box(-0.564, 0.79, -0.556, 0.96, 0).box(-0.64, 0.868, -0.48, 0.876, 0)
    ink.box(0.52, 0.70, 0.62, 0.9).box(0.505, 0.685, 0.635, 0.705).box(0.53, 0.645, 0.552, 0.69).box(
        0.585, 0.645, 0.607, 0.69
    )
    if figure == "thief":
        person(ink, (0.06, 0.862), 0.27, coat=True, hat="fedora", facing=1, stride=0.3)
    elif figure == "child":
        person(ink, (0.06, 0.862), 0.19, dress=True, hat="hair", child=True, arm=2.6)
    cover, lit = ink.cover(), glass.cover()
    paint = flat(canvas, palette.ink)
    rows = np.abs(np.sin((canvas.ys + 0.1 * np.abs(canvas.xs + 0.1)) * 150))
    sheen = smooth(np.asarray(rows, np.float32), 0.75, 1.0) * smooth(canvas.ys, 0.85, 0.9) * smooth(canvas.ys, 1.1, 0.9)
    paint += colour(palette.haze) * (sheen * 0.16)[..., None]
    edge = np.clip(cover - np.roll(cover, 2, axis=0), 0, 1)
    paint += colour(mix(palette.low, palette.light, 0.4)) * (edge * 0.5)[..., None]
    glaze(paint, palette.light, lit)
    shine(paint, palette.light, np.asarray(blur(lit, 14) * 0.8 * (1 - lit), np.float32))
    return Plate(np.asarray(paint, np.float32), cover, depth=1.0)


def _cat(canvas: Canvas, palette: Palette) -> Sprite:
    small = sheet(canvas, 0.34)
    poses = [
        cut_out(small, colour(palette.ink), cat(Ink(small), (0.0, 0.62), 0.15, tail=sin(step / 16 * 6.283)).cover())
        for step in range(16)
    ]
    return Sprite(canvas, poses, lambda _: (0.26, 0.866), lambda t: int(t * 8), 1.0)
