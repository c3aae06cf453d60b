"""A forest: rays of light between the trunks, fireflies, and somebody small on the path."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, tree
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import (
    Canvas,
    Light,
    Mask,
    below,
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
from matinee.simulation.scenes.parts import walker
from matinee.simulation.weather import Palette, Rng, mist, motes


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    rays: float = 1.0,
    fireflies: int = 40,
    figure: str = "walker",
    animal: str = "",
    dead: bool = False,
) -> Scene:
    """`figure` is ``walker``, ``child`` or empty; `animal` ``deer``, ``fox`` or empty; `dead` trees have no leaves."""
    source = (0.12, 0.02)
    light = palette.sky(canvas, 0.9)
    shine(light, palette.light, 0.75 * radial(canvas, (0.1, 0.42), 0.34, 2.2, 0.8))
    layers: list[Layer] = [Plate(light, None, depth=0.1)]
    for share in (0.12, 0.36, 0.62):
        layers.append(_trunks(canvas, rng, palette, share))
        if share == 0.36:
            layers.append(
                mist(canvas, rng, mix(palette.haze, palette.light, 0.35), 0.72, 0.16, strength=0.5, depth=0.4)
            )
    if rays:
        layers.append(_rays(canvas, rng, palette, source, rays))
    layers.append(_floor(canvas, rng, palette, animal))
    if figure:
        layers.append(
            walker(
                canvas,
                colour(palette.ink) * 0.7,
                0.16 if figure == "child" else 0.23,
                (-0.25, 0.885),
                0.035,
                depth=0.8,
                dress=figure == "child",
                child=figure == "child",
                hat="hair",
            )
        )
    layers.append(_near(canvas, rng, palette, dead=dead))
    if fireflies:
        layers.append(motes(canvas, rng, palette.accent, count=fireflies, area=(-0.9, 0.35, 0.9, 0.97), radius=0.008))
    layers.append(
        motes(canvas, rng, palette.light, count=26, area=(-0.5, 0.05, 0.6, 0.8), radius=0.0035, pulse=0.5, wander=0.09)
    )
    return Scene(layers)


def _trunks(canvas: Canvas, rng: Rng, palette: Palette, share: float) -> Plate:
    ink = Ink(canvas)
    for x in np.linspace(-1.15, 1.15, int(26 - 24 * share)):
        at = float(x + rng.uniform(-0.05, 0.05))
        if abs(at - 0.08) < 0.10 * (0.6 + share):
            continue
        wide = float(rng.uniform(0.012, 0.03) * (0.5 + 1.6 * share))
        lean = float(rng.normal(0, 0.03))
        ink.polygon(
            [(at - wide / 2 + lean, -0.2), (at + wide / 2 + lean, -0.2), (at + wide * 0.8, 1.0), (at - wide * 0.8, 1.0)]
        )
        for _ in range(3):
            y = float(rng.uniform(0.0, 0.5))
            side = float(rng.choice([-1, 1]))
            ink.line(
                [(at, y), (at + side * 0.05, y - 0.05), (at + side * 0.13, y - 0.07 - 0.03 * rng.random())],
                0.006 * (0.4 + share),
            )
    leaves = noise(canvas.shape, canvas.scale * (0.10 + 0.10 * share), rng, 6)
    crown = smooth(leaves + 0.32 - canvas.ys * 1.15 - 0.2 * radial(canvas, (0.1, 0.1), 0.25, 3), 0.34, 0.38)
    line = np.asarray(0.79 + 0.05 * share - 0.02 * curve(canvas.xs, 0.3, rng), np.float32)
    cover = np.maximum.reduce([ink.cover(), crown * (0.8 + 0.2 * share), below(canvas, line, 3)])
    tone = mix(mix(palette.haze, palette.mid, 0.4), palette.ink, 0.12 + 0.8 * share)
    paint = flat(canvas, tone)
    glow = radial(canvas, (0.1, 0.4), 0.3, 2.4) * (0.55 - 0.5 * share)
    glaze(paint, palette.light, glow)
    return Plate(np.asarray(paint, np.float32), np.asarray(cover, np.float32), depth=0.15 + 0.7 * share)


def _rays(canvas: Canvas, rng: Rng, palette: Palette, source: tuple[float, float], strength: float) -> Glow:
    angle = np.arctan2(canvas.xs - source[0], canvas.ys - source[1] + 0.35)
    table = np.clip(curve(np.linspace(-3, 3, 2048, dtype=np.float32)[None], 0.12, rng, 4, 0.6)[0], -1, 1)
    streak = np.interp(angle, np.linspace(-1.6, 1.6, 2048), table)
    distance = np.hypot(canvas.xs - source[0], canvas.ys - source[1])
    shaft = smooth(np.asarray(streak, np.float32), -0.05, 0.65) * np.exp(-distance * 1.3) * smooth(canvas.ys, 1.0, 0.7)
    light = colour(palette.light) * (blur(shaft, 3) * 0.55 * strength)[..., None]
    return Glow(np.asarray(light, np.float32), lambda t: float(0.85 + 0.15 * np.sin(t * 0.9)), depth=0.35)


def _floor(canvas: Canvas, rng: Rng, palette: Palette, animal: str) -> Plate:
    line = np.asarray(0.86 - 0.03 * curve(canvas.xs, 0.4, rng, 4), np.float32)
    ink = Ink(canvas)
    grass(ink, canvas, rng, line, 260, 0.035)
    if animal == "deer":
        deer(ink, (0.2, 0.868), 0.2)
    elif animal == "fox":
        fox(ink, (0.22, 0.88), 0.13)
    cover = np.maximum(below(canvas, line, 1.5), ink.cover())
    paint: Light = flat(canvas, mix(palette.ink, palette.mid, 0.14))
    paint += colour(palette.light) * (0.16 * radial(canvas, (0.1, 0.88), 0.2, 2.2, 1.6))[..., None]
    return Plate(paint, cover, depth=0.8)


def grass(ink: Ink, canvas: Canvas, rng: Rng, line: Mask, count: int, height: float) -> Ink:
    """Blades along a line of heights."""
    for x in rng.uniform(-1.05, 1.05, count):
        y = float(np.interp(x, canvas.xs[0], line[0]))
        tall, bend = float(height * rng.uniform(0.4, 1.2)), float(rng.normal(0, height * 0.4))
        ink.polygon([(x - 0.003, y + 0.01), (x + 0.003, y + 0.01), (x + bend, y - tall)])
    return ink


def deer(ink: Ink, foot: tuple[float, float], h: float) -> Ink:
    """A stag, looking up."""
    x, y = foot
    ink.ellipse((x, y - 0.5 * h), (0.26 * h, 0.14 * h), -0.05)
    for dx in (-0.2, -0.13, 0.13, 0.2):
        ink.tapered((x + dx * h, y - 0.48 * h), (x + dx * h * 1.08, y), (0.07 * h, 0.03 * h))
    ink.tapered((x - 0.2 * h, y - 0.55 * h), (x - 0.3 * h, y - 0.86 * h), (0.17 * h, 0.09 * h))
    ink.tapered((x - 0.29 * h, y - 0.88 * h), (x - 0.43 * h, y - 0.84 * h), (0.1 * h, 0.05 * h))
    for side in (-1, 1):
        base = (x - 0.27 * h, y - 0.93 * h)
        beam = [
            (base[0], base[1]),
            (base[0] + side * 0.1 * h, base[1] - 0.14 * h),
            (base[0] + side * 0.1 * h, base[1] - 0.32 * h),
        ]
        ink.line(beam, 0.022 * h)
        ink.line([beam[1], (beam[1][0] - side * 0.06 * h, beam[1][1] - 0.11 * h)], 0.016 * h)
        ink.line(
            [(beam[1][0], beam[1][1] - 0.08 * h), (beam[1][0] + side * 0.09 * h, beam[1][1] - 0.19 * h)], 0.016 * h
        )
    return ink.tapered((x + 0.25 * h, y - 0.53 * h), (x + 0.3 * h, y - 0.45 * h), (0.05 * h, 0.03 * h))


def fox(ink: Ink, foot: tuple[float, float], h: float) -> Ink:
    """A fox that stands and listens."""
    x, y = foot
    ink.ellipse((x, y - 0.45 * h), (0.42 * h, 0.17 * h), -0.06)
    for dx in (-0.33, -0.22, 0.22, 0.32):
        ink.tapered((x + dx * h, y - 0.42 * h), (x + dx * h * 1.05, y), (0.11 * h, 0.05 * h))
    ink.tapered((x - 0.33 * h, y - 0.52 * h), (x - 0.47 * h, y - 0.75 * h), (0.2 * h, 0.16 * h))
    ink.polygon([(x - 0.38 * h, y - 0.88 * h), (x - 0.72 * h, y - 0.66 * h), (x - 0.42 * h, y - 0.62 * h)])
    for dx in (-0.5, -0.38):
        ink.polygon(
            [(x + (dx - 0.05) * h, y - 0.82 * h), (x + dx * h, y - 1.02 * h), (x + (dx + 0.07) * h, y - 0.8 * h)]
        )
    return ink.tapered((x + 0.38 * h, y - 0.48 * h), (x + 0.85 * h, y - 0.2 * h), (0.12 * h, 0.2 * h))


def _near(canvas: Canvas, rng: Rng, palette: Palette, *, dead: bool) -> Plate:
    ink = Ink(canvas)
    for x, height, lean in ((-0.86, 1.5, 0.10), (0.88, 1.4, -0.12)):
        tree(ink, (x, 1.12), height, rng, leaves=0.0 if dead else 0.012, lean=lean, depth=7)
    line = np.asarray(
        1.0 - 0.02 * curve(canvas.xs, 0.2, rng, 4) - 0.09 * smooth(np.abs(canvas.xs), 0.35, 0.95), np.float32
    )
    grass(ink, canvas, rng, line, 160, 0.07)
    cover = blur(np.maximum(ink.cover(), below(canvas, line)), 1.6)
    cover[cover < 0.01] = 0
    return Plate(flat(canvas, palette.ink) * 0.6, cover, depth=1.1)
