"""The plain of another world: rocks, dust, two moons, and one traveller in a suit."""

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, cut_out
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import (
    Canvas,
    Light,
    below,
    blur,
    colour,
    curve,
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
from matinee.simulation.weather import Palette, Rng, mist, motes, stars


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    traveller: bool = True,
    lander: bool = True,
    giant: bool = True,
    dust: float = 0.6,
    crystal: bool = False,
) -> Scene:
    """A `giant` ringed planet in the sky; a `lander` far off; a `crystal` that glows among the rocks."""
    light = palette.sky(canvas, 0.66)
    stars(canvas, rng, light, strength=0.8, horizon=0.55)
    if giant:
        _giant(canvas, rng, palette, light)
    cover = disc(canvas, (-0.52, 0.17), 0.032)
    glaze(
        light,
        mix(palette.light, palette.haze, 0.3),
        cover * (0.55 + 0.45 * smooth(canvas.xs - canvas.ys, -0.66, -0.71)),
    )
    layers: list[Layer] = [Plate(light, None, depth=0.05)]
    layers += [_mesa(canvas, rng, palette, share) for share in (0.2, 0.5)]
    layers.append(
        mist(canvas, rng, mix(palette.low, palette.haze, 0.5), 0.72, 0.09, strength=0.75 * dust, depth=0.4, drift=16)
    )
    layers.append(_plain(canvas, rng, palette, lander=lander))
    if crystal:
        layers += _crystal(canvas, palette)
    if traveller:
        layers.append(_suit(canvas, palette))
    layers.append(_rocks(canvas, rng, palette))
    layers.append(
        motes(canvas, rng, palette.light, count=26, area=(-0.95, 0.4, 0.95, 1.0), radius=0.003, wander=0.2, pulse=0.5)
    )
    return Scene(layers)


def _giant(canvas: Canvas, rng: Rng, palette: Palette, light: Light) -> None:
    centre, radius = (0.32, 0.26), 0.19
    dx, dy = (canvas.xs - centre[0]) / radius, (canvas.ys - centre[1]) / radius
    u, v = dx * 0.94 + dy * 0.34, -dx * 0.34 + dy * 0.94
    around = np.hypot(u, v * 4.2)
    ring = smooth(around, 1.22, 1.28) * smooth(around, 2.05, 1.98) * (0.55 + 0.45 * np.sin(around * 42)) * 0.55
    body = disc(canvas, centre, radius)
    z = np.sqrt(np.clip(1 - dx * dx - dy * dy, 0, 1))
    bands = 0.5 + 0.5 * np.sin(v * 16 + 1.5 * noise(canvas.shape, canvas.scale * 0.1, rng, 4))
    face = colour(palette.accent) + (colour(palette.light) - colour(palette.accent)) * (bands * 0.6)[..., None]
    lit = np.clip(-dx * 0.55 - dy * 0.25 + z * 0.75, 0, 1)
    face = face * (0.06 + 0.95 * lit)[..., None]
    tone = colour(mix(palette.light, palette.accent, 0.35))
    behind = ring * (1 - body)
    light += (tone - light) * (behind * 0.9)[..., None]
    light += (np.asarray(face, np.float32) - light) * body[..., None]
    light += (tone - light) * (ring * body * (v > 0))[..., None]


def _mesa(canvas: Canvas, rng: Rng, palette: Palette, share: float) -> Plate:
    wander = curve(canvas.xs, 0.55, rng, 6, 0.42)
    flat_top = np.tanh(wander * 3.2) * 0.75 + wander * 0.15
    line = np.asarray(0.64 + 0.06 * share - (0.09 + 0.03 * share) * flat_top, np.float32)
    cover = below(canvas, line)
    down = np.clip((canvas.ys - line) / 0.3, 0, 1)
    tone = mix(palette.haze, palette.ink, 0.15 + 0.5 * share)
    strata = noise(canvas.shape, (canvas.scale * 0.6, canvas.scale * 0.02), rng, 3)
    gullies = noise(canvas.shape, (canvas.scale * 0.03, canvas.scale * 0.25), rng, 3)
    paint = colour(tone) * (0.82 + 0.26 * strata + 0.3 * (gullies - 0.5))[..., None]
    paint = paint + (colour(palette.low) - paint) * (down * (0.75 - 0.4 * share))[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=0.12 + 0.3 * share)


def _plain(canvas: Canvas, rng: Rng, palette: Palette, *, lander: bool) -> Plate:
    line = np.asarray(0.79 - 0.015 * curve(canvas.xs, 0.6, rng, 4), np.float32)
    ground = below(canvas, line)
    ink = Ink(canvas)
    if lander:
        x, y = -0.42, 0.80
        ink.polygon(
            [
                (x - 0.045, y - 0.10),
                (x - 0.025, y - 0.17),
                (x + 0.025, y - 0.17),
                (x + 0.045, y - 0.10),
                (x + 0.035, y - 0.05),
                (x - 0.035, y - 0.05),
            ]
        )
        for side in (-1, 1):
            ink.line([(x + side * 0.035, y - 0.08), (x + side * 0.075, y)], 0.006).box(
                x + side * 0.075 - 0.014, y - 0.004, x + side * 0.075 + 0.014, y + 0.004
            )
        ink.line([(x + 0.01, y - 0.17), (x + 0.01, y - 0.23)], 0.003).ellipse(
            (x + 0.01, y - 0.235), (0.018, 0.006), -0.4
        )
    cover = np.maximum(ground, ink.cover())
    down = np.clip((canvas.ys - line) / 0.25, 0, 1)
    sand = noise(canvas.shape, (canvas.scale * 0.25, canvas.scale * 0.018), rng, 5)
    paint = (
        colour(mix(palette.low, palette.haze, 0.5))
        + (colour(mix(palette.haze, palette.ink, 0.6)) - colour(mix(palette.low, palette.haze, 0.5))) * down[..., None]
    )
    paint = paint * (0.80 + 0.36 * sand)[..., None]
    craft = ink.cover() * (1 - ground)
    edge = np.clip(craft - np.roll(blur(craft, 2), (2, 4), (0, 1)), 0, 1)
    paint = paint + (colour(palette.ink) - paint) * craft[..., None] + colour(palette.light) * (edge * 0.9)[..., None]
    if lander:
        shine(paint, palette.accent, radial(canvas, (-0.42, 0.675), 0.008, 3) * 0.9)
    return Plate(np.asarray(paint, np.float32), cover, depth=0.55)


