"""Implicit ALS for what is new: titles that nobody has watched, viewers of whom little is known.

Factorisation has no vector for a title without viewers. But titles that many have watched have both a vector ``y`` and
features ``f``, so the one can be learned from the other (Gantner et al. 2010, "Learning attribute-to-feature mappings
for cold-start recommendations"; here by ridge regression on pairs of features, see `kernel`). A title with ``n``
viewers then stands at

    y = n / (n + b) · y_ALS  +  b / (n + b) · g(f)

from content alone on its first day to its viewers' word alone when there are many (``b``, `known_after`). The
regression trusts each title by the same share.

A viewer's vector is folded in as by ALS itself, and titles without viewers count there, too. For short histories it is
then made into what such beginnings have led to (see `beginnings`): who has watched nothing is offered what all like,
who has watched five films is offered what viewers who began so went on to like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.learning.features import Features
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.beginnings import Beginnings, Folding
from matinee.recommendation.methods.kernel import Regression
from matinee.recommendation.methods.ridge import solve_row

_OF_ALS = ("factors", "epochs", "regularisation", "unobserved_weight", "dislike_below")
_OWN = ("ridge", "known_after", "landmarks")
_ARRAYS = ("title_ids", "title_factors", "viewers", "tastes", "_gram")

TASTES = 1000
"""Viewers that are kept as examples; the taste picker reasons with them."""


@dataclass(slots=True, eq=False)
class ContentALS:
    """A taste space with a place for titles that nobody has watched.

    >>> people, films = [1, 1, 2, 2, 3, 3, 4, 4], [10, 11, 10, 11, 20, 21, 20, 21]
    >>> tags = csr_array([[1.0, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])
    >>> about = Features(np.array([10, 11, 12, 20, 21, 22]), tags, ("genre:War", "genre:Musical"))
    >>> model = ContentALS(about, factors=2).fit(Interactions.from_columns(people, films), np.random.default_rng(0))
    >>> [scores] = model.score([History.of(model.title_ids, {10: 5.0})])
    >>> bool(scores[2] > scores[5])  # nobody has watched 12, or 22
    True
    """

    kind: ClassVar[str] = "content-als"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})

    features: Features
    factors: int = 64
    epochs: int = 10
    regularisation: float = 0.002
    unobserved_weight: float = 1.0
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted."""
    ridge: float = 3.0
    """Pull of what features say towards nothing."""
    known_after: float = 10.0
    """With so many viewers a title's own vector and its content count alike."""
    landmarks: int = 4000
    """Titles, at most, that the others are compared with."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    title_factors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    viewers: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """How many viewers of the training touched each title."""
    tastes: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """Vectors of some viewers of the training, drawn at random: what tastes there are. Shape (viewers, factors)."""
    losses: list[float] = field(default_factory=list)
    """Of the factorisation, after each epoch."""
    _gram: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    _beginnings: Beginnings | None = None

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Learn tastes, then what features have to do with them, then what beginnings lead to."""
        als = ImplicitALS(**{knob: getattr(self, knob) for knob in _OF_ALS}).fit(interactions, rng, checkpoint)
        self.title_ids = np.union1d(self.features.title_ids, interactions.title_ids)
        warm = columns_of(self.title_ids, als.title_ids)
        self.viewers = np.zeros(self.title_ids.size, np.int64)
        self.viewers[warm] = np.bincount(interactions.values.indices, minlength=warm.size)
        self.title_factors = self._placed(als.title_factors, warm)
        self.losses = als.losses
        self.tastes = _some(als.viewer_factors, rng)
        self._gram = (self.unobserved_weight * (als.title_factors.T @ als.title_factors)).astype(np.float32)
        wanted = self._preferences(interactions.values, warm)
        folding = Folding(self.title_factors, self._gram, self.regularisation, self.unobserved_weight * warm.size)
        self._beginnings = Beginnings.fit(wanted, interactions.order, als.viewer_factors, folding)
        return self

    def _placed(self, known: Floats, warm: Ints) -> Floats:
        """The vectors of all titles, from those of the titles that have viewers and from features."""
        about = self.features.of(self.title_ids)
        trust = self.viewers / (self.viewers + self.known_after)
        learned = Regression.fit(csr_array(about[warm]), known, trust[warm], self.ridge, self.landmarks)
        placed = learned.predict(about)
        # What has viewers and no features stands where its viewers put it.
        share = np.where(np.diff(about.indptr) > 0, trust, 1.0)[warm, None]
        placed[warm] = share * known + (1 - share) * placed[warm]
        return np.asarray(placed, np.float32)

    def fold_in(self, history: History) -> Floats:
        """The vector of whoever has this history."""
        columns = history.columns
        wanted = (history.values > self.dislike_below).astype(np.float32)
        folded = np.zeros(self.title_factors.shape[1], np.float32)
        if columns.size:
            # As when the tastes were learned: titles without viewers pulled at nobody.
            pull = self.regularisation * (columns.size + self.unobserved_weight * np.count_nonzero(self.viewers))
            folded = solve_row(self.title_factors[columns], wanted, self._gram, pull)
        return folded if self._beginnings is None else self._beginnings.whole(folded, columns.size)

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles)."""
        people = np.array([self.fold_in(one) for one in histories], np.float32)
        return people.reshape(len(histories), self.title_factors.shape[1]) @ self.title_factors.T

    def _preferences(self, values: csr_array, columns: Ints) -> csr_array:
        """1 where wanted and 0 (stored) where not, in the columns of `title_ids`."""
        wanted = (values.data > self.dislike_below).astype(np.float32)
        return csr_array((wanted, columns[values.indices], values.indptr), shape=(values.shape[0], self.title_ids.size))

    def save(self) -> Stored:
        """Vectors of titles and what is known of viewers; features are not needed any more."""
        facts = {knob: getattr(self, knob) for knob in (*_OF_ALS, *_OWN)} | {"losses": self.losses}
        arrays: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in _ARRAYS}
        assert self._beginnings is not None, "Only a fitted model is saved."
        begun = self._beginnings
        return Stored(self.kind, arrays | {"lengths": begun.lengths, "shifts": begun.shifts, "maps": begun.maps}, facts)

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            nothing = Features(np.zeros(0, np.int64), csr_array(np.zeros((0, 0), np.float32)), ())
            model = cls(nothing, **{knob: stored.facts[knob] for knob in (*_OF_ALS, *_OWN)})
            model.losses = list(stored.facts["losses"])
            for name in _ARRAYS:
                setattr(model, name, stored.arrays[name])
            model._beginnings = Beginnings(*(stored.arrays[name] for name in ("lengths", "shifts", "maps")))
            model._check()
        return model

    def _check(self) -> None:
        """Raise `ValueError` where parts do not fit each other."""
        begun, f = self._beginnings, self.factors
        assert begun is not None
        fits = (
            self.title_factors.shape == (self.title_ids.size, f)
            and self.viewers.shape == self.title_ids.shape
            and self._gram.shape == (f, f)
            and self.tastes.shape[1:] == (f,)
            and begun.lengths.size > 0
            and begun.shifts.shape == (begun.lengths.size, f)
            and begun.maps.shape == (begun.lengths.size, f, f)
        )
        if not fits:
            raise ValueError("arrays of different sizes")


def _some(viewers: Floats, rng: np.random.Generator) -> Floats:
    """At most `TASTES` of the rows, in their order."""
    return viewers[np.sort(rng.permutation(len(viewers))[:TASTES])]
