"""What is watched most, with what is old counting less.

Each interaction counts ``2^(-age / half-life)``: after one half-life half as much (exponential decay, as in Lucene's
and Elasticsearch's decay functions). Ages are measured from a reference time, the newest interaction, so that a
catalogue whose viewing is decades old still has an order; because all counts shrink alike, that order is the same at
any later time. This is what a viewer without a past is shown first, and what every model has to beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from matinee.base.clock import DAY_MS
from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint


def decayed(at_ms: Ints, now_ms: int, half_life_days: float) -> NDArray[np.float64]:
    """What something at each time counts now; 1 for what happens now, or later.

    >>> decayed(np.array([0, DAY_MS]), DAY_MS, 1.0).tolist()
    [0.5, 1.0]
    """
    ages = np.maximum(now_ms - at_ms, 0) / (half_life_days * DAY_MS)
    return np.exp2(-ages)


@dataclass(slots=True, eq=False)
class Popularity:
    """Titles by what is watched, the same for everybody."""

    kind: ClassVar[str] = "popularity"
    needs: ClassVar[frozenset[str]] = frozenset()

    half_life_days: float = 180.0
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    """Decayed interactions of each title, at the time of the newest one."""

    def fit(  # nothing is drawn, and there is nothing to go on from
        self,
        interactions: Interactions,
        rng: np.random.Generator,  # noqa: ARG002
        checkpoint: Checkpoint | None = None,  # noqa: ARG002
    ) -> Self:
        """Count."""
        times = interactions.times
        weights = decayed(times, int(times.max(initial=0)), self.half_life_days)
        size = interactions.title_ids.size
        self.title_ids = interactions.title_ids
        self.counts = np.bincount(interactions.values.indices, weights, minlength=size).astype(np.float32)
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        """The counts, for each history; shape (histories, titles)."""
        return np.broadcast_to(self.counts, (len(histories), self.counts.size))

    def save(self) -> Stored:
        """Titles and counts."""
        return Stored(
            self.kind, {"title_ids": self.title_ids, "counts": self.counts}, {"half_life_days": self.half_life_days}
        )

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            model = cls(half_life_days=float(stored.facts["half_life_days"]))
            model.title_ids, model.counts = stored.arrays["title_ids"], stored.arrays["counts"]
        if model.counts.shape != model.title_ids.shape:
            raise InvalidInput("The stored model's parts do not fit each other.", next_step="Train again.")
        return model
