"""The motifs of the posters: one function per genre that lays a few flat shapes on a canvas.

Shapes are placed in units of the canvas, so one motif serves the wide, the tall and the hero's poster. Bright
shapes keep out of the lower left, where the lettering stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from matinee.server.site.canvas import Canvas


def drama(c: Canvas) -> None:
    """Two halves of one thing that do not quite meet."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r = u * c.rng.uniform(34, 46)
    match c.rng.randrange(4):
        case 0:
            c.half(x, y, r, 90, p.tone)
            c.half(x - u * 3, y + u * c.rng.uniform(8, 20), r, 270, p.shade)
            c.circle(x + r * 0.45, y - r * 0.2, u * 5, p.spark)
        case 1:
            c.circle(x - r * 0.55, y + r * 0.25, r, p.shade)
            c.circle(x + r * 0.45, y - r * 0.1, r * 0.82, p.tone)
            c.circle(x + r * 0.45, y - r * 0.1, r * 0.2, p.spark)
        case 2:
            c.rect(x - u * 2, 0, u * 26, c.height, p.shade)
            c.half(x + u * 24, y, r * 0.9, 90, p.tone)
            c.half(x - u * 2, y + u * 6, r * 0.42, 270, p.spark)
        case _:
            for step, fill in enumerate((p.shade, p.tone, p.spark)):
                c.half(x + u * 6 + step * u * 3, y + u * 14, r * (1.15 - step * 0.38), 0, fill)


def comedy(c: Canvas) -> None:
    """A pavement of quarter discs, turned at random: order that cannot keep a straight face."""
    p, u = c.palette, c.unit
    size = u * c.rng.choice((20, 25, 34))
    columns, rows = math.ceil(c.width / size * 0.5), math.ceil(c.height / size)
    for column in range(columns):
        for row in range(rows):
            if c.rng.random() < 0.35 + 0.3 * row / rows:
                continue
            x, y, turn = c.width - (column + 1) * size, row * size, c.rng.randrange(4) * 90
            near = row < rows * 0.34 if c.height > c.width else column < columns * 0.6
            fill = c.rng.choice((p.tone, p.shade, p.tone, p.spark) if near else (p.shade,))
            c.path(
                f"M0 0H{size:.1f}A{size:.1f} {size:.1f} 0 0 1 0 {size:.1f}Z",
                fill,
                f' transform="translate({x:.1f} {y:.1f}) rotate({turn} {size / 2:.1f} {size / 2:.1f})"',
            )


def thriller(c: Canvas) -> None:
    """Rings that close in, off centre."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    turn, step = c.rng.uniform(0, 2 * math.pi), u * c.rng.uniform(1.6, 2.8)
    for index in range(9, 0, -1):
        fill = p.shade if index % 2 else (p.tone if index < 6 else p.ground)
        c.circle(x + math.cos(turn) * step * index, y + math.sin(turn) * step * index, u * 7.5 * index, fill)
    c.circle(x, y, u * 4, p.spark)


def horror(c: Canvas) -> None:
    """A moon, and something with teeth."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    c.circle(x, y, u * c.rng.uniform(20, 27), p.tone)
    c.circle(x + u * c.rng.uniform(5, 9), y - u * 3, u * 4, p.spark)
    count = c.rng.randrange(6, 10)
    width = c.width / count
    for index in range(count):
        drop = c.height * (0.12 + 0.26 * c.rng.random()) * (0.5 + index / count)
        c.polygon([(index * width, 0), ((index + 1) * width, 0), ((index + 0.5) * width, drop)], p.shade)


