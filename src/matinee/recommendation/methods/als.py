"""Implicit matrix factorisation by alternating least squares, with fold-in.

Viewers ``x_u`` and titles ``y_i`` are vectors in one space of tastes; their product says how much ``u`` wants ``i``.
The loss is that of Hu, Koren & Volinsky (2008, "Collaborative filtering for implicit feedback datasets") in the form of
Rendle et al. (2022, "Revisiting the performance of iALS on item recommendation benchmarks"):

    sum over touched (u, i) of (p_ui - x_u·y_i)^2  +  a · sum over all (u, i) of (x_u·y_i)^2
    +  r · sum over u of (n_u + a·titles) |x_u|^2  +  the same for titles

Every pair that nobody touched thus pulls a little (``a``, `unobserved_weight`) towards zero. The preference ``p`` is 1
for what was touched, and 0 for what was touched and disliked: a film left in anger is evidence of a kind that
silence is not. With one side fixed the other is a ridge regression per row. While training, each is solved nearly, by a
few steps of conjugate gradients (`conjugate`), or exactly (`ridge`): `solver` says which. Nearly is good enough,
because the next sweep moves the target; it is an order of magnitude quicker.

The same regression with titles fixed turns any history into a viewer's vector, in a fraction of a millisecond:
so a play changes the next page, and a viewer nobody was trained on is served like any other. Training ends
with viewers, solved exactly, so folding in the history of a viewer who was in training gives the trained vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, NamedTuple, Self

import numpy as np
from scipy.sparse import csr_array

from matinee.base.compute import Compute
from matinee.base.errors import InvalidInput
from matinee.base.progress import track
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints, Ranked
from matinee.learning.ranking import best_products, best_spread
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint, check_finite, within_memory
from matinee.recommendation.methods.ridge import solve_row, solve_rows, sweeping

_KNOBS = ("factors", "epochs", "regularisation", "unobserved_weight", "dislike_below", "solver", "steps")
_LATER = ("solver", "steps")
"""Knobs that models stored by the first versions do not have; they say nothing of what was learned."""
SOLVERS = ("conjugate", "exact")


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
    solver: str = "conjugate"
    """``conjugate`` goes a few steps towards each row's solution in each sweep, ``exact`` all the way."""
    steps: int = 3
    """Of conjugate gradients in each half-sweep."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    title_factors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    viewer_factors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """Of the viewers in training, row by row; not saved, because folding in gives the same."""
    losses: list[float] = field(default_factory=list)
    """Training loss per interaction after each epoch; after the last alone where Spark did it."""
    _gram: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Learn from the interactions; `losses` tells how it went."""
        if self.solver not in SOLVERS:
            raise InvalidInput(f"There is no solver {self.solver!r}.", next_step=f"Choose {' or '.join(SOLVERS)}.")
        wanted = self._preferences(interactions.values)
        with within_memory("factors"), sweeping() as pool:
            by_title = csr_array(wanted.T.tocsr())
            state = self._begun(wanted, rng, checkpoint, pool)
            for epoch in track(range(len(self.losses), self.epochs), "learning tastes", unit="sweeps"):
                self._half(by_title, state.people, state.titles, pool)
                self.losses.append(self._half(wanted, state.titles, state.people, pool) / max(1, wanted.nnz))
                self.losses[-1] += self._pulled(by_title, state.titles)
                check_finite(self.losses[-1], epoch, "unobserved_weight, or set solver to exact")
                if checkpoint:
                    checkpoint.save(state.stored(self.kind, self.losses))
            # Solved to the end at last, so that folding a history in gives what training gave.
            self._half(wanted, state.titles, state.people, pool, to_the_end=True)
        if checkpoint:
            checkpoint.clear()
        return self._knowing(interactions, state)

    def fit_on(
        self,
        compute: Compute,
        interactions: Interactions,
        rng: np.random.Generator,
        checkpoint: Checkpoint | None = None,
    ) -> Self:
        """The same learned in the way of `compute`: on one machine by `fit`, on Spark by MLlib (`als_spark`)."""
        from matinee.recommendation.methods.als_spark import Fitting

        compute.run(Fitting(self, interactions, rng, checkpoint))
        return self

    def settle(self, interactions: Interactions, titles: Floats) -> Self:
        """Take on vectors of all titles that were learned elsewhere; viewers are solved for them."""
        wanted = self._preferences(interactions.values)
        state = _State(np.zeros((wanted.shape[0], self.factors), np.float32), titles)
        with within_memory("factors"), sweeping() as pool:
            loss = self._half(wanted, state.titles, state.people, pool, to_the_end=True) / max(1, wanted.nnz)
        self.losses = [loss + self._pulled(csr_array(wanted.T.tocsr()), titles)]
        check_finite(self.losses[0], self.epochs - 1, "unobserved_weight")
        return self._knowing(interactions, state)

    def _knowing(self, interactions: Interactions, state: _State) -> Self:
        self.title_ids, self.title_factors, self.viewer_factors = interactions.title_ids, state.titles, state.people
        self._gram = self._system(state.titles)
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

    def best(self, known: Interactions, n: int, compute: Compute | None = None) -> Ranked:
        """The `n` best titles for every viewer of the training `known`, what they have touched left out.

        What `recommend` gives for their histories, at once and quicker, as long as the model is not stored and loaded.
        By the threads of this process, or by `compute` where it is given.
        """
        if self.viewer_factors.shape[0] != known.viewer_ids.size or not np.array_equal(self.title_ids, known.title_ids):
            raise InvalidInput("The model was not trained on these interactions.", next_step="Train it, or recommend.")
        rank = best_products if compute is None else partial(best_spread, compute)
        columns, scores = rank(self.viewer_factors, self.title_factors, known.values, n)
        return Ranked(np.where(columns >= 0, self.title_ids[columns], 0), scores)

    def save(self) -> Stored:
        """Titles and their vectors."""
        facts = {knob: getattr(self, knob) for knob in _KNOBS} | {"losses": self.losses}
        return Stored(self.kind, {"title_ids": self.title_ids, "title_factors": self.title_factors}, facts)

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            knobs = [knob for knob in _KNOBS if knob in stored.facts or knob not in _LATER]
            model = cls(**{knob: stored.facts[knob] for knob in knobs})
            model.losses = list(stored.facts["losses"])
            model.title_ids = stored.arrays["title_ids"]
            model.title_factors = stored.arrays["title_factors"]
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

    def _begun(
        self, wanted: csr_array, rng: np.random.Generator, checkpoint: Checkpoint | None, pool: Executor
    ) -> _State:
        """Where an interrupted fit stood, or the beginning: small random titles, and viewers who know nothing."""
        viewers, titles = wanted.shape
        kept = checkpoint.load() if checkpoint else None
        if kept is not None and kept.arrays["people"].shape == (viewers, self.factors):
            self.losses = list(kept.facts["losses"])
            return _State(kept.arrays["people"], kept.arrays["titles"])
        self.losses = []
        scale = 0.1 / np.sqrt(self.factors)
        state = _State(
            np.zeros((viewers, self.factors), np.float32),
            rng.normal(0.0, scale, (titles, self.factors)).astype(np.float32),
        )
        self._half(wanted, state.titles, state.people, pool)
        return state

    def _half(
        self, wanted: csr_array, fixed: Floats, solved: Floats, pool: Executor, *, to_the_end: bool = False
    ) -> float:
        """Half a sweep: `solved` is renewed with the other side fixed. Returns its rows' share of the loss."""
        system, pulls = self._system(fixed), self._pulls(wanted)
        if self.solver == "conjugate":
            from matinee.recommendation.methods.conjugate import solve_nearly  # Numba is not needed to recommend

            steps, near = (4 * self.factors, 1e-6) if to_the_end else (self.steps, 0.0)
            return solve_nearly(wanted, fixed, system, pulls, solved, steps=steps, pool=pool, near=near)
        solved[:] = solve_rows(wanted, fixed, system, pulls, pool)
        # At the minimum of a ridge regression the loss is p·p - x·(Y'p): no pair has to be looked at.
        explained = np.einsum("uf,uf->", solved, wanted @ fixed, dtype=np.float64)
        return float(np.square(wanted.data, dtype=np.float64).sum() - explained)

    def _pulled(self, by_title: csr_array, titles: Floats) -> float:
        """The pull on titles per interaction, the part of the loss that viewers have no share in."""
        pulls = self._pulls(by_title)
        return float(pulls @ np.square(titles, dtype=np.float64).sum(axis=1)) / max(1, by_title.nnz)


class _State(NamedTuple):
    """Both sides between two sweeps."""

    people: Floats
    titles: Floats

    def stored(self, kind: str, losses: list[float]) -> Stored:
        return Stored(kind, {"people": self.people, "titles": self.titles}, {"losses": losses})
