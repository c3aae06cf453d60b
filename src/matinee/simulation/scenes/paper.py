"""Cut paper that dances: layered hills and sun of coloured card, shapes that turn and hop, all with soft shadows."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import Canvas, Light, Mask, Picture, blur, flat, mix, noise, radial
from matinee.simulation.scenes.parts import Flock, beating, sheet
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Palette, Rng


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    world: str = "hills",
    dancers: int = 7,
    kinds: tuple[str, ...] = ("star", "bird", "moon"),
) -> Scene:
    """`world`: hills, sea or rings; `kinds` of what dances: star, bird, moon, fish, boat, leaf, balloon."""
    layers: list[Layer] = [Plate(_sky(canvas, rng, palette, world), None, depth=0.1)]
    colours = [
        palette.low,
        palette.haze,
        mix(palette.haze, palette.mid, 0.6),
        palette.mid,
        mix(palette.mid, palette.ink, 0.5),
    ]
    for number in range(4):
        layers.append(_card(canvas, rng, colours[number + 1], number, world))
        if number == 1:
            layers.append(_dance(canvas, rng, palette, dancers, kinds))
    return Scene(layers)


def _fibre(canvas: Canvas, rng: Rng, tint: str) -> Light:
    paint = flat(canvas, tint)
    grain = noise(canvas.shape, 5, rng, 3)
    cloud = noise(canvas.shape, canvas.scale * 0.3, rng, 2)
    paint *= (0.92 + 0.10 * grain + 0.06 * cloud)[..., None]
    return paint


def _cast(cover: Mask, canvas: Canvas) -> Mask:
    """The shadow a sheet throws on what lies behind it."""
    pixels = max(2, round(canvas.scale * 0.012))
    return blur(np.roll(cover, (pixels // 2, -pixels // 2), (0, 1)), canvas.scale * 0.014) * 0.5


def _sky(canvas: Canvas, rng: Rng, palette: Palette, world: str) -> Light:
    light = _fibre(canvas, rng, palette.high)
    count = 5 if world == "rings" else 3
    for ring in range(count):
        radius = 0.62 - 0.62 / count * ring * (1 if world == "rings" else 0.85)
        centre = (0.15, 0.5) if world == "rings" else (0.2, 0.42)
        edge = np.hypot(canvas.xs - centre[0], canvas.ys - centre[1]) + 0.004 * np.sin(
            np.arctan2(canvas.ys - centre[1], canvas.xs - centre[0]) * (9 + ring)
        )
        cover = np.clip((radius - edge) * canvas.scale, 0, 1).astype(np.float32)
        light *= (1 - _cast(cover, canvas) * (1 - cover))[..., None]
        light += (_fibre(canvas, rng, mix(palette.high, palette.light, (ring + 1) / count)) - light) * cover[..., None]
    return light


def _card(canvas: Canvas, rng: Rng, tint: str, number: int, world: str) -> Plate:
    phase, base = float(rng.uniform(0, 6.28)), 0.60 + 0.115 * number
    if world == "sea":
        line = base + 0.028 * np.abs(np.sin(canvas.xs * (7 - number) + phase)) * -1
    elif world == "rings":
        line = base + 0.16 + 0.05 * np.sin(canvas.xs * 2.2 + phase)
    else:
        line = (
            base - 0.06 * np.sin(canvas.xs * (2.1 + 0.5 * number) + phase) - 0.02 * np.sin(canvas.xs * 5.3 + phase * 2)
        )
    cover = np.clip((canvas.ys - line) * canvas.scale + 0.5, 0, 1).astype(np.float32)
    if world == "hills" and number in (0, 2):
        ink = Ink(canvas)
        for x in rng.uniform(-1.0, 1.0, 6 if number else 8):
            y = float(np.interp(x, canvas.xs[0], np.asarray(line)[0])) + 0.01
            tall = float(rng.uniform(0.07, 0.12)) * (1 + 0.3 * number)
            if rng.random() < 0.5:
                ink.polygon([(x - tall * 0.3, y), (x, y - tall), (x + tall * 0.3, y)])
            else:
                ink.box(x - 0.006, y - tall * 0.5, x + 0.006, y).circle((x, y - tall * 0.7), tall * 0.33)
        cover = np.maximum(cover, ink.cover())
    shadow = _cast(cover, canvas) * (1 - cover)
    paint = _fibre(canvas, rng, tint)
    edge = np.clip(cover - np.roll(cover, 3, axis=0), 0, 1)
    paint += (1 - paint) * (edge * 0.25)[..., None]
    paint *= np.where(cover[..., None] > 0.5, 1.0, 0.0)
    sway = ((5 + 3 * number) * canvas.scale / 540, 1.1 + 0.2 * number) if world == "sea" else (0.0, 1.0)
    return Plate(
        np.asarray(paint, np.float32),
        np.asarray(np.maximum(cover, np.where(shadow > 0.02, shadow, 0)), np.float32),
        depth=0.25 + 0.22 * number,
        sway=sway,
    )


def _shape(ink: Ink, kind: str, r: float, turn: float, flap: float) -> Ink:  # noqa: PLR0911  one for each kind
    c, s = cos(turn), sin(turn)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x * c - y * s) * r, 0.5 + (x * s + y * c) * r

    if kind == "star":
        return ink.polygon(
            [
                at((1 if k % 2 == 0 else 0.45) * sin(k * pi / 5), -(1 if k % 2 == 0 else 0.45) * cos(k * pi / 5))
                for k in range(10)
            ]
        )
    if kind == "moon":
        outer = [at(cos(a), sin(a)) for a in np.linspace(0.75, 2 * pi - 0.75, 30)]
        inner = [at(0.62 + 0.68 * cos(a), 0.68 * sin(a)) for a in np.linspace(2 * pi - 1.62, 1.62, 30)]
        return ink.polygon(outer + inner)
    if kind == "fish":
        wag = 0.2 * flap
        return ink.ellipse((0.0, 0.5), (r * 0.85, r * 0.48), turn * 0.3).polygon(
            [at(-0.6, 0), at(-1.15, -0.5 + wag), at(-1.0, 0), at(-1.15, 0.5 + wag)]
        )
    if kind == "boat":
        tilt = 0.12 * flap
        return ink.polygon(
            [
                (r * -0.9, 0.5 + r * (0.3 + tilt)),
                (r * 0.9, 0.5 + r * (0.3 - tilt)),
                (r * 0.55, 0.5 + r * 0.8),
                (r * -0.55, 0.5 + r * 0.8),
            ]
        ).polygon([(0, 0.5 - r * 1.0), (0.02 * r, 0.5 + r * 0.25), (r * 0.75, 0.5 + r * 0.2)])
    if kind == "balloon":
        return (
            ink.ellipse((0, 0.5 - 0.25 * r), (0.72 * r, 0.85 * r))
            .polygon(
                [
                    (-0.2 * r, 0.5 + 0.5 * r),
                    (0.2 * r, 0.5 + 0.5 * r),
                    (0.12 * r, 0.5 + 0.75 * r),
                    (-0.12 * r, 0.5 + 0.75 * r),
                ]
            )
            .box(-0.2 * r, 0.5 + 0.85 * r, 0.2 * r, 0.5 + 1.12 * r)
        )
    if kind == "leaf":
        return ink.polygon([at(-cos(a), 0.42 * sin(a)) for a in np.linspace(0, 2 * pi, 26)]).line(
            [at(0.9, 0), at(1.3, 0.1)], 0.08 * r
        )
    lift = -0.35 - 0.6 * flap
    ink.polygon(
        [
            at(-0.95, 0.02),
            at(-0.2, -0.2),
            at(0.5, -0.26),
            at(1.05, -0.08),
            at(0.55, 0.12),
            at(0.0, 0.26),
            at(-0.5, 0.16),
        ]
    )
    ink.polygon([at(-0.3, -0.08), at(0.32, -0.12), at(-0.35, lift - 0.35), at(-0.75, lift - 0.2)])
    return ink.polygon([at(-0.85, 0.05), at(-1.4, -0.15), at(-1.3, 0.06), at(-1.42, 0.26)])


def _dance(canvas: Canvas, rng: Rng, palette: Palette, count: int, kinds: tuple[str, ...]) -> Flock:
    tints = [
        palette.accent,
        palette.light,
        mix(palette.accent, palette.light, 0.5),
        mix(palette.mid, palette.light, 0.4),
    ]
    sprites = []
    for number in range(count):
        kind, size = kinds[number % len(kinds)], float(rng.uniform(0.045, 0.085))
        small = sheet(canvas, size * 3.4)
        small = Canvas(small.width, small.height, 1 / (size * 3.4), (0.0, 0.5), 0)
        turning = kind in ("star", "leaf")
        poses = [
            _cut(small, rng, tints[number % 4], kind, size, step / 16 * 2 * pi, turning=turning) for step in range(16)
        ]
        x = -0.72 + 1.44 * (number + 0.5) / count
        y, phase, swing = float(rng.uniform(0.2, 0.56)), float(rng.uniform(0, 6.28)), float(rng.uniform(0.03, 0.07))

        def path(t: float, x: float = x, y: float = y, p: float = phase, w: float = swing) -> tuple[float, float]:
            return x + w * sin(t * 1.1 + p), y + w * 0.9 * abs(sin(t * 1.9 + p)) + 0.05

        sprites.append(
            Sprite(
                canvas,
                poses,
                _on_twos(path),
                beating(6 if number % 2 else 9, number),
                0.5,
            )
        )
    return Flock(sprites)


def _on_twos(path: Callable[[float], tuple[float, float]]) -> Callable[[float], tuple[float, float]]:
    """The path in steps of two frames, as paper is animated."""
    return lambda t: path(int(t * 12) / 12)


def _cut(canvas: Canvas, rng: Rng, tint: str, kind: str, size: float, phase: float, *, turning: bool) -> Picture:
    turn = phase / (5 if kind == "star" else 1) if turning else 0.16 * sin(phase)
    cover = _shape(Ink(canvas), kind, size, turn, sin(phase)).cover()
    shadow = _cast(cover, canvas) * (1 - cover)
    paint = _fibre(canvas, np.random.default_rng(int(rng.integers(1 << 30))), tint)
    crease = np.clip((canvas.xs * cos(turn) + (canvas.ys - 0.5) * sin(turn)) * 900, -1, 1)
    paint *= (1 + 0.06 * crease + 0.05 * (radial(canvas, (-0.03, 0.46), 0.08) - 0.5))[..., None]
    paint *= np.where(cover[..., None] > 0.5, 1.0, 0.0)
    return cut_out(
        canvas,
        np.asarray(paint, np.float32),
        np.asarray(np.maximum(cover, np.where(shadow > 0.02, shadow, 0)), np.float32),
    )
