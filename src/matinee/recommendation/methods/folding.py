"""Folding a history into draws of a Bayesian factorisation: what the viewer's own unknowns would be in each of them.

In each draw everything about titles is known, so a viewer's vector has a normal posterior, found by one regression.
Where stars are an ordered scale their likings are unknown too, and so is the viewer's temper: how little the stars of
this viewer scatter. All are found together by mean-field iterations (Wainwright & Jordan 2008), each of which costs one
pass over the history.
"""

from __future__ import annotations

import math

import numpy as np

from matinee.recommendation.methods.ordinal import below, density, expected_liking
from matinee.recommendation.methods.regression import backward, factorise, fast, forward


@fast
def fold(  # type: ignore[no-untyped-def]
    vectors, tempers, doubts, titles, links, bases, precisions, cuts, noises, columns, levels, stars, freedom, steps
):
    """Fill `vectors` (draws, width), `tempers` (draws) and `doubts` (draws, width, width) for one history.

    Doubts are roots (Cholesky, lower half) of the precision with which the vector is known.

    `titles` has shape (draws, titles + 1, width), `links` (draws, titles, width) or none, `bases` (draws, width).
    Without cut points `stars` themselves are the likings. `freedom` is that of tempers, 0 where all have the same.
    """
    width, n = vectors.shape[1], columns.size
    regressors = np.ones((n, width))
    biases = np.empty(n)
    for draw in range(vectors.shape[0]):
        centre(vectors[draw], links[draw], bases[draw], columns)
        tempers[draw] = noises[draw]
        if n == 0:
            doubts[draw] = precisions[draw]
            factorise(doubts[draw])
            continue
        for at in range(n):
            biases[at] = titles[draw, columns[at], width - 1]
            for f in range(width - 1):
                regressors[at, f] = titles[draw, columns[at], f]
        tempers[draw] = settle(
            vectors[draw], doubts[draw], regressors, biases, precisions[draw], cuts[draw], noises[draw], levels, stars,
            freedom, steps,
        )  # fmt: skip


@fast
def centre(out, links, base, columns):  # type: ignore[no-untyped-def]
    """Where a viewer's vector is expected before any star is read: everybody's centre, and what was chosen."""
    out[:] = base
    if links.shape[0] > 0 and columns.size > 0:
        share = 1.0 / math.sqrt(columns.size)
        for at in range(columns.size):
            for f in range(out.size):
                out[f] += share * links[columns[at], f]


@fast
def settle(  # type: ignore[no-untyped-def]
    vector, system, regressors, biases, precision, cut, noise, levels, stars, freedom, steps
):
    """Iterate from the centre that stands in `vector`; returns the temper."""
    n, width = regressors.shape
    gram = products(regressors)
    pulled = np.zeros(width)
    for f in range(width):
        for g in range(width):
            pulled[f] += precision[f, g] * vector[g]
    temper = noise
    for _ in range(steps):
        root = math.sqrt(temper)
        wrong = 0.0
        side = pulled.copy()
        for at in range(n):
            value = biases[at]
            for f in range(width):
                value += vector[f] * regressors[at, f]
            liking = stars[at]
            if cut.size > 0:
                low, high = cut[levels[at]], cut[levels[at] + 1]
                liking = expected_liking(value, root, low, high)
                wrong += spread(value, root, low, high) / temper
            else:
                wrong += (liking - value) ** 2
            for f in range(width):
                side[f] += temper * (liking - biases[at]) * regressors[at, f]
        for f in range(width):
            for g in range(width):
                system[f, g] = precision[f, g] + temper * gram[f, g]
        factorise(system)
        forward(system, side)
        backward(system, side)
        vector[:] = side
        if freedom > 0.0:
            temper = (freedom + n) / (freedom / noise + wrong)
    return temper


@fast
def products(regressors):  # type: ignore[no-untyped-def]
    """X'X, its lower half."""
    n, width = regressors.shape
    gram = np.zeros((width, width))
    for at in range(n):
        for f in range(width):
            one = regressors[at, f]
            for g in range(f + 1):
                gram[f, g] += one * regressors[at, g]
    return gram


@fast
def spread(value, root, low_cut, high_cut):  # type: ignore[no-untyped-def]
    """The expected squared distance of a liking from its mean, in units of its variance."""
    low, high = (low_cut - value) * root, (high_cut - value) * root
    share = below(-low) - below(-high) if low > 0.0 else below(high) - below(low)
    if share < 1e-200:
        return min(low * low, high * high)
    left = low * density(low) if low > -40.0 else 0.0
    right = high * density(high) if high < 40.0 else 0.0
    return 1.0 + (left - right) / share


@fast
def expected_stars(  # type: ignore[no-untyped-def]
    out, squares, vectors, tempers, doubts, titles, cuts, levels, columns
):
    """Fill in the mean over draws of the expected stars, and of their squares, of the columns asked for.

    Without `doubts` the vectors are taken to be known exactly, which saves much and moves expected stars little.
    """
    draws, width = vectors.shape
    regressor = np.ones(width)
    for at in range(columns.size):
        column = columns[at] if columns[at] >= 0 else titles.shape[1] - 1
        stars, square = 0.0, 0.0
        for draw in range(draws):
            value = float(titles[draw, column, width - 1]) + vectors[draw, width - 1]
            for f in range(width - 1):
                value += vectors[draw, f] * titles[draw, column, f]
            variance = 1.0 / tempers[draw]
            if doubts.shape[0] > 0:
                for f in range(width - 1):
                    regressor[f] = titles[draw, column, f]
                regressor[width - 1] = 1.0
                forward(doubts[draw], regressor)
                variance += (regressor**2).sum()
            if cuts.shape[1] == 0:
                stars += value
                square += value * value + variance
                continue
            root = 1.0 / math.sqrt(variance)
            stars += levels[0]
            square += levels[0] ** 2
            for level in range(1, levels.size):
                above = below((value - cuts[draw, level]) * root)
                stars += above * (levels[level] - levels[level - 1])
                square += above * (levels[level] ** 2 - levels[level - 1] ** 2)
        out[at] = stars / draws
        squares[at] = square / draws
