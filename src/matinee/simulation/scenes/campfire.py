"""A fire in the open at night and those who sit around it; sparks climb to the stars."""

from __future__ import annotations

from collections.abc import Callable
from math import sin

import cv2
import numpy as np

from matinee.simulation.ink import Ink, pine
from matinee.simulation.layers import Layer, Moment, Plate, Scene
from matinee.simulation.lights import Glow, add_light
from matinee.simulation.paint import (
    Canvas,
    Picture,
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
from matinee.simulation.weather import Palette, Rng, moon, motes, stars

FIRE = (0.0, 0.86)


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    people: int = 3,
    tent: bool = True,
    forest: bool = True,
    moonlit: bool = False,
    eyes: int = 0,
) -> Scene:
    """`people` 0 to 4 sit around; pairs of `eyes` watch from the trees."""
    light = palette.sky(canvas, 0.75)
    stars(canvas, rng, light, count=800, horizon=0.75)
    band = np.exp(-(((canvas.ys - 0.28 - 0.45 * canvas.xs) / 0.16) ** 2)) * noise(
        canvas.shape, canvas.scale * 0.3, rng, 6
    )
    shine(light, mix(palette.low, "#ffffff", 0.4), np.asarray(band * 0.28, np.float32))
    if moonlit:
        moon(canvas, rng, light, (0.5, 0.18), 0.06, "#f0f4ff")
    layers: list[Layer] = [Plate(light, None, depth=0.05)]
    if forest:
        layers += [_trees(canvas, rng, palette, share) for share in (0.3, 0.8)]
    layers.append(_ground(canvas, rng, palette))
    if eyes:
        layers += _eyes(canvas, rng, eyes)
    layers.append(_camp(canvas, palette, people, tent=tent))
    layers.append(_Flames(canvas, rng))
    halo = 0.55 * radial(canvas, (0.0, 0.80), 0.09, 2.1) + 0.28 * radial(canvas, (0.0, 0.84), 0.24, 2.2, 1.6)
    layers.append(
        Glow(
            np.asarray(colour("#ff9a3a") * np.where(halo > 0.015, halo, 0)[..., None], np.float32),
            lambda t: 0.78 + 0.12 * sin(t * 11) * sin(t * 5.3) + 0.10 * sin(t * 17.1),
            depth=0.8,
        )
    )
    layers.append(
        motes(
            canvas,
            rng,
            "#ffb45a",
            count=46,
            area=(-0.16, 0.05, 0.16, 0.84),
            radius=0.0042,
            rise=0.16,
            wander=0.05,
            pulse=0.5,
        )
    )
    return Scene(layers)


def _trees(canvas: Canvas, rng: Rng, palette: Palette, share: float) -> Plate:
    ink = Ink(canvas)
    line = np.asarray(0.70 + 0.07 * share - 0.02 * curve(canvas.xs, 0.5, rng), np.float32)
    for x in np.linspace(-1.15, 1.15, int(58 - 34 * share)):
        at = float(x + rng.uniform(-0.03, 0.03))
        gap = smooth(np.array([abs(at)], np.float32), 0.05, 0.55)[0]
        pine(
            ink,
            (at, 0.78 + 0.07 * share),
            float(rng.uniform(0.14, 0.25) * (0.7 + 0.9 * share) * (0.55 + 0.6 * gap)),
            rng,
        )
    cover = np.maximum(ink.cover(), below(canvas, line))
    paint = flat(canvas, mix(palette.haze, palette.ink, 0.35 + 0.55 * share))
    warm = radial(canvas, FIRE, 0.2, 2.2, 1.5) * (0.35 + 0.3 * share)
    glaze(paint, "#c8641e", np.clip(warm, 0, 0.6))
    return Plate(np.asarray(paint, np.float32), cover, depth=0.2 + 0.4 * share)


