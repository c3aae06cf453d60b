"""Bayesian factorisation of stars: all tastes that explain the ratings, instead of the one that does it best.

Viewers and titles have vectors and biases as in `svd`, but nothing is minimised. Everything that is not known is drawn
again and again from its distribution given all else (Gibbs sampling; Salakhutdinov & Mnih 2008, "Bayesian probabilistic
matrix factorization using Markov chain Monte Carlo"), and a prediction is the mean over many draws. That forgives too
many factors, needs no regularisation to be tuned, and says how sure it is. Rendle, Zhang & Koren (2019, "On the
difficulty of evaluating baselines") showed that such a model, given what follows, beats a decade of successors.

**Who rated what says something by itself.** A viewer's vector is centred on what the titles that the viewer chose to
rate say together, and a title's on what those who rated it say ("SVD++", and "flipped" for titles), further on its
`features`, where given:

    v_u = B'x_u + noise,   x_u = (1, 1/√n_u for each title rated),   and in the same way for titles

Since what a vector is centred on depends on its own row only, drawing ``B`` given vectors costs one pass over features,
and not one for each factor and rating: the relation blocks of Rendle (2013, "Scaling factorization machines to
relational data") in the form of Simm et al. (2017, "Macau: scalable Bayesian factorization with high-dimensional side
information using MCMC").

**Stars are an ordered scale** (`ordinal`), not a length: `ordinal.py` tells how they are read. **Viewers differ in
temper:** the stars of some scatter more, and count for less; `freedom` says how alike they are taken to be
(Lakshminarayanan et al. 2011, "Robust Bayesian matrix factorisation").

Of the draws after `burn_in` as many as `samples` are kept, evenly spaced. A history is folded into each
(`folding.py`), so viewers who came later are served like those in training, who are themselves not kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.base.progress import track
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored
from matinee.learning.training import Checkpoint, check_finite, within_memory
from matinee.recommendation.methods import folding
from matinee.recommendation.methods.ordinal import draw_cuts, draw_likings, first_cuts
from matinee.recommendation.methods.regression import fitted, in_blocks, threads
from matinee.recommendation.methods.sides import Side
from matinee.recommendation.methods.stars import Doubles, Stars, asked, of_all, restore

_KNOBS = ("factors", "epochs", "burn_in", "samples", "ordinal", "implicit", "freedom", "steps", "losses")
_DRAWS = ("titles", "links", "bases", "precisions", "cuts", "noises")
_MOST_LEVELS = 20
"""Stars of more different values are taken for a length after all."""


@dataclass(slots=True, eq=False)
class BayesianFactors:
    """Stars, and how sure they are, from draws of all tastes that explain the ratings.

    >>> people, films, stars = [1, 1, 2, 2, 3], [10, 11, 10, 11, 10], [5, 2, 4, 1, 5]
    >>> model = BayesianFactors(factors=2, epochs=60, burn_in=20)
    >>> model = model.fit(Interactions.from_columns(people, films, stars), np.random.default_rng(0))
    >>> [[liked, not_liked]] = model.predict([History.of(model.title_ids, {10: 5.0})], [np.array([0, 1])])
    >>> bool(liked > not_liked)
    True
    """

    kind: ClassVar[str] = "bayes"
    needs: ClassVar[frozenset[str]] = frozenset()

    factors: int = 20
    epochs: int = 300
    """Draws of everything."""
    burn_in: int = 60
    """As many first draws are thrown away, because they still remember where the sampler started."""
    samples: int = 24
    ordinal: bool = True
    implicit: bool = True
    freedom: float = 4.0
    """Degrees of freedom of viewers' tempers; 0 where all are taken to have the same."""
    steps: int = 20
    """Iterations of folding in."""
    features: Features | None = None
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    levels: Doubles = field(default_factory=lambda: np.zeros(0))
    """The different stars that were given, ascending."""
    titles: Floats = field(default_factory=lambda: np.zeros((0, 1, 1), np.float32))
    """Of each kept draw the vector and, last, bias of each title: shape (samples, titles + 1, factors + 1). Row -1 is
    the centre of all, for titles not known."""
    links: Floats = field(default_factory=lambda: np.zeros((0, 0, 1), np.float32))
    """What having rated a title says of a viewer, (samples, titles, factors + 1)."""
    bases: Doubles = field(default_factory=lambda: np.zeros((0, 1)))
    """The centre of all viewers."""
    precisions: Doubles = field(default_factory=lambda: np.zeros((0, 1, 1)))
    """How close viewers stand to where they are expected."""
    cuts: Doubles = field(default_factory=lambda: np.zeros((0, 0)))
    """Cut points; none where stars are taken for a length."""
    noises: Doubles = field(default_factory=lambda: np.zeros(0))
    """The temper that is usual."""
    losses: list[float] = field(default_factory=list)
    """Of each draw: mean negative log likelihood of the stars (`ordinal`), or root of the mean squared error."""

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Draw tastes that explain the stars; `losses` tells how it went."""
        if not 0 < self.samples <= self.epochs - self.burn_in:
            raise InvalidInput(
                f"{self.epochs} draws without the first {self.burn_in} are fewer than {self.samples} samples.",
                next_step="Raise epochs, or lower burn_in or samples.",
            )
        stars = Stars.of(interactions)
        self.title_ids, self.losses = interactions.title_ids, []
        with within_memory("factors or samples"), threads() as pool:
            chain = _Chain(stars, self, self._features(), rng)
            self._make_room(chain)
            self._resume(chain, checkpoint, rng)
            kept = np.linspace(self.burn_in, self.epochs - 1, self.samples).astype(int)
            for epoch in track(range(len(self.losses), self.epochs), "drawing tastes", unit="draws"):
                self.losses.append(chain.draw(rng, pool))
                check_finite(self.losses[-1], epoch, "factors")
                if epoch in kept:
                    self._keep(int(np.searchsorted(kept, epoch)), chain)
                if checkpoint is not None and (epoch + 1) % max(1, self.epochs // 15) == 0:
                    checkpoint.save(self._state(chain, rng))
        if checkpoint is not None:
            checkpoint.clear()
        return self

    def predict(self, histories: Sequence[History], columns: Sequence[Ints]) -> list[Floats]:
        """The stars of the columns asked for, for each history; -1 asks for a title that the model does not know."""
        return asked(histories, columns, lambda history, wanted: self._moments(history, wanted)[0])

    def deviations(self, histories: Sequence[History], columns: Sequence[Ints]) -> list[Floats]:
        """How many stars a rating may well be off its prediction: the standard deviation of what is predicted."""

        def deviation(history: History, wanted: Ints) -> Doubles:
            mean, square = self._moments(history, wanted, doubting=True)
            return np.sqrt(np.maximum(square - mean**2, 0.0))

        return asked(histories, columns, deviation)

    def score(self, histories: Sequence[History]) -> Floats:
        """The stars that each history's viewer would give each title, shape (histories, titles)."""
        return of_all(histories, self.title_ids.size, lambda history, wanted: self._moments(history, wanted)[0])

    def fold_in(self, history: History) -> tuple[Doubles, Doubles, Doubles]:
        """What whoever has this history is like in each draw.

        The vector and, last, bias, shape (samples, factors + 1); the temper; and, as the root of a precision, how well
        the vector is known.
        """
        vectors, tempers, doubts = (
            np.empty(self.bases.shape),
            np.empty(self.noises.size),
            np.empty(self.precisions.shape),
        )
        values = history.values.astype(np.float64)
        nearest = np.searchsorted((self.levels[1:] + self.levels[:-1]) / 2, values)
        folding.fold(
            vectors, tempers, doubts, self.titles, self.links, self.bases, self.precisions, self.cuts, self.noises,
            history.columns.astype(np.int64), nearest, values, self.freedom, self.steps,
        )  # fmt: skip
        return vectors, tempers, doubts

    def save(self) -> Stored:
        """The kept draws."""
        arrays = {name: getattr(self, name) for name in ("title_ids", "levels", *_DRAWS)}
        return Stored(self.kind, arrays, {knob: getattr(self, knob) for knob in _KNOBS})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        model = cls()
        titles = stored.arrays["title_ids"].size if "title_ids" in stored.arrays else 0
        levels = stored.arrays["levels"].size if "levels" in stored.arrays else 0
        linked = titles if stored.facts.get("implicit") else 0
        cuts = levels + 1 if stored.arrays.get("cuts", model.cuts).size else 0
        restore(model, stored, _KNOBS, {
            "title_ids": (titles,), "levels": (levels,), "titles": ("samples", titles + 1, "width"),
            "links": ("samples", linked, "width"), "bases": ("samples", "width"), "noises": ("samples",),
            "precisions": ("samples", "width", "width"), "cuts": ("samples", cuts),
        })  # fmt: skip
        return model

    def _moments(self, history: History, columns: Ints, *, doubting: bool = False) -> tuple[Doubles, Doubles]:
        """Expected stars and their expected square."""
        mean, square = np.empty(columns.size), np.empty(columns.size)
        vectors, tempers, doubts = self.fold_in(history)
        doubts = doubts if doubting else doubts[:0]
        folding.expected_stars(mean, square, vectors, tempers, doubts, self.titles, self.cuts, self.levels, columns)
        return np.clip(mean, self.levels[0], self.levels[-1]), square

    def _features(self) -> csr_array | None:
        """The features of each title in training; none for titles that have none."""
        if self.features is None or not self.features.title_ids.size:
            return None
        place = columns_of(self.features.title_ids, self.title_ids)
        known = csr_array((place >= 0).astype(np.float64)[:, None])
        return csr_array(csr_array(self.features.values[place]).multiply(known))

    def _make_room(self, chain: _Chain) -> None:
        titles, width = chain.titles.vectors.shape
        self.levels = chain.levels
        self.titles = np.zeros((self.samples, titles + 1, width), np.float32)
        self.links = np.zeros((self.samples, titles if self.implicit else 0, width), np.float32)
        self.bases, self.precisions = np.zeros((self.samples, width)), np.zeros((self.samples, width, width))
        self.cuts, self.noises = np.zeros((self.samples, chain.cuts.size)), np.zeros(self.samples)

    def _keep(self, place: int, chain: _Chain) -> None:
        self.titles[place, :-1], self.titles[place, -1] = chain.titles.vectors, chain.titles.links[0]
        self.links[place] = chain.viewers.links[1 : 1 + self.links.shape[1]]
        self.bases[place], self.precisions[place] = chain.viewers.links[0], chain.viewers.precision
        self.cuts[place], self.noises[place] = chain.cuts, chain.noise

    def _state(self, chain: _Chain, rng: np.random.Generator) -> Stored:
        arrays = {name: getattr(self, name) for name in _DRAWS} | chain.state
        # 128-bit numbers are more than JSON in a checkpoint takes.
        told = json.dumps(rng.bit_generator.state, default=lambda array: array.tolist())
        return Stored(self.kind, arrays, {"losses": self.losses, "noise": chain.noise, "rng": told})

    def _resume(self, chain: _Chain, checkpoint: Checkpoint | None, rng: np.random.Generator) -> None:
        """Go on from an interrupted fit."""
        state = None if checkpoint is None else checkpoint.load()
        if state is None or state.kind != self.kind:
            return
        for name in _DRAWS:
            setattr(self, name, state.arrays[name].copy())
        for array in chain.state:
            chain.state[array][...] = state.arrays[array]
        chain.noise, self.losses = float(state.facts["noise"]), list(state.facts["losses"])
        rng.bit_generator.state = json.loads(state.facts["rng"])


