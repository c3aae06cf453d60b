"""Under water: light from above, jellyfish that pulse, a whale or a diver passing."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import Canvas, Light, Picture, below, blur, colour, curve, flat, mix, noise, shine, smooth
from matinee.simulation.scenes.parts import Flock, beating, sheet
from matinee.simulation.sprites import Drawn, Sprite
from matinee.simulation.weather import Palette, Rng, motes


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    jellyfish: int = 7,
    whale: bool = False,
    diver: bool = False,
    fish: int = 0,
    floor: bool = True,
) -> Scene:
    """`jellyfish` and `fish` are how many; a `whale` or a `diver` passes."""
    light = palette.sky(canvas, 1.0)
    depth = noise(canvas.shape, canvas.scale * 0.6, rng, 3)
    light *= (0.88 + 0.24 * depth)[..., None]
    layers: list[Layer] = [Plate(light, None, depth=0.1)]
    layers += [_shafts(canvas, rng, palette, phase) for phase in (0.0, 2.0)]
    if whale:
        layers.append(_swimmer(canvas, palette, _whale, 0.62, (-0.75, 0.44), 0.055, 0.55, 3.2))
    if floor:
        layers.append(_floor(canvas, rng, palette, 0.4))
    if fish:
        layers.append(_shoal(canvas, rng, palette, fish))
    if diver:
        layers.append(_swimmer(canvas, palette, _diver, 0.3, (-0.32, 0.60), 0.035, 0.9, 7.0))
    layers.append(_bloom_of(canvas, rng, palette, jellyfish))
    if floor:
        layers.append(_floor(canvas, rng, palette, 1.0))
    layers.append(
        motes(
            canvas,
            rng,
            mix(palette.light, palette.accent, 0.3),
            count=40,
            area=(-0.95, -0.05, 0.95, 1.05),
            radius=0.0035,
            rise=0.03,
            pulse=0.6,
        )
    )
    return Scene(layers)


def _shafts(canvas: Canvas, rng: Rng, palette: Palette, phase: float) -> Glow:
    angle = np.arctan2(canvas.xs - 0.1, canvas.ys + 0.55)
    streak = np.interp(
        angle,
        np.linspace(-1.6, 1.6, 1024),
        curve(np.linspace(-3, 3, 1024, dtype=np.float32)[None], 0.10, rng, 4, 0.6)[0],
    )
    shaft = smooth(np.asarray(streak, np.float32), 0.0, 0.7) * np.exp(-np.clip(canvas.ys, 0, 2) * 2.0)
    light = colour(palette.light) * (blur(shaft, 4) * 0.42)[..., None]
    return Glow(np.asarray(light, np.float32), lambda t: 0.55 + 0.45 * sin(t * 0.8 + phase), depth=0.2)


def _bell(canvas: Canvas, phase: float, tint: str) -> Picture:
    """One jellyfish at a phase of its pulse, 0 to 1, as a premultiplied pose that glows."""
    squeeze = 0.5 + 0.5 * cos(phase * 2 * pi)
    wide, tall = 0.115 + 0.03 * squeeze, 0.10 - 0.018 * squeeze
    at = 0.33
    arc = [(wide * cos(a), at - tall * sin(a)) for a in np.linspace(0, pi, 30)]
    hem = [(-wide + 2 * wide * k / 24, at + 0.012 * abs(sin(k / 24 * 5 * pi)) - 0.004) for k in range(25)]
    bell = Ink(canvas).polygon(arc + hem).cover()
    inner = Ink(canvas).ellipse((0, at - tall * 0.35), (wide * 0.5, tall * 0.42)).cover()
    arms, threads = Ink(canvas), Ink(canvas)
    for k in range(5):
        x = (-0.5 + k / 4) * wide * 0.9
        arms.line(
            [
                (x * (1 - 0.3 * s) + 0.016 * sin(s * 6 + phase * 2 * pi + k), at + s * (0.22 + 0.05 * (k % 2)))
                for s in np.linspace(0, 1, 16)
            ],
            0.008,
        )
    for k in range(9):
        x = (-0.5 + k / 8) * wide * 1.8
        threads.line(
            [
                (
                    x * (1 - 0.15 * s) + 0.022 * sin(s * 5 - phase * 2 * pi + k * 1.3) * s,
                    at + s * (0.34 + 0.08 * (k % 3)),
                )
                for s in np.linspace(0, 1, 20)
            ],
            0.0024,
        )
    low = np.clip((at + 0.45 - canvas.ys) / 0.45, 0, 1)
    rim = np.clip(bell - blur(bell, 6 * canvas.scale / 540) * 0.85, 0, 1)
    glow = bell * 0.24 + rim * 0.75 + inner * 0.14 + (arms.cover() * 0.55 + threads.cover() * 0.4) * low
    halo = blur(bell, 16) * 0.35
    shown = np.clip(glow + halo * 0.5, 0, 1)
    light: Light = colour(tint) * shown[..., None] + 0.25 * (rim + inner * 0.25)[..., None]
    cover = np.clip(bell * 0.35 + rim * 0.3 + arms.cover() * 0.2 * low, 0, 1)
    rows, columns = np.flatnonzero((shown > 0.01).any(axis=1)), np.flatnonzero((shown > 0.01).any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.round(np.concatenate([np.clip(light, 0, 1), cover[..., None]], axis=2)[part] * 255).astype(np.uint8)


def _bells(canvas: Canvas, tint: str) -> Drawn:
    return Drawn(12, lambda step: _bell(canvas, step / 12, tint))


def _bloom_of(canvas: Canvas, rng: Rng, palette: Palette, count: int) -> Flock:
    sprites = []
    for number in range(count):
        size = 1.25 if number == 0 else float(rng.uniform(0.3, 0.8))
        small = sheet(canvas, 0.95 * size)
        small = Canvas(small.width, small.height, 1 / 0.95, (0.0, 0.5), 0)
        tint = mix(palette.accent, palette.light, float(rng.uniform(0, 0.4)))
        poses = _bells(small, tint)
        start = (0.08, 0.86) if number == 0 else (float(rng.uniform(-0.85, 0.85)), float(rng.uniform(0.45, 1.15)))
        beat, phase = float(rng.uniform(5, 8)), float(rng.uniform(0, 12))

        def path(t: float, s: tuple[float, float] = start, b: float = beat, p: float = phase) -> tuple[float, float]:
            return s[0] + 0.015 * sin(t * 0.5 + p), s[1] - 0.016 * t - 0.006 * sin((t * b + p) / 12 * 2 * pi)

        sprites.append(Sprite(canvas, poses, path, beating(beat, phase), 0.5 + 0.4 * size, size))
    return Flock(sprites[::-1])


def _swimmer(
    canvas: Canvas,
    palette: Palette,
    draw: Callable[[Ink, float, float], None],
    size: float,
    start: tuple[float, float],
    speed: float,
    depth: float,
    rate: float,
) -> Sprite:
    small = sheet(canvas, size * 1.3)
    poses = []
    tone = colour(mix(palette.mid, palette.ink, 0.62 if size > 0.5 else 0.95))
    for step in range(16):
        ink = Ink(small)
        draw(ink, size, step / 16 * 2 * pi)
        cover = ink.cover()
        paint = np.broadcast_to(tone, (*small.shape, 3)).astype(np.float32).copy()
        top = np.clip(cover - np.roll(blur(cover, 3), 5, axis=0), 0, 1)
        shine(paint, palette.light, top * 0.35)
        poses.append(cut_out(small, paint, cover))
    return Sprite(
        canvas,
        poses,
        lambda t: (start[0] + speed * t, start[1] + 0.012 * sin(t * 0.9) + size * 0.2),
        lambda t: int(t * rate),
        depth,
    )


def _whale(ink: Ink, size: float, phase: float) -> None:
    s, y = size, 0.5
    wave = 0.05 * sin(phase)
    back = [
        (0.5 * s, y + 0.01),
        (0.38 * s, y - 0.085 * s),
        (0.15 * s, y - 0.13 * s),
        (-0.12 * s, y - 0.085 * s),
        (-0.33 * s, y - 0.02 * s + wave * 0.5 * s),
        (-0.44 * s, y + wave * s),
    ]
    belly = [
        (-0.33 * s, y + 0.025 * s + wave * 0.5 * s),
        (-0.08 * s, y + 0.085 * s),
        (0.2 * s, y + 0.10 * s),
        (0.42 * s, y + 0.075 * s),
    ]
    points = _rounded([*back, *belly])
    ink.polygon(points)
    tail = (-0.44 * s, y + wave * s)
    for side in (-1, 1):
        ink.polygon(
            [
                (tail[0] + 0.03 * s, tail[1]),
                (tail[0] - 0.13 * s, tail[1] + side * 0.035 * s + 0.7 * wave * s),
                (tail[0] - 0.05 * s, tail[1] + 0.3 * wave * s),
            ]
        )
    ink.polygon(
        [
            (0.2 * s, y + 0.06 * s),
            (0.12 * s, y + 0.25 * s - wave * s),
            (0.06 * s, y + 0.22 * s - wave * s),
            (0.1 * s, y + 0.06 * s),
        ]
    )


def _rounded(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A closed curve through the points (Catmull-Rom)."""
    p = np.array(points)
    out: list[tuple[float, float]] = []
    for k in range(len(p)):
        a, b, c, d = (p[(k + offset) % len(p)] for offset in (-1, 0, 1, 2))
        for t in np.linspace(0, 1, 8, endpoint=False):
            x, y = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
            out.append((float(x), float(y)))
    return out


