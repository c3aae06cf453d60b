"""Places to film, one visual idea per file: each has ``paint(canvas, rng, palette, **knobs) -> Scene``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from matinee.simulation.layers import Scene
from matinee.simulation.paint import Canvas
from matinee.simulation.weather import Palette, Rng


def paint(name: str, canvas: Canvas, rng: Rng, palette: Palette, knobs: Mapping[str, Any]) -> Scene:
    """The scene of that name, painted for one shot."""
    return painter(name)(canvas, rng, palette, **knobs)


def painter(name: str) -> Callable[..., Scene]:
    """What paints the scene of that name."""
    found: Callable[..., Scene] = importlib.import_module(f"{__name__}.{name}").paint
    return found


def scene_names() -> list[str]:
    """Every scene there is."""
    return [one.name for one in pkgutil.iter_modules(__path__) if one.name != "parts"]
