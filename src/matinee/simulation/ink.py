"""Silhouettes: smooth shapes drawn as cover on a canvas, and the people, trees and houses made of them.

Shapes are drawn twice as large and reduced, so that edges are smooth. Coordinates are those of the canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from matinee.simulation.paint import Canvas, Light, Mask, Picture, Point

_TIMES = 2
_FRACTION = 3
"""Bits after the point in OpenCV's coordinates."""


class Ink:
    """A sheet on which shapes are drawn in black; `cover()` is what they hide."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        rows, columns = canvas.shape
        self._sheet = np.zeros((rows * _TIMES, columns * _TIMES), np.uint8)

    def _points(self, points: Sequence[Point]) -> NDArray[np.int32]:
        canvas = self.canvas
        origin = np.array([canvas.column(0), canvas.row(0)])
        places = np.clip((np.asarray(points) * canvas.scale + origin) * _TIMES, -20000, 20000)
        return np.asarray(np.round(places * 2**_FRACTION), np.int32)

    def polygon(self, points: Sequence[Point], tone: int = 255) -> Ink:
        """A filled shape; `tone` 0 cuts it out again."""
        cv2.fillPoly(self._sheet, [self._points(points)], tone, cv2.LINE_AA, _FRACTION)
        return self

    def boxes(self, corners: Sequence[tuple[float, float, float, float]], tone: int = 255) -> Ink:
        """Many upright rectangles of one tone at once, each as left, top, right, bottom."""
        shapes = [self._points([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) for x0, y0, x1, y1 in corners]
        cv2.fillPoly(self._sheet, shapes, tone, cv2.LINE_AA, _FRACTION)
        return self

    def line(self, points: Sequence[Point], width: float, tone: int = 255) -> Ink:
        """A line through the points with round ends, `width` units wide."""
        thick = max(1, round(width * self.canvas.scale * _TIMES))
        cv2.polylines(self._sheet, [self._points(points)], False, tone, thick, cv2.LINE_AA, _FRACTION)  # noqa: FBT003
        return self

    def circle(self, centre: Point, radius: float, tone: int = 255) -> Ink:
        """A filled circle."""
        return self.ellipse(centre, (radius, radius), 0, tone)

    def ellipse(self, centre: Point, radii: Point, turn: float = 0.0, tone: int = 255) -> Ink:
        """A filled ellipse, turned by `turn` radians."""
        turned = [
            (
                centre[0] + radii[0] * cos(a) * cos(turn) - radii[1] * sin(a) * sin(turn),
                centre[1] + radii[0] * cos(a) * sin(turn) + radii[1] * sin(a) * cos(turn),
            )
            for a in np.linspace(0, 2 * pi, 40, endpoint=False)
        ]
        return self.polygon(turned, tone)

    def box(self, left: float, top: float, right: float, bottom: float, tone: int = 255) -> Ink:
        """A filled upright rectangle."""
        return self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], tone)

    def tapered(self, start: Point, end: Point, widths: tuple[float, float], tone: int = 255) -> Ink:
        """A limb: two round ends of the given widths and what lies between."""
        along = np.array(end) - np.array(start)
        length = float(np.hypot(*along)) or 1e-6
        side = np.array([-along[1], along[0]]) / length / 2
        corners = [np.array(start) + side * widths[0], np.array(end) + side * widths[1]]
        corners += [np.array(end) - side * widths[1], np.array(start) - side * widths[0]]
        self.polygon([(float(x), float(y)) for x, y in corners], tone)
        return self.circle(start, widths[0] / 2, tone).circle(end, widths[1] / 2, tone)

    def cover(self) -> Mask:
        """What the shapes hide, 0 to 1."""
        rows, columns = self.canvas.shape
        small = cv2.resize(self._sheet, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32) / 255


def cut_out(canvas: Canvas, light: Light, cover: Mask) -> Picture:
    """A sprite's pose: the light under the cover as premultiplied BGRA, cropped to what shows.

    The crop is kept centred across, with its lower edge at the lowest row that shows.
    """
    shown = cover > 0.004
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    middle = (canvas.shape[1] - 1) / 2
    half = int(np.ceil(max(middle - columns[0], columns[-1] - middle))) + 1
    left, right = max(0, int(middle) - half), min(canvas.shape[1], int(middle) + half + 2)
    part = slice(int(rows[0]), int(rows[-1]) + 1), slice(left, right)
    shade = cover[part][..., None]
    colours = (light[part] if light.ndim == 3 else light) * shade
    return np.asarray(np.round(np.clip(np.concatenate([colours, shade], axis=2), 0, 1) * 255), np.uint8)


def person(
    ink: Ink,
    foot: Point,
    height: float,
    *,
    stride: float = 0.0,
    lean: float = 0.0,
    facing: int = 1,
    coat: bool = False,
    dress: bool = False,
    hat: str = "",
    arm: float | None = None,
    umbrella: bool = False,
    child: bool = False,
) -> Ink:
    """A standing or walking figure. `stride` -1 to 1 is the phase of the step, `arm` raises the near arm (radians)."""
    x, y = foot
    h = height
    head = 0.085 if child else 0.066
    hip = (x + lean * h * 0.3, y - 0.47 * h)
    neck = (x + lean * h * 0.7 + 0.012 * h * facing, y - 0.83 * h)
    swing = sin(stride * pi)
    for side in (1, -1):
        reach = swing * side * 0.17 * h * facing
        lift = max(0.0, cos(stride * pi) * side) * 0.05 * h
        knee = (hip[0] + reach * 0.55 + 0.02 * h * facing, y - 0.25 * h - lift * 0.5)
        ankle = (x + reach, y - 0.02 * h - lift)
        ink.tapered(hip, knee, (0.105 * h, 0.075 * h)).tapered(knee, ankle, (0.075 * h, 0.05 * h))
        ink.tapered(ankle, (ankle[0] + 0.055 * h * facing, ankle[1] + 0.008 * h), (0.045 * h, 0.03 * h))
    width = 0.2 * h
    shoulder = neck[1] + 0.035 * h
    ink.polygon(
        [
            (neck[0] - width * 0.25, neck[1] + 0.01 * h),
            (neck[0] - width * 0.52, shoulder + 0.03 * h),
            (hip[0] - width * 0.42, hip[1] + 0.03 * h),
            (hip[0] + width * 0.42, hip[1] + 0.03 * h),
            (neck[0] + width * 0.52, shoulder + 0.03 * h),
            (neck[0] + width * 0.25, neck[1] + 0.01 * h),
        ]
    )
    if coat or dress:
        hem, flare = (0.17, 0.19) if coat else (0.2, 0.3)
        back = -swing * 0.05 * h
        ink.polygon(
            [
                (neck[0] - width * 0.5, shoulder + 0.05 * h),
                (neck[0] + width * 0.5, shoulder + 0.05 * h),
                (hip[0] + width * 0.4, hip[1] - 0.05 * h),
                (x + flare * h * 0.72 + back, y - hem * h),
                (x - flare * h * 0.72 + back, y - hem * h * 0.96),
                (hip[0] - width * 0.4, hip[1] - 0.05 * h),
            ]
        )
    for side in (1, -1):
        start = (neck[0] + side * width * 0.42, shoulder + 0.03 * h)
        angle = -swing * side * 0.5 * facing if arm is None or side != facing else arm * facing
        elbow = (start[0] + sin(angle) * 0.16 * h + side * 0.02 * h, start[1] + cos(angle) * 0.16 * h)
        bend = angle + (0.25 * facing if arm is None else 0.15 * facing)
        hand = (elbow[0] + sin(bend) * 0.15 * h, elbow[1] + cos(bend) * 0.15 * h)
        ink.tapered(start, elbow, (0.068 * h, 0.055 * h)).tapered(elbow, hand, (0.055 * h, 0.036 * h))
        if umbrella and side == facing:
            _umbrella(ink, hand, h)
    top = (neck[0] + 0.012 * h * facing, neck[1] - 0.062 * h)
    ink.tapered(neck, top, (0.07 * h, 0.06 * h)).ellipse(top, (head * h * 0.8, head * h))
    ink.ellipse((top[0] + head * 0.55 * h * facing, top[1] + 0.012 * h), (head * 0.32 * h, head * 0.4 * h))
    if hat == "fedora":
        ink.ellipse((top[0], top[1] - 0.035 * h), (0.125 * h, 0.018 * h), 0.06 * facing)
        ink.polygon(
            [
                (top[0] - 0.07 * h, top[1] - 0.035 * h),
                (top[0] - 0.055 * h, top[1] - 0.105 * h),
                (top[0], top[1] - 0.095 * h),
                (top[0] + 0.055 * h, top[1] - 0.105 * h),
                (top[0] + 0.07 * h, top[1] - 0.035 * h),
            ]
        )
    elif hat == "hair":
        ink.ellipse((top[0] - 0.03 * h * facing, top[1] + 0.035 * h), (0.07 * h, 0.11 * h), 0.2 * facing)
    elif hat == "cap":
        ink.ellipse((top[0], top[1] - 0.03 * h), (0.07 * h, 0.045 * h))
        ink.tapered((top[0], top[1] - 0.02 * h), (top[0] + 0.1 * h * facing, top[1] - 0.01 * h), (0.03 * h, 0.012 * h))
    return ink


def _umbrella(ink: Ink, hand: Point, h: float) -> None:
    top = (hand[0] + 0.01 * h, hand[1] - 0.62 * h)
    ink.line([hand, top], 0.014 * h)
    dome = [(top[0] + 0.34 * h * cos(a), top[1] + 0.17 * h - 0.2 * h * sin(a)) for a in np.linspace(0, pi, 24)]
    scallops = [
        (top[0] - 0.34 * h + 0.68 * h * k / 24, top[1] + 0.17 * h - 0.03 * h * abs(sin(k / 24 * 4 * pi)))
        for k in range(25)
    ]
    ink.polygon(dome + scallops)


def pine(ink: Ink, foot: Point, height: float, rng: np.random.Generator, tone: int = 255) -> Ink:
    """A fir, uneven as firs are."""
    x, y = foot
    tiers = 9
    left: list[Point] = []
    right: list[Point] = []
    for tier in range(tiers):
        rise = tier / tiers
        reach = (1 - rise) ** 0.85 * height * 0.2
        level = y - height * (0.06 + 0.9 * rise)
        for side, points in ((-1, left), (1, right)):
            tip = reach * rng.uniform(0.75, 1.15)
            points.append((x + side * tip, level + height * 0.035))
            points.append((x + side * tip * 0.5, level - height * 0.02))
    ink.polygon([*left, (x, y - height), *reversed(right)], tone)
    return ink.line([(x, y), (x, y - height * 0.2)], height * 0.03, tone)


def tree(
    ink: Ink,
    foot: Point,
    height: float,
    rng: np.random.Generator,
    *,
    leaves: float = 0.0,
    lean: float = 0.0,
    depth: int = 7,
) -> Ink:
    """A branching tree; `leaves` above 0 puts foliage of that size (in units of its height) at the twigs."""

    def grow(at: Point, angle: float, length: float, width: float, level: int) -> None:
        bend = angle + rng.normal(0, 0.1)
        end = (at[0] + sin(bend) * length, at[1] - cos(bend) * length)
        ink.tapered(at, end, (width, width * 0.72))
        if level == 0:
            if leaves:
                ink.ellipse(
                    end,
                    (leaves * height * rng.uniform(0.6, 1.2), leaves * height * rng.uniform(0.5, 0.9)),
                    rng.uniform(0, pi),
                )
            return
        for side in (-1, 1) if level > 1 or rng.random() < 0.8 else (rng.choice([-1, 1]),):
            turn = side * rng.uniform(0.2, 0.62) + lean * 0.1
            grow(end, bend + turn, length * rng.uniform(0.68, 0.86), width * 0.68, level - 1)

    grow(foot, lean, height * 0.26, height * 0.055, depth)
    return ink


def bird(ink: Ink, at: Point, span: float, flap: float) -> Ink:
    """A bird far away; `flap` -1 to 1 is where its wings are."""
    x, y = at
    lift = -flap * 0.28 * span
    for side in (-1, 1):
        elbow = (x + side * span * 0.24, y + lift * 0.9 - 0.05 * span)
        tip = (x + side * span * 0.5, y + lift * 0.5 + 0.02 * span)
        ink.tapered((x, y), elbow, (0.09 * span, 0.06 * span)).tapered(elbow, tip, (0.06 * span, 0.012 * span))
    return ink.ellipse((x, y + 0.01 * span), (0.09 * span, 0.05 * span), 0.2)


def cat(ink: Ink, foot: Point, height: float, *, facing: int = 1, tail: float = 0.0) -> Ink:
    """A sitting cat; `tail` -1 to 1 sways its tail."""
    x, y = foot
    h, f = height, facing
    ink.ellipse((x, y - 0.27 * h), (0.22 * h, 0.29 * h))
    ink.tapered((x + 0.06 * f * h, y - 0.45 * h), (x + 0.12 * f * h, y), (0.24 * h, 0.12 * h))
    head = (x + 0.1 * f * h, y - 0.68 * h)
    ink.ellipse(head, (0.165 * h, 0.145 * h))
    for side in (-1, 1):
        ink.polygon(
            [
                (head[0] + side * 0.15 * h, head[1] - 0.02 * h),
                (head[0] + side * 0.125 * h, head[1] - 0.26 * h),
                (head[0] + side * 0.02 * h, head[1] - 0.12 * h),
            ]
        )
    sweep = [
        (x - f * h * (0.15 + 0.3 * sin(k * 0.45)), y - 0.05 * h - h * 0.07 * k + 0.05 * h * tail * k * k / 12)
        for k in range(8)
    ]
    return ink.line(sweep, 0.065 * h)
