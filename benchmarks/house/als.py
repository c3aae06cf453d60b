"""Implicit ALS on ml-1m, this project's and `implicit`'s side by side: quality, training time, serving time.

Leave last out on ``ml-1m_sas.txt``, full ranking, titles of the history left out; both with 64 factors on the same
machine and the same number of threads. `implicit` is given the settings under which it did best here.

    python -m benchmarks.house.als PATH/TO/ml-1m-extras.zip
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from benchmarks.report import Row
from matinee.base.clock import now_ms
from matinee.learning.evaluation import evaluate
from matinee.learning.model import History, Model
from matinee.learning.splits import Split, leave_last_out
from matinee.recommendation import datasets
from matinee.recommendation.methods.als import ImplicitALS

FACTORS = 64
SEEDS = (0, 1, 2)
Floats = NDArray[np.float32]


class Trained(NamedTuple):
    """Factors of the viewers in training and of the titles, asked as a model: its answers are those of training."""

    kind: str
    title_ids: NDArray[np.int64]
    people: Floats
    titles: Floats
    asked: list[int]
    """How many viewers have been asked so far; an evaluation asks for all of them in order."""

    def score(self, histories: Sequence[History]) -> Floats:
        start = self.asked[0]
        self.asked[0] += len(histories)
        return self.people[start : self.asked[0]] @ self.titles.T


def read(path: Path) -> Split:
    """The SASRec file in its archive, a viewer and a title on each line in order of time, without each one's last."""
    return leave_last_out(datasets.read(path, now_ms()).known)


def quality(split: Split, people: Floats, titles: Floats, n: int = 10) -> tuple[float, float]:
    """HR@n and NDCG@n of the factors of all viewers and titles of ``split.train``."""
    trained = cast("Model", Trained("trained", split.train.title_ids, people, titles, [0]))
    found = evaluate(trained, split, n).estimates()
    return found["hit_rate"].value, found["ndcg"].value


def measure(path: Path) -> list[Row]:
    """Both systems on the file at `path`; rows of quality, seconds of training and milliseconds of folding in."""
    split = read(path)
    rows = []
    for seed in SEEDS:
        rows += list(_matinee(split, seed))
        rows += list(_implicit(split, seed))
    return rows


def _matinee(split: Split, seed: int) -> Iterator[Row]:
    model = ImplicitALS(factors=FACTORS)
    began = time.perf_counter()
    model.fit(split.train, np.random.default_rng(seed))
    seconds = time.perf_counter() - began
    found = quality(split, model.viewer_factors, model.title_factors)
    yield from _rows("matinee ALS", seed, found, seconds)
    with threadpool_limits(limits=1, user_api="blas"):
        times = []
        for row in range(1000):
            columns, values, _ = split.train.history(row)
            history = History(columns.astype(np.int64), values, np.zeros(columns.size, np.int64))
            began = time.perf_counter()
            model.fold_in(history)
            times.append(time.perf_counter() - began)
    for name, share in (("p50", 50), ("p99", 99)):
        yield _row("matinee ALS", seed, f"fold in {name}", 1000 * float(np.percentile(times, share)), "ms")


def _implicit(split: Split, seed: int) -> Iterator[Row]:
    from implicit.cpu.als import AlternatingLeastSquares

    threads = len(os.sched_getaffinity(0))
    values = split.train.values
    matrix = csr_matrix((values.data, values.indices, values.indptr), shape=values.shape)
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            FACTORS, regularization=0.1, alpha=3.0, iterations=15, num_threads=threads, random_state=seed
        )
        began = time.perf_counter()
        model.fit(matrix, show_progress=False)
        seconds = time.perf_counter() - began
    found = quality(split, model.user_factors, model.item_factors)
    yield from _rows("implicit ALS", seed, found, seconds)


def _rows(system: str, seed: int, found: tuple[float, float], seconds: float) -> Iterator[Row]:
    yield _row(system, seed, "HR@10", found[0], "")
    yield _row(system, seed, "NDCG@10", found[1], "")
    yield _row(system, seed, "training", seconds, "s")


def _row(system: str, seed: int, metric: str, value: float, unit: str) -> Row:
    return Row(system=system, data=f"ml-1m_sas.txt, leave last out, seed {seed}", metric=metric, value=value, unit=unit)


if __name__ == "__main__":
    for row in measure(Path(sys.argv[1])):
        print(row)
