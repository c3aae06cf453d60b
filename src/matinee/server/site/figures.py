"""Motifs that show a feeling in plain shapes: rings that close in, two halves, something that goes off."""

from __future__ import annotations

import math

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
    """Rings that close in, off centre, or frames within frames, as a corridor."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    turn, step = c.rng.uniform(0, 2 * math.pi), u * c.rng.uniform(1.6, 2.8)
    corridor = c.rng.random() < 0.4
    for index in range(9, 0, -1):
        fill = p.shade if index % 2 else (p.tone if index < 6 else p.ground)
        left, top, r = x + math.cos(turn) * step * index, y + math.sin(turn) * step * index, u * 7.5 * index
        if corridor:
            c.rect(left - r * 0.7, top - r * 0.8, r * 1.4, r * 1.6, fill)
        else:
            c.circle(left, top, r, fill)
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
    """Two discs and what they share, or two lines that lean on each other."""
    p, u, (x, y) = c.palette, c.unit, c.focus
    r = u * c.rng.uniform(26, 34)
    if c.rng.random() < 0.4:
        low = min(float(c.height), y + u * 56)
        for side, fill in ((-1, p.shade), (1, p.tone)):
            c.path(
                f"M{x + side * r:.1f} {low:.1f}Q{x + side * r:.1f} {y:.1f} {x:.1f} {y - r * 0.6:.1f}V{low:.1f}Z", fill
            )
        c.circle(x, y - r * 0.9, u * 6, p.spark)
        return
    d, lift = r * c.rng.uniform(0.55, 0.75), u * c.rng.uniform(-8, 8)
    c.circle(x - d, y + lift, r, p.shade)
    c.circle(x + d, y - lift, r, p.tone)
    c.shapes.append(f'<clipPath id="a"><circle cx="{x - d:.1f}" cy="{y + lift:.1f}" r="{r:.1f}"/></clipPath>')
    c.circle(x + d, y - lift, r, p.spark, ' clip-path="url(#a)"')


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


def action(c: Canvas) -> None:
    """Something that goes off: rays from a point, a slash of bars, or pieces that fly apart."""
    (_rays, _slash, _pieces)[c.rng.randrange(3)](c)


def _rays(c: Canvas) -> None:
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


def _slash(c: Canvas) -> None:
    p, u, (x, y) = c.palette, c.unit, c.focus
    lean, count = u * c.rng.uniform(40, 70), c.rng.randrange(4, 7)
    for index in range(count):
        left, wide = x - u * 96 + index * u * c.rng.uniform(20, 28), u * c.rng.uniform(6, 16)
        fill = p.shade if index < count - 3 else p.spark if index == count - 2 else p.tone
        low = y + u * 34 if fill == p.spark else float(c.height)
        at = left + lean * (1 - low / c.height)
        c.polygon([(left + lean, 0), (left + lean + wide, 0), (at + wide, low), (at, low)], fill)


def _pieces(c: Canvas) -> None:
    p, u, (x, y) = c.palette, c.unit, c.focus
    for index in range(c.rng.randrange(16, 24)):
        a, far = c.rng.uniform(0, 2 * math.pi), u * c.rng.uniform(14, 62)
        left, top, size = x + math.cos(a) * far, y + math.sin(a) * far * 0.8, u * c.rng.uniform(3, 13)
        clear = left > c.width * 0.7 and top < c.height * 0.5
        fill = p.shade if not clear else p.spark if index % 5 == 0 else p.tone
        b = a + c.rng.uniform(0.4, 1.2)
        tip = (left + math.cos(a) * size * 1.6, top + math.sin(a) * size * 1.6)
        c.polygon([(left, top), tip, (left + math.cos(b) * size, top + math.sin(b) * size)], fill)
    c.circle(x, y, u * c.rng.uniform(9, 13), p.tone)
    c.circle(x, y, u * 5, p.spark)


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
