"""What every model of taste answers to.

A model is fitted on `Interactions` and then recommends for histories: what somebody has touched so far, as columns and
strengths. A history need not come from training, so viewers who arrived since, or whose last play was a second ago,
are served without fitting again. Models are plain values once fitted and may be used from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from matinee.base.compute import Compute
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.stored import Stored
from matinee.learning.training import Checkpoint

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Context:
    """When and where something is wanted; a model takes of it what it understands."""

    now_ms: int = 0
    """Milliseconds since 1970 UTC; 0 where it is not known."""
    utc_offset_min: int = 0
    """What the viewer's clock shows beyond UTC, in minutes."""
    device: str = ""
    """``tv``, ``phone``, ``tablet``, ``desktop``, or empty."""
    language: str = ""
    """A BCP 47 tag, or empty."""


NOWHERE = Context()


class History(NamedTuple):
    """What one viewer has touched, in a model's columns, oldest first."""

    columns: Ints
    values: Floats
    """Strengths, in the unit of the interactions that the model was fitted on."""
    times: Ints
    """Milliseconds since 1970, ascending; all 0 where they are not known and only the order is."""
    context: Context = NOWHERE

    @classmethod
    def of(
        cls,
        title_ids: Ints,
        strengths: Mapping[int, float],
        times: Mapping[int, int] | None = None,
        context: Context = NOWHERE,
    ) -> History:
        """From strengths and times by title id; titles that the model does not know are left out.

        Without times the mapping's own order is taken, oldest first.
        """
        asked = np.fromiter(strengths, np.int64, len(strengths))
        columns = columns_of(title_ids, asked)
        values = np.fromiter(strengths.values(), np.float32, len(strengths))
        at_ms = np.array([(times or {}).get(one, 0) for one in strengths], np.int64)
        order = np.argsort(at_ms, kind="stable")
        order = order[columns[order] >= 0]
        return cls(columns[order], values[order], at_ms[order], context)


NOTHING = History(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))
"""The history of whoever has none."""


def histories_of(title_ids: Ints, known: Interactions, context: Context = NOWHERE) -> list[History]:
    """The history of each viewer of `known`, row by row, in the columns of `title_ids`."""
    place = columns_of(title_ids, known.title_ids)
    found = []
    for row in range(known.viewer_ids.size):
        columns, values, times = known.history(row)
        columns = place[columns]
        kept = columns >= 0
        found.append(History(columns[kept], values[kept], times[kept], context))
    return found


class Ranked(NamedTuple):
    """The best titles of several viewers, best first."""

    title_ids: Ints
    """Shape (viewers, n); 0 where fewer than n titles were left."""
    scores: Floats
    """Shape (viewers, n); -inf there."""


class Model(Protocol):
    """A model of taste.

    A model is a dataclass whose fields with defaults are its knobs; made without arguments it is ready to be fitted,
    except that one that `needs` features is given them by that name.
    """

    kind: ClassVar[str]
    """The name under which it is stored and asked for, as ``als`` or ``item-neighbours``."""
    needs: ClassVar[frozenset[str]]
    """What it cannot do without, of ``features``, ``torch`` and ``models``; usually nothing."""
    title_ids: Ints
    """Sorted; column ``j`` of histories and scores is title ``title_ids[j]``."""

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Learn; returns itself. The same interactions and generator give the same model.

        With a checkpoint, long training keeps its state there and goes on from what it finds. Raises `InvalidInput`
        where there is nothing to learn from or the fit diverges, `Unavailable` where memory does not suffice; both
        say which knob to turn.
        """

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles); comparable within a row only.

        Any history will do, also one of a viewer who was not in training, an empty one, and one of every title.
        """

    def save(self) -> Stored:
        """Everything that `load` needs."""

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""


@runtime_checkable
class Rating(Protocol):
    """A model that also says how many stars a viewer would give."""

    def predict(self, histories: Sequence[History], columns: Sequence[Ints]) -> list[Floats]:
        """For each history the stars of the columns asked for; -1 asks for a title that the model does not know."""


@runtime_checkable
class Spreading(Protocol):
    """A model that can also be fitted in the way of whatever computes, as on a cluster."""

    def fit_on(
        self,
        compute: Compute,
        interactions: Interactions,
        rng: np.random.Generator,
        checkpoint: Checkpoint | None = None,
    ) -> Self:
        """Learn as `Model.fit` does, with the work done by `compute`; what comes out recommends as well."""


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
