"""What every model of taste answers to.

A model is fitted on `Interactions` and then recommends for histories: what somebody has touched so far, as columns and
strengths. A history need not come from training, so viewers who arrived since, or whose last play was a second ago,
are served without fitting again. Models are plain values once fitted and may be used from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from matinee.learning.interactions import Interactions, columns_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class History(NamedTuple):
    """What one viewer has touched, in a model's columns."""

    columns: Ints
    values: Floats
    """Strengths, in the unit of the interactions that the model was fitted on."""

    @classmethod
    def of(cls, title_ids: Ints, strengths: Mapping[int, float]) -> History:
        """From strengths by title id; titles that the model does not know are left out."""
        columns = columns_of(title_ids, np.fromiter(strengths, np.int64, len(strengths)))
        values = np.fromiter(strengths.values(), np.float32, len(strengths))
        known = columns >= 0
        return cls(columns[known], values[known])


class Ranked(NamedTuple):
    """The best titles of several viewers, best first."""

    title_ids: Ints
    """Shape (viewers, n); 0 where fewer than n titles were left."""
    scores: Floats
    """Shape (viewers, n); -inf there."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A fitted model as the shelf keeps it: arrays and small facts, never code."""

    kind: str
    """Which class it is; see `Model.kind`."""
    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON: knobs and figures."""


class Model(Protocol):
    """A model of taste."""

    kind: ClassVar[str]
    """The name under which it is stored."""
    title_ids: Ints
    """Sorted; column ``j`` of histories and scores is title ``title_ids[j]``."""

    def fit(self, interactions: Interactions, rng: np.random.Generator) -> Self:
        """Learn; returns itself. The same interactions and generator give the same model."""

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles); comparable within a row only."""

    def save(self) -> Stored:
        """Everything that `load` needs."""

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""


def recommend(
    model: Model, histories: Sequence[History], n: int, allowed: NDArray[np.bool_] | None = None, *, seen: bool = False
) -> Ranked:
    """The `n` best titles for each history.

    `allowed` is a mask over the model's columns, or one per history; titles of the history itself are left out unless
    `seen`. Viewers for whom fewer than `n` remain get fewer.
    """
    scores = model.score(histories).astype(np.float32, copy=True)
    if allowed is not None:
        scores[np.broadcast_to(~allowed, scores.shape)] = -np.inf
    if not seen:
        for row, history in enumerate(histories):
            scores[row, history.columns] = -np.inf
    order = top(scores, n)
    best = np.take_along_axis(scores, order, axis=1)
    ids = model.title_ids[order] if model.title_ids.size else np.zeros(order.shape, np.int64)
    missing = n - order.shape[1]
    best = np.pad(best, ((0, 0), (0, missing)), constant_values=-np.inf)
    ids = np.where(np.isfinite(best), np.pad(ids, ((0, 0), (0, missing))), 0)
    return Ranked(ids, best)


def top(scores: NDArray[Any], n: int) -> Ints:
    """Columns of the `n` greatest scores of each row, greatest first; equal scores in order of column."""
    n = min(n, scores.shape[1])
    if n == 0:
        return np.zeros((scores.shape[0], 0), np.int64)
    if n < scores.shape[1]:
        best = np.argpartition(-scores, n - 1, axis=1)[:, :n]
        best.sort(axis=1)
    else:
        best = np.broadcast_to(np.arange(n), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)
