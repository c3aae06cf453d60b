"""One row put in order: relevant, not twenty times the same, and in the viewer's own mixture.

Titles are chosen one after the other, each the one with the most of

    relevance  -  diversity · (likeness to the nearest one chosen)  -  calibration · KL(p, q)

The second term is maximal marginal relevance (Carbonell & Goldstein 1998). The third is calibration (Steck 2018,
"Calibrated recommendations"): ``p`` is the viewer's mixture of genres, ``q`` that of the row with the title added; who
watches seven comedies and three war films shall not get comedies only. Before the first title `IMAGINED` ones of the
very mixture are imagined, or chance would rule the beginning of the row, where a single title is the whole mixture.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from matinee.recommendation.library import Floats, Ints

IMAGINED = 5.0
LEAST = 0.01
"""Share of the wanted mixture blended into the row's, so that a genre that lacks costs much, not infinitely much."""


def reranked(
    relevance: Floats,
    vectors: Floats,
    mixtures: Floats,
    wanted: Floats,
    n: int,
    *,
    diversity: float,
    calibration: float,
) -> Ints:
    """Places of the `n` titles chosen, in the order in which they were.

    `relevance` has one value for each title, of any scale; `vectors` are directions of length 1 or 0, shape (titles,
    factors); `mixtures` shares of genres, shape (titles, genres); `wanted` is the viewer's mixture, all 0 where none is
    known.

    >>> comedy, war = [1.0, 0.0], [0.0, 1.0]
    >>> titles = np.array([comedy, comedy, comedy, war], np.float32)
    >>> near = np.zeros((4, 1), np.float32)
    >>> order = np.array([3.0, 2.9, 2.8, 2.7], np.float32)
    >>> half = np.array([0.5, 0.5], np.float32)
    >>> reranked(order, near, titles, half, 3, diversity=0.0, calibration=0.0).tolist()
    [0, 1, 2]
    >>> reranked(order, near, titles, half, 3, diversity=0.0, calibration=30.0).tolist()
    [0, 3, 1]
    """
    n = min(n, relevance.size)
    own = np.flatnonzero(wanted)
    calibrated = calibration > 0 and own.size > 1
    if n == 0 or not (calibrated or diversity > 0):
        return np.argsort(-relevance, kind="stable")[:n]
    low, high = float(relevance.min()), float(relevance.max())
    value = (relevance - low) / max(1e-9, high - low)
    shares = mixtures[:, own] if calibrated else np.zeros((relevance.size, 0), np.float32)
    likeness, wanted = diversity * (vectors @ vectors.T), wanted[own]
    order: Ints = _greedy(value, likeness, calibration * wanted, wanted, shares, n)
    return order


@njit(cache=True, nogil=True)
def _greedy(value, likeness, weights, wanted, shares, n):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Of ``-KL(p, q)`` what depends on ``q`` is taken, and of that only what a title's own genres change."""
    titles, genres = shares.shape
    row, nearest, chosen = IMAGINED * wanted, np.zeros(titles, np.float32), np.empty(n, np.int64)
    for step in range(n):
        scale = (1 - LEAST) / (IMAGINED + step + 1)
        best, most = -1, -np.inf
        for title in range(titles):
            gain = value[title] - nearest[title]
            for genre in range(genres):
                if shares[title, genre] > 0:
                    least = LEAST * wanted[genre]
                    without, added = row[genre] * scale + least, shares[title, genre] * scale
                    gain += weights[genre] * np.log1p(added / without)
            if gain > most:
                best, most = title, gain
        chosen[step], value[best] = best, -np.inf
        for title in range(titles):
            nearest[title] = max(nearest[title], likeness[best, title])
        row += shares[best]
    return chosen
