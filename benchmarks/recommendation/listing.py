"""Lists of titles, whoever made them, judged by one set of metrics on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.recommendation.environments import ask
from matinee.learning import metrics
from matinee.learning.evaluation import evaluate
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.intervals import Sample
from matinee.learning.model import Model
from matinee.learning.splits import Split


@dataclass(frozen=True, eq=False)
class Judged:
    """One system on one split: a value for each tested viewer by metric, and seconds by step."""

    system: str
    samples: Mapping[str, Sample]
    seconds: Mapping[str, float]


def ours(name: str, model: Model, split: Split, n: int, fit_s: float) -> Judged:
    """A fitted model of this project."""
    return Judged(name, evaluate(model, split, n).samples, {"fit": fit_s})


def peer(package: str, system: str, knobs: Mapping[str, Any], split: Split, n: int) -> Judged:
    """A peer's system, fitted and asked in its own environment."""
    title_ids = split.train.title_ids
    given = _rows(split.given, split.test.viewer_ids, title_ids)
    # Where the tested viewers are those of the training, rows must be the same, for peers know viewers by row.
    same = np.array_equal(split.test.viewer_ids, split.train.viewer_ids)
    train = given if same else _rows(split.train, split.train.viewer_ids, title_ids)
    lists, seconds = ask(package, f"{package} {system}", knobs, train, given, n)
    hits, relevant = _hits(lists, split)
    samples = {
        "ndcg": Sample(metrics.ndcg(hits, relevant)),
        "recall": Sample(metrics.recall(hits, relevant)),
        "hit_rate": Sample(metrics.hit_rate(hits)),
    }
    return Judged(f"{package} {system}", samples, seconds)


def _rows(known: Interactions, viewer_ids: NDArray[np.int64], title_ids: NDArray[np.int64]) -> csr_array:
    """1 for what each viewer touched, in the columns of `title_ids`."""
    viewers, titles, _, _ = known.columns()
    rows, columns = columns_of(viewer_ids, viewers), columns_of(title_ids, titles)
    kept = (rows >= 0) & (columns >= 0)
    ones = np.ones(int(kept.sum()), np.float32)
    found = csr_array((ones, (rows[kept], columns[kept])), shape=(viewer_ids.size, title_ids.size))
    found.sort_indices()
    return found


def _hits(lists: NDArray[np.int64], split: Split) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    wanted = _rows(split.test, split.test.viewer_ids, split.train.title_ids)
    hits = np.zeros(lists.shape, bool)
    for row in range(lists.shape[0]):
        hits[row] = np.isin(lists[row], wanted.indices[wanted.indptr[row] : wanted.indptr[row + 1]])
    return hits, np.diff(split.test.values.indptr).astype(np.int64)