def _diver(ink: Ink, size: float, phase: float) -> None:
    s, y = size, 0.5
    kick = 0.10 * sin(phase)
    ink.tapered((0.16 * s, y - 0.02 * s), (-0.1 * s, y + 0.01 * s), (0.13 * s, 0.1 * s)).circle(
        (0.27 * s, y - 0.05 * s), 0.065 * s
    )
    ink.tapered((0.1 * s, y - 0.1 * s), (-0.06 * s, y - 0.085 * s), (0.075 * s, 0.075 * s))
    for side in (-1, 1):
        knee, foot = (-0.26 * s, y + 0.03 * s + side * kick * 0.5 * s), (-0.42 * s, y + 0.04 * s + side * kick * s)
        ink.tapered((-0.1 * s, y + 0.01 * s), knee, (0.075 * s, 0.055 * s)).tapered(knee, foot, (0.055 * s, 0.035 * s))
        ink.polygon(
            [
                foot,
                (foot[0] - 0.16 * s, foot[1] + (0.03 + side * kick * 0.5) * s),
                (foot[0] - 0.14 * s, foot[1] - 0.03 * s),
            ]
        )
    ink.tapered((0.17 * s, y), (0.34 * s, y + 0.08 * s), (0.05 * s, 0.03 * s))


def _swimming(x: float, y: float, number: int) -> Callable[[float], tuple[float, float]]:
    return lambda t: (x + 0.07 * t + 0.01 * sin(t + number), y + 0.02 * sin(t * 0.7 + x * 5))


