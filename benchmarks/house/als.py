"""Implicit ALS on ml-1m, this project's and `implicit`'s side by side: quality, training time, serving time.

Leave last out on ``ml-1m_sas.txt``, full ranking, titles of the history left out; both with 64 factors on the same
machine and the same number of threads. `implicit` is given the settings under which it did best here.

    python -m benchmarks.house.als PATH/TO/ml-1m-extras.zip
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from benchmarks.report import Row
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.model import History
from matinee.recommendation.methods.als import ImplicitALS

FACTORS = 64
SEEDS = (0, 1, 2)
Floats = NDArray[np.float32]


class Split(NamedTuple):
    """Training interactions, and each viewer's last title as a column (-1 where training never saw it)."""

    train: Interactions
    last: NDArray[np.int64]


def read(path: Path) -> Split:
    """The SASRec file in its archive: a viewer and a title on each line, in order of time."""
    with ZipFile(path) as archive:
        [name] = [one for one in archive.namelist() if one.endswith("ml-1m_sas.txt")]
        viewers, titles = np.array(archive.read(name).split(), np.int64).reshape(-1, 2).T
    is_last = np.append(viewers[1:] != viewers[:-1], True)
    train = Interactions.from_columns(viewers[~is_last], titles[~is_last], at_ms=np.flatnonzero(~is_last))
    return Split(train, columns_of(train.title_ids, titles[is_last]))


def quality(split: Split, score: Callable[[slice], Floats], n: int = 10) -> tuple[float, float]:
    """HR@n and NDCG@n of `score`, which gives the scores of a slice of viewers."""
    ranks = np.concatenate([_ranks(split, score, start) for start in range(0, split.last.size, 512)])
    hits = ranks < n
    return float(hits.mean()), float((hits / np.log2(ranks + 2.0)).mean())


def _ranks(split: Split, score: Callable[[slice], Floats], start: int) -> NDArray[np.int64]:
    """How many titles stand before each viewer's last one; one that training never saw is beyond reach."""
    part = slice(start, min(start + 512, split.last.size))
    scores, last = np.array(score(part)), split.last[part]
    mine = scores[np.arange(last.size), last].copy()
    lengths = np.diff(split.train.values.indptr)[part]
    seen = split.train.values.indices[split.train.values.indptr[part.start] : split.train.values.indptr[part.stop]]
    scores[np.repeat(np.arange(last.size), lengths), seen] = -np.inf
    ranks = (scores > mine[:, None]).sum(axis=1)
    return np.where(last < 0, scores.shape[1], ranks)


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
    found = quality(split, lambda part: model.viewer_factors[part] @ model.title_factors.T)
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
    found = quality(split, lambda part: model.user_factors[part] @ model.item_factors.T)
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
