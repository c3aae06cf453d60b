"""Evaluation: a model asked about every tested viewer of a split, and what came of it.

Ranking is full: every title that the model knows competes, not a sample of them, because sampled metrics do not even
keep the order of models (Krichene & Rendle 2020, "On sampled metrics for item recommendation"). Titles that a viewer
has touched before are left out unless `seen`. Titles to be found that a model does not know count against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.base.progress import track
from matinee.learning import metrics
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.intervals import Estimate, Sample, difference, estimate
from matinee.learning.model import NOTHING, Context, History, Model, Rating, recommend
from matinee.learning.slices import Slices, slices_of
from matinee.learning.splits import Split

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

CELLS = 1 << 24
"""Scores held at once (64 MiB of float32), whatever the size of the catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What one model did on one split."""

    kind: str
    n: int
    """Length of the lists; 0 for ratings."""
    viewer_ids: Ints
    """Who was asked."""
    samples: Mapping[str, Sample]
    """By metric, a value for each of them."""
    slices: Mapping[str, Mapping[str, Sample]]
    """By slice of viewers or titles, the same."""
    shown: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """How often each title of `title_ids` stood in a list."""
    touched: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """How often it was touched in training."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    unreachable: int = 0
    """Titles to be found that the model does not know."""

    @property
    def coverage(self) -> float:
        """Share of the titles that stood in at least one list."""
        return float((self.shown > 0).sum() / max(1, self.shown.size))

    def estimates(self) -> dict[str, Estimate]:
        """Every metric with its 95 % interval."""
        return {name: estimate(one) for name, one in self.samples.items()}

    def sliced(self) -> dict[str, dict[str, Estimate]]:
        """By slice, every metric with its interval."""
        return {name: {metric: estimate(one) for metric, one in of.items()} for name, of in self.slices.items()}

    def against(self, other: Evaluation) -> dict[str, Estimate]:
        """By metric, this model minus the other with the interval of the paired difference.

        Raises `InvalidInput` where they were not evaluated on the same viewers.
        """
        if not np.array_equal(self.viewer_ids, other.viewer_ids) or self.n != other.n:
            raise InvalidInput(
                "Two models were evaluated on different viewers.", next_step="Evaluate both on the same split."
            )
        return {
            name: difference(one, other.samples[name]) for name, one in self.samples.items() if name in other.samples
        }


class Lists(NamedTuple):
    """What was shown to the viewers of one batch, in the model's columns; -1 is an empty place."""

    shown: Ints
    histories: list[History]


def evaluate(
    model: Model,
    split: Split,
    n: int = 10,
    *,
    seen: bool = False,
    features: Features | None = None,
    among: Ints | None = None,
    told_when: bool = True,
) -> Evaluation:
    """Lists of `n` titles for all viewers of ``split.test``, judged by what they hold of it.

    With `features`, diversity and (where some are named ``genre:...``) calibration are measured too. Only titles of
    `among` are recommended where it is given. Unless `told_when` is False, the model is told the moment of the first
    entry to be found as the time of asking: a service knows what time it is.
    """
    viewer_ids = split.test.viewer_ids
    finding = _Finding.of(model, split, features)
    allowed = None if among is None else np.isin(model.title_ids, among)
    counts = np.zeros(model.title_ids.size + 1, np.int64)
    parts: list[dict[str, Doubles]] = []
    for part in track(
        list(_batches(viewer_ids.size, model.title_ids.size)), f"evaluating {model.kind}", unit="batches"
    ):
        histories = _asked(model, split, part, told_when)
        ranked = recommend(model, histories, n, allowed, seen=seen)
        shown = np.where(np.isfinite(ranked.scores), columns_of(model.title_ids, ranked.title_ids), -1)
        counts += np.bincount(shown.ravel() + 1, minlength=counts.size)
        parts.append(finding.judged(Lists(shown, histories), part))
    values = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]} if parts else {}
    whole, sliced = finding.slices.gathered(values)
    return Evaluation(
        kind=model.kind,
        n=n,
        viewer_ids=viewer_ids,
        samples=whole,
        slices=sliced,
        shown=counts[1:],
        touched=finding.touched,
        title_ids=model.title_ids,
        unreachable=int((finding.wanted < 0).sum()),
    )


