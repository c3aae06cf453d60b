"""Implicit matrix factorisation by alternating least squares, with fold-in.

Viewers ``x_u`` and titles ``y_i`` are vectors in one space of tastes; their product says how much ``u`` wants ``i``.
The loss is that of Hu, Koren & Volinsky (2008, "Collaborative filtering for implicit feedback datasets") in the form of
Rendle et al. (2022, "Revisiting the performance of iALS on item recommendation benchmarks"):

    sum over touched (u, i) of (p_ui - x_u·y_i)^2  +  a · sum over all (u, i) of (x_u·y_i)^2
    +  r · sum over u of (n_u + a·titles) |x_u|^2  +  the same for titles

Every pair that nobody touched thus pulls a little (``a``, `unobserved_weight`) towards zero. The preference ``p`` is 1
for what was touched, and 0 for what was touched and disliked: a film left in anger is evidence of a kind that
silence is not. With one side fixed the other is a ridge regression per row, solved exactly.

The same regression with titles fixed turns any history into a viewer's vector, in a fraction of a millisecond:
so a play changes the next page, and a viewer nobody was trained on is served like any other. The last half-sweep of
training solves for viewers, so folding in the history of a viewer who was in training gives the trained vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.base.progress import track
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored
from matinee.learning.training import Checkpoint
from matinee.recommendation.methods.ridge import solve_row, solve_rows, sweeping

_KNOBS = ("factors", "epochs", "regularisation", "unobserved_weight", "dislike_below")


@dataclass(slots=True, eq=False)
class ImplicitALS:
    """A taste space learned from who watched what.

    >>> people, films = [1, 1, 2, 2, 3], [10, 11, 10, 11, 10]
    >>> model = ImplicitALS(factors=2).fit(Interactions.from_columns(people, films), np.random.default_rng(0))
    >>> history = History.of(model.title_ids, {10: 1.0})
    >>> bool(model.score([history])[0, 1] > 0)  # who watched 10 would like 11
    True
    """

    kind: ClassVar[str] = "als"
    needs: ClassVar[frozenset[str]] = frozenset()

    factors: int = 64
    epochs: int = 10
    regularisation: float = 0.002
    unobserved_weight: float = 1.0
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    title_factors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    viewer_factors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """Of the viewers in training, row by row; not saved, because folding in gives the same."""
    losses: list[float] = field(default_factory=list)
    """Training loss per interaction after each epoch."""
    _gram: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def fit(
        self,
        interactions: Interactions,
        rng: np.random.Generator,
        checkpoint: Checkpoint | None = None,  # noqa: ARG002
    ) -> Self:
        """Learn from the interactions; `losses` tells how it went."""
        wanted = self._preferences(interactions.values)
        by_title = csr_array(wanted.T.tocsr())
        viewers, titles = wanted.shape
        scale = 0.1 / np.sqrt(self.factors)
        items = rng.normal(0.0, scale, (titles, self.factors)).astype(np.float32)
        people = np.zeros((viewers, self.factors), np.float32)
        self.losses = []
        with sweeping() as pool:
            people = solve_rows(wanted, items, self._system(items), self._pulls(wanted), pool)
            for _ in track(range(self.epochs), "learning tastes", unit="sweeps"):
                items = solve_rows(by_title, people, self._system(people), self._pulls(by_title), pool)
                people = solve_rows(wanted, items, self._system(items), self._pulls(wanted), pool)
                self.losses.append(self._loss(wanted, people, items))
        self.title_ids, self.title_factors, self.viewer_factors = interactions.title_ids, items, people
        self._gram = self._system(items)
        return self

    def fold_in(self, history: History) -> Floats:
        """The vector of whoever has this history."""
        if not history.columns.size:
            return np.zeros(self.title_factors.shape[1], np.float32)
        wanted = (history.values > self.dislike_below).astype(np.float32)
        pull = self.regularisation * (history.columns.size + self.unobserved_weight * self.title_ids.size)
        return solve_row(self.title_factors[history.columns], wanted, self._gram, pull)

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles)."""
        people = np.array([self.fold_in(one) for one in histories], np.float32)
        return people.reshape(len(histories), self.title_factors.shape[1]) @ self.title_factors.T

    def save(self) -> Stored:
        """Titles and their vectors."""
        facts = {knob: getattr(self, knob) for knob in _KNOBS} | {"losses": self.losses}
        return Stored(self.kind, {"title_ids": self.title_ids, "title_factors": self.title_factors}, facts)

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        try:
            model = cls(**{knob: stored.facts[knob] for knob in _KNOBS})
            model.losses = list(stored.facts["losses"])
            model.title_ids = stored.arrays["title_ids"]
            model.title_factors = stored.arrays["title_factors"]
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"The stored model is no {cls.kind}: {error}.", next_step="Train again.") from None
        if model.title_factors.shape != (model.title_ids.size, model.factors):
            raise InvalidInput("The stored model's parts do not fit each other.", next_step="Train again.")
        model._gram = model._system(model.title_factors)
        return model

    def _preferences(self, values: csr_array) -> csr_array:
        """The same pattern with 1 where wanted and 0 (stored) where not."""
        wanted = (values.data > self.dislike_below).astype(np.float32)
        return csr_array((wanted, values.indices, values.indptr), shape=values.shape)

    def _system(self, fixed: Floats) -> Floats:
        """What every row's equations share: the pull of all pairs that were not touched."""
        return (self.unobserved_weight * (fixed.T @ fixed)).astype(np.float32)

    def _pulls(self, wanted: csr_array) -> Floats:
        """Each row's regularisation, which grows with what is known of it."""
        counts = np.diff(wanted.indptr)
        return (self.regularisation * (counts + self.unobserved_weight * wanted.shape[1])).astype(np.float32)

    def _loss(self, wanted: csr_array, people: Floats, items: Floats) -> float:
        """The training loss per interaction.

        People have just been solved for, and at the minimum of a ridge regression the loss is ``p·p - x·(Y'p)``, so
        that no pair has to be looked at; what is left is the pull on titles.
        """
        counts = np.bincount(wanted.indices, minlength=wanted.shape[1])
        pulls = self.regularisation * (counts + self.unobserved_weight * wanted.shape[0])
        explained = np.einsum("uf,uf->", people, wanted @ items, dtype=np.float64)
        pulled = pulls @ np.square(items, dtype=np.float64).sum(axis=1)
        return float(np.square(wanted.data, dtype=np.float64).sum() - explained + pulled) / max(1, wanted.nnz)