def _ground(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    line = np.asarray(0.83 - 0.012 * curve(canvas.xs, 0.4, rng), np.float32)
    paint = flat(canvas, palette.ink)
    tufts = noise(canvas.shape, (canvas.scale * 0.08, canvas.scale * 0.02), rng, 4)
    warm = radial(canvas, (0.0, 0.89), 0.09, 1.9, 3.0)
    paint += colour("#d8742a") * (np.clip(warm, 0, 1) * (0.35 + 0.5 * tufts))[..., None]
    return Plate(np.asarray(paint, np.float32), below(canvas, line, 2), depth=0.75)


def _camp(canvas: Canvas, palette: Palette, people: int, *, tent: bool) -> Plate:
    ink, canvas_cloth = Ink(canvas), Ink(canvas)
    if tent:
        canvas_cloth.polygon([(0.36, 0.90), (0.55, 0.62), (0.86, 0.90)])
        ink.polygon([(0.47, 0.90), (0.55, 0.66), (0.60, 0.90)])
    for number in range(people):
        x, facing = ((-0.30, 1), (0.27, -1), (-0.47, 1), (0.42, -1))[number]
        _seated(ink, (x, 0.905 + 0.012 * (number > 1)), 0.235 - 0.03 * (number == 1), facing)
    for a, b in (((-0.09, 0.885), (0.07, 0.865)), ((0.09, 0.885), (-0.07, 0.865)), ((-0.05, 0.892), (0.06, 0.89))):
        ink.line([a, b], 0.016)
    cover, cloth = ink.cover(), canvas_cloth.cover()
    paint = flat(canvas, palette.ink) * 0.8
    paint += (
        colour(mix(palette.accent, palette.ink, 0.45)) * (0.5 + 1.2 * radial(canvas, (0.3, 0.85), 0.18, 2.0))[..., None]
        - paint
    ) * (cloth * (1 - cover))[..., None]
    soft = blur(cover, 2.5)
    toward = np.where(
        canvas.xs < 0, np.clip(cover - np.roll(soft, -5, axis=1), 0, 1), np.clip(cover - np.roll(soft, 5, axis=1), 0, 1)
    )
    paint += colour("#ffae5a") * (toward * 1.0 * radial(canvas, FIRE, 0.35, 2))[..., None]
    return Plate(np.asarray(paint, np.float32), np.maximum(cover, cloth), depth=0.8)


def _seated(ink: Ink, foot: tuple[float, float], h: float, facing: int) -> None:
    x, y = foot
    hip, neck = (x - 0.10 * h * facing, y - 0.16 * h), (x + 0.02 * h * facing, y - 0.62 * h)
    ink.tapered(hip, neck, (0.36 * h, 0.24 * h)).tapered(
        hip, (x + 0.26 * h * facing, y - 0.36 * h), (0.22 * h, 0.15 * h)
    )
    ink.tapered((x + 0.26 * h * facing, y - 0.36 * h), (x + 0.30 * h * facing, y - 0.02 * h), (0.15 * h, 0.10 * h))
    ink.tapered((x + 0.29 * h * facing, y - 0.02 * h), (x + 0.4 * h * facing, y), (0.09 * h, 0.06 * h))
    ink.tapered((neck[0], neck[1] + 0.1 * h), (x + 0.30 * h * facing, y - 0.42 * h), (0.13 * h, 0.08 * h))
    ink.ellipse((neck[0] + 0.05 * h * facing, neck[1] - 0.17 * h), (0.115 * h, 0.14 * h)).tapered(
        neck, (neck[0] + 0.03 * h * facing, neck[1] - 0.1 * h), (0.12 * h, 0.11 * h)
    )
    ink.ellipse((x - 0.12 * h * facing, y - 0.06 * h), (0.32 * h, 0.09 * h))


def _eyes(canvas: Canvas, rng: Rng, count: int) -> list[Layer]:
    layers: list[Layer] = []
    for number in range(count):
        x, y = float(rng.choice([-1, 1]) * rng.uniform(0.42, 0.82)), float(rng.uniform(0.715, 0.775))
        spots = radial(canvas, (x - 0.014, y), 0.005, 4) + radial(canvas, (x + 0.014, y), 0.005, 4)
        light = colour("#ffe08a") * np.where(spots > 0.04, np.clip(spots, 0, 1), 0)[..., None]
        layers.append(
            Glow(
                np.asarray(light, np.float32),
                _blinking(number),
                depth=0.4,
            )
        )
    return layers


def _blinking(number: int) -> Callable[[float], float]:
    """Eyes that open one pair after the other and blink."""

    def strength(t: float) -> float:
        opened = min(1.0, max(0.0, (t - 0.8 - 0.7 * number) * 2))
        return 0.0 if (t * 0.6 + number * 0.37) % 1 < 0.06 else 0.95 * opened

    return strength


class _Flames:
    """Fire: noise that rises and is cut to the shape of a flame, a quarter of the size, every frame."""

    def __init__(self, canvas: Canvas, rng: Rng) -> None:
        self._canvas = canvas
        self._size = max(16, round(canvas.scale * 0.34 / 3)), max(12, round(canvas.scale * 0.22 / 3))
        rows, columns = self._size
        self._field = noise((rows * 6, columns), (columns * 0.34, rows * 0.16), rng, 4)
        y, x = np.linspace(1, 0, rows)[:, None], np.linspace(-1, 1, columns)[None, :]
        self._x, self._y = x, y
        ramp = np.linspace(0, 1, 256)[:, None]
        table = np.clip(
            np.concatenate([ramp**2.6 * 0.9, ramp**1.25 * 0.85, ramp**0.55], axis=1) * np.clip(ramp * 3, 0, 1), 0, 1
        )
        self._table = (table * 255).astype(np.uint8)

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Add the flames of this moment."""
        rows, columns = self._size
        offset = int(moment.at_s * rows * 1.15) % (rows * 4)
        texture = self._field[offset : offset + rows]
        sway = (
            0.22 * np.sin(self._y * 5 - moment.at_s * 5.5) * self._y
            + 0.1 * np.sin(moment.at_s * 9 + self._y * 9) * self._y
        )
        width = 0.62 * (1 - self._y) ** 0.75 * (0.35 + np.sqrt(self._y + 0.05))
        heat = np.clip((1.15 - (np.abs(self._x - sway) / (width + 0.02)) ** 1.5) * (1.05 - 0.75 * self._y), 0, 1.2)
        heat = np.clip(heat * 1.5 - (texture - 0.18) * (0.55 + 1.1 * self._y), 0, 1)
        small = self._table[(np.clip(heat, 0, 1) * 255).astype(np.uint8)]
        light = cv2.resize(small, (columns * 3, rows * 3), interpolation=cv2.INTER_CUBIC)
        canvas = self._canvas
        top = round(canvas.row(FIRE[1] + 0.025) - canvas.margin - moment.pan[1] * 0.8) - light.shape[0]
        left = round(canvas.column(FIRE[0]) - canvas.margin - moment.pan[0] * 0.8) - light.shape[1] // 2
        add_light(frame, np.asarray(light, np.uint8), top, left, 1.0)
