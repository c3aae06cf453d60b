"""An old picture house: velvet curtain, a beam from the projector, heads in the stalls."""

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, person
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import Canvas, Mask, blur, colour, curve, flat, mix, noise, radial, shine, smooth
from matinee.simulation.weather import Palette, Rng, motes


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    open_: float = 0.0,
    heads: bool = True,
    beam: float = 1.0,
    performer: str = "",
) -> Scene:
    """`open_` 0 to 1: the curtain; `beam`: the projector; `performer`: ``singer`` or ``magician``."""
    layers: list[Layer] = [Plate(_stage(canvas, rng, palette, open_), None, depth=0.3)]
    if performer:
        layers.append(_performer(canvas, palette, performer))
    layers.append(Plate(*_curtain(canvas, rng, palette, open_), depth=0.45))
    layers.append(_arch(canvas, rng, palette))
    if beam:
        layers.append(_beam(canvas, rng, palette, beam))
        layers.append(
            motes(canvas, rng, palette.light, count=36, area=(-0.5, 0.05, 0.5, 0.75), radius=0.003, pulse=0.6)
        )
    if heads:
        layers.append(_heads(canvas, rng, palette))
    return Scene(layers)


def _stage(canvas: Canvas, rng: Rng, palette: Palette, open_: float) -> Mask:
    light = flat(canvas, mix(palette.ink, palette.low, 0.2))
    screen = smooth(np.abs(canvas.xs), 0.62, 0.60) * smooth(np.abs(canvas.ys - 0.42), 0.33, 0.31)
    glow = mix(palette.light, "#ffffff", 0.35)
    light += (colour(glow) * 0.9 - light) * (screen * (0.9 if open_ else 0.0))[..., None]
    texture = noise(canvas.shape, canvas.scale * 0.3, rng, 3)
    light *= (0.92 + 0.16 * texture)[..., None]
    return light


def _curtain(canvas: Canvas, rng: Rng, palette: Palette, open_: float) -> tuple[Mask, Mask]:
    sway = curve(canvas.xs * 1.0, 0.35, rng, 3) * 0.6
    gather = 1 + 1.4 * open_
    fold = np.sin(canvas.xs * 46 * gather + sway * 2.2 + 0.35 * np.sin(canvas.ys * 3.1 + canvas.xs * 5))
    fine = np.sin(canvas.xs * 113 * gather + 2 * sway + 0.7 * np.sin(canvas.ys * 2.3))
    relief = 0.62 * fold + 0.22 * fine
    spot = radial(canvas, (0.0, 0.40), 0.42, 2.4, 1.25)
    tone = np.clip(0.34 + 0.36 * relief, 0.02, 1) * (0.30 + 1.0 * spot) * smooth(canvas.ys, -0.15, 0.18)
    velvet = colour(palette.accent) * tone[..., None] * 1.15
    sheen = np.clip(relief - 0.35, 0, 1) ** 2 * spot
    velvet = velvet + colour(mix(palette.accent, palette.light, 0.6)) * (sheen * 0.5)[..., None]
    hem = smooth(canvas.ys, 0.815, 0.83) * smooth(canvas.ys, 0.862, 0.85)
    gold = colour(palette.light) * (0.25 + 0.6 * np.clip(relief, 0, 1))[..., None] * (0.35 + spot)[..., None]
    velvet = velvet + (gold - velvet) * (hem * 0.9)[..., None]
    edge = 0.72 * open_
    cover = smooth(np.abs(canvas.xs) + 0.006 * fold + 0.05 * open_ * np.sin(canvas.ys * 3), edge - 0.004, edge + 0.004)
    cover = cover if open_ else np.ones(canvas.shape, np.float32)
    cover = cover * smooth(canvas.ys, 0.872, 0.866)
    return np.asarray(velvet, np.float32), np.asarray(cover * np.ones(canvas.shape, np.float32), np.float32)


