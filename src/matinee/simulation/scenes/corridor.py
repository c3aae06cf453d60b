"""A long corridor with doors; the light fails, and somebody stands at its end."""

from __future__ import annotations

import numpy as np

from matinee.simulation.ink import Ink, person
from matinee.simulation.layers import Layer, Plate, Scene
from matinee.simulation.lights import Glow
from matinee.simulation.paint import Canvas, Light, blur, colour, flat, glaze, mix, noise, radial, smooth
from matinee.simulation.weather import Palette, Rng, mist, motes

VANISH = 0.47
END = 0.10
"""Half the width of the far wall."""


def paint(
    canvas: Canvas,
    rng: Rng,
    palette: Palette,
    *,
    figure: str = "child",
    flicker: float = 1.0,
    lamps: int = 3,
    door: bool = True,
) -> Scene:
    """`figure` ``child``, ``tall`` or empty; `flicker` 0 to 1; a `door` on the left stands open and lit."""
    light = _walls(canvas, rng, palette, door=door)
    layers: list[Layer] = [Plate(light * 0.55, None, depth=0.4)]
    glow = light * 1.15 * np.asarray(0.25 + radial(canvas, (0.0, 0.40), 0.34, 2.0), np.float32)[..., None]

    def strength(t: float) -> float:
        broken = int(t * 17) % 23 in (2, 3, 7, 11) or 2.6 < t % 4.2 < 2.9
        return 1.0 - 0.85 * flicker * broken

    layers.append(Glow(np.asarray(glow, np.float32), strength, depth=0.4))
    for number in range(lamps):
        near = 0.32 + 0.95 * (number / lamps) ** 1.6
        at = (0.0, VANISH - 0.40 * near)
        halo = radial(canvas, at, 0.035 * near, 2.4, 2.6) * 0.9
        layers.append(
            Glow(
                np.asarray(colour(palette.light) * np.where(halo > 0.02, halo, 0)[..., None], np.float32),
                strength,
                depth=0.5,
            )
        )
    if figure:
        layers.append(_figure(canvas, palette, figure))
    layers.append(mist(canvas, rng, mix(palette.haze, palette.low, 0.5), 0.62, 0.10, strength=0.4, depth=0.5))
    layers.append(motes(canvas, rng, palette.light, count=22, area=(-0.6, 0.1, 0.6, 0.9), radius=0.003, pulse=0.6))
    return Scene(layers)


def _walls(canvas: Canvas, rng: Rng, palette: Palette, *, door: bool) -> Light:
    dx, dy = np.abs(canvas.xs) + 0 * canvas.ys, canvas.ys - VANISH + 0 * canvas.xs
    reach = np.maximum.reduce([dx / END, dy / (END * 1.25), -dy / (END * 1.15)])
    reach = np.maximum(reach, 1.0)
    side = (dx / END >= reach - 1e-4) & (reach > 1)
    floor, ceiling = (
        (dy / (END * 1.25) >= reach - 1e-4) & (reach > 1),
        (-dy / (END * 1.15) >= reach - 1e-4) & (reach > 1),
    )
    far = 1 / reach
    along = 9.0 * far
    paper = 0.5 + 0.5 * np.cos(along * 9) * np.cos(dy / reach * 120)
    wainscot = smooth(np.asarray(dy / reach, np.float32), 0.028, 0.032)
    grime = noise(canvas.shape, canvas.scale * 0.15, rng, 5)
    wall = colour(palette.mid) * (0.60 + 0.16 * paper + 0.35 * (grime - 0.5))[..., None]
    wall = (
        wall
        + (colour(mix(palette.ink, palette.accent, 0.35)) * (0.7 + 0.3 * np.cos(along * 30))[..., None] - wall)
        * wainscot[..., None]
    )
    check = (np.floor(along * 2.2) + np.floor(canvas.xs / reach * 38 + 1000)) % 2
    tiles = (
        colour(mix(palette.ink, palette.haze, 0.25))
        + (colour(mix(palette.low, palette.haze, 0.4)) - colour(mix(palette.ink, palette.haze, 0.25)))
        * check[..., None]
    )
    light = np.zeros((*canvas.shape, 3), np.float32)
    light += wall * side[..., None]
    light += (
        tiles * (0.75 * floor)[..., None] + colour(mix(palette.haze, palette.ink, 0.3)) * (0.8 * ceiling)[..., None]
    )
    light += colour(mix(palette.haze, palette.mid, 0.5)) * (reach <= 1)[..., None]
    light *= (0.55 + 0.75 * np.clip(reach / 6, 0, 1) ** 0.6)[..., None]
    shut, frames, lit = Ink(canvas), Ink(canvas), Ink(canvas)
    for near in (1.55, 2.4, 4.0, 7.0):
        for sign in (-1, 1):
            a, b = near * END, near * 1.28 * END
            top, base = VANISH - 0.062 * near, VANISH - 0.062 * near * 1.28
            low_a, low_b = VANISH + 0.122 * near, VANISH + 0.122 * near * 1.28
            shape = [(sign * a, top), (sign * b, base), (sign * b, low_b), (sign * a, low_a)]
            frames.line([*shape, shape[0]], 0.006 * near)
            (lit if door and sign < 0 and near == 4.0 else shut).polygon(shape)
    light += (colour(mix(palette.ink, palette.accent, 0.2)) * 0.5 - light) * shut.cover()[..., None]
    light += (colour(palette.ink) * 0.8 - light) * (frames.cover() * 0.8)[..., None]
    open_door = lit.cover()
    glaze(light, mix(palette.light, palette.accent, 0.25), open_door)
    if door:
        light += colour(palette.light) * (blur(open_door, 26) * 0.45 * (1 - open_door))[..., None]
        pool = Ink(canvas).polygon([(-0.40, 0.96), (-0.52, 1.10), (0.5, 1.16), (0.24, 0.99)]).cover()
        light += colour(palette.light) * (blur(pool, 8) * 0.3)[..., None]
    return np.asarray(light, np.float32)


def _figure(canvas: Canvas, palette: Palette, kind: str) -> Plate:
    ink = Ink(canvas)
    if kind == "child":
        person(ink, (0.0, 0.625), 0.15, dress=True, hat="hair", child=True)
    else:
        person(ink, (0.01, 0.64), 0.255, coat=True, hat="fedora")
    cover = ink.cover()
    shadow = Ink(canvas).polygon([(-0.02, 0.625), (0.02, 0.625), (0.07, 0.86), (-0.05, 0.86)]).cover()
    return Plate(flat(canvas, palette.ink), np.maximum(cover, blur(shadow, 5) * 0.5), depth=0.45)
