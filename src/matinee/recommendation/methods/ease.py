"""EASE: which titles go with which, as one regression with a closed form.

Steck (2019, "Embarrassingly shallow autoencoders for sparse data"): predict each title of a history from all the
others by a linear model whose diagonal is zero, so that no title may predict itself,

    minimise sum over viewers u of w_u |X_u - X_u B|^2 + sum over titles i of r_i |B_i|^2    with diag(B) = 0,

where ``X`` holds 1 for what a viewer touched and ``B_ij`` says how much title ``i`` speaks for title ``j``. With
``P = (X'WX + diag(r))^-1`` the solution is ``B_ij = -P_ij / P_jj``: one inversion, no epochs, no randomness. Unlike
neighbours' similarities the weights know of each other: what a sequel tells is not told twice by its own sequel, and
weights may be negative.

A viewer of ``n`` titles has ``n^2`` pairs of them to tell of; ``w = (n / mean n)^-activity`` softens that voice (as the
normalised autoencoders of Park et al. 2025, "Why is normalization necessary for linear recommenders?").

The penalty is ``r_i = regularisation + n_i · dropout / (1 - dropout)`` for a title of ``n_i`` viewers. Its second part
is what training on histories with titles dropped at random comes to on average (Steck 2020, "Autoencoders that don't
overfit towards the identity"); it makes popular titles speak less loudly.

At the time of asking, what was watched lately may count more (`recency`, see `weights`): on histories in order of time
this matters more than everything else, and 0 leaves the order out of it.

Memory and time go with the square and the cube of the number of titles, so only the `titles` most touched take part;
of the others the model has nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array, diags_array

from matinee.base.errors import InvalidInput
from matinee.base.progress import working
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint, within_memory
from matinee.recommendation.methods.weights import touched, weigh

_KNOBS = ("regularisation", "dropout", "activity", "recency", "dislike_below", "titles")


@dataclass(slots=True, eq=False)
class EASE:
    """A linear model from titles to titles.

    >>> people, films = [1, 1, 2, 2, 3, 3], [10, 11, 10, 11, 12, 13]
    >>> model = EASE(regularisation=1.0).fit(Interactions.from_columns(people, films), np.random.default_rng(0))
    >>> history = History.of(model.title_ids, {10: 1.0})
    >>> print(model.score([history]).round(2))  # who watched 10 would like 11
    [[0.   0.67 0.   0.  ]]
    """

    kind: ClassVar[str] = "ease"
    needs: ClassVar[frozenset[str]] = frozenset()

    regularisation: float = 300.0
    dropout: float = 0.0
    """Share of each history that is missing when the rest is predicted, below 1."""
    activity: float = 0.0
    """How much less each title of an active viewer counts in training; 0 for alike."""
    recency: float = 0.75
    """How fast what was watched before loses weight; 0 for not at all."""
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted: it speaks for nothing."""
    titles: int = 20_000
    """At most so many, the most touched, take part; each pair of them takes 4 bytes, 12 in training."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    known: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Columns that take part, ascending."""
    weights: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """``B`` among them."""

    def fit(  # nothing is drawn, and there is nothing to go on from
        self,
        interactions: Interactions,
        rng: np.random.Generator,  # noqa: ARG002
        checkpoint: Checkpoint | None = None,  # noqa: ARG002
    ) -> Self:
        """Learn from the interactions, in time cubic in the number of titles."""
        if not 0 <= self.dropout < 1:
            raise InvalidInput(
                f"A dropout of {self.dropout} leaves nothing.", next_step="Choose one from 0 to below 1."
            )
        wanted = touched(interactions, self.dislike_below)
        counts = np.bincount(wanted.indices, minlength=wanted.shape[1])
        self.title_ids = interactions.title_ids
        self.known = np.sort(np.argsort(-counts, kind="stable")[: self.titles])
        with within_memory("titles"), working("weighing titles", None):
            seen = wanted[:, self.known]
            gram = (seen.T @ (diags_array(self._voices(wanted)) @ seen)).toarray(order="F").astype(np.float32)
            gram.flat[:: gram.shape[0] + 1] += self._penalties(np.diagonal(gram))
            inverse = inverted(gram)
            inverse /= -np.diagonal(inverse).copy()
            np.fill_diagonal(inverse, 0.0)
            self.weights = inverse
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles); -inf for titles that do not take part."""
        asked = weigh(histories, self.title_ids.size, recency=self.recency, dislike_below=self.dislike_below)
        if self.known.size == self.title_ids.size:
            return np.asarray(asked @ self.weights, np.float32)
        scores = np.full(asked.shape, -np.inf, np.float32)
        scores[:, self.known] = asked[:, self.known] @ self.weights
        return scores

    def save(self) -> Stored:
        """Titles and weights."""
        arrays: dict[str, NDArray[Any]] = {"title_ids": self.title_ids, "known": self.known, "weights": self.weights}
        return Stored(self.kind, arrays, {knob: getattr(self, knob) for knob in _KNOBS})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            model = cls(**{knob: stored.facts[knob] for knob in _KNOBS})
            model.title_ids, model.known = stored.arrays["title_ids"], stored.arrays["known"]
            model.weights = stored.arrays["weights"]
        fits = model.weights.shape == (model.known.size, model.known.size) and model.known.size <= model.title_ids.size
        if not fits or model.known.max(initial=-1) >= model.title_ids.size:
            raise InvalidInput("The stored model's parts do not fit each other.", next_step="Train again.")
        return model

    def _voices(self, wanted: csr_array) -> Floats:
        """``w`` of each viewer."""
        lengths = np.maximum(1, np.diff(wanted.indptr))
        relative = lengths * lengths.size / max(1, lengths.sum())
        return np.asarray(relative**-self.activity, np.float32)

    def _penalties(self, counts: Floats) -> Floats:
        """``r`` of each title."""
        return (self.regularisation + counts * (self.dropout / (1 - self.dropout))).astype(np.float32)


def inverted(gram: Floats) -> Floats:
    """The inverse of a symmetric positive definite matrix, which is overwritten; by Cholesky's factors."""
    factor, failed = lapack.spotrf(gram, lower=True, overwrite_a=True)
    if failed:
        raise InvalidInput("Titles cannot be told apart by their viewers.", next_step="Raise regularisation.")
    inverse, _ = lapack.spotri(factor, lower=True, overwrite_c=True)
    below = np.tril(inverse, -1)
    return below + below.T + np.diag(np.diagonal(inverse))  # type: ignore[no-any-return]