def scifi(c: Canvas) -> None:
    """A world, its orbits, and a few stars."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r, tilt = u * c.rng.uniform(20, 28), c.rng.uniform(-35, -10)
    for _ in range(18):
        c.circle(c.rng.uniform(0, c.width), c.rng.uniform(0, c.height), u * c.rng.uniform(0.4, 0.9), p.tone)
    for grow in range(1, c.rng.randrange(3, 5)):
        c.shapes.append(
            f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{r * (1 + grow * 0.55):.1f}" ry="{r * (0.2 + grow * 0.22):.1f}" '
            f'fill="none" stroke="{p.tone}" stroke-width="{u * 0.9:.1f}" '
            f'transform="rotate({tilt:.0f} {x:.1f} {y:.1f})"/>'
        )
    c.circle(x, y, r, p.tone)
    c.half(x, y, r, tilt + 180, p.shade)
    c.circle(x + r * 1.35, y - r * 0.75, u * 4, p.spark)


def romance(c: Canvas) -> None:
    """Two discs, and what they share."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r = u * c.rng.uniform(26, 34)
    d, lift = r * c.rng.uniform(0.55, 0.75), u * c.rng.uniform(-8, 8)
    c.circle(x - d, y + lift, r, p.shade)
    c.circle(x + d, y - lift, r, p.tone)
    c.shapes.append(f'<clipPath id="a"><circle cx="{x - d:.1f}" cy="{y + lift:.1f}" r="{r:.1f}"/></clipPath>')
    c.circle(x + d, y - lift, r, p.spark, ' clip-path="url(#a)"')


def western(c: Canvas) -> None:
    """A low sun in bands behind table mountains."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r, floor = u * c.rng.uniform(28, 36), y + u * 36
    c.circle(x, y + u * 6, r, p.spark)
    for band in range(4):
        c.rect(0, y + u * (10 + band * 7), c.width, u * (1.2 + band * 0.9), p.ground)
    at = c.width * 0.1
    while at < c.width:
        width, rise = u * c.rng.uniform(24, 50), u * c.rng.uniform(10, 26)
        fill = p.tone if at > c.width * 0.55 or c.height > c.width else p.shade
        c.polygon(
            [(at, floor), (at + u * 5, floor - rise), (at + width - u * 6, floor - rise), (at + width, floor)], fill
        )
        at += width + u * c.rng.uniform(10, 60)
    c.rect(0, floor, c.width, c.height - floor, p.shade)


def war(c: Canvas) -> None:
    """Searchlights."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    for index in range(c.rng.randrange(3, 5)):
        foot, lean = c.width * (0.25 + index * 0.22), c.rng.uniform(-40, 60) * u
        fill = p.tone if index % 2 else p.shade
        c.polygon(
            [(foot, c.height), (foot + lean + u * 11, 0), (foot + lean + u * 32, 0), (foot + u * 3, c.height)], fill
        )
    c.circle(x, y - u * 8, u * 7, p.spark)


def musical(c: Canvas) -> None:
    """A record, its grooves, and the light that lies across it."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r = u * c.rng.uniform(40, 50)
    c.circle(x, y, r, p.shade)
    for groove in range(3, 8):
        c.ring(x, y, r * groove / 8, p.tone, u * 0.7)
    turn = c.rng.uniform(0, 360)
    wedge = f"M{x:.1f} {y:.1f}L{x + r:.1f} {y - r * 0.22:.1f}A{r:.1f} {r:.1f} 0 0 1 {x + r:.1f} {y + r * 0.22:.1f}Z"
    c.path(wedge, p.tone, f' opacity=".55" transform="rotate({turn:.0f} {x:.1f} {y:.1f})"')
    c.circle(x, y, r * 0.26, p.spark)
    c.circle(x, y, r * 0.05, p.ground)


def crime(c: Canvas) -> None:
    """Light through a blind."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    slats, lean = c.rng.randrange(6, 9), c.rng.uniform(6, 16) * u
    left, width = x - u * 38, u * c.rng.uniform(78, 100)
    for index in range(slats):
        top = y - u * 44 + index * u * 92 / slats
        fill = p.tone if index < slats - 3 else p.shade
        c.polygon(
            [(left, top + lean), (left + width, top), (left + width, top + u * 5), (left, top + lean + u * 5)], fill
        )
    c.rect(x + u * c.rng.uniform(4, 18), y - u * 46, u * 2.4, u * 96, p.spark)


