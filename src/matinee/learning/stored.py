"""A fitted model, or one half way through its training, as it is kept: arrays and small facts, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Arrays and facts under the name of what can read them."""

    kind: str
    """Which class it is; see `Model.kind`."""
    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON: knobs and figures."""
