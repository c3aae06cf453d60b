"""Camera moves: where a shot looks at each moment, and how far it has pushed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class View(NamedTuple):
    """Where the camera looks."""

    across: float
    """Share of the margin, -1 (left) to 1 (right)."""
    down: float
    zoom: float
    """1 shows the whole frame; never below 1."""


def _eased(share: float) -> float:
    """Mostly even, with a soft start and end: an operator's hand."""
    s = share * share * (3 - 2 * share)
    return 0.72 * share + 0.28 * s


MOVES: Mapping[str, Callable[[float], View]] = {
    "hold": lambda u: View(0.06 * u, 0, 1.0),
    "pan-right": lambda u: View(-0.9 + 1.8 * _eased(u), 0, 1.0),
    "pan-left": lambda u: View(0.9 - 1.8 * _eased(u), 0, 1.0),
    "drift-right": lambda u: View(-0.4 + 0.8 * u, 0, 1.0),
    "drift-left": lambda u: View(0.4 - 0.8 * u, 0, 1.0),
    "tilt-up": lambda u: View(0, 0.85 - 1.7 * _eased(u), 1.0),
    "tilt-down": lambda u: View(0, -0.85 + 1.7 * _eased(u), 1.0),
    "push": lambda u: View(0, 0, 1.0 + 0.14 * _eased(u)),
    "pull": lambda u: View(0, 0, 1.14 - 0.14 * _eased(u)),
    "push-right": lambda u: View(-0.5 + u, 0, 1.0 + 0.1 * _eased(u)),
}
"""By name: the view at each share (0 to 1) of a shot."""
