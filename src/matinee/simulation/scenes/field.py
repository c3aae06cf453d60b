"""A field under a great sky: wind in the wheat, one tree, a kite or somebody who runs."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

from math import sin

import numpy as np

from matinee.simulation.ink import Ink, cut_out, tree
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import (
    Canvas,
    Mask,
    below,
    bloom,
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
from matinee.simulation.scenes.parts import flock, sheet, walker
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Palette, Rng, clouds, motes


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    sun: tuple[float, float] = (-0.3, 0.5),
    alone: bool = True,
    kite: bool = False,
    child: bool = False,
    storm: float = 0.0,
    birds: bool = True,
    house: bool = False,
) -> Scene:
    """`alone` is the tree; a `kite` flown by a `child`; `storm` 0 to 1 darkens the clouds; a `house` far off."""
    light = palette.sky(canvas, 0.66)
    clouds(
        canvas,
        rng,
        light,
        lit=mix(palette.light, "#ffffff", 0.35),
        dark=mix(palette.mid, palette.ink, 0.15 + 0.5 * storm),
        cover=0.5 + 0.35 * storm,
        top=-0.05,
        bottom=0.55,
        size=0.55,
        strength=0.85,
    )
    shine(
        light,
        palette.light,
        np.clip(0.8 * radial(canvas, sun, 0.13, 1.7) + 0.9 * radial(canvas, sun, 0.05, 8), 0, 1) * (1 - 0.7 * storm),
    )
    bloom(light, 0.85, 0.4, 40)
    layers: list[Layer] = [Plate(light, None, depth=0.08)]
    layers.append(_hills(canvas, rng, palette, house=house))
    if birds:
        layers.append(flock(canvas, rng, mix(palette.ink, palette.mid, 0.2), (0.25, 0.25), 8))
    if alone:
        layers.append(_tree(canvas, rng, palette))
    if kite:
        layers.append(_kite(canvas, palette))
    layers.append(_wheat(canvas, rng, palette, 0.74, 0.3, sun))
    layers.append(
        walker(
            canvas,
            colour(palette.ink),
            0.17 if child else 0.26,
            (-0.12, 0.915),
            0.05,
            depth=0.7,
            dress=True,
            hat="hair",
            child=child,
        )
    )
    layers.append(_wheat(canvas, rng, palette, 0.86, 0.65, sun))
    layers.append(_wheat(canvas, rng, palette, 0.985, 1.0, sun))
    layers.append(
        motes(canvas, rng, palette.light, count=30, area=(-0.9, 0.5, 0.9, 1.0), radius=0.0045, wander=0.12, pulse=0.6)
    )
    return Scene(layers)


def _hills(canvas: Canvas, rng: Rng, palette: Palette, *, house: bool) -> Plate:
    line = np.asarray(0.655 - 0.03 * curve(canvas.xs, 0.8, rng, 4), np.float32)
    ink = Ink(canvas)
    for x in rng.uniform(-1.1, 1.1, 46):
        y = float(np.interp(x, canvas.xs[0], line[0]))
        size = float(rng.uniform(0.012, 0.03))
        ink.ellipse((float(x), y), (size * 1.2, size))
    if house:
        y = float(np.interp(0.34, canvas.xs[0], line[0]))
        ink.box(0.29, y - 0.07, 0.39, y + 0.02).polygon([(0.28, y - 0.065), (0.34, y - 0.125), (0.40, y - 0.065)]).box(
            0.365, y - 0.13, 0.38, y - 0.08
        )
    cover = np.maximum(below(canvas, line), ink.cover())
    paint = flat(canvas, mix(palette.haze, palette.mid, 0.35))
    down = np.clip((canvas.ys - line) / 0.15, 0, 1)
    glaze(paint, palette.low, 0.45 * down)
    if house:
        glass = Ink(canvas).box(0.315, y - 0.045, 0.33, y - 0.02).box(0.35, y - 0.045, 0.365, y - 0.02).cover()
        glaze(paint, "#ffe2a0", glass)
    return Plate(np.asarray(paint, np.float32), cover, depth=0.2)


def _tree(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    seed = int(rng.integers(1 << 30))
    trunk = tree(Ink(canvas), (0.42, 0.80), 0.42, np.random.default_rng(seed), depth=6).cover()
    leaf = noise(canvas.shape, canvas.scale * 0.05, rng, 5)
    body = np.maximum.reduce(
        [radial(canvas, c, r, 5, 1.15) for c, r in (((0.42, 0.44), 0.16), ((0.33, 0.52), 0.10), ((0.52, 0.51), 0.11))]
    )
    crown = smooth(body + (leaf - 0.5) * 0.75, 0.48, 0.58)
    cover = np.maximum(trunk, crown)
    paint = flat(canvas, mix(palette.ink, palette.haze, 0.12))
    lit = np.clip(crown - np.roll(blur(crown, 5), (6, 7), (0, 1)), 0, 1) + smooth(leaf, 0.5, 0.9) * 0.35 * smooth(
        canvas.xs - canvas.ys, 0.15, -0.3
    )
    glaze(paint, palette.light, np.clip(lit, 0, 1) * 0.45)
    return Plate(np.asarray(paint, np.float32), np.asarray(cover, np.float32), depth=0.4)


def _wheat(canvas: Canvas, rng: Rng, palette: Palette, level: float, share: float, sun: tuple[float, float]) -> Plate:
    line = np.asarray(level - 0.02 * curve(canvas.xs, 0.9, rng, 3), np.float32)
    ink = Ink(canvas)
    tall = 0.035 + 0.10 * share
    for x in np.linspace(-1.12, 1.12, int(330 - 170 * share)) + rng.uniform(-0.01, 0.01, int(330 - 170 * share)):
        y = float(np.interp(x, canvas.xs[0], line[0]))
        bend, rise = float(rng.normal(0.25, 0.2)) * tall, tall * float(rng.uniform(0.55, 1.0))
        tip = (float(x) + bend, y - rise)
        ink.line([(float(x), y + 0.02), (float(x) + bend * 0.3, y - rise * 0.6), tip], 0.0022 + 0.0018 * share)
        if share > 0.5:
            ink.ellipse(
                (tip[0] + bend * 0.15, tip[1] - rise * 0.02), (0.0035 + 0.003 * share, 0.010 + 0.008 * share), 0.35
            )
    cover = np.maximum(below(canvas, line, 2), ink.cover())
    stalks = noise(canvas.shape, (canvas.scale * 0.012, canvas.scale * 0.10), rng, 3)
    wind = noise(canvas.shape, (canvas.scale * 0.45, canvas.scale * 0.10), rng, 3)
    tone = mix(mix(palette.low, palette.accent, 0.55), palette.ink, 0.12 + 0.62 * share)
    paint = colour(tone) * (0.75 + 0.3 * stalks + 0.25 * (wind - 0.5))[..., None]
    top = np.exp(-np.abs(canvas.ys - line + tall * 0.5) / (tall * 0.7))
    near: Mask = radial(canvas, (sun[0], level), 0.35, 2.0, 1.6)
    paint = paint + (colour(palette.light) - paint) * (top * (0.30 + 0.5 * near) * (1 - 0.45 * share))[..., None]
    pixels = canvas.scale / 540
    return Plate(
        np.asarray(paint, np.float32),
        np.asarray(cover, np.float32),
        depth=0.35 + 0.65 * share,
        sway=((2 + 5 * share) * pixels, 1.3 + 0.3 * share),
    )


def _kite(canvas: Canvas, palette: Palette) -> Sprite:
    small = sheet(canvas, 0.42)
    poses = []
    for step in range(16):
        wag, ink, tail = 0.02 * sin(step / 16 * 6.283), Ink(small), Ink(small)
        ink.polygon([(0.0 + wag, 0.36), (0.055, 0.43 + wag), (0.0 - wag, 0.53), (-0.055, 0.43 - wag)])
        tail.line(
            [(-wag + 0.015 * sin(k * 0.9 + step / 16 * 6.283) * k / 5, 0.53 + 0.022 * k) for k in range(8)], 0.004
        )
        cover = np.maximum(ink.cover(), tail.cover())
        paint = flat(small, palette.accent)
        paint *= np.where((small.xs > 0)[..., None] & (ink.cover()[..., None] > 0), 0.72, 1.0)
        poses.append(cut_out(small, np.asarray(paint, np.float32), cover))
    return Sprite(
        canvas,
        poses,
        lambda t: (-0.02 + 0.05 * t + 0.03 * sin(t * 0.9), 0.36 + 0.02 * sin(t * 1.4)),
        lambda t: int(t * 9),
        0.4,
    )
