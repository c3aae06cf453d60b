"""Item neighbours: titles like those you liked, where alike means liked by the same people.

Sarwar et al. (2001, "Item-based collaborative filtering recommendation algorithms") and Linden, Smith & York (2003,
"Amazon.com recommendations"). A title is as good for a history as the likeness of the history's titles to it, summed:

    score(j) = sum over titles i of the history of  weight(i) · likeness(i, j)    where j is a neighbour of i

Each title keeps only its nearest `neighbours`, which is faster and better than to keep all: far titles only add noise.
What likeness is, by `weighting` and `shrinkage`, is told in `likeness`; what lately watched titles weigh, by
`recency`, in `weights`.

The model is small, quick to learn for any number of titles, and each recommendation explains itself by the neighbour
it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint, within_memory
from matinee.recommendation.methods.likeness import nearest, words_weighed
from matinee.recommendation.methods.weights import no_entries, touched, weigh

_KNOBS = ("neighbours", "weighting", "shrinkage", "recency", "dislike_below")


@dataclass(slots=True, eq=False)
class ItemNeighbours:
    """Each title's nearest titles.

    >>> people, films = [1, 1, 2, 2, 3], [10, 11, 10, 11, 12]
    >>> known, rng = Interactions.from_columns(people, films), np.random.default_rng(0)
    >>> model = ItemNeighbours(weighting="cosine", shrinkage=0).fit(known, rng)
    >>> history = History.of(model.title_ids, {10: 1.0})
    >>> print(model.score([history]).round(2))  # who watched 10 would like 11
    [[0. 1. 0.]]
    """

    kind: ClassVar[str] = "item-neighbours"
    needs: ClassVar[frozenset[str]] = frozenset()

    neighbours: int = 100
    weighting: str = "bm25"
    """``bm25`` or ``cosine``."""
    shrinkage: float = 10.0
    """Viewers in common at which likeness is halved."""
    recency: float = 0.75
    """How fast what was watched before loses weight; 0 for not at all."""
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted: it is nobody's neighbour through this viewer."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    likeness: csr_array = field(default_factory=no_entries)
    """Row ``i``: the nearest neighbours of title ``i``."""

    def fit(  # nothing is drawn, and there is nothing to go on from
        self,
        interactions: Interactions,
        rng: np.random.Generator,  # noqa: ARG002
        checkpoint: Checkpoint | None = None,  # noqa: ARG002
    ) -> Self:
        """Compare every title with every other."""
        viewers = touched(interactions, self.dislike_below)
        with within_memory("neighbours"):
            weighed = words_weighed(viewers, self.weighting)
            self.likeness = nearest(csr_array(viewers.T.tocsr()), weighed, self.neighbours, self.shrinkage)
        self.title_ids = interactions.title_ids
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles)."""
        asked = weigh(histories, self.title_ids.size, recency=self.recency, dislike_below=self.dislike_below)
        return np.asarray((asked @ self.likeness).toarray(), np.float32)

    def save(self) -> Stored:
        """Titles and their neighbours."""
        arrays: dict[str, NDArray[Any]] = {
            "title_ids": self.title_ids,
            "likeness": self.likeness.data,
            "indices": self.likeness.indices,
            "starts": self.likeness.indptr,
        }
        return Stored(self.kind, arrays, {knob: getattr(self, knob) for knob in _KNOBS})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            model = cls(**{knob: stored.facts[knob] for knob in _KNOBS})
            model.title_ids = stored.arrays["title_ids"]
            parts = (stored.arrays["likeness"], stored.arrays["indices"], stored.arrays["starts"])
            model.likeness = csr_array(parts, shape=(model.title_ids.size, model.title_ids.size))
            model.likeness.check_format(full_check=True)
        return model
