"""A kitchen table by the window, painted as in a picture book: a kettle that steams and fruit with faces."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.paint import (
    Canvas,
    Light,
    Mask,
    Picture,
    blur,
    colour,
    flat,
    glaze,
    mix,
    noise,
    radial,
    shine,
    smooth,
)
from matinee.simulation.scenes.parts import sheet
from matinee.simulation.sprites import Drawn, Sprite
from matinee.simulation.weather import Palette, Rng, motes

TABLE = 0.74


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    band: tuple[str, ...] = ("pear", "teapot", "lemon"),
    evening: bool = False,
) -> Scene:
    """`band` names who stands on the table, from left to right: pear, teapot, lemon, egg, mug, tomato."""
    layers: list[Layer] = [Plate(_room(canvas, rng, palette, evening=evening), None, depth=0.3)]
    layers.append(_table(canvas, rng, palette))
    places = np.linspace(-0.46, 0.46, len(band)) if len(band) > 1 else np.array([0.0])
    for number, (who, x) in enumerate(zip(band, places, strict=True)):
        layers.append(_friend(canvas, palette, who, float(x), number))
    layers.append(
        motes(canvas, rng, palette.light, count=22, area=(-0.7, 0.1, 0.5, 0.75), radius=0.004, pulse=0.6, wander=0.08)
    )
    return Scene(layers)


def _room(canvas: Canvas, rng: Rng, palette: Palette, *, evening: bool) -> Light:
    light = flat(canvas, palette.mid)
    dots = np.cos(canvas.xs * 34) * np.cos(canvas.ys * 34)
    glaze(light, palette.low, smooth(np.asarray(dots, np.float32), 0.80, 0.90) * 0.55)
    light *= (0.92 + 0.10 * noise(canvas.shape, canvas.scale * 0.4, rng, 3))[..., None]
    frame, pane = Ink(canvas), Ink(canvas)
    frame.box(-0.40, 0.05, 0.40, 0.60)
    for left, right in ((-0.37, -0.015), (0.015, 0.37)):
        pane.box(left, 0.08, right, 0.30).box(left, 0.325, right, 0.57)
    glass = pane.cover()
    glaze(light, mix(palette.light, "#ffffff", 0.6), frame.cover())
    view = (
        colour(palette.high) + (colour(palette.haze) - colour(palette.high)) * np.clip(canvas.ys / 0.6, 0, 1)[..., None]
    )
    hill = smooth(canvas.ys - 0.44 + 0.06 * np.cos(canvas.xs * 5 + 1), 0, 0.006)
    view = view + (colour(mix(palette.accent, palette.haze, 0.45)) - view) * hill[..., None]
    ball = smooth(np.hypot(canvas.xs - 0.2, canvas.ys - 0.2), 0.066, 0.062)
    view = view + (colour("#fff7d8") - view) * ball[..., None]
    light += (np.asarray(view, np.float32) - light) * glass[..., None]
    curtains = Ink(canvas)
    for side in (-1, 1):
        curtains.polygon(
            [(side * 0.22, 0.02), (side * 0.52, 0.02), (side * 0.54, 0.64), (side * 0.42, 0.64), (side * 0.40, 0.36)]
        )
    folds = 0.82 + 0.18 * np.sin(canvas.xs * 95 + 2 * np.sin(canvas.ys * 4))
    cloth = colour(palette.accent) * folds[..., None]
    light += (np.asarray(cloth * np.ones_like(light), np.float32) - light) * curtains.cover()[..., None]
    shelf = Ink(canvas).box(0.60, 0.30, 1.3, 0.325).box(-1.3, 0.36, -0.64, 0.385)
    jars = Ink(canvas)
    for x, top, base, wide in (
        (0.66, 0.20, 0.30, 0.07),
        (0.76, 0.17, 0.30, 0.06),
        (0.85, 0.22, 0.30, 0.08),
        (-0.74, 0.27, 0.36, 0.06),
        (-0.84, 0.24, 0.36, 0.07),
    ):
        jars.box(x, top, x + wide, base).box(x + 0.01, top - 0.02, x + wide - 0.01, top)
    glaze(light, mix(palette.ink, palette.low, 0.35), shelf.cover())
    glaze(light, mix(palette.low, palette.ink, 0.35), jars.cover())
    beam = smooth(np.abs(canvas.xs + 0.35 * (canvas.ys - 0.3) - 0.02), 0.46, 0.30) * smooth(canvas.ys, 0.1, 0.7)
    shine(light, palette.light, np.asarray(beam * (0.08 if evening else 0.25), np.float32))
    return light


def _table(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    cover = smooth(canvas.ys, TABLE - 0.002, TABLE + 0.002) * np.ones(canvas.shape, np.float32)
    check_x = (np.floor((canvas.xs / (0.5 + (canvas.ys - TABLE) * 1.3)) * 7) % 2) * 1.0
    check_y = (np.floor(np.log(np.clip(canvas.ys - TABLE + 0.25, 0.05, None)) * 9) % 2) * 1.0
    share = 0.5 * check_x + 0.5 * check_y
    paint = (
        colour(mix(palette.light, "#ffffff", 0.5))
        + (colour(palette.accent) - colour(mix(palette.light, "#ffffff", 0.5))) * (share * 0.85)[..., None]
    )
    paint = paint * (0.94 + 0.08 * noise(canvas.shape, canvas.scale * 0.1, rng, 3))[..., None]
    paint = paint * (0.72 + 0.28 * radial(canvas, (0.0, 0.85), 0.35, 2, 2))[..., None]
    return Plate(np.asarray(paint, np.float32), np.asarray(cover, np.float32), depth=0.7)


_SHAPES = {
    "pear": "#b9d14a",
    "teapot": "#4aa6b8",
    "lemon": "#f4c93a",
    "egg": "#f6e6d0",
    "mug": "#e0705a",
    "tomato": "#e8523f",
}


def _friend(canvas: Canvas, palette: Palette, who: str, x: float, number: int) -> Sprite:
    small = sheet(canvas, 0.56)
    poses = Drawn(8, lambda step: _pose(small, palette, who, 3 * step))  # on twos, as cartoons are
    hop = 0.028 if who != "teapot" else 0.0

    def path(t: float) -> tuple[float, float]:
        beat = (t * 1.35 + number * 0.33) % 1
        return x, 0.865 + 0.02 * (number % 2) - hop * abs(sin(beat * pi))

    return Sprite(canvas, poses, path, lambda t: int(t * 6 + number * 7), 0.85, 0.56)


def _body(ink: Ink, who: str, lean: float) -> Ink:
    if who == "pear":
        return (
            ink.ellipse((0, 0.60), (0.125, 0.125))
            .ellipse((lean * 0.5, 0.48), (0.078, 0.10))
            .line([(lean, 0.39), (lean * 1.5 + 0.012, 0.35)], 0.014)
        )
    if who == "teapot":
        ink.ellipse((0, 0.59), (0.165, 0.135)).ellipse((0, 0.455), (0.085, 0.022)).circle((0, 0.43), 0.02)
        ink.line([(0.14, 0.58), (0.20, 0.55), (0.215, 0.47), (0.24, 0.455)], 0.034)
        return ink.line([(-0.14, 0.53), (-0.225, 0.52), (-0.235, 0.62), (-0.14, 0.66)], 0.024)
    if who == "lemon":
        return (
            ink.ellipse((0, 0.61), (0.115, 0.10), 0.1 + lean).circle((0.118, 0.622), 0.024).circle((-0.118, 0.60), 0.02)
        )
    if who == "egg":
        return ink.ellipse((0, 0.61), (0.10, 0.115)).ellipse((lean * 0.6, 0.55), (0.075, 0.10))
    if who == "mug":
        ink.polygon([(-0.10, 0.47), (0.10, 0.47), (0.085, 0.72), (-0.085, 0.72)]).ellipse((0, 0.47), (0.10, 0.022))
        return ink.line([(0.09, 0.53), (0.155, 0.54), (0.15, 0.63), (0.085, 0.65)], 0.022)
    return ink.ellipse((0, 0.61), (0.13, 0.11)).line([(0, 0.51), (0.01, 0.475)], 0.014)


def _pose(canvas: Canvas, palette: Palette, who: str, step: int) -> Picture:
    lean = 0.03 * sin(step / 24 * 2 * pi)
    cover = _body(Ink(canvas), who, lean).cover()
    paint = flat(canvas, _SHAPES[who])
    round_ = blur(cover, canvas.scale * 0.03)
    paint *= (0.62 + 0.42 * np.clip(round_, 0, 1))[..., None]
    shine(paint, "#fff6da", radial(canvas, (-0.045, 0.53), 0.045, 2.6) * 0.55)
    shine(paint, palette.light, np.clip(cover - np.roll(blur(cover, 3), (4, 5), (0, 1)), 0, 1) * 0.6)
    eyes, shut = Ink(canvas), step == 9
    face = {"pear": 0.585, "teapot": 0.575, "mug": 0.57}.get(who, 0.60)
    for side in (-1, 1):
        if shut:
            eyes.line([(side * 0.042 - 0.014, face), (side * 0.042, face + 0.006), (side * 0.042 + 0.014, face)], 0.006)
        else:
            eyes.ellipse((side * 0.042 + lean * 0.3, face), (0.013, 0.019))
    open_mouth = 0.006 + 0.016 * max(0.0, sin(step / 24 * 6 * pi))
    smile = [(lean * 0.3 + 0.032 * cos(a), face + 0.034 + 0.020 * sin(a)) for a in np.linspace(0.15, pi - 0.15, 14)]
    eyes.line(smile, 0.006)
    if open_mouth > 0.012:
        eyes.polygon([*smile, (lean * 0.3 - 0.03, face + 0.034)]).ellipse(
            (lean * 0.3, face + 0.044), (0.022, open_mouth)
        )
    cheeks: Mask = np.asarray(
        radial(canvas, (-0.078, face + 0.032), 0.016, 4) + radial(canvas, (0.078, face + 0.032), 0.016, 4), np.float32
    )
    glaze(paint, "#ff7a6a", np.clip(cheeks * 0.5, 0, 1))
    glaze(paint, "#2a1a1a", eyes.cover())
    if not shut:
        glint = Ink(canvas).circle((-0.038, face - 0.006), 0.0045).circle((0.046, face - 0.006), 0.0045).cover()
        paint += (1 - paint) * glint[..., None]
    shadow = radial(canvas, (0, 0.725), 0.02, 3, 5.5) * 0.35 * (1 - cover) * smooth(canvas.ys, 0.70, 0.72)
    shown = np.maximum(cover, np.where(shadow > 0.03, shadow, 0))
    paint *= np.where(cover[..., None] > 0.5, 1.0, 0.15)
    return cut_out(canvas, np.asarray(paint, np.float32), np.asarray(shown, np.float32))