def evaluate_ratings(
    model: Model, split: Split, *, lowest: float | None = None, highest: float | None = None
) -> Evaluation:
    """How far predicted stars are from the ratings of ``split.test``: RMSE and MAE, over all ratings alike.

    Predictions are brought between `lowest` and `highest`, by default the least and the greatest rating of training.
    Raises `InvalidInput` where the model does not predict ratings.
    """
    if not isinstance(model, Rating):
        raise InvalidInput(
            f"The model {model.kind} ranks titles and predicts no ratings.", next_step="Ask for another."
        )
    stars = split.train.values.data
    low, high = (stars.min() if lowest is None else lowest), (stars.max() if highest is None else highest)
    test = split.test
    columns = columns_of(model.title_ids, test.title_ids)[test.values.indices]
    errors = np.zeros(test.count)
    for part in track(list(_batches(test.viewer_ids.size, 4096)), f"evaluating {model.kind}", unit="batches"):
        bounds = test.values.indptr[part.start : part.stop + 1]
        asked = [columns[start:stop] for start, stop in pairwise(bounds)]
        predicted = np.concatenate(model.predict(_asked(model, split, part, told_when=True), asked))
        errors[bounds[0] : bounds[-1]] = np.clip(predicted, low, high) - test.values.data[bounds[0] : bounds[-1]]
    slices = slices_of(split, columns, np.append(_touched(split.train, model.title_ids), 0))
    whole, sliced = slices.of_errors(errors)
    return Evaluation(model.kind, 0, test.viewer_ids, whole, sliced, unreachable=int((columns < 0).sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _Finding:
    """What is to be found, in a model's columns."""

    wanted: Ints
    """The model's column of each test entry, -1 where it has none."""
    starts: Ints
    touched: Ints
    """How often each of the model's titles was touched in training."""
    viewers: int
    slices: Slices
    features: csr_array | None
    genres: csr_array | None

    @classmethod
    def of(cls, model: Model, split: Split, features: Features | None) -> _Finding:
        wanted = columns_of(model.title_ids, split.test.title_ids)[split.test.values.indices]
        touched = _touched(split.train, model.title_ids)
        slices = slices_of(split, wanted, np.append(touched, 0))
        known = None if features is None else _laid_over(features, model.title_ids)
        genres = None
        if features is not None and known is not None:
            of_genre = np.array([name.startswith("genre:") for name in features.names], bool)
            genres = csr_array(known[:, np.flatnonzero(of_genre)]) if of_genre.any() else None
        indptr = split.test.values.indptr.astype(np.int64)
        return cls(wanted, indptr, touched, split.train.viewer_ids.size, slices, known, genres)

    def judged(self, lists: Lists, part: slice) -> dict[str, Doubles]:
        """Every metric of one batch, under its name; those of a slice of titles as ``slice|name``."""
        shown = lists.shown
        first, last = self.starts[part.start], self.starts[part.stop]
        owners = np.repeat(np.arange(shown.shape[0]), np.diff(self.starts[part.start : part.stop + 1]))
        size = self.touched.size
        # A pair of viewer and title as one number; places beyond the list and titles unknown never meet.
        wanted = self.wanted[first:last]
        pairs = np.where(wanted >= 0, owners * size + wanted, -1)
        listed = np.where(shown >= 0, np.arange(shown.shape[0])[:, None] * size + shown, -2)
        found: dict[str, Doubles] = {}
        for name, chosen in self.slices.of_titles(slice(first, last)):
            hits = np.isin(listed, pairs[chosen])
            relevant = np.bincount(owners[chosen], minlength=shown.shape[0])
            found |= {f"{name}|{metric}": one for metric, one in _ranking(hits, relevant).items()}
        return found | self._beyond_accuracy(lists)

    def _beyond_accuracy(self, lists: Lists) -> dict[str, Doubles]:
        found = {"|novelty": metrics.novelty(lists.shown, self.touched, self.viewers)}
        if self.features is not None:
            found["|diversity"] = metrics.diversity(lists.shown, self.features)
        if self.genres is not None:
            longest = max((one.columns.size for one in lists.histories), default=0)
            past = np.full((len(lists.histories), max(1, longest)), -1, np.int64)
            for row, history in enumerate(lists.histories):
                past[row, : history.columns.size] = history.columns
            before = metrics.mixtures(past, np.ones(past.shape), self.genres)
            after = metrics.mixtures(lists.shown, np.ones(lists.shown.shape), self.genres)
            found["|calibration"] = metrics.calibration(before, after)
        return found


def _ranking(hits: NDArray[np.bool_], relevant: Ints) -> dict[str, Doubles]:
    asked = np.where(relevant > 0, 1.0, np.nan)
    return {
        "hit_rate": metrics.hit_rate(hits) * asked,
        "ndcg": metrics.ndcg(hits, relevant),
        "recall": metrics.recall(hits, relevant),
        "precision": metrics.precision(hits) * asked,
        "mrr": metrics.reciprocal_rank(hits) * asked,
        "map": metrics.average_precision(hits, relevant),
    }


def _batches(viewers: int, titles: int) -> Iterator[slice]:
    step = max(1, CELLS // max(1, titles))
    for start in range(0, viewers, min(step, 1024)):
        yield slice(start, min(viewers, start + min(step, 1024)))


def _asked(model: Model, split: Split, part: slice, told_when: bool) -> list[History]:  # noqa: FBT001
    """The history of each tested viewer of a batch, with the moment of asking."""
    test, given = split.test, split.given
    rows = columns_of(given.viewer_ids, test.viewer_ids[part])
    place = columns_of(model.title_ids, given.title_ids)
    asked = []
    for row, tested in zip(rows.tolist(), range(part.start, part.stop), strict=True):
        starts = test.values.indptr[tested : tested + 2]
        context = Context(now_ms=int(test.times[starts[0] : starts[1]].min())) if told_when else Context()
        if row < 0:
            asked.append(NOTHING._replace(context=context))
            continue
        columns, values, times = given.history(row)
        columns = place[columns]
        kept = columns >= 0
        asked.append(History(columns[kept], values[kept], times[kept], context))
    return asked


def _touched(train: Interactions, title_ids: Ints) -> Ints:
    """How often each title was touched in training."""
    counts = np.append(np.bincount(train.values.indices, minlength=train.title_ids.size), 0)
    return counts[columns_of(train.title_ids, title_ids)].astype(np.int64)


def _laid_over(features: Features, title_ids: Ints) -> csr_array:
    """The features of the model's titles, row by row; empty rows for titles without."""
    place = columns_of(features.title_ids, title_ids)
    chooser = csr_array(
        ((place >= 0).astype(np.float64), np.maximum(place, 0), np.arange(title_ids.size + 1)),
        shape=(title_ids.size, features.title_ids.size),
    )
    return csr_array(chooser @ features.values)