def _arch(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    inner = Ink(canvas)
    top = [(float(x), 0.10 + 0.10 * float((abs(x) / 0.78) ** 4)) for x in np.linspace(-0.78, 0.78, 40)]
    inner.polygon([*top, (0.78, 0.88), (-0.78, 0.88)])
    opening = inner.cover()
    cover = 1 - opening
    frame = blur(opening, 5) - blur(opening, 12)
    paint = flat(canvas, mix(palette.ink, palette.mid, 0.16))
    plaster = noise(canvas.shape, canvas.scale * 0.2, rng, 4)
    paint *= (0.75 + 0.5 * plaster)[..., None]
    band = smooth(blur(opening, 9), 0.02, 0.1) * (1 - opening)
    carving = 0.6 + 0.4 * np.sin((canvas.xs + canvas.ys) * 150) * np.sin((canvas.xs - canvas.ys) * 150)
    paint += (colour(palette.light) * 0.42 - paint) * (band * carving * 0.8)[..., None]
    shine(paint, palette.light, np.asarray(np.clip(frame, 0, 1) * 0.4, np.float32))
    boards = smooth(canvas.ys, 0.875, 0.88) * opening
    del boards
    floor = smooth(canvas.ys, 0.868, 0.874)
    wood = (
        colour(mix(palette.ink, palette.light, 0.22)) * (0.5 + 0.7 * radial(canvas, (0, 0.88), 0.12, 2, 4))[..., None]
    )
    paint += (wood - paint) * (floor * smooth(canvas.ys, 0.95, 0.90))[..., None]
    return Plate(
        np.asarray(paint, np.float32),
        np.asarray(np.maximum(cover, floor * np.ones_like(cover)), np.float32),
        depth=0.6,
    )


def _beam(canvas: Canvas, rng: Rng, palette: Palette, strength: float) -> Glow:
    spread = 0.04 + 0.55 * np.clip((canvas.ys + 0.2) / 1.0, 0, 1)
    cone = np.exp(-(((canvas.xs - 0.05) / spread) ** 2) * 2.4) * smooth(canvas.ys, 0.95, 0.2)
    smoke = noise(canvas.shape, (canvas.scale * 0.4, canvas.scale * 0.3), rng, 5)
    light = colour(palette.light) * (cone * (0.10 + 0.24 * smoke) * strength)[..., None]
    return Glow(
        np.asarray(light, np.float32), lambda t: float(0.86 + 0.10 * np.sin(t * 31) * np.sin(t * 7.3)), depth=0.5
    )


def _heads(canvas: Canvas, rng: Rng, palette: Palette) -> Plate:
    ink = Ink(canvas)
    for row, (y, size, count) in enumerate(((0.93, 0.030, 15), (1.0, 0.042, 11))):
        for k in range(count):
            x = -1.0 + 2.0 * (k + 0.5 + 0.5 * (row % 2)) / count + float(rng.normal(0, 0.012))
            ink.ellipse((x, y + size * 1.7), (size * 1.75, size * 1.1))
            if rng.random() < 0.78:
                tall = float(rng.uniform(0.9, 1.1))
                ink.ellipse((x, y - size * 0.2 * tall), (size * 0.8, size * tall)).ellipse(
                    (x, y + size * 1.6), (size * 1.9, size * 0.9)
                )
                if rng.random() < 0.25:
                    ink.ellipse((x, y - size * 0.75), (size * 1.25, size * 0.24)).ellipse(
                        (x, y - size * 1.0), (size * 0.75, size * 0.5)
                    )
    cover = ink.cover()
    rim = np.clip(cover - np.roll(blur(cover, 2), 3, axis=0), 0, 1)
    paint = flat(canvas, palette.ink) * 0.7 + colour(palette.light) * (rim * 0.45)[..., None]
    return Plate(np.asarray(paint, np.float32), cover, depth=1.1)


def _performer(canvas: Canvas, palette: Palette, kind: str) -> Plate:
    ink = Ink(canvas)
    if kind == "singer":
        person(ink, (0.0, 0.868), 0.42, dress=True, hat="hair", arm=1.9)
        ink.line([(0.055, 0.868), (0.055, 0.545)], 0.006).ellipse((0.052, 0.535), (0.012, 0.016))
    else:
        person(ink, (0.0, 0.868), 0.44, coat=True, arm=2.3)
        ink.box(-0.04, 0.415, 0.05, 0.475).box(-0.062, 0.472, 0.072, 0.48)
    cover = ink.cover()
    return Plate(flat(canvas, palette.ink), cover, depth=0.4)
