"""A close-up: one or two faces in profile before a light out of focus."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Sparks, bokeh
from matinee.simulation.paint import Canvas, Mask, blur, colour, flat, glaze, mix, noise, radial, shine
from matinee.simulation.weather import Palette, Rng, motes, rain, snow

# fmt: off
# The outline of a face that looks right, from the crown to the chin and back under it, in head heights.
FACE = ((0.02, -0.52), (0.18, -0.50), (0.30, -0.40), (0.345, -0.25), (0.35, -0.12), (0.335, -0.055), (0.375, 0.02),
        (0.435, 0.105), (0.415, 0.14), (0.365, 0.15), (0.375, 0.19), (0.405, 0.215), (0.385, 0.245), (0.40, 0.285),
        (0.365, 0.315), (0.365, 0.37), (0.34, 0.43), (0.26, 0.455), (0.14, 0.41), (0.09, 0.46), (0.085, 0.60))
# fmt: on


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    who: tuple[str, ...] = ("hair", "short"),
    lights: int = 16,
    weather: str = "",
) -> Scene:
    """`who` names heads: hair, short, bun, hat, cap, child; a second one looks back. `weather`: rain or snow."""
    light = palette.sky(canvas, 0.9)
    haze = noise(canvas.shape, canvas.scale * 0.5, rng, 3)
    light *= (0.85 + 0.25 * blur(haze, 14))[..., None]
    shine(light, palette.light, 0.75 * radial(canvas, (0.05, 0.45), 0.26, 2.1, 1.2))
    layers: list[Layer] = [Plate(light, None, depth=0.1), _lights(canvas, rng, palette, lights)]
    if weather == "snow":
        layers += snow(canvas, rng, strength=0.6, count=200)
    places = ((-0.30, 1), (0.36, -1)) if len(who) > 1 else ((-0.14, 1),)
    for number, (head, (x, facing)) in enumerate(zip(who, places, strict=False)):
        layers.append(_head(canvas, palette, head, x, facing, number))
    if weather == "rain":
        layers += rain(canvas, rng, mix(palette.haze, "#ffffff", 0.5), strength=0.3)
    layers.append(motes(canvas, rng, palette.light, count=14, area=(-0.8, 0, 0.8, 1), radius=0.004, pulse=0.6))
    return Scene(layers)


def _head(canvas: Canvas, palette: Palette, kind: str, x: float, facing: int, number: int) -> Plate:
    ink = Ink(canvas)
    size = 0.52 if kind == "child" else 0.62
    y = 0.56 if kind == "child" else 0.46

    def at(dx: float, dy: float) -> tuple[float, float]:
        return x + facing * dx * size, y + dy * size

    back = [
        (0.02, 0.75),
        (-0.15, 0.62),
        (-0.19, 0.40),
        (-0.29, 0.22),
        (-0.35, 0.0),
        (-0.345, -0.22),
        (-0.26, -0.41),
        (-0.12, -0.505),
    ]
    ink.polygon(_curve([at(*p) for p in (*FACE, *back)]))
    ink.polygon(
        [
            at(-0.16, 0.42),
            at(0.09, 0.42),
            at(0.13, 0.60),
            at(0.48, 0.74),
            at(0.60, 1.2),
            at(-0.95, 1.3),
            at(-0.75, 0.80),
            at(-0.30, 0.66),
        ]
    )
    hair = Ink(canvas)
    if kind in ("hair", "child"):
        hair.polygon(
            _curve(
                [
                    at(*p)
                    for p in (
                        (0.30, -0.37),
                        (0.20, -0.55),
                        (-0.06, -0.615),
                        (-0.34, -0.52),
                        (-0.46, -0.22),
                        (-0.47, 0.15),
                        (-0.42, 0.55),
                        (-0.50, 0.82),
                        (-0.18, 0.80),
                        (-0.05, 0.45),
                        (-0.02, 0.12),
                        (0.06, -0.12),
                        (0.24, -0.26),
                    )
                ]
            )
        )
    elif kind == "bun":
        hair.polygon(
            _curve(
                [
                    at(*p)
                    for p in (
                        (0.31, -0.36),
                        (0.18, -0.56),
                        (-0.08, -0.60),
                        (-0.34, -0.48),
                        (-0.43, -0.18),
                        (-0.36, 0.10),
                        (-0.10, 0.12),
                        (0.02, -0.08),
                        (0.22, -0.25),
                    )
                ]
            )
        )
        hair.circle(at(-0.48, -0.36), 0.145 * size)
    elif kind == "hat":
        hair.polygon([at(-0.62, -0.24), at(0.58, -0.335), at(0.60, -0.30), at(-0.60, -0.185)])
        hair.polygon(
            _curve(
                [
                    at(*p)
                    for p in (
                        (0.335, -0.32),
                        (0.30, -0.66),
                        (0.05, -0.72),
                        (-0.02, -0.69),
                        (-0.26, -0.72),
                        (-0.39, -0.58),
                        (-0.40, -0.26),
                    )
                ]
            )
        )
    elif kind == "cap":
        hair.polygon(
            _curve([at(*p) for p in ((0.33, -0.30), (0.26, -0.55), (-0.05, -0.64), (-0.32, -0.54), (-0.40, -0.25))])
        ).polygon([at(0.26, -0.36), at(0.58, -0.27), at(0.57, -0.235), at(0.26, -0.28)])
    else:
        hair.polygon(
            _curve(
                [
                    at(*p)
                    for p in (
                        (0.32, -0.36),
                        (0.24, -0.54),
                        (0.0, -0.62),
                        (-0.30, -0.53),
                        (-0.41, -0.25),
                        (-0.385, 0.05),
                        (-0.28, 0.20),
                        (-0.16, 0.10),
                        (-0.08, -0.10),
                        (0.20, -0.27),
                    )
                ]
            )
        )
    cover = np.maximum(ink.cover(), hair.cover())
    soft = blur(cover, 0.012 * canvas.scale)
    shift = -facing * round(0.016 * canvas.scale)
    rim: Mask = np.clip(cover - np.roll(soft, (round(0.006 * canvas.scale), shift), (0, 1)), 0, 1)
    paint = flat(canvas, mix(palette.ink, palette.haze, 0.05))
    glaze(paint, mix(palette.mid, palette.ink, 0.6), np.clip((canvas.xs - x) * facing * 1.1 + 0.15, 0, 0.55))
    shine(paint, palette.light, rim**1.4 * 0.95)
    breath = (0.9 * canvas.scale / 540 * 2, 1.5 + 0.2 * number)
    return Plate(
        np.asarray(paint, np.float32), cover, depth=0.75 + 0.1 * number, bob=breath, sway=(1.5, 0.7 + 0.1 * number)
    )


def _curve(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    p = np.array(points)
    out: list[tuple[float, float]] = []
    for k in range(len(p)):
        a, b, c, d = (p[(k + offset) % len(p)] for offset in (-1, 0, 1, 2))
        for t in np.linspace(0, 1, 6, endpoint=False):
            q = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
            out.append((float(q[0]), float(q[1])))
    return out


def _lights(canvas: Canvas, rng: Rng, palette: Palette, count: int) -> Sparks:
    x0, y0, phase = rng.uniform(-0.95, 0.95, count), rng.uniform(0.05, 0.85, count), rng.uniform(0, 6.28, count)
    tints = [palette.light, palette.accent, palette.low, mix(palette.light, palette.accent, 0.5)]
    stamps = [
        bokeh(canvas.height * float(rng.uniform(0.02, 0.075)), colour(tints[k % 4]), 0.42) for k in range(max(1, count))
    ]

    def places(t: float) -> tuple[Mask, Mask, Mask]:
        return (
            (x0 + 0.012 * t * np.sin(phase)).astype(np.float32),
            (y0 + 0.006 * np.sin(t * 0.7 + phase)).astype(np.float32),
            (0.55 + 0.4 * np.sin(t * 1.1 + phase)).astype(np.float32),
        )

    return Sparks(canvas, stamps, places, 0.3)
