"""A learned blend: several models propose, and a ranker that knows the moment decides.

No model is best for everybody: neighbours know what goes with the last film, factors know the long run, popularity
knows what a stranger may like. Each proposes its best titles; the union is put in order by gradient boosted trees that
maximise NDCG (LambdaRank), from what every model thinks of each candidate and from what is known of title, viewer and
moment (`matinee.recommendation.methods.evidence`). This is the two stages of Covington et al. (2016, "Deep neural
networks for YouTube recommendations") with the ranker of Burges (2010, "From RankNet to LambdaRank to LambdaMART") as
LightGBM has it (Ke et al. 2017). For a pair of titles that stand the wrong way round the trees are pushed by

    lambda = sigmoid(s_below - s_above) · |change of NDCG if the two were swapped|

The ranker must see models that do not know the answer. So each viewer's newest titles (`held`) are put aside; copies
of the models learn from the rest, are asked before each of the titles put aside, one after the other, and the ranker
learns to put that title first. Then the models that serve learn from everything. Models that are given fitted, on the
same titles, are taken to have been fitted on the same interactions and serve as they are.

Titles that nobody proposes stand behind those that were, in the order of the first model; who has no history gets what
is popular of late. A model that is missing when a blend is loaded, because a package is, leaves gaps, which the trees
bear as they bear whatever is not known.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.base.progress import track
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints, Model
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint
from matinee.recommendation.methods.evidence import COMMON, Backdrop, Pairs, candidates, evidence
from matinee.recommendation.methods.moments import moments, not_held, over
from matinee.recommendation.methods.parts import blank, restored, same, translated

if TYPE_CHECKING:
    from lightgbm import Booster

_KNOBS = ("candidates", "held", "trees", "leaves", "learning_rate", "smallest_leaf", "queries")
_BACKDROP = ("counts", "late", "first_ms", "last_ms", "vectors")
BATCH = 256
SHARED = 500_000
"""Rows of evidence from which on the ranker is grown by several threads."""


@dataclass(slots=True, eq=False)
class Blend:
    """Several models and a ranker over what they propose.

    >>> from matinee.recommendation.methods import make
    >>> people, films = np.divmod(np.arange(60), 5)
    >>> known = Interactions.from_columns(people, (films * (people % 3 + 1)) % 7, at_ms=np.arange(60))
    >>> parts = {kind: make(kind) for kind in ("popularity", "item-neighbours")}
    >>> model = Blend(models=parts, trees=5).fit(known, np.random.default_rng(0))
    >>> model.score([History.of(model.title_ids, {0: 1.0, 2: 1.0})]).shape
    (1, 7)
    """

    kind: ClassVar[str] = "blend"
    needs: ClassVar[frozenset[str]] = frozenset({"models"})

    models: Mapping[str, Model]
    """By name, fitted or not; the order says whose opinion stands first."""
    candidates: int = 50
    """How many titles each model proposes."""
    held: int = 3
    """How many of each viewer's newest titles teach the ranker."""
    trees: int = 100
    leaves: int = 15
    learning_rate: float = 0.05
    smallest_leaf: int = 100
    """Candidates that a leaf must hold; more make the ranker more cautious."""
    queries: int = 20_000
    """Moments that the ranker learns from at most."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    backdrop: Backdrop | None = None
    losses: list[float] = field(default_factory=list)
    """1 minus NDCG@10 of the ranker on the moments it learns from, every tenth tree."""
    _names: tuple[str, ...] = ()
    _trees: Booster | None = None

    def fit(
        self,
        interactions: Interactions,
        rng: np.random.Generator,
        checkpoint: Checkpoint | None = None,  # noqa: ARG002
    ) -> Self:
        """Learn to rank from each viewer's newest titles, then let the models learn from everything."""
        if not self.models:
            raise InvalidInput("A blend of no models cannot be fitted.", next_step="Give it at least one model.")
        if not interactions.count:
            raise InvalidInput("There is nothing to learn from.", next_step="Import viewing first.")
        self._names = tuple(self.models)
        seeds = dict(zip(self._names, rng.spawn(len(self._names)), strict=True))
        self.title_ids = interactions.title_ids
        kept = not_held(interactions, self.held)
        self._trees, self.losses = None, []
        if 0 < np.count_nonzero(kept) < interactions.count:
            earlier = interactions.where(kept)
            copies = {name: blank(self.models[name]).fit(earlier, same(seeds[name])) for name in self._names}
            self._learn(copies, Backdrop.of(over(earlier, self.title_ids)), interactions, kept, rng)
        fitted = {}
        for name, model in self.models.items():
            ready = np.array_equal(model.title_ids, self.title_ids)
            fitted[name] = model if ready else blank(model).fit(interactions, same(seeds[name]))
        self.models, self.backdrop = fitted, Backdrop.of(interactions)
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        """How well each title suits each history: what was proposed first, shape (histories, titles)."""
        found = [self._scored(histories[start : start + BATCH]) for start in range(0, len(histories), BATCH)]
        return np.concatenate([np.zeros((0, self.title_ids.size), np.float32), *found])

    def importance(self) -> dict[str, float]:
        """How much of the ranker's gain is owed to each piece of evidence, greatest first; sums to 1."""
        if self._trees is None:
            return {}
        gains = self._trees.feature_importance("gain")
        shares = zip(self._columns(), (gains / max(gains.sum(), 1e-12)).tolist(), strict=True)
        return dict(sorted(shares, key=lambda one: -one[1]))

    def save(self) -> Stored:
        """The ranker, what it weighs, and every model."""
        parts = {name: model.save() for name, model in self.models.items()}
        arrays = {f"{name}/{key}": array for name, part in parts.items() for key, array in part.arrays.items()}
        if self.backdrop is not None:
            arrays |= {key: getattr(self.backdrop, key) for key in _BACKDROP}
        text = self._trees.model_to_string().encode() if self._trees is not None else b""
        arrays |= {"title_ids": self.title_ids, "trees": np.frombuffer(text, np.uint8)}
        facts = {knob: getattr(self, knob) for knob in _KNOBS} | {"names": list(self._names), "losses": self.losses}
        told = {name: {"kind": part.kind, "facts": dict(part.facts)} for name, part in parts.items()}
        digest = hashlib.sha256(text).hexdigest()
        return Stored(self.kind, arrays, facts | {"parts": told, "trees_sha256": digest})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind.

        A part that needs a package which is missing is left out, and logged.
        """
        with reading(stored, cls.kind):
            model = cls(models=restored(stored), **{knob: stored.facts[knob] for knob in _KNOBS})
            model._names, model.losses = tuple(stored.facts["names"]), list(stored.facts["losses"])
            model.title_ids = stored.arrays["title_ids"]
            model.backdrop = Backdrop(**{key: stored.arrays[key] for key in _BACKDROP})
            model._trees = _grown(stored.arrays["trees"].tobytes(), stored.facts["trees_sha256"])
            if any(getattr(model.backdrop, key).shape[0] != model.title_ids.size for key in _BACKDROP):
                raise ValueError("sizes differ")
            if model._trees is not None and model._trees.num_feature() != len(model._columns()):
                raise ValueError("the ranker weighs other evidence")
        return model

    def _scored(self, histories: Sequence[History]) -> Floats:
        assert self.backdrop is not None
        size = self.title_ids.size
        popular = _standing(self.backdrop.late + 1e-3 * self.backdrop.counts)
        scores = self._opinions(self.models, histories)
        known = [one for one in scores.values() if one is not None]
        # Below what was proposed: never above -1, in the order of the first model that is there.
        result = np.array([_standing(row) for row in known[0]] if known else [popular] * len(histories), np.float32)
        result = result.reshape(len(histories), size)
        for row, history in enumerate(histories):
            if not history.columns.size:
                result[row] = popular
        asked = [row for row, history in enumerate(histories) if history.columns.size]
        if not known or not asked:
            return result
        some = [histories[row] for row in asked]
        there = {name: one[asked] for name, one in scores.items() if one is not None}
        pairs = candidates(there, some, self.candidates)
        weighed = self._weighed({name: there.get(name) for name in self._names}, pairs, some)
        result[np.asarray(asked)[pairs.rows], pairs.columns] = weighed
        return result

    def _weighed(self, scores: Mapping[str, Floats | None], pairs: Pairs, histories: Sequence[History]) -> Floats:
        """What the ranker makes of each pair, 0 or more within each history."""
        assert self.backdrop is not None
        if not pairs.rows.size:
            return np.zeros(0, np.float32)
        table = evidence(scores, pairs, histories, self.backdrop)
        if self._trees is None:
            # Reciprocal ranks of all models (Cormack et al. 2009), while nothing says who is right.
            places = np.exp2(table[:, 1 : 2 * len(scores) : 2])
            return np.asarray(np.nansum(1 / (59 + places), axis=1), np.float32)
        found = np.asarray(self._trees.predict(table, num_threads=1), np.float64)
        return (1 / (1 + np.exp(-found))).astype(np.float32)

    def _opinions(self, models: Mapping[str, Model], histories: Sequence[History]) -> dict[str, Floats | None]:
        """Each model's scores in the blend's columns; None for one that is missing."""
        return {
            name: translated(models[name], self.title_ids, histories) if name in models else None
            for name in self._names
        }

    def _learn(
        self,
        copies: Mapping[str, Model],
        backdrop: Backdrop,
        known: Interactions,
        kept: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> None:
        self.backdrop = backdrop
        asked = list(moments(known, kept))
        chosen = np.sort(rng.permutation(len(asked))[: self.queries])
        tables, labels, groups = [], [], []
        for start in track(range(0, chosen.size, BATCH), "collecting evidence", unit="batches"):
            some = [asked[one] for one in chosen[start : start + BATCH]]
            histories, wanted = [one[0] for one in some], np.array([one[1] for one in some])
            scores = self._opinions(copies, histories)
            pairs = candidates(
                {name: one for name, one in scores.items() if one is not None}, histories, self.candidates
            )
            hits = pairs.columns == wanted[pairs.rows]
            # Where nobody proposed the title there is no better and no worse order to learn.
            useful = np.isin(pairs.rows, pairs.rows[hits])
            pairs, hits = Pairs(pairs.rows[useful], pairs.columns[useful]), hits[useful]
            tables.append(evidence(scores, pairs, histories, backdrop))
            labels.append(hits)
            groups.append(np.unique(pairs.rows, return_counts=True)[1])
        self._grow(np.concatenate(tables), np.concatenate(labels), np.concatenate(groups), rng)

    def _grow(self, table: Floats, hits: NDArray[np.bool_], groups: Ints, rng: np.random.Generator) -> None:
        if groups.size < 2:
            return
        import lightgbm

        settings = {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [10],
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": min(self.smallest_leaf, max(1, hits.size // 20)),
            "feature_fraction": 0.7,
            "lambdarank_truncation_level": 30,
            "seed": int(rng.integers(2**31)),
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            # Threads wait for each other at every leaf: with few rows, or a busy machine, that is most of the time.
            "num_threads": 1 if hits.size < SHARED else len(os.sched_getaffinity(0)),
        }
        data = lightgbm.Dataset(table, hits.astype(np.float32), group=groups, feature_name="auto")
        told: dict[str, Any] = {}
        for_the_curve = [lightgbm.record_evaluation(told)]
        self._trees = lightgbm.train(settings, data, self.trees, [data], ["training"], callbacks=for_the_curve)
        self.losses = [1 - one for one in told["training"]["ndcg@10"][9::10]]

    def _columns(self) -> list[str]:
        """Names of the evidence, column by column."""
        return [f"{name}: {what}" for name in self._names for what in ("score", "place")] + list(COMMON)


def _standing(scores: Floats) -> Floats:
    """The same order in numbers from -2 to -1; titles of which nothing is said stand last."""
    finite = np.where(np.isfinite(scores), scores, np.nan)
    if np.isnan(finite).all():
        return np.full(scores.shape, -2, np.float32)
    low, high = np.nanmin(finite), np.nanmax(finite)
    return np.asarray(np.nan_to_num((finite - low) / max(high - low, 1e-12) - 2, nan=-2), np.float32)


def _grown(text: bytes, digest: str) -> Booster | None:
    # LightGBM reads a text of its own in C++, without a second look: what was not written by us does not get there.
    if hashlib.sha256(text).hexdigest() != digest:
        raise ValueError("the ranker has changed since it was written")
    if not text:
        return None
    import lightgbm

    try:
        return lightgbm.Booster(model_str=text.decode())
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(str(error)) from None
