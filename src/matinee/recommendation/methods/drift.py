"""The ridge regressions of tastes that drift: as in `regression.py`, with a time for each entry.

A viewer's vector is twice as wide as a title's: what holds on average, and what is added for each unit of drift. Entry
``e`` has drift ``drifts[e]``, so its regressors are the title's vector and 1, and the same times the drift.
"""

from __future__ import annotations

import numpy as np

from matinee.recommendation.methods.regression import backward, factorise, fast, forward


@fast
def solve_drifting(  # type: ignore[no-untyped-def]
    solved, starts, columns, targets, drifts, titles, means, pulls, first, beyond
):
    """Solve viewers `first` to `beyond` given titles; targets are without the titles' biases."""
    width = titles.shape[1]
    system = np.empty((2 * width, 2 * width))
    regressor = np.empty(2 * width)
    for row in range(first, beyond):
        system[:] = 0.0
        for f in range(2 * width):
            system[f, f] = pulls[row, f]
        side = pulls[row] * means[row]
        for at in range(starts[row], starts[row + 1]):
            for f in range(width):
                value = titles[columns[at], f] if f < width - 1 else 1.0
                regressor[f] = value
                regressor[width + f] = value * drifts[at]
            add(system, side, regressor, targets[at])
        factorise(system)
        forward(system, side)
        backward(system, side)
        solved[row] = side


@fast
def solve_drifted(  # type: ignore[no-untyped-def]
    solved, starts, rows, places, targets, drifts, viewers, pulls, first, beyond
):
    """Solve titles `first` to `beyond` given viewers as they were at the time of each entry."""
    width = solved.shape[1]
    system = np.empty((width, width))
    regressor = np.ones(width)
    for row in range(first, beyond):
        system[:] = 0.0
        for f in range(width):
            system[f, f] = pulls[row, f]
        side = np.zeros(width)
        for at in range(starts[row], starts[row + 1]):
            viewer, drift = rows[at], drifts[places[at]]
            for f in range(width - 1):
                regressor[f] = viewers[viewer, f] + drift * viewers[viewer, width + f]
            bias = viewers[viewer, width - 1] + drift * viewers[viewer, 2 * width - 1]
            add(system, side, regressor, targets[places[at]] - bias)
        factorise(system)
        forward(system, side)
        backward(system, side)
        solved[row] = side


@fast
def add(system, side, regressor, target):  # type: ignore[no-untyped-def]
    """One entry's evidence."""
    for f in range(side.size):
        one = regressor[f]
        side[f] += one * target
        for g in range(f + 1):
            system[f, g] += one * regressor[g]


@fast
def drifted(out, starts, columns, drifts, viewers, titles, first, beyond):  # type: ignore[no-untyped-def]
    """The model's value of each entry of viewers `first` to `beyond`."""
    width = titles.shape[1]
    for row in range(first, beyond):
        for at in range(starts[row], starts[row + 1]):
            drift, column = drifts[at], columns[at]
            total = titles[column, width - 1] + viewers[row, width - 1] + drift * viewers[row, 2 * width - 1]
            for f in range(width - 1):
                total += titles[column, f] * (viewers[row, f] + drift * viewers[row, width + f])
            out[at] = total
