"""Many small ridge regressions at once, each nearly solved: the quick inner step of alternating least squares.

Each row's ``(G + Y'Y + pull·I) x = Y'p``, where ``Y`` holds the factors of what the row touched, need not be solved to
the end in a sweep, because the next sweep changes it. So take a few steps of the method of conjugate gradients
(Hestenes & Stiefel 1952) from where the last sweep ended (Takács, Pilászy & Tikk 2011, "Applications of the conjugate
gradient method for implicit feedback collaborative filtering"). A step costs ``factors · (factors + touched)`` where
the exact solution in `ridge` costs ``factors^2 · (factors + touched)``: with 128 factors some thirty times less.

Each step lowers what a row adds to the loss by ``alpha · |residual|^2``, so the loss comes for free, and no sweep can
raise it.

>>> rows, fixed = csr_array(np.ones((1, 2), np.float32)), np.eye(2, dtype=np.float32)
>>> solved, pulls = np.zeros((1, 2), np.float32), np.ones(1, np.float32)
>>> from concurrent.futures import ThreadPoolExecutor
>>> with ThreadPoolExecutor(1) as pool:
...     solve_nearly(rows, fixed, np.zeros((2, 2), np.float32), pulls, solved, steps=1, pool=pool)
1.0
>>> solved  # x + x = 1
array([[0.5, 0.5]], dtype=float32)
"""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float32]
ENTRIES = 1 << 14
"""Entries that a thread works on at once: enough to hide the hand-over, few enough to end together."""


def solve_nearly(
    wanted: csr_array,
    fixed: Floats,
    shared: Floats,
    pulls: Floats,
    solved: Floats,
    *,
    steps: int,
    pool: Executor,
    near: float = 0.0,
) -> float:
    """Move every row of `solved` nearer to its solution; zero for empty rows. Returns the rows' share of the loss.

    `wanted` has a row for each of `solved` and a column for each of `fixed`; `shared` is G, `pulls` has one value per
    row; a row is left where its residual is below `near` of its right side.
    The loss is the sum over rows of ``|p - Y x|^2 + x'G x + pull |x|^2``.
    """
    starts, columns = wanted.indptr.astype(np.int64), wanted.indices.astype(np.int32, copy=False)
    # Rows cost something even when they are empty.
    cost = starts + np.arange(starts.size) * 64
    ends = np.searchsorted(cost, np.arange(ENTRIES, cost[-1] + ENTRIES, ENTRIES)).clip(max=starts.size - 1)
    ends = np.unique(np.concatenate([[0], ends]))

    def work(part: int) -> float:
        first, beyond = int(ends[part]), int(ends[part + 1])
        return float(_descend(starts, columns, wanted.data, fixed, shared, pulls, solved, first, beyond, steps, near))

    return float(sum(pool.map(work, range(ends.size - 1))))


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
def _applied(out, x, columns, first, beyond, fixed, shared, pull):  # type: ignore[no-untyped-def] # noqa: PLR0917
    """``(G + Y'Y + pull·I) x``, each row of Y read once."""
    factors = x.size
    for i in range(factors):
        out[i] = pull * x[i]
    for j in range(factors):
        for i in range(factors):
            out[i] += x[j] * shared[j, i]
    for entry in range(first, beyond):
        row = fixed[columns[entry]]
        along = np.float32(0)
        for i in range(factors):
            along += row[i] * x[i]
        for i in range(factors):
            out[i] += along * row[i]


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
def _descend(starts, columns, wanted, fixed, shared, pulls, solved, first, beyond, steps, near):  # type: ignore[no-untyped-def] # noqa: PLR0917
    """`steps` of conjugate gradients for rows `first` to `beyond`; their share of the loss afterwards."""
    factors = fixed.shape[1]
    residual, direction = np.empty(factors, np.float32), np.empty(factors, np.float32)
    pushed, side = np.empty(factors, np.float32), np.empty(factors, np.float32)
    loss = np.float64(0)
    for row in range(first, beyond):
        x, begin, end = solved[row], starts[row], starts[row + 1]
        if begin == end:
            x[:] = 0
            continue
        side[:] = 0
        for entry in range(begin, end):
            loss += wanted[entry] * wanted[entry]
            if wanted[entry] != 0:
                one = fixed[columns[entry]]
                for i in range(factors):
                    side[i] += wanted[entry] * one[i]
        _applied(pushed, x, columns, begin, end, fixed, shared, pulls[row])
        length, goal = np.float32(0), np.float32(1e-18)
        for i in range(factors):
            residual[i] = side[i] - pushed[i]
            direction[i] = residual[i]
            length += residual[i] * residual[i]
            goal += near * near * side[i] * side[i]
            loss -= x[i] * (side[i] + residual[i])  # p·p - 2 b·x + x·Ax, and Ax is b - r
        for _ in range(steps):
            if length <= goal:
                break
            _applied(pushed, direction, columns, begin, end, fixed, shared, pulls[row])
            bend = np.float32(0)
            for i in range(factors):
                bend += direction[i] * pushed[i]
            alpha = length / bend
            loss -= alpha * length
            shorter = np.float32(0)
            for i in range(factors):
                x[i] += alpha * direction[i]
                residual[i] -= alpha * pushed[i]
                shorter += residual[i] * residual[i]
            for i in range(factors):
                direction[i] = residual[i] + shorter / length * direction[i]
            length = shorter
    return loss
