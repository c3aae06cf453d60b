"""Hot-air balloons over a sea of cloud at dawn."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

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
    below,
    bloom,
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
from matinee.simulation.scenes.parts import Flock, flock, sheet
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Palette, Rng, clouds

STRIPES = ("#d8432f", "#f2b53a", "#2f7f9a", "#f0e6d2", "#7a3f8a", "#e87a3a")


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    count: int = 6,
    sun: tuple[float, float] = (-0.38, 0.50),
    peaks: bool = True,
    airship: bool = False,
) -> Scene:
    """`count` balloons, or one `airship`; `peaks` stand out of the clouds."""
    light = palette.sky(canvas, 0.68)
    clouds(
        canvas,
        rng,
        light,
        lit=mix(palette.light, "#ffffff", 0.3),
        dark=palette.mid,
        cover=0.35,
        top=0.02,
        bottom=0.45,
        flat=4,
        strength=0.6,
    )
    shine(light, palette.light, np.clip(0.9 * radial(canvas, sun, 0.12, 1.7) + radial(canvas, sun, 0.055, 9), 0, 1))
    bloom(light, 0.85, 0.4, 40)
    layers: list[Layer] = [Plate(light, None, depth=0.05)]
    if peaks:
        layers.append(_peaks(canvas, rng, palette))
    layers.append(_clouds(canvas, rng, palette, 0.66, 0.25, sun))
    layers.append(flock(canvas, rng, mix(palette.ink, palette.haze, 0.3), (0.3, 0.3), 5, span=0.035))
    if airship:
        layers.append(_airship(canvas, palette))
    else:
        layers.append(_fleet(canvas, rng, palette, count))
    layers.append(_clouds(canvas, rng, palette, 0.80, 0.6, sun))
    layers.append(_clouds(canvas, rng, palette, 0.96, 1.0, sun))
    return Scene(layers)


def _peaks(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    wander = curve(canvas.xs, 0.5, rng, 7, 0.48)
    line = np.asarray(0.66 - 0.13 * np.clip(wander, -0.3, 2), np.float32)
    cover = below(canvas, line)
    texture = noise(canvas.shape, canvas.scale * 0.12, rng, 5)
    facets = np.clip((texture - np.roll(texture, (3, -5), (0, 1))) * 7 + 0.3, 0, 1)
    snow = smooth(0.16 - (canvas.ys - line) + 0.1 * (texture - 0.5), 0.02, 0.10)
    paint = flat(canvas, mix(palette.haze, palette.mid, 0.5))
    glaze(paint, mix(palette.light, "#ffffff", 0.35), snow * (0.25 + 0.5 * facets))
    return Plate(np.asarray(paint, np.float32), cover, depth=0.12)


def _clouds(canvas: Canvas, rng: Rng, palette: Palette, level: float, share: float, sun: tuple[float, float]) -> Plate:
    puffs = noise(canvas.shape, (canvas.scale * (0.28 + 0.2 * share), canvas.scale * (0.12 + 0.10 * share)), rng, 6)
    lift = curve(canvas.xs, 0.5, rng, 5)
    line = level - 0.04 * lift
    cover = smooth((canvas.ys - line) / 0.13 + (puffs - 0.5) * 1.5, -0.05, 0.5)
    relief = np.clip((puffs - np.roll(puffs, (round(5 + 6 * share), 4 if sun[0] > 0 else -4), (0, 1))) * 6 + 0.45, 0, 1)
    down = np.clip((canvas.ys - line) / 0.25, 0, 1)
    shadow = colour(mix(palette.haze, palette.mid, 0.3 + 0.3 * share))
    bright = colour(mix(palette.light, palette.low, 0.35))
    paint = shadow + (bright - shadow) * (relief * (1 - 0.6 * down) * (1 - 0.25 * share))[..., None]
    near = radial(canvas, (sun[0], level), 0.3, 2, 1.5)
    paint = paint + (colour(palette.light) - paint) * (near * 0.4 * relief)[..., None]
    return Plate(
        np.asarray(paint, np.float32),
        np.asarray(cover, np.float32),
        depth=0.2 + 0.8 * share,
        drift=(3 + 6 * share, 0),
    )


def _balloon(canvas: Canvas, palette: Palette, tints: tuple[str, str], burn: float) -> Picture:
    top, wide = 0.16, 0.25
    outline = []
    for a in np.linspace(0, 2 * pi, 60, endpoint=False):
        x, y = sin(a), -cos(a)
        narrow = 1.0 if y < 0 else 1 - 0.42 * y**1.6
        outline.append((wide * x * narrow, top + 0.25 + 0.27 * y * (1.0 if y < 0 else 1.18)))
    envelope = Ink(canvas).polygon(outline).cover()
    rest = Ink(canvas)
    rest.box(-0.045, 0.82, 0.045, 0.89)
    for side in (-1, 1):
        rest.line([(side * 0.10, 0.715), (side * 0.042, 0.82)], 0.005).line(
            [(side * 0.03, 0.725), (side * 0.02, 0.82)], 0.004
        )
    rest.circle((-0.016, 0.805), 0.014).circle((0.02, 0.803), 0.014).box(-0.03, 0.81, 0.034, 0.83)
    bulge = np.clip(np.abs(canvas.xs) / (wide * 1.01), 0, 1)
    gore = np.floor((np.arcsin(np.clip(canvas.xs / (wide * 1.02), -1, 1)) / pi + 0.5) * 10) % 2
    paint: Light = np.asarray(
        np.where((gore > 0)[..., None], colour(tints[0]), colour(tints[1])) * np.ones((*canvas.shape, 3)), np.float32
    )
    belt = smooth(np.abs(canvas.ys - 0.47), 0.05, 0.042)
    glaze(paint, mix(tints[0], "#ffffff", 0.7), belt * 0.9)
    shade: Mask = np.asarray(
        0.50
        + 0.55 * np.sqrt(np.clip(1 - bulge**2, 0, 1))
        - 0.35 * np.clip(canvas.xs / wide, -1, 1)
        - 0.25 * (canvas.ys - 0.4),
        np.float32,
    )
    paint *= np.clip(shade, 0.15, 1.25)[..., None]
    shine(paint, palette.light, np.clip(envelope - np.roll(blur(envelope, 4), (2, 6), (0, 1)), 0, 1) * 0.6)
    shine(paint, "#ffd27a", radial(canvas, (0, 0.70), 0.12, 2.4) * burn * 0.9)
    others = rest.cover()
    glaze(paint, palette.ink, others * (1 - envelope))
    return cut_out(canvas, paint, np.maximum(envelope, others))


def _fleet(canvas: Canvas, rng: Rng, palette: Palette, count: int) -> Flock:
    sprites = []
    for number in range(count):
        size = 0.52 if number == 0 else float(rng.uniform(0.11, 0.26))
        small = sheet(canvas, size)
        small = Canvas(small.width, small.height, 1.0, (0.0, 0.5), 0)
        tints = (STRIPES[number % 6], STRIPES[(number * 2 + 3) % 6])
        poses = [_balloon(small, palette, tints, burn) for burn in (0.0, 0.35, 0.8, 1.0)]
        x, y = (0.16, 0.76) if number == 0 else (float(rng.uniform(-0.78, 0.85)), float(rng.uniform(0.32, 0.66)))
        phase, rate = float(rng.uniform(0, 6)), float(rng.uniform(0.25, 0.5))

        def path(t: float, x: float = x, y: float = y, p: float = phase) -> tuple[float, float]:
            return x + 0.006 * t, y - 0.008 * t + 0.01 * sin(t * 0.6 + p)

        def pose(t: float, p: float = phase, r: float = rate) -> int:
            glow = max(0.0, sin(t * r * 2 * pi + p))
            return min(3, int(glow * 4))

        sprites.append((size, Sprite(canvas, poses, path, pose, 0.25 + size)))
    return Flock([sprite for _, sprite in sorted(sprites, key=lambda one: one[0])])


def _airship(canvas: Canvas, palette: Palette) -> Sprite:
    small = sheet(canvas, 0.95)
    small = Canvas(small.width, small.height, 1.0, (0.0, 0.5), 0)
    hull, rest, lamps = Ink(small), Ink(small), Ink(small)
    hull.ellipse((0.0, 0.42), (0.42, 0.115))
    rest.polygon([(-0.34, 0.40), (-0.47, 0.30), (-0.44, 0.42), (-0.47, 0.53), (-0.33, 0.45)])
    rest.polygon([(-0.12, 0.56), (0.14, 0.56), (0.11, 0.605), (-0.09, 0.605)]).box(-0.2, 0.53, -0.17, 0.58).ellipse(
        (-0.185, 0.585), (0.035, 0.012)
    )
    for x in (-0.07, -0.02, 0.03, 0.08):
        lamps.box(x, 0.572, x + 0.022, 0.588)
    cover = np.maximum(hull.cover(), rest.cover())
    body = np.clip(1 - ((small.ys - 0.40) / 0.12) ** 2, 0, 1)
    paint = np.asarray(
        colour(mix(palette.accent, palette.ink, 0.15)) * (0.35 + 0.75 * body * smooth(small.ys, 0.56, 0.34))[..., None]
        + 0 * small.xs[..., None],
        np.float32,
    )
    ribs = smooth(np.abs(np.sin(small.xs * 34)), 0.10, 0.03) * hull.cover()
    paint *= (1 - 0.28 * ribs)[..., None]
    paint *= np.where(rest.cover()[..., None] > 0.5, 0.4, 1.0)
    glaze(paint, palette.light, lamps.cover())
    shine(paint, palette.light, np.clip(cover - np.roll(blur(cover, 3), (4, 3), (0, 1)), 0, 1) * 0.7)
    pose = cut_out(small, np.asarray(paint, np.float32), cover)
    return Sprite(canvas, [pose], lambda t: (-0.12 + 0.03 * t, 0.62 + 0.012 * sin(t * 0.8)), depth=0.6)
