"""Layered mountains in evening air, a lake before them where wanted, and somebody who looks."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, person, pine
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import (
    Canvas,
    Mask,
    below,
    bloom,
    blur,
    colour,
    curve,
    glaze,
    mix,
    noise,
    radial,
    shine,
    smooth,
)
from matinee.simulation.scenes.parts import flock
from matinee.simulation.weather import Palette, Rng, clouds, mist, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    ridges: int = 5,
    sun: tuple[float, float] = (0.25, 0.48),
    night: float = 0.0,
    figure: bool = True,
    pines: bool = True,
    birds: bool = False,
    steep: float = 1.0,
) -> Scene:
    """Ridges that pale with distance. `night` brings out the stars."""
    light = palette.sky(canvas, 0.62)
    if night:
        stars(canvas, rng, light, strength=night)
    clouds(
        canvas,
        rng,
        light,
        lit=palette.light,
        dark=mix(palette.mid, palette.high, 0.4),
        cover=0.42,
        top=0.05,
        bottom=0.5,
        strength=0.55,
    )
    shine(light, palette.light, 0.95 * radial(canvas, sun, 0.06, 1.5))
    shine(light, palette.light, np.clip((radial(canvas, sun, 0.055, 14)) * 1.2, 0, 1))
    bloom(light, 0.75, 0.5, 30)
    layers: list[Layer] = [Plate(light, None, depth=0.1)]
    for ridge in range(ridges):
        share = (ridge + 1) / ridges
        layers.append(_ridge(canvas, rng, palette, share, sun, steep))
        if ridge in (ridges // 2, ridges - 2):
            layers.append(
                mist(
                    canvas,
                    rng,
                    mix(palette.haze, palette.low, 0.5),
                    0.56 + 0.34 * share,
                    0.06,
                    strength=0.6 * (1 - 0.5 * share),
                    depth=0.15 + 0.7 * share,
                    drift=3 + 9 * share,
                )
            )
    if birds:
        layers.append(flock(canvas, rng, palette.ink, (-0.1, 0.3), 7))
    layers.append(_foreground(canvas, rng, palette, figure=figure, pines=pines))
    return Scene(layers)


def _ridge(canvas: Canvas, rng: Rng, palette: Palette, share: float, sun: tuple[float, float], steep: float) -> Plate:
    cell = 0.95 - 0.35 * share
    base = 0.44 + 0.36 * share
    wander = curve(canvas.xs, cell, rng, 7, 0.46)
    line = np.asarray(base - (0.15 - 0.05 * share) * steep * (wander + 0.35 * np.abs(wander)), np.float32)
    cover = below(canvas, line, 1.4)
    tone = colour(mix(palette.haze, palette.ink, share**1.25 * 0.94))
    foot = colour(mix(palette.low, palette.ink, share**1.5 * 0.9))
    depth_below = np.clip((canvas.ys - line) / 0.26, 0, 1)
    paint = tone + (foot - tone) * depth_below[..., None]
    texture = noise(canvas.shape, (canvas.scale * 0.16, canvas.scale * 0.13), rng, 5)
    facets = np.clip((texture - np.roll(texture, (3, 5 if sun[0] > 0 else -5), (0, 1))) * 7 + 0.25, 0, 1)
    lit = facets * smooth(1 - depth_below, 0.25, 1.0)
    glaze(paint, palette.light, lit * 0.30 * (1 - share * 0.55))
    glow = radial(canvas, (sun[0], sun[1] + 0.1), 0.22, 2.2) * (1 - share) * 0.5
    glaze(paint, palette.light, glow)
    return Plate(paint, cover, depth=0.15 + 0.7 * share)


def _foreground(canvas: Canvas, rng: Rng, palette: Palette, *, figure: bool, pines: bool) -> Plate:
    ink = Ink(canvas)
    line: Mask = np.asarray(
        0.93 - 0.035 * curve(canvas.xs, 0.5, rng, 5) - 0.10 * np.exp(-(((canvas.xs + 0.36) / 0.26) ** 2)), np.float32
    )
    if pines:
        for x in np.concatenate([rng.uniform(-1.05, -0.62, 6), rng.uniform(0.42, 1.05, 11)]):
            pine(ink, (float(x), 0.97), float(rng.uniform(0.2, 0.46)), rng)
    if figure:
        ground = float(np.interp(-0.34, canvas.xs[0], line[0]))
        person(ink, (-0.34, ground + 0.008), 0.165, coat=True, facing=1, hat="hair", stride=0.12)
    cover = np.maximum(below(canvas, line), ink.cover())
    rim = np.clip(cover - blur(cover, 2.2), 0, 1) * smooth(-np.abs(canvas.xs + 0.34), -0.3, -0.1)
    paint = np.broadcast_to(colour(palette.ink), (*canvas.shape, 3)).astype(np.float32).copy()
    paint += colour(palette.light) * (rim * 0.35)[..., None]
    return Plate(paint, cover, depth=1.0)
