"""Biased matrix factorisation of stars, "SVD" in the words of the Netflix Prize.

Some viewers are generous and some titles good, and what remains is taste (Koren, Bell & Volinsky 2009, "Matrix
factorization techniques for recommender systems"):

    stars of u for i  =  m + b_u + b_i + p_u·q_i

with a common mean ``m``, biases ``b`` and vectors ``p`` and ``q`` in one space. They minimise

    sum over ratings of (stars - prediction)^2  +  r · sum over u of n_u |p_u|^2  +  r · sum over i of n_i |q_i|^2
    +  s · sum of b^2

where the pull on a vector grows with its number of ratings ``n`` (Zhou et al. 2008, "Large-scale parallel
collaborative filtering for the Netflix Prize"): so `regularisation` means the same for short and long histories, and
more `factors` do little harm. ``s`` is `bias_pull`: as if everybody had given so many ratings of the mean beforehand.

With titles fixed, bias and vector of a viewer together are one ridge regression, solved exactly; so are those of a
title with viewers fixed. No step needs a learning rate, and each lowers the loss. Folding in a history is that first
regression once more, so that viewers who were in training and those who were not are served alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from matinee.base.progress import track
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored
from matinee.learning.training import Checkpoint, check_finite, within_memory
from matinee.recommendation.methods.regression import fitted, in_blocks, solve_rows, threads
from matinee.recommendation.methods.stars import Doubles, Stars, asked, of_all, restore


@dataclass(slots=True, eq=False)
class SVD:
    """Stars from biases and tastes.

    >>> people, films, stars = [1, 1, 2, 2, 3], [10, 11, 10, 11, 10], [5, 2, 4, 1, 5]
    >>> model = SVD(factors=2).fit(Interactions.from_columns(people, films, stars), np.random.default_rng(0))
    >>> [[liked, not_liked]] = model.predict([History.of(model.title_ids, {10: 5.0})], [np.array([0, 1])])
    >>> bool(liked > not_liked)
    True
    """

    kind: ClassVar[str] = "svd"
    needs: ClassVar[frozenset[str]] = frozenset()
    facts: ClassVar[tuple[str, ...]] = (
        "factors", "epochs", "regularisation", "bias_pull", "mean", "low", "high", "losses",
    )  # fmt: skip
    """What is kept besides arrays."""
    learned: ClassVar[tuple[str, ...]] = ("titles",)
    """Arrays that each sweep changes."""

    factors: int = 32
    epochs: int = 15
    regularisation: float = 0.14
    bias_pull: float = 3.0
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    titles: Doubles = field(default_factory=lambda: np.zeros((1, 0)))
    """Vector and, last, bias of each title, shape (titles + 1, factors + 1). Row -1 stands for any title not known."""
    mean: float = 0.0
    low: float = 0.0
    """The fewest stars that anybody gave in training; predictions are kept between these."""
    high: float = 0.0
    losses: list[float] = field(default_factory=list)
    """Root of the mean squared error in training after each epoch."""

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Learn from stars; `losses` tells how it went."""
        stars = Stars.of(interactions)
        self.title_ids, self.losses = interactions.title_ids, []
        self.mean, self.low, self.high = (
            float(one) for one in (stars.values.mean(), stars.values.min(), stars.values.max())
        )
        with within_memory("factors"), threads() as pool:
            self._begin(stars, rng)
            self._resume(checkpoint)
            for epoch in track(range(len(self.losses), self.epochs), "learning tastes", unit="sweeps"):
                self.losses.append(self._sweep(stars, pool))
                check_finite(self.losses[-1], epoch, "factors")
                if checkpoint is not None:
                    checkpoint.save(self.save())
        if checkpoint is not None:
            checkpoint.clear()
        return self

    def predict(self, histories: Sequence[History], columns: Sequence[Ints]) -> list[Floats]:
        """The stars of the columns asked for, for each history; -1 asks for a title that the model does not know."""
        return asked(histories, columns, self._stars)

    def score(self, histories: Sequence[History]) -> Floats:
        """The stars that each history's viewer would give each title, shape (histories, titles)."""
        return of_all(histories, self.title_ids.size, self._stars)

    def fold_in(self, history: History) -> Doubles:
        """Vector and, last, bias of whoever has this history."""
        wanted = history.values.astype(np.float64) - self.mean
        viewer: Doubles = self._viewers(np.array([0, wanted.size]), history.columns, wanted, None)[0]
        return viewer

    def save(self) -> Stored:
        """Titles with vectors and biases."""
        arrays = {name: getattr(self, name) for name in ("title_ids", *self.learned)}
        return Stored(self.kind, arrays, {name: getattr(self, name) for name in self.facts})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        model = cls()
        size = stored.arrays["title_ids"].size if "title_ids" in stored.arrays else 0
        restore(model, stored, cls.facts, {"title_ids": (size,), **cls._shapes(size)})
        return model

    @classmethod
    def _shapes(cls, titles: int) -> dict[str, tuple[int | str, ...]]:
        """The shape of each learned array; letters stand for sizes that several share."""
        return {"titles": (titles + 1, "width")}

    def _begin(self, stars: Stars, rng: np.random.Generator) -> None:
        """What is known before the first sweep."""
        self.titles = np.zeros((stars.shape[1] + 1, self.factors + 1))
        self.titles[:-1, :-1] = rng.normal(0.0, 0.1, (stars.shape[1], self.factors))

    def _sweep(self, stars: Stars, pool: Executor) -> float:
        """Viewers given titles, then titles given viewers; returns the loss in between."""
        wanted, guess = stars.values - self.mean, np.empty(stars.values.size)
        viewers = self._viewers(stars.starts, stars.columns, wanted, pool)
        in_blocks(
            pool, stars.starts, lambda *ends: fitted(guess, stars.starts, stars.columns, viewers, self.titles, *ends)
        )
        rows, centres = stars.rows[stars.by_title], np.zeros((stars.shape[1], self.factors + 1))
        entries = stars.title_starts, rows, stars.by_title
        self.titles[:-1] = self._solved(entries, wanted, viewers, centres, pool)
        return float(np.sqrt(np.mean((wanted - guess) ** 2)))

    def _viewers(self, starts: Ints, columns: Ints, wanted: Doubles, pool: Executor | None) -> Doubles:
        """Each viewer given titles."""
        centres = np.zeros((starts.size - 1, self.factors + 1))
        return self._solved((starts, columns, np.arange(wanted.size)), wanted, self.titles, centres, pool)

    def _solved(
        self, entries: tuple[Ints, Ints, Ints], wanted: Doubles, fixed: Doubles, centres: Doubles, pool: Executor | None
    ) -> Doubles:
        """One side given the other; `entries` are row pointers, the other's row of each, and its target's number."""
        starts, columns, places = entries
        solved, pulls = np.zeros_like(centres), np.empty_like(centres)
        pulls[:, :-1] = (self.regularisation * np.maximum(np.diff(starts), 1))[:, None]
        pulls[:, -1] = self.bias_pull

        def work(first: int, beyond: int) -> None:
            solve_rows(solved, starts, columns, places, wanted, fixed, centres, pulls, first, beyond)

        if pool is None:
            work(0, solved.shape[0])
        else:
            in_blocks(pool, starts, work)
        return solved

    def _stars(self, history: History, columns: Ints) -> Doubles:
        viewer, wanted = self.fold_in(history), self.titles[columns]
        found: Doubles = self.mean + viewer[-1] + wanted[:, -1] + wanted[:, :-1] @ viewer[:-1]
        return np.clip(found, self.low, self.high)

    def _resume(self, checkpoint: Checkpoint | None) -> None:
        """Go on from an interrupted fit."""
        state = None if checkpoint is None else checkpoint.load()
        if state is not None and state.kind == self.kind:
            self.losses = list(state.facts["losses"])
            for name in self.learned:
                setattr(self, name, state.arrays[name].copy())