class _Chain:
    """Where the sampler stands."""

    def __init__(
        self, stars: Stars, knobs: BayesianFactors, features: csr_array | None, rng: np.random.Generator
    ) -> None:
        self.stars, self.freedom = stars, knobs.freedom
        self.levels, self.level = np.unique(stars.values, return_inverse=True)
        self.ordinal = knobs.ordinal and self.levels.size <= _MOST_LEVELS
        each, rows = np.arange(stars.values.size), stars.rows[stars.by_title]
        by_viewer = (stars.starts, stars.columns, each)
        of_viewers = [stars.touched()] if knobs.implicit else []
        of_titles = [stars.touched_by()] if knobs.implicit else []
        of_titles += [] if features is None else [features]
        self.viewers = Side(by_viewer, of_viewers, knobs.factors, rng)
        self.titles = Side((stars.title_starts, rows, stars.by_title), of_titles, knobs.factors, rng)
        self.noise = 1.0 if self.ordinal else 1.0 / max(float(stars.values.var()), 1e-3)
        self.tempers = np.full(stars.shape[0], self.noise)
        self.cuts = first_cuts(self.level, self.levels.size) if self.ordinal else np.zeros(0)
        self.likings, self.means = stars.values.copy(), np.zeros(stars.values.size)
        if not self.ordinal:
            self.viewers.vectors[:, -1] = self.viewers.links[0, -1] = stars.values.mean()

    @property
    def state(self) -> dict[str, Doubles]:
        """All arrays that a draw depends on, to be written to."""
        sides = {"viewer": self.viewers, "title": self.titles}
        found = {f"{name}_{key}": array for name, side in sides.items() for key, array in side.state.items()}
        return found | {"now_tempers": self.tempers, "now_cuts": self.cuts}

    def draw(self, rng: np.random.Generator, pool: Executor) -> float:
        """Everything once, each given the rest; returns the loss before."""
        stars, viewers, titles = self.stars, self.viewers.vectors, self.titles.vectors
        in_blocks(
            pool, stars.starts, lambda *ends: fitted(self.means, stars.starts, stars.columns, viewers, titles, *ends)
        )
        loss = self._draw_likings(rng, pool)
        self._draw_tempers(rng)
        ones = np.ones(stars.shape[1])
        self.titles.draw(self.likings, viewers, (ones, self.tempers), rng, pool)
        self.viewers.draw(self.likings, titles, (self.tempers, ones), rng, pool)
        return loss

    def _draw_likings(self, rng: np.random.Generator, pool: Executor) -> float:
        if not self.ordinal:
            return float(np.sqrt(np.mean((self.likings - self.means) ** 2)))
        stars, roots = self.stars, np.sqrt(self.tempers)
        self.cuts[:], likelihood = draw_cuts(self.cuts, self.means, self.level, roots, stars.rows, rng)
        uniform = rng.random(stars.values.size)

        def work(first: int, beyond: int) -> None:
            ends = stars.starts[first], stars.starts[beyond]
            draw_likings(self.likings, self.means, self.level, self.cuts, roots, stars.rows, uniform, *ends)

        in_blocks(pool, stars.starts, work)
        return -likelihood

    def _draw_tempers(self, rng: np.random.Generator) -> None:
        viewers, counts = self.tempers.size, np.diff(self.stars.starts)
        squares = np.bincount(self.stars.rows, (self.likings - self.means) ** 2, viewers)
        if self.freedom:
            self.tempers[:] = rng.gamma(0.5 * (self.freedom + counts)) / (0.5 * (self.freedom / self.noise + squares))
            if not self.ordinal:  # the scale of likings is given by the stars, so their noise is not
                told = 0.5 * self.freedom * viewers + 1
                self.noise = 0.5 * self.freedom * float(self.tempers.sum()) / float(rng.gamma(told))
        elif not self.ordinal:
            self.noise = float(rng.gamma(0.5 * (1 + counts.sum()))) / (0.5 * (1e-3 + float(squares.sum())))
            self.tempers[:] = self.noise
