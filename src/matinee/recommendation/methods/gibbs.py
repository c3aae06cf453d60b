"""The draws of Bayesian factorisation: many small Gaussian conditionals, each drawn exactly.

All chance comes in from outside as arrays of noise, which makes a draw the same whatever the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matinee.recommendation.methods.regression import backward, factorise, fast, forward, gather

Doubles = NDArray[np.float64]


@fast
def draw_rows(  # type: ignore[no-untyped-def]
    drawn, starts, columns, places, targets, fixed, own, others, means, precision, noise, first, beyond
):
    """Draw rows `first` to `beyond` given the other side.

    `drawn` and `means` have shape (rows, factors + 1), the bias last, as has `fixed`; entry ``e`` of a row concerns row
    ``columns[e]`` of `fixed` and has target number ``places[e]``. `own` and `others` are weights by row and
    by column.
    """
    width = drawn.shape[1]
    system = np.empty((width, width))
    side = np.empty(width)
    for row in range(first, beyond):
        for f in range(width):
            total = 0.0
            for g in range(width):
                system[f, g] = precision[f, g]
                total += precision[f, g] * means[row, g]
            side[f] = total
        gather(system, side, fixed, columns, targets, places, starts[row], starts[row + 1], own[row], others)
        factorise(system)
        forward(system, side)
        for f in range(width):
            side[f] += noise[row, f]
        backward(system, side)
        drawn[row] = side


@fast
def draw_links(links, rest, starts, rows, values, pulls, spread, noise):  # type: ignore[no-untyped-def]
    """Draw what each feature adds to the vectors of those who have it, one feature after another.

    `links` has shape (features, width); `rest` is what the vectors have beyond all links, and is kept so. Features are
    columns of a sparse matrix: `rows` and `values` between `starts`. `spread` is a root of the vectors' covariance.
    """
    width = links.shape[1]
    step = np.empty(width)
    for feature in range(links.shape[0]):
        weight = pulls[feature]
        step[:] = 0.0
        for at in range(starts[feature], starts[feature + 1]):
            value = values[at]
            weight += value * value
            row = rows[at]
            for f in range(width):
                step[f] += value * rest[row, f]
        have = weight - pulls[feature]
        scale = 1.0 / np.sqrt(weight)
        for f in range(width):
            total = 0.0
            for g in range(width):
                total += spread[f, g] * noise[feature, g]
            fresh = (step[f] + have * links[feature, f]) / weight + scale * total
            step[f] = fresh - links[feature, f]
            links[feature, f] = fresh
        for at in range(starts[feature], starts[feature + 1]):
            value = values[at]
            row = rows[at]
            for f in range(width):
                rest[row, f] -= value * step[f]
