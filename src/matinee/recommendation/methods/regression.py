"""Many small ridge regressions: the inner step of every factorisation of stars.

A row (a viewer, or a title) has a vector whose last place is its bias. Given the vectors ``y`` of the other side, its
own is the exact minimum of

    sum over its ratings of weight · (stars - bias of the other - y·x)^2  +  pull · |x - mean|^2

Rows are independent of each other, so blocks of them are shared among threads; the result does not depend on how many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numba import njit
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

fast = njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")


@contextmanager
def threads() -> Iterator[Executor]:
    """Threads for `in_blocks`, one per core that this process may use."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), "rows") as pool:
        yield pool


def in_blocks(pool: Executor, starts: Ints, work: Callable[[int, int], object]) -> None:
    """Call `work(first, beyond)` on blocks of rows that hold about as many entries each; `starts` are row pointers."""
    list(pool.map(lambda ends: work(*ends), list(_blocks(starts))))


def _blocks(starts: Ints, wanted: int = 16) -> Iterator[tuple[int, int]]:
    rows = starts.size - 1
    cost = np.arange(rows + 1) * 8 + starts  # a row costs something even when it is empty
    first = 0
    for end in np.unique(np.searchsorted(cost, np.linspace(0, cost[-1], wanted + 1)[1:])):
        if end > first:
            yield first, int(end)
            first = int(end)


@fast
def gather(system, side, fixed, columns, targets, places, first, beyond, weight, weights):  # type: ignore[no-untyped-def]
    """Add one row's evidence to its normal equations: regressors are `fixed` rows whose last place reads 1."""
    width = system.shape[0]
    one = np.empty(width)
    two = np.empty(width)
    three = np.empty(width)
    four = np.empty(width)
    at = first
    # Four entries at once: the system is then read and written a quarter as often.
    while at + 4 <= beyond:
        _regressor(one, fixed, columns[at])
        _regressor(two, fixed, columns[at + 1])
        _regressor(three, fixed, columns[at + 2])
        _regressor(four, fixed, columns[at + 3])
        w1 = weight * weights[columns[at]]
        w2 = weight * weights[columns[at + 1]]
        w3 = weight * weights[columns[at + 2]]
        w4 = weight * weights[columns[at + 3]]
        t1 = w1 * (targets[places[at]] - fixed[columns[at], width - 1])
        t2 = w2 * (targets[places[at + 1]] - fixed[columns[at + 1], width - 1])
        t3 = w3 * (targets[places[at + 2]] - fixed[columns[at + 2], width - 1])
        t4 = w4 * (targets[places[at + 3]] - fixed[columns[at + 3], width - 1])
        for f in range(width):
            a1, a2, a3, a4 = w1 * one[f], w2 * two[f], w3 * three[f], w4 * four[f]
            side[f] += t1 * one[f] + t2 * two[f] + t3 * three[f] + t4 * four[f]
            for g in range(f + 1):
                system[f, g] += a1 * one[g] + a2 * two[g] + a3 * three[g] + a4 * four[g]
        at += 4
    while at < beyond:
        _regressor(one, fixed, columns[at])
        w1 = weight * weights[columns[at]]
        t1 = w1 * (targets[places[at]] - fixed[columns[at], width - 1])
        for f in range(width):
            a1 = w1 * one[f]
            side[f] += t1 * one[f]
            for g in range(f + 1):
                system[f, g] += a1 * one[g]
        at += 1


@fast
def _regressor(out, fixed, column):  # type: ignore[no-untyped-def]
    last = out.size - 1
    for f in range(last):
        out[f] = fixed[column, f]
    out[last] = 1.0


@fast
def factorise(system):  # type: ignore[no-untyped-def]
    """Cholesky in place, lower half; the upper half is not touched."""
    for j in range(system.shape[0]):
        for g in range(j):
            pivot = system[j, g]
            for i in range(j, system.shape[0]):
                system[i, j] -= system[i, g] * pivot
        root = np.sqrt(system[j, j])
        for i in range(j, system.shape[0]):
            system[i, j] /= root


@fast
def forward(system, side):  # type: ignore[no-untyped-def]
    """Solve ``L y = side`` in place."""
    for i in range(side.size):
        total = side[i]
        for j in range(i):
            total -= system[i, j] * side[j]
        side[i] = total / system[i, i]


@fast
def backward(system, side):  # type: ignore[no-untyped-def]
    """Solve ``L' y = side`` in place."""
    for i in range(side.size - 1, -1, -1):
        side[i] /= system[i, i]
        for j in range(i):
            side[j] -= system[i, j] * side[i]


@fast
def solve_rows(solved, starts, columns, places, targets, fixed, means, pulls, first, beyond):  # type: ignore[no-untyped-def]
    """Solve rows `first` to `beyond`.

    Entry ``e`` of a row concerns row ``columns[e]`` of `fixed`, and has target number ``places[e]``. `solved`, `means`
    and `pulls` have shape (rows, width), and the last place of each row is the bias.
    """
    width = solved.shape[1]
    system = np.empty((width, width))
    side = np.empty(width)
    ones = np.ones(fixed.shape[0])
    for row in range(first, beyond):
        for f in range(width):
            for g in range(width):
                system[f, g] = 0.0
            system[f, f] = pulls[row, f]
            side[f] = pulls[row, f] * means[row, f]
        gather(system, side, fixed, columns, targets, places, starts[row], starts[row + 1], 1.0, ones)
        factorise(system)
        forward(system, side)
        backward(system, side)
        solved[row] = side


@fast
def fitted(out, starts, columns, viewers, titles, first, beyond):  # type: ignore[no-untyped-def]
    """The model's value of each entry of rows `first` to `beyond`, without offsets."""
    last = viewers.shape[1] - 1
    for row in range(first, beyond):
        for at in range(starts[row], starts[row + 1]):
            column = columns[at]
            total = viewers[row, last] + titles[column, last]
            for f in range(last):
                total += viewers[row, f] * titles[column, f]
            out[at] = total


@fast
def add_links(centres, starts, columns, links, first, beyond):  # type: ignore[no-untyped-def]
    """Add to each row what its columns say of it, over the root of how many they are."""
    for row in range(first, beyond):
        if starts[row + 1] > starts[row]:
            share = 1.0 / np.sqrt(starts[row + 1] - starts[row])
            for at in range(starts[row], starts[row + 1]):
                for f in range(links.shape[1]):
                    centres[row, f] += share * links[columns[at], f]