def _shoal(canvas: Canvas, rng: Rng, palette: Palette, count: int) -> Flock:
    small = sheet(canvas, 0.08)
    poses = []
    for step in range(8):
        ink, wag = Ink(small), 0.008 * sin(step / 8 * 2 * pi)
        ink.ellipse((0.005, 0.5), (0.018, 0.007)).polygon([(-0.01, 0.5), (-0.028, 0.491 + wag), (-0.028, 0.509 + wag)])
        poses.append(cut_out(small, colour(mix(palette.mid, palette.light, 0.5)), ink.cover()))
    starts = rng.normal((-0.35, 0.42), (0.16, 0.07), (count, 2))
    return Flock(
        [
            Sprite(
                canvas,
                poses,
                _swimming(float(s[0]), float(s[1]), k),
                beating(10, k),
                0.6,
            )
            for k, s in enumerate(starts)
        ]
    )


def _floor(canvas: Canvas, rng: Rng, palette: Palette, share: float) -> Plate:
    line = np.asarray(
        1.02 - 0.06 * share - 0.05 * curve(canvas.xs, 0.4, rng, 5) - 0.16 * smooth(np.abs(canvas.xs), 0.3, 1.0),
        np.float32,
    )
    ink = Ink(canvas)
    for x in np.concatenate([rng.uniform(-1.05, -0.3, 12), rng.uniform(0.4, 1.05, 9)]):
        y, tall, bend = (
            float(np.interp(x, canvas.xs[0], line[0])),
            float(rng.uniform(0.06, 0.24)),
            float(rng.uniform(-0.05, 0.05)),
        )
        ink.line(
            [
                (float(x) + bend * s * s + 0.012 * sin(s * 7 + x * 20), y + 0.02 - tall * s)
                for s in np.linspace(0, 1, 10)
            ],
            0.004 + 0.006 * share,
        )
    cover = np.maximum(below(canvas, line, 2), ink.cover())
    return Plate(
        flat(canvas, mix(palette.mid, palette.ink, 0.45 + 0.5 * share)),
        np.asarray(cover, np.float32),
        depth=0.3 + 0.7 * share,
        sway=(2.5, 0.9),
    )
