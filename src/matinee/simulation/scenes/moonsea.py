"""The open sea at night or evening: a moon, its road of light, and a small sail."""

from __future__ import annotations

from math import sin

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import Canvas, Picture, colour, mix, radial, shine
from matinee.simulation.scenes.parts import flock, sheet
from matinee.simulation.sprites import Sprite
from matinee.simulation.water import path_of_light, sea, swell
from matinee.simulation.weather import Palette, Rng, clouds, moon, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    at: tuple[float, float] = (0.12, 0.22),
    size: float = 0.085,
    boat: str = "sail",
    sunset: bool = False,
    gulls: bool = False,
    rough: float = 0.25,
) -> Scene:
    """`at` and `size` are of the moon (or the sun of a `sunset`); `boat` is ``sail``, ``row`` or empty."""
    horizon = 0.58
    light = palette.sky(canvas, horizon)
    if not sunset:
        stars(canvas, rng, light, horizon=horizon)
    clouds(
        canvas,
        rng,
        light,
        lit=mix(palette.light, palette.mid, 0.35),
        dark=palette.high,
        cover=0.4,
        top=0.1,
        bottom=0.5,
        flat=4.0,
        strength=0.75,
    )
    if sunset:
        shine(
            light,
            palette.light,
            np.clip(1.3 * radial(canvas, at, size, 9) + 0.6 * radial(canvas, at, size * 2, 1.6), 0, 1),
        )
    else:
        moon(canvas, rng, light, at, size, palette.light)
    sea(
        canvas,
        rng,
        light,
        horizon=horizon,
        far=mix(palette.low, palette.haze, 0.4),
        near=palette.ink,
        crest=mix(palette.haze, palette.light, 0.35),
        swell=0.6,
    )
    layers: list[Layer] = [Plate(light, None, depth=0.1)]
    layers.append(path_of_light(canvas, rng, palette.light, at[0], horizon, width=size * 0.8, strength=1.1))
    if gulls:
        layers.append(flock(canvas, rng, palette.ink, (-0.25, 0.25), 6))
    if boat:
        layers.append(_boat(canvas, palette, boat))
    layers.append(
        swell(
            canvas, rng, palette, level=1.02, height=0.03 + 0.08 * rough, share=0.9, foam=0.25 * rough + 0.05, quick=0.5
        )
    )
    return Scene(layers)


def _boat(canvas: Canvas, palette: Palette, kind: str) -> Sprite:
    small = sheet(canvas, 0.4)
    poses: list[Picture] = []
    for step in range(24):
        tilt = 0.07 * sin(step / 24 * 6.283)
        ink = Ink(small)

        def at(x: float, y: float, tilt: float = tilt) -> tuple[float, float]:
            return x + tilt * (0.65 - y) * 1.0, y + tilt * x * 0.6

        ink.polygon([at(-0.1, 0.64), at(0.12, 0.64), at(0.085, 0.675), at(-0.075, 0.675)])
        if kind == "sail":
            ink.line([at(0.0, 0.645), at(0.0, 0.38)], 0.006)
            ink.polygon([at(-0.008, 0.385), at(-0.012, 0.625), at(-0.1, 0.615), at(-0.05, 0.5)])
            ink.polygon([at(0.008, 0.40), at(0.008, 0.62), at(0.095, 0.62), at(0.06, 0.5)])
        else:
            ink.ellipse(at(-0.01, 0.565), (0.014, 0.018)).tapered(at(-0.01, 0.59), at(-0.005, 0.64), (0.04, 0.05))
            ink.line([at(-0.005, 0.6), at(0.07, 0.615), at(0.13, 0.675)], 0.005)
        cover = ink.cover()
        tone = np.broadcast_to(colour(palette.ink), (*small.shape, 3)).astype(np.float32).copy()
        tone += colour(palette.light) * (0.10 * np.clip((0.62 - small.ys) * 4, 0, 1))[..., None]
        poses.append(cut_out(small, tone, cover))
    return Sprite(canvas, poses, lambda t: (-0.28 + 0.012 * t, 0.735 + 0.004 * sin(t * 1.7)), lambda t: int(t * 7), 0.6)
