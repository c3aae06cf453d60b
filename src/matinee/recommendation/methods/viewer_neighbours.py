"""Viewer neighbours: what viewers of similar taste liked.

Resnick et al. (1994, "GroupLens") for viewing instead of ratings. The `neighbours` viewers of the training whose
histories are most like this one say what is good, each with a voice as loud as the likeness:

    score(j) = sum over the nearest viewers v of  likeness(history, v) · [v liked j]

What likeness is, by `weighting` and `shrinkage`, is told in `likeness`; what lately watched titles weigh in the
comparison, by `recency`, in `weights`. Nothing is learned but what `bm25` counts: the model is the interactions
themselves, so who watched something a second ago is compared by it; in return each question costs time in proportion
to the interactions. A viewer of the training finds himself among his neighbours, and adds nothing but what he has
seen.
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
from matinee.learning.training import Checkpoint
from matinee.recommendation.methods.likeness import Likeness, greatest
from matinee.recommendation.methods.weights import no_entries, touched, weigh

_KNOBS = ("neighbours", "weighting", "shrinkage", "recency", "dislike_below")


@dataclass(slots=True, eq=False)
class ViewerNeighbours:
    """What every viewer of the training liked, ready to be compared.

    >>> people, films = [1, 1, 2, 2, 3], [10, 11, 10, 12, 13]
    >>> model = ViewerNeighbours(shrinkage=0).fit(Interactions.from_columns(people, films), np.random.default_rng(0))
    >>> history = History.of(model.title_ids, {11: 1.0})
    >>> print(model.score([history]).round(2))  # viewer 1 alone has seen 11
    [[0.71 0.71 0.   0.  ]]
    """

    kind: ClassVar[str] = "viewer-neighbours"
    needs: ClassVar[frozenset[str]] = frozenset()

    neighbours: int = 200
    weighting: str = "cosine"
    """``cosine`` or ``bm25``."""
    shrinkage: float = 10.0
    """Titles in common at which likeness is halved."""
    recency: float = 0.75
    """How fast what was watched before loses weight; 0 for not at all."""
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted: it makes nobody a neighbour."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    viewers: csr_array = field(default_factory=no_entries)
    """1 for what each viewer of the training liked, shape (viewers, titles)."""
    _likeness: Likeness = field(default_factory=lambda: Likeness("cosine", np.zeros(0, np.float32), 0.0))
    _weighed: csr_array = field(default_factory=no_entries)

    def fit(  # nothing is drawn, and there is nothing to go on from
        self,
        interactions: Interactions,
        rng: np.random.Generator,  # noqa: ARG002
        checkpoint: Checkpoint | None = None,  # noqa: ARG002
    ) -> Self:
        """Keep what was liked."""
        self.title_ids = interactions.title_ids
        self.viewers = touched(interactions, self.dislike_below)
        return self._prepared()

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles)."""
        asked = weigh(histories, self.title_ids.size, recency=self.recency, dislike_below=self.dislike_below)
        likely = (self._likeness.weighed(asked) @ self._weighed.T).toarray()
        if self.shrinkage > 0:
            same = asked.copy()
            same.data = np.ones_like(same.data)
            common = (same @ self.viewers.T).toarray()
            likely *= common / (common + self.shrinkage)
        return np.asarray((greatest(likely, self.neighbours) @ self.viewers).toarray(), np.float32)

    def save(self) -> Stored:
        """Titles, and who liked what; viewers are not named."""
        arrays: dict[str, NDArray[Any]] = {
            "title_ids": self.title_ids,
            "indices": self.viewers.indices,
            "starts": self.viewers.indptr,
        }
        return Stored(self.kind, arrays, {knob: getattr(self, knob) for knob in _KNOBS})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            model = cls(**{knob: stored.facts[knob] for knob in _KNOBS})
            model.title_ids, indices = stored.arrays["title_ids"], stored.arrays["indices"]
            starts, ones = stored.arrays["starts"], np.ones(indices.size, np.float32)
            model.viewers = csr_array((ones, indices, starts), shape=(starts.size - 1, model.title_ids.size))
            model.viewers.check_format(full_check=True)
        return model._prepared()

    def _prepared(self) -> Self:
        self._likeness = Likeness.among(self.viewers, self.weighting)
        self._weighed = self._likeness.weighed(self.viewers)
        return self
