"""Northern lights over a frozen lake, a cabin with one lit window."""

from __future__ import annotations

import cv2
import numpy as np

from matinee.simulation.ink import Ink, person, pine
from matinee.simulation.layers import Layer, Moment, Plate, Scene
from matinee.simulation.paint import (
    Canvas,
    Light,
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
from matinee.simulation.water import mirrored, ripples
from matinee.simulation.weather import Palette, Rng, stars


def paint(
    canvas: Canvas, rng: Rng, palette: Palette, *, strength: float = 1.0, cabin: bool = True, figures: int = 1
) -> Scene:
    """`strength` of the lights; `figures` who watch them."""
    horizon = 0.70
    light = palette.sky(canvas, horizon)
    stars(canvas, rng, light, count=700, horizon=horizon)
    far = np.asarray(0.645 - 0.055 * curve(canvas.xs, 0.5, rng, 6), np.float32)
    cover = below(canvas, far)
    snowy = smooth(
        noise(canvas.shape, (canvas.scale * 0.1, canvas.scale * 0.07), rng, 5) - (canvas.ys - far) * 3.2, 0.3, 0.6
    )
    rock = (
        colour(mix(palette.haze, palette.ink, 0.5))
        + (colour(mix(palette.low, "#dfeaff", 0.35)) - colour(mix(palette.haze, palette.ink, 0.5)))
        * (snowy * 0.75)[..., None]
    )
    light += (rock - light) * cover[..., None]
    mirrored(canvas, light, horizon, darker=0.62)
    ripples(canvas, rng, light, horizon, 0.05)
    layers: list[Layer] = [
        Plate(light, None, depth=0.1),
        _Curtains(canvas, rng, palette, horizon, strength),
        _shore(canvas, rng, palette, cabin=cabin, figures=figures),
    ]
    return Scene(layers)


class _Curtains:
    """Folds of light that wave, computed at a sixth of the size, mirrored in the ice."""

    def __init__(self, canvas: Canvas, rng: Rng, palette: Palette, horizon: float, strength: float) -> None:
        self._canvas, self._horizon = canvas, horizon
        self._low, self._high = colour(palette.accent) * strength, colour(palette.light) * strength
        size = canvas.height // 6, canvas.width // 6
        self._size = size
        self._y = ((np.arange(size[0]) + 0.5) * 6 - (canvas.row(0) - canvas.margin)) / canvas.scale
        self._x = ((np.arange(size[1]) + 0.5) * 6 - (canvas.column(0) - canvas.margin)) / canvas.scale
        self._phase = rng.uniform(0, 6.28, 8)
        self._streaks = noise((4, 4096), (34, 4), rng, 4, wrap=True)[1]

    def draw(self, frame: Picture, moment: Moment) -> None:
        """Add the lights of this moment."""
        light = np.zeros((*self._size, 3), np.float32)
        for fold in range(3):
            light += self._fold(fold, moment.at_s)
        mirrored_row = int((self._canvas.row(self._horizon) - self._canvas.margin) / 6)
        if 0 < mirrored_row < self._size[0]:
            count = min(self._size[0] - mirrored_row, mirrored_row)
            light[mirrored_row:] = 0
            light[mirrored_row : mirrored_row + count] = light[mirrored_row - count : mirrored_row][::-1] * 0.42
        small = np.clip(light * 255, 0, 255).astype(np.uint8)
        full = cv2.resize(small, (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_LINEAR)
        cv2.add(frame, full, dst=frame)

    def _fold(self, number: int, at_s: float) -> Light:
        p = self._phase[number * 2 : number * 2 + 2]
        x = self._x
        base = (
            0.50
            - 0.11 * number
            + 0.075 * np.sin(x * 2.1 + p[0] + at_s * 0.16)
            + 0.04 * np.sin(x * 4.7 + p[1] - at_s * 0.27)
            + 0.015 * np.sin(x * 11 + at_s * 0.5)
        )
        along = self._streaks[((x * 420 + number * 900 + at_s * (22 - 8 * number)) % 4095).astype(int)]
        along = 0.18 + 0.82 * np.clip((along - 0.3) * 2.2, 0, 1)
        along = along * (0.55 + 0.45 * np.sin(x * 1.3 + p[1] + at_s * 0.3))
        up = base[None, :] - self._y[:, None]
        tall = 0.10 + 0.24 * along[None, :]
        body = np.where(up > 0, np.exp(-up / tall), np.exp(up * 42)) * along[None, :] * (0.9, 0.6, 0.4)[number]
        turn = np.clip(up / 0.34, 0, 1)[..., None]
        return np.asarray(body[..., None] * (self._low * (1 - turn) + self._high * turn), np.float32)


def _shore(canvas: Canvas, rng: Rng, palette: Palette, *, cabin: bool, figures: int) -> Plate:
    line = np.asarray(0.90 - 0.02 * curve(canvas.xs, 0.5, rng, 4) - 0.10 * smooth(canvas.xs, 0.0, 0.75), np.float32)
    ink, snow_roof, glass = Ink(canvas), Ink(canvas), Ink(canvas)
    for x in np.concatenate([rng.uniform(0.62, 1.1, 9), rng.uniform(-1.1, -0.72, 6)]):
        pine(ink, (float(x), 0.93), float(rng.uniform(0.22, 0.44)), rng)
    if cabin:
        ink.box(0.30, 0.74, 0.50, 0.86).polygon([(0.27, 0.752), (0.40, 0.655), (0.53, 0.752)]).box(
            0.45, 0.665, 0.475, 0.72
        )
        snow_roof.polygon([(0.26, 0.757), (0.40, 0.648), (0.54, 0.757), (0.52, 0.763), (0.40, 0.672), (0.28, 0.763)])
        glass.box(0.345, 0.775, 0.385, 0.815).box(0.42, 0.775, 0.46, 0.815)
        smoke = noise(canvas.shape, canvas.scale * 0.08, rng, 4)
        del smoke
    for number in range(figures):
        x = -0.22 + 0.075 * number
        ground = float(np.interp(x, canvas.xs[0], line[0]))
        person(
            ink,
            (x, ground + 0.006),
            0.17 - 0.05 * (number % 2),
            coat=True,
            hat="cap" if number else "hair",
            facing=1 if number % 2 == 0 else -1,
            child=number % 2 == 1,
        )
    ground_cover = below(canvas, line)
    cover = np.maximum.reduce([ink.cover(), snow_roof.cover(), ground_cover])
    paint = flat(canvas, palette.ink)
    drift = noise(canvas.shape, (canvas.scale * 0.3, canvas.scale * 0.05), rng, 4)
    snow = colour(mix(palette.low, palette.haze, 0.4)) * (0.30 + 0.35 * drift)[..., None]
    paint += (snow + colour(palette.accent) * 0.06 - paint) * (ground_cover * (1 - 0.97 * ink.cover()))[..., None]
    glaze(paint, mix(palette.haze, "#e8f2ff", 0.4), snow_roof.cover() * 0.7)
    warm = glass.cover()
    glaze(paint, "#ffc56a", warm)
    spill = blur(warm, 9) * 0.9 + radial(canvas, (0.40, 0.875), 0.05, 2.6, 2.4) * (0.30 if cabin else 0)
    shine(paint, "#ffb45a", np.asarray(spill * (1 - warm) * 0.6, np.float32))
    return Plate(np.asarray(paint, np.float32), cover, depth=0.9)
