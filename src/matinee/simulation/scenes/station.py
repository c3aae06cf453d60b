"""A ring-shaped station over a planet, stars behind it."""
# ruff: noqa: PLR0917  painters take where, with what and how, in that order

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Sparks, stamp
from matinee.simulation.paint import (
    Canvas,
    Light,
    Mask,
    Picture,
    blur,
    colour,
    disc,
    flat,
    glaze,
    mix,
    noise,
    radial,
    shine,
    smooth,
)
from matinee.simulation.scenes.parts import sheet
from matinee.simulation.sprites import Sprite
from matinee.simulation.weather import Palette, Rng, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    planet: tuple[float, float] = (-0.35, 1.18),
    radius: float = 0.72,
    ring: bool = True,
    ship: bool = True,
    nebula: float = 0.6,
) -> Scene:
    """`planet` is its centre; a `ring` station turns above it, a small `ship` crosses."""
    light = flat(canvas, palette.high)
    _nebula(canvas, rng, palette, light, nebula)
    stars(canvas, rng, light, count=900, horizon=1.6, strength=1.1)
    sun = (0.62, 0.1)
    shine(light, palette.light, np.clip(0.5 * radial(canvas, sun, 0.05, 1.5) + radial(canvas, sun, 0.016, 6), 0, 1))
    flare = np.exp(-np.abs(canvas.ys - sun[1]) * 90) * np.exp(-np.abs(canvas.xs - sun[0]) * 2.6)
    shine(light, palette.light, np.asarray(flare * 0.5, np.float32))
    _planet(canvas, rng, palette, light, planet, radius, sun)
    layers: list[Layer] = [Plate(light, None, depth=0.15)]
    if ring:
        layers.append(_ring(canvas, palette, (0.12, 0.42), 0.27))
    if ship:
        layers.append(_ship(canvas, palette))
    return Scene(layers)


def _nebula(canvas: Canvas, rng: Rng, palette: Palette, light: Light, strength: float) -> None:
    cloud = noise(canvas.shape, (canvas.scale * 0.8, canvas.scale * 0.45), rng, 6)
    other = noise(canvas.shape, canvas.scale * 0.5, rng, 5)
    band = np.exp(-(((canvas.ys - 0.35 + 0.25 * canvas.xs) / 0.32) ** 2))
    light += colour(palette.mid) * (smooth(cloud, 0.4, 0.85) * band * strength)[..., None] * 0.75
    light += colour(palette.accent) * (smooth(cloud * other, 0.3, 0.6) * band * strength)[..., None] * 0.5


def _planet(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    light: Light,
    centre: tuple[float, float],
    radius: float,
    sun: tuple[float, float],
) -> None:
    cover = disc(canvas, centre, radius, 2)
    dx, dy = (canvas.xs - centre[0]) / radius, (canvas.ys - centre[1]) / radius
    z = np.sqrt(np.clip(1 - dx * dx - dy * dy, 0, 1))
    bands = noise(canvas.shape, (canvas.scale * 0.7, canvas.scale * 0.10), rng, 6)
    land = noise(canvas.shape, canvas.scale * 0.35, rng, 6)
    face = colour(palette.low) + (colour(palette.haze) - colour(palette.low)) * smooth(land, 0.42, 0.6)[..., None]
    face = face + (1 - face) * (smooth(bands, 0.52, 0.85) * 0.75)[..., None]
    toward = np.array([sun[0] - centre[0], sun[1] - centre[1], 0.42])
    toward /= np.linalg.norm(toward)
    lit = np.clip(dx * toward[0] + dy * toward[1] + z * toward[2], 0, 1) ** 0.8
    air = (1 - z) ** 3 * np.clip(lit * 1.6 + 0.08, 0, 1)
    face = face * (lit * 1.05 + 0.012)[..., None] + colour(palette.accent) * (air * 0.8)[..., None]
    halo = np.exp(-np.clip(np.hypot(dx, dy) - 1, 0, 9) * 26) * np.clip(dx * toward[0] + dy * toward[1] + 0.35, 0, 1)
    shine(light, palette.accent, np.asarray(halo * 0.75, np.float32))
    light += (np.asarray(face, np.float32) - light) * cover[..., None]


def _ring(canvas: Canvas, palette: Palette, centre: tuple[float, float], radius: float) -> Sprite:
    """A wheel seen from the side, turning: drawn in steps of one spoke, after which it looks alike."""
    steps = 14
    small = sheet(canvas, radius * 2.5)
    poses = [_wheel(small, palette, radius, step / steps * (np.pi / 3)) for step in range(steps)]
    foot = centre[1] + poses[0].shape[0] / 2 / canvas.scale
    return Sprite(canvas, poses, lambda t: (centre[0] + 0.004 * t, foot), lambda t: int(t * 6), 0.5)


def _wheel(canvas: Canvas, palette: Palette, radius: float, turn: float) -> Picture:
    def at(angle: float, share: float, out: float = 0.0) -> tuple[float, float]:
        x, y = share * radius * np.cos(angle), share * radius * 0.42 * np.sin(angle) + out
        return float(x * 0.96 - y * 0.28), 0.5 + float(x * 0.28 + y * 0.96)

    rim, lamps = Ink(canvas), Ink(canvas)
    around = np.linspace(0, 2 * np.pi, 72)
    rim.line([at(a, 1.0) for a in around], 0.034).line([at(a, 0.8) for a in around], 0.008)
    for spoke in range(6):
        angle = turn + spoke * np.pi / 3
        rim.line([at(angle, 0.1), at(angle, 1.0)], 0.011)
    rim.ellipse((0, 0.5), (0.05, 0.035), 0.28).line([at(0, 0, -0.13), at(0, 0, 0.12)], 0.016)
    rim.ellipse(at(0, 0, -0.13), (0.022, 0.012), 0.28).ellipse(at(0, 0, 0.12), (0.03, 0.014), 0.28)
    for k in range(60):
        if k % 5:
            lamps.circle(at(turn + k * np.pi / 30, 1.0), 0.0032)
    cover, lit = rim.cover(), lamps.cover()
    soft = blur(cover, 3)
    edge = np.clip(soft - np.roll(soft, (4, -6), (0, 1)), -1, 1)
    paint = flat(canvas, mix(palette.ink, palette.haze, 0.22))
    paint += colour(mix(palette.light, "#ffffff", 0.4)) * np.clip(edge * 1.1, 0, 1)[..., None]
    paint += colour(palette.accent) * (np.clip(-edge, 0, 1) * 0.3)[..., None]
    glaze(paint, palette.light, lit)
    paint += colour(palette.light) * (blur(lit, 4) * 0.7)[..., None]
    return cut_out(canvas, paint, cover)


def _ship(canvas: Canvas, palette: Palette) -> Sparks:
    radius = 0.010 * canvas.scale
    stamps = [stamp(radius, colour(mix(palette.light, "#ffffff", 0.5)), 0.3)] + [
        stamp(radius * size, colour(palette.accent), 0.15) for size in (0.9, 0.7, 0.55, 0.4)
    ]

    def places(t: float) -> tuple[Mask, Mask, Mask]:
        lag = np.arange(5) * 0.16
        x = 0.75 - 0.075 * (t - lag)
        y = 0.72 - 0.018 * (t - lag) ** 1.0
        return x.astype(np.float32), y.astype(np.float32), np.array([1, 0.7, 0.5, 0.3, 0.2], np.float32)

    return Sparks(canvas, stamps, places, 0.7)