def _suit(canvas: Canvas, palette: Palette) -> Sprite:
    small = sheet(canvas, 0.42)
    poses = []
    for step in range(16):
        swing = np.sin(step / 16 * 2 * np.pi)
        lift = abs(np.cos(step / 16 * 2 * np.pi)) * 0.008
        y = 0.62 - lift
        ink, glass = Ink(small), Ink(small)
        for side in (1, -1):
            knee = (0.012 + side * swing * 0.03, y - 0.055)
            ink.tapered((0.0, y - 0.11), knee, (0.046, 0.04)).tapered(knee, (side * swing * 0.045, y), (0.04, 0.034))
            ink.tapered((side * swing * 0.045, y), (side * swing * 0.045 + 0.02, y + 0.002), (0.03, 0.024))
            ink.tapered((0.0, y - 0.175), (-side * swing * 0.04 + 0.015, y - 0.105), (0.036, 0.03))
        ink.tapered((0.0, y - 0.115), (0.004, y - 0.175), (0.075, 0.085)).polygon(
            [(-0.06, y - 0.205), (-0.02, y - 0.205), (-0.02, y - 0.115), (-0.06, y - 0.115)]
        )
        ink.circle((0.012, y - 0.225), 0.038)
        glass.ellipse((0.028, y - 0.226), (0.022, 0.024))
        cover, visor = ink.cover(), glass.cover()
        paint = flat(small, mix(palette.ink, palette.haze, 0.25))
        soft = blur(cover, 3)
        paint += (
            colour(mix(palette.light, "#ffffff", 0.3))
            * (np.clip(cover - np.roll(soft, (3, 5), (0, 1)), 0, 1) * 0.9)[..., None]
        )
        glaze(paint, palette.light, visor * 0.85)
        poses.append(cut_out(small, np.asarray(paint, np.float32), cover))
    return Sprite(canvas, poses, lambda t: (-0.08 + 0.022 * t, 0.905), lambda t: int(t * 11), 0.75)


def _crystal(canvas: Canvas, palette: Palette) -> list[Layer]:
    ink = Ink(canvas)
    at = (0.30, 0.92)
    for dx, tall, lean in ((0.0, 0.20, 0.02), (-0.035, 0.13, -0.04), (0.04, 0.14, 0.06), (0.075, 0.08, 0.08)):
        ink.polygon(
            [
                (at[0] + dx - 0.018, at[1]),
                (at[0] + dx - 0.014 + lean, at[1] - tall * 0.8),
                (at[0] + dx + lean, at[1] - tall),
                (at[0] + dx + 0.014 + lean, at[1] - tall * 0.78),
                (at[0] + dx + 0.018, at[1]),
            ]
        )
    cover = ink.cover()
    paint = flat(canvas, mix(palette.accent, "#ffffff", 0.35)) * (0.7 + 0.3 * np.sin(canvas.xs * 260))[..., None]
    halo = blur(cover, 22) * 0.9 + radial(canvas, (at[0], at[1] - 0.06), 0.11, 2.3) * 0.4
    return [
        Plate(np.asarray(paint, np.float32), cover, depth=0.7),
        Glow(
            np.asarray(colour(palette.accent) * np.where(halo > 0.02, halo, 0)[..., None], np.float32),
            lambda t: float(0.7 + 0.3 * np.sin(t * 1.8)),
            depth=0.7,
        ),
    ]


def _rocks(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    line = np.asarray(
        0.985 - 0.02 * curve(canvas.xs, 0.25, rng, 5) - 0.07 * smooth(np.abs(canvas.xs), 0.45, 0.95), np.float32
    )
    ink = Ink(canvas)
    for x in np.concatenate([rng.uniform(-1, -0.3, 8), rng.uniform(0.35, 1.0, 8)]):
        size = float(rng.uniform(0.02, 0.07))
        y = float(np.interp(x, canvas.xs[0], line[0])) + 0.01
        ink.polygon(
            [
                (
                    float(x) + size * float(rng.uniform(0.8, 1.2)) * float(np.cos(a)),
                    y - size * 0.7 * float(rng.uniform(0.7, 1.2)) * float(np.sin(a)),
                )
                for a in np.linspace(0, np.pi, 8)
            ]
        )
    cover = np.maximum(ink.cover(), below(canvas, line))
    texture = noise(canvas.shape, canvas.scale * 0.05, rng, 4)
    paint = colour(mix(palette.ink, palette.haze, 0.12)) * (0.7 + 0.5 * texture)[..., None]
    edge = np.clip(cover - np.roll(blur(cover, 2), (3, 3), (0, 1)), 0, 1)
    paint = paint + colour(palette.light) * (edge * 0.4)[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=1.0)
