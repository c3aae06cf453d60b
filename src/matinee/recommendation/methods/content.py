"""Content: titles that are about the same as what the viewer liked, whoever else watched them.

A viewer wants ``w·f`` of a title with features ``f``. The weights ``w`` are found from the viewer's own history alone,
by ridge regression on the features ``F`` of what was touched, with 1 for what was wanted and 0 for what was not:

    w = F' a,    (F F' + r I) a = p

(the dual form: histories are short, features many; Pazzani & Billsus 2007, "Content-based recommendation systems", has
such profiles and their kin). With a large `ridge` the system is diagonal and ``w`` is the plain sum of what was liked,
Rocchio's profile; with a smaller one ten films of one series count less than ten films that have little in common.
Features come in rows of like length (`features_of`), and each title's row is set to length 1, so products are cosines.

Nobody else's taste is needed: a title can be scored from the day that it enters the catalogue. What everybody likes
is not known here either, so it is a reason, a candidate and a fallback rather than the best ranking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array

from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint

_KNOBS = ("ridge", "longest", "dislike_below")


class Shared(NamedTuple):
    """One thing that speaks for a title."""

    name: str
    """A feature's name; all dimensions of a plot are together ``plot``."""
    amount: float


@dataclass(slots=True, eq=False)
class Content:
    """A profile of features for each history.

    >>> tags = csr_array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> about = Features(np.array([1, 2, 3]), tags, ("genre:War", "genre:Musical"))
    >>> model = Content(about).fit(Interactions.from_columns([7], [1]), np.random.default_rng(0))
    >>> seen = History.of(model.title_ids, {1: 5.0})
    >>> [round(float(score), 2) for score in model.score([seen])[0]]  # the film itself, half of it, none of it
    [0.5, 0.35, 0.0]
    >>> [one.name for one in model.reasons(seen, 1)]
    ['genre:War']
    """

    kind: ClassVar[str] = "content"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})

    features: Features
    ridge: float = 1.0
    longest: int = 200
    """The latest so many titles of a history are looked at."""
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _rows: csr_array = field(default_factory=lambda: csr_array(np.zeros((0, 0), np.float32)))
    """Features of `title_ids`, rows of length 1."""

    def fit(
        self,
        interactions: Interactions,
        rng: np.random.Generator,  # noqa: ARG002  nothing is drawn
        checkpoint: Checkpoint | None = None,  # noqa: ARG002  nor is there anything to go on from
    ) -> Self:
        """Make ready; every title of the features can be scored from now on, whether anybody has watched it or not."""
        self.title_ids = np.union1d(self.features.title_ids, interactions.title_ids)
        self._rows = _unit_rows(self.features.of(self.title_ids))
        return self

    def profile(self, history: History) -> Floats:
        """How much whoever has this history wants each feature; shape (features,)."""
        columns = history.columns[-self.longest :]
        wanted = (history.values[-self.longest :] > self.dislike_below).astype(np.float32)
        if not columns.size:
            return np.zeros(self._rows.shape[1], np.float32)
        touched = csr_array(self._rows[columns])
        system = (touched @ touched.T).toarray()
        system.flat[:: columns.size + 1] += self.ridge
        _, weights, _ = lapack.sposv(system, wanted, overwrite_a=True)
        return np.asarray(touched.T @ weights, np.float32)

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles)."""
        profiles = np.array([self.profile(one) for one in histories], np.float32)
        return np.asarray((self._rows @ profiles.reshape(len(histories), self._rows.shape[1]).T).T, np.float32)

    def reasons(self, history: History, column: int, n: int = 3) -> list[Shared]:
        """The `n` features that speak most for a title; over all features the amounts add up to its score."""
        row = csr_array(self._rows[[column]])
        return self._told(row.indices, row.data * self.profile(history)[row.indices], n)

    def shared(self, one: int, other: int, n: int = 3) -> list[Shared]:
        """The `n` features that make two titles (columns) most alike; over all they add up to their cosine."""
        first, second = self._rows[[one]].toarray()[0], csr_array(self._rows[[other]])
        return self._told(second.indices, second.data * first[second.indices], n)

    def _told(self, columns: NDArray[Any], amounts: NDArray[Any], n: int) -> list[Shared]:
        found: dict[str, float] = {}
        for column, amount in zip(columns.tolist(), amounts.tolist(), strict=True):
            name = self.features.names[column]
            name = "plot" if name.startswith("plot:") else name
            found[name] = found.get(name, 0.0) + amount
        best = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        return [Shared(name, amount) for name, amount in best[:n] if amount > 0]

    def save(self) -> Stored:
        """The features."""
        return Stored(
            self.kind,
            {"title_ids": self.title_ids, **self.features.arrays()},
            {knob: getattr(self, knob) for knob in _KNOBS},
        )

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            features = Features.from_arrays(stored.arrays)
            model = cls(features, **{knob: stored.facts[knob] for knob in _KNOBS})
            model.title_ids = stored.arrays["title_ids"]
        model._rows = _unit_rows(model.features.of(model.title_ids))
        return model


def _unit_rows(values: csr_array) -> csr_array:
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    lengths = np.sqrt(np.bincount(rows, np.square(values.data), minlength=values.shape[0]))
    data = np.asarray(values.data / np.maximum(lengths[rows], 1e-9), np.float32)
    return csr_array((data, values.indices, values.indptr), shape=values.shape)
