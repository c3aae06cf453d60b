"""Many small ridge regressions at once: the inner step of alternating least squares.

Each row solves ``(G + Y'Y + pull·I) x = Y'p`` where ``Y`` holds the factors of what the row touched. Rows of similar
length are padded to one block, so that NumPy's batched routines work on all of them without returning to Python;
blocks are shared among threads, and BLAS itself is kept to one thread meanwhile, or the two would fight for the cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]

BLOCK = 1 << 19
"""Floats gathered at once (2 MiB): large enough to amortise the calls, small enough for the cache."""


@contextmanager
def sweeping() -> Iterator[Executor]:
    """Threads for `solve_rows`, one per core that this process may use."""
    workers = len(os.sched_getaffinity(0))
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(workers, "sweep") as pool:
        yield pool


def solve_rows(wanted: csr_array, fixed: Floats, shared: Floats, pulls: Floats, pool: Executor) -> Floats:
    """The factors of every row of `wanted`, given those of its columns (`fixed`); zero for empty rows.

    `shared` is G, `pulls` has one value per row.
    """
    solved = np.zeros((wanted.shape[0], fixed.shape[1]), np.float32)
    lengths = np.diff(wanted.indptr)
    order = np.argsort(lengths, kind="stable")
    order = order[np.searchsorted(lengths[order], 1) :]

    def work(rows: NDArray[np.int64]) -> None:
        solved[rows] = _solve_block(wanted, rows, fixed, shared, pulls[rows])

    list(pool.map(work, _blocks(order, lengths, fixed.shape[1])))
    return solved


def solve_row(touched: Floats, preferences: Floats, shared: Floats, pull: float) -> Floats:
    """One row: the factors of what was touched, shape (touched, factors), and 1 or 0 for each."""
    system = touched.T @ touched
    system += shared
    system.flat[:: system.shape[0] + 1] += pull
    _, solution, _ = lapack.sposv(system, preferences @ touched, overwrite_a=True, overwrite_b=True)
    return solution  # type: ignore[no-any-return]


def _blocks(order: NDArray[np.int64], lengths: NDArray[np.int64], factors: int) -> Iterator[NDArray[np.int64]]:
    """Rows in ascending length, as many at once as fit a block when padded to the longest."""
    start = 0
    while start < order.size:
        stop = start + 1
        while stop < order.size and (stop + 1 - start) * lengths[order[stop]] * factors <= BLOCK:
            stop += 1
        yield order[start:stop]
        start = stop


def _solve_block(wanted: csr_array, rows: NDArray[np.int64], fixed: Floats, shared: Floats, pulls: Floats) -> Floats:
    starts, lengths = wanted.indptr[rows], np.diff(wanted.indptr)[rows]
    longest, factors = int(lengths.max()), fixed.shape[1]
    systems = np.broadcast_to(shared, (rows.size, factors, factors)).copy()
    sides = np.zeros((rows.size, 1, factors), np.float32)
    slab = max(1, BLOCK // factors)  # a row longer than a block is gathered in slabs
    for begin in range(0, longest, slab):
        inside = np.arange(begin, min(longest, begin + slab))
        valid = inside < lengths[:, None]
        places = np.where(valid, starts[:, None] + inside, 0)
        touched = fixed.take(wanted.indices.take(places), axis=0)
        touched *= valid[:, :, None]
        systems += np.matmul(touched.transpose(0, 2, 1), touched)
        sides += np.matmul((wanted.data.take(places) * valid)[:, None, :], touched)
    diagonal = np.arange(factors)
    systems[:, diagonal, diagonal] += pulls[:, None]
    return np.linalg.solve(systems, sides.transpose(0, 2, 1))[:, :, 0]
