"""The best titles: of one list of scores, and of very many viewers at once.

For an audience scores are made, looked through and forgotten block by block. Where scores are products of vectors, as
in a factorisation, the lists of all viewers need neither all scores in memory nor a sort: each row is read once, and a
title is looked at twice only where it beats the least of the ``n`` kept so far, which after a few hundred titles is
rare.

>>> people, titles = np.eye(2, dtype=np.float32), np.array([[1, 0], [2, 0], [0, 3]], np.float32)
>>> best_products(people, titles, csr_array(np.array([[0, 1, 0], [0, 0, 0]])), 1)[0].tolist()  # the first has seen 1
[[0], [2]]
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from matinee.base.compute import Compute

Floats = NDArray[np.float32]
CELLS = 1 << 20
"""Scores in a block (4 MiB): they stay near the processor between being made and being looked through."""
PEOPLE = 1 << 13
"""Rows that go to a worker at once: some MiB of vectors and of what they have seen."""


def best_products(
    people: Floats, titles: Floats, seen: csr_array, n: int, threads: int = 0
) -> tuple[NDArray[np.int64], Floats]:
    """Columns and scores of the `n` best titles for each row of `people`, best first; of equal ones the first column.

    Stored entries of `seen` are left out, shape (people, titles). Where fewer than `n` are left, columns are -1 and
    scores -inf. Without `threads` all processors are used.
    """
    columns = np.full((people.shape[0], n), -1, np.int64)
    scores = np.full((people.shape[0], n), -np.inf, np.float32)
    starts, places = seen.indptr.astype(np.int64), seen.indices.astype(np.int32, copy=False)
    size = max(1, CELLS // max(1, titles.shape[0]))

    def work(first: int) -> None:
        block = slice(first, min(first + size, people.shape[0]))
        found = people[block] @ titles.T
        _keep_best(found, starts[block.start : block.stop + 1], places, columns[block], scores[block])

    threads = threads or len(os.sched_getaffinity(0))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads, "rank") as pool:
        list(pool.map(work, range(0, people.shape[0], size)))
    return columns, scores


def best_spread(
    compute: Compute, people: Floats, titles: Floats, seen: csr_array, n: int
) -> tuple[NDArray[np.int64], Floats]:
    """What `best_products` gives, worked out by `compute` in blocks of people; the titles are sent once."""
    found = list(compute.map(partial(_best_of, titles, n), _blocks(people, seen), "ranking for everybody"))
    nobody = np.zeros((0, n), np.int64), np.zeros((0, n), np.float32)
    columns, scores = zip(nobody, *found, strict=True)
    return np.concatenate(columns), np.concatenate(scores)


class _Block(NamedTuple):
    people: Floats
    seen: csr_array


def _blocks(people: Floats, seen: csr_array) -> Iterator[_Block]:
    for first in range(0, people.shape[0], PEOPLE):
        yield _Block(people[first : first + PEOPLE], seen[first : first + PEOPLE])


def _best_of(titles: Floats, n: int, block: _Block) -> tuple[NDArray[np.int64], Floats]:
    return best_products(block.people, titles, block.seen, n, threads=1)


def best(scores: NDArray[np.floating], allowed: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
    """Places of the `n` best `scores` among the `allowed`, best first; of equal ones the first, those at -inf never.

    >>> best(np.array([1.0, 3.0, 2.0, 3.0, -np.inf]), np.array([True, True, False, True, True]), 4).tolist()
    [1, 3, 0]
    """
    columns, kept = np.full(n, -1, np.int64), np.full(n, -np.inf, scores.dtype)
    _keep_allowed(scores, allowed, columns, kept)
    return columns[: np.count_nonzero(columns >= 0)]


@njit(cache=True, nogil=True)
def _keep_allowed(found, allowed, columns, scores):  # type: ignore[no-untyped-def]
    """Fill `columns` and `scores`, which hold -1 and -inf, by insertion."""
    n = columns.size
    least = scores[n - 1] if n else np.inf
    for column in range(found.size):
        score = found[column]
        if score > least and allowed[column]:
            _insert(score, column, columns, scores)
            least = scores[n - 1]


@njit(cache=True, nogil=True)
def _keep_best(found, starts, places, columns, scores):  # type: ignore[no-untyped-def]
    """The same for each row, without its entries of `places`."""
    n = columns.shape[1]
    for row in range(found.shape[0]):
        for entry in range(starts[row], starts[row + 1]):
            found[row, places[entry]] = -np.inf
        least = scores[row, n - 1]
        for column in range(found.shape[1]):
            score = found[row, column]
            if score > least:
                _insert(score, column, columns[row], scores[row])
                least = scores[row, n - 1]


@njit(cache=True, nogil=True, inline="always")
def _insert(score, column, columns, scores):  # type: ignore[no-untyped-def]
    place = columns.size - 1
    while place > 0 and score > scores[place - 1]:
        scores[place], columns[place] = scores[place - 1], columns[place - 1]
        place -= 1
    scores[place], columns[place] = score, column