def noir(c: Canvas) -> None:
    """A street lamp and its cone."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    top, spread = y - u * c.rng.uniform(18, 26), u * c.rng.uniform(34, 48)
    c.polygon([(x, top), (x + spread, c.height), (x - spread * 1.6, c.height)], p.shade)
    c.polygon([(x, top), (x + spread * 0.7, c.height * 0.78), (x - spread * 0.6, c.height * 0.78)], p.tone)
    c.rect(x - u * 1.2, 0, u * 2.4, top, p.tone)
    c.half(x, top + u * 3, u * 9, 0, p.spark)


def mystery(c: Canvas) -> None:
    """A door ajar."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    width, top, foot = u * c.rng.uniform(22, 30), y - u * 34, min(c.height * 0.74, y + u * 44)
    c.polygon([(x, foot), (x + width, foot), (x + width * 0.2, c.height), (x - width * 2.6, c.height)], p.shade)
    c.rect(x - u * 4, top, width + u * 8, foot - top, p.shade)
    c.rect(x, top + u * 4, width, foot - top - u * 4, p.spark)
    c.polygon(
        [
            (x + width * 0.35, top + u * 4),
            (x + width, top + u * 4),
            (x + width, foot),
            (x + width * 0.35, foot + u * 7),
        ],
        p.tone,
    )
    c.circle(x + width * 0.5, (top + foot) / 2 + u * 4, u * 1.6, p.spark)


def animation(c: Canvas) -> None:
    """A ball, drawn at every frame of its bounce."""
    p, u = c.palette, c.unit
    floor, count = c.height * (0.62 if c.width > c.height else 0.36), c.rng.randrange(9, 13)
    hop = c.rng.uniform(1.6, 2.4)
    for index in range(count):
        at = index / (count - 1)
        x = c.width * (0.3 + 0.62 * at)
        y = floor - abs(math.sin(at * math.pi * hop)) * u * 46 * (0.5 + at / 2)
        last = index == count - 1
        c.circle(x, y, u * (3 + 8 * at), p.spark if last else (p.tone if at > 0.55 else p.shade))
    c.rect(0, floor + u * 11, c.width, u * 1.6, p.shade)


def family(c: Canvas) -> None:
    """Hills, and a balloon let go."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    c.circle(c.width * c.rng.uniform(0.75, 0.95), c.height * 1.05, u * 62, p.tone)
    c.circle(c.width * c.rng.uniform(0.1, 0.4), c.height * 1.3, u * 80, p.shade)
    for index in range(c.rng.randrange(1, 4)):
        bx, by, r = x - index * u * c.rng.uniform(20, 30), y - u * c.rng.uniform(0, 14), u * c.rng.uniform(8, 13)
        c.path(f"M{bx:.1f} {by:.1f}q{-u * 4:.1f} {u * 18:.1f} {u * 2:.1f} {u * 34:.1f}", "none",
               f' stroke="{p.tone}" stroke-width="{u * 0.7:.1f}"')  # fmt: skip
        c.circle(bx, by, r, p.spark if index == 0 else p.tone)


def adventure(c: Canvas) -> None:
    """Ranges behind ranges."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    c.circle(x - u * c.rng.uniform(2, 16), y - u * 10, u * c.rng.uniform(10, 16), p.spark)
    for layer, fill in enumerate((p.tone, p.shade)):
        base, points, at = y + u * (26 + layer * 26), [(0.0, float(c.height))], 0.0
        while at < c.width + u * 40:
            high = base - u * c.rng.uniform(16, 34) * (1 if at > c.width * 0.5 else 0.35)
            points += [(at, base), (at + u * c.rng.uniform(16, 26), high)]
            at += u * c.rng.uniform(36, 60)
        c.polygon([*points, (at, base), (float(c.width) * 1.3, float(c.height))], fill)


