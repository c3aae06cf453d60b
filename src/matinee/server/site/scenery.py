"""Motifs that show a place or a thing: hills, a street lamp, a door ajar."""

from __future__ import annotations

import math

from matinee.server.site.canvas import Canvas


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
