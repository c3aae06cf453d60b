"""An ensemble of two: what goes with what, title by title (EASE), and what is in the same taste (ALS).

The two err differently. EASE sees that two titles share viewers and nothing beyond, so it knows sequels and pairs but
must have seen a pair; ALS sees everything through a few hundred directions of taste, so it places a title that has
never been watched together with this history, but blurs what is special. Their scores have different units, so each
is put at mean 0 and deviation 1 over the titles of a list before they are added (Fox & Shaw 1994, "Combination of
multiple searches": CombSUM):

    score(j) = z(EASE)(j) + share · z(ALS)(j)

Nothing is learned beside the two; `blend` learns how much to trust whom, which takes data held out for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.ease import EASE

_KNOBS = (
    *("share", "regularisation", "dropout", "activity", "recency", "titles"),
    *("factors", "epochs", "factor_regularisation", "unobserved_weight", "dislike_below"),
)


@dataclass(slots=True, eq=False)
class Ensemble:
    """EASE and implicit ALS, added.

    >>> people, films = [1, 1, 2, 2, 3, 3], [10, 11, 10, 11, 12, 13]
    >>> model = Ensemble(factors=2).fit(Interactions.from_columns(people, films), np.random.default_rng(0))
    >>> from matinee.learning.model import recommend
    >>> history = History.of(model.title_ids, {10: 1.0})
    >>> recommend(model, [history], 1).title_ids.tolist()  # who watched 10 would like 11
    [[11]]
    """

    kind: ClassVar[str] = "ensemble"
    needs: ClassVar[frozenset[str]] = frozenset()

    share: float = 1.5
    """What ALS counts beside EASE."""
    regularisation: float = 500.0
    """Of EASE, as are `dropout`, `activity`, `recency` and `titles`."""
    dropout: float = 0.4
    activity: float = 0.5
    recency: float = 0.75
    titles: int = 20_000
    factors: int = 128
    """Of ALS, as are `epochs`, `factor_regularisation` and `unobserved_weight`."""
    epochs: int = 12
    factor_regularisation: float = 0.008
    unobserved_weight: float = 0.1
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted."""
    pairs: EASE = field(default_factory=EASE)
    tastes: ImplicitALS = field(default_factory=ImplicitALS)

    @property
    def title_ids(self) -> Ints:
        """Sorted; the same of both."""
        return self.pairs.title_ids

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Fit one after the other; the longer fit, that of ALS, goes on from a checkpoint."""
        self.tastes = ImplicitALS(
            factors=self.factors,
            epochs=self.epochs,
            regularisation=self.factor_regularisation,
            unobserved_weight=self.unobserved_weight,
            dislike_below=self.dislike_below,
        ).fit(interactions, rng, checkpoint)
        self.pairs = EASE(
            regularisation=self.regularisation,
            dropout=self.dropout,
            activity=self.activity,
            recency=self.recency,
            dislike_below=self.dislike_below,
            titles=self.titles,
        ).fit(interactions, rng)
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history, shape (histories, titles)."""
        return standardised(self.pairs.score(histories)) + np.float32(self.share) * standardised(
            self.tastes.score(histories)
        )

    def save(self) -> Stored:
        """Both models, their arrays under their names."""
        arrays: dict[str, NDArray[Any]] = {}
        facts: dict[str, Any] = {knob: getattr(self, knob) for knob in _KNOBS}
        for name, model in (("pairs", self.pairs), ("tastes", self.tastes)):
            stored = model.save()
            arrays |= {f"{name}.{key}": array for key, array in stored.arrays.items()}
            facts[name] = dict(stored.facts)
        return Stored(self.kind, arrays, facts)

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        with reading(stored, cls.kind):
            model = cls(**{knob: stored.facts[knob] for knob in _KNOBS})
            model.pairs = EASE.load(_part(stored, "pairs", EASE.kind))
            model.tastes = ImplicitALS.load(_part(stored, "tastes", ImplicitALS.kind))
        if not np.array_equal(model.pairs.title_ids, model.tastes.title_ids):
            raise InvalidInput("The stored model's parts do not fit each other.", next_step="Train again.")
        return model


def standardised(scores: Floats) -> Floats:
    """Each row at mean 0 and deviation 1; what is -inf becomes the row's least. Rows without differences are 0.

    >>> standardised(np.array([[1.0, 3.0], [2.0, 2.0]], np.float32)).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    said = np.isfinite(scores)
    least = np.where(said, scores, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    filled = np.where(said, scores, np.where(np.isfinite(least), least, 0))
    spread = filled.std(axis=1, keepdims=True) if filled.size else np.ones((len(filled), 1))
    centred = filled - (filled.mean(axis=1, keepdims=True) if filled.size else 0)
    return np.asarray(centred / np.where(spread > 1e-12, spread, 1), np.float32)


def _part(stored: Stored, name: str, kind: str) -> Stored:
    """One of the two as it was stored."""
    mine = {key.removeprefix(f"{name}."): array for key, array in stored.arrays.items() if key.startswith(f"{name}.")}
    return Stored(kind, mine, stored.facts[name])