def action(c: Canvas) -> None:
    """Rays from one corner of the picture."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    count, far, turn = c.rng.randrange(9, 15), c.width * 1.4, c.rng.uniform(0, 1)
    for index in range(count):
        a = (index + turn) / count * 2 * math.pi
        b = a + math.pi / count
        down_left = math.cos((a + b) / 2) < -0.1 and math.sin((a + b) / 2) > -0.25
        c.polygon(
            [(x, y), (x + math.cos(a) * far, y + math.sin(a) * far), (x + math.cos(b) * far, y + math.sin(b) * far)],
            p.shade if down_left or index % 2 else p.tone,
        )
    c.circle(x, y, u * c.rng.uniform(13, 19), p.spark)
    c.circle(x, y, u * 6, p.ground)


def fantasy(c: Canvas) -> None:
    """A crescent over arches."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r = u * c.rng.uniform(18, 25)
    c.circle(x, y, r, p.spark)
    c.circle(x - r * 0.42, y - r * 0.2, r * 0.9, p.ground)
    count, foot = c.rng.randrange(5, 8), c.height * 0.8
    width = c.width / count
    for index in range(count):
        rise = u * (10 + 22 * index / count + c.rng.uniform(-4, 4))
        left, right, top, low = index * width, (index + 1) * width, foot - rise, foot - rise * 0.3
        c.path(
            f"M{left:.1f} {c.height}V{low:.1f}Q{left:.1f} {top:.1f} {(left + right) / 2:.1f} {top - u * 8:.1f}"
            f"Q{right:.1f} {top:.1f} {right:.1f} {low:.1f}V{c.height}Z",
            p.tone if index > count * 0.55 and index % 2 else p.shade,
        )


def documentary(c: Canvas) -> None:
    """The blades of an aperture."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    blades, r, open_to = c.rng.randrange(6, 9), u * 46, c.rng.uniform(0.28, 0.42)
    c.circle(x, y, r, p.shade)
    for index in range(blades):
        a, b = index / blades * 2 * math.pi, (index + 1) / blades * 2 * math.pi
        c.polygon(
            [
                (x + math.cos(a) * r, y + math.sin(a) * r),
                (x + math.cos(b) * r, y + math.sin(b) * r),
                (x + math.cos(b + 0.6) * r * open_to, y + math.sin(b + 0.6) * r * open_to),
            ],
            p.tone if index % 2 else p.shade,
        )
    c.circle(x, y, r * open_to * 0.86, p.ground)
    c.circle(x + u * 3, y - u * 3, u * 4, p.spark)


def history(c: Canvas) -> None:
    """An arcade in evening light."""
    p, u, y = c.palette, c.unit, c.focus[1]
    width, count, foot = u * c.rng.uniform(22, 30), 5, min(c.height * 0.8, y + u * 52)
    start = c.width - width * (count - 0.35)
    for index in range(count):
        left, top = start + index * width, y - u * (6 + 5 * index)
        half = width * 0.36
        fill = p.spark if index == count - 1 else (p.tone if index > 2 else p.shade)
        c.path(
            f"M{left:.1f} {foot:.1f}V{top:.1f}a{half:.1f} {half:.1f} 0 0 1 {half * 2:.1f} 0V{foot:.1f}Z",
            fill,
        )
    c.rect(0, foot, c.width, u * 1.6, p.shade)


def curtain(c: Canvas) -> None:
    """The house's own curtain, not yet risen."""
    p, u, (x, _) = c.palette, c.unit, c.focus
    folds, drop = c.rng.randrange(8, 13), u * 42
    width = c.width / folds
    for index in range(folds):
        lift = abs(index + 0.5 - x / width) * u * 3.2
        c.path(
            f"M{index * width:.1f} 0H{(index + 1) * width:.1f}V{drop + lift:.1f}"
            f"a{width / 2:.1f} {width / 2:.1f} 0 0 1 {-width:.1f} 0Z",
            p.tone if index % 2 and index * width > c.width * 0.5 else p.shade,
        )
    c.circle(x, drop + u * 20, u * 5, p.spark)


DEFAULT = "curtain"

MOTIFS: Mapping[str, Callable[[Canvas], None]] = {
    "action": action,
    "adventure": adventure,
    "animation": animation,
    "biography": history,
    "children": family,
    "comedy": comedy,
    "crime": crime,
    DEFAULT: curtain,
    "documentary": documentary,
    "drama": drama,
    "family": family,
    "fantasy": fantasy,
    "film-noir": noir,
    "history": history,
    "horror": horror,
    "music": musical,
    "musical": musical,
    "mystery": mystery,
    "romance": romance,
    "sci-fi": scifi,
    "science-fiction": scifi,
    "thriller": thriller,
    "war": war,
    "western": western,
}
