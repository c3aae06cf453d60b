"""Living things that several scenes share: flocks, walkers."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sin

import numpy as np

from matinee.simulation.ink import Ink, bird, cut_out, person
from matinee.simulation.layers import Moment
from matinee.simulation.paint import Canvas, Light, Picture, colour
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Rng


def sheet(canvas: Canvas, size: float) -> Canvas:
    """A small square canvas of `size` units, in the scale of `canvas`, to draw a sprite on; its middle is (0, 0.5)."""
    pixels = max(24, round(size * canvas.scale))
    return replace(canvas, width=pixels, height=pixels, lens=1 / size, focus=(0.0, 0.5), margin=0)


def flock(
    canvas: Canvas, rng: Rng, tint: str, at: tuple[float, float], count: int, span: float = 0.045, speed: float = 0.05
) -> Flock:
    """Birds that cross slowly."""
    poses = []
    small = sheet(canvas, span * 1.3)
    for step in range(8):
        ink = bird(Ink(replace(small)), (0.0, 0.5), span, sin(step / 8 * 2 * np.pi))
        poses.append(cut_out(small, colour(tint), ink.cover()))
    starts = rng.uniform((-0.3, -0.1), (0.3, 0.12), (count, 2)) + np.array(at)
    beats, phases = rng.uniform(7, 12, count), rng.uniform(0, 8, count)
    return Flock(
        [
            Sprite(
                canvas,
                poses,
                _gliding(float(start[0]), float(start[1]), speed, float(phase)),
                beating(float(beat), float(phase)),
                depth=0.4,
            )
            for start, beat, phase in zip(starts, beats, phases, strict=True)
        ]
    )


def _gliding(x: float, y: float, speed: float, phase: float) -> Callable[[float], tuple[float, float]]:
    return lambda t: (x + speed * t, y + 0.008 * sin(t * 1.3 + phase))


def beating(rate: float, phase: float) -> Callable[[float], int]:
    """A pose that changes `rate` times a second, from the pose `phase` on."""
    return lambda t: int(t * rate + phase)


class Flock:
    """Several sprites as one layer."""

    def __init__(self, sprites: list[Sprite]) -> None:
        self.sprites = sprites

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Put each of them on the frame."""
        for sprite in self.sprites:
            sprite.draw(frame, moment)


def walker(
    canvas: Canvas,
    tint: Light,
    height: float,
    start: tuple[float, float],
    speed: float,
    *,
    depth: float = 1.0,
    **shape: object,
) -> Sprite:
    """Somebody who walks from `start` with `speed` (units a second); the steps fit the speed."""
    small = sheet(canvas, height * 1.75)
    facing = 1 if speed >= 0 else -1
    steps = 16
    poses = []
    for step in range(steps):
        ink = person(Ink(small), (0.0, 0.5 + height * 0.5), height, stride=step / steps * 2 - 1, facing=facing, **shape)  # type: ignore[arg-type]
        poses.append(cut_out(small, tint, ink.cover()))
    cycle = 0.62 * height
    return Sprite(
        canvas,
        poses,
        lambda t: (start[0] + speed * t, start[1]),
        lambda t: int(abs(speed) * t / cycle * steps),
        depth,
    )
