"""Metrics of recommendation, each with its published definition, for all viewers at once.

A list of ``n`` titles for each of many viewers is judged by ``hits``, shape (viewers, n): whether the title in each
place, best first, is one of those the viewer went on to touch; ``relevant`` says how many of those there were. What is
returned has one value per viewer, so that means, intervals and differences between models follow from it. A list that
is shorter than ``n`` has no hits in its last places and pays for them in precision alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


def hit_rate(hits: Bools) -> Doubles:
    """1 where the list holds at least one title that was touched, else 0 (Deshpande & Karypis 2004)."""
    return np.asarray(hits.any(axis=1), np.float64)


def precision(hits: Bools) -> Doubles:
    """Share of the list's ``n`` places that hold a title that was touched (Cleverdon 1967)."""
    return np.asarray(hits.sum(axis=1) / max(1, hits.shape[1]), np.float64)


def recall(hits: Bools, relevant: Ints) -> Doubles:
    """Share of the touched titles that the list holds; NaN where there are none.

    Liang et al. (2018) divide by ``min(n, relevant)`` instead; this is the plain one.
    """
    return _share(hits.sum(axis=1), relevant)


def ndcg(hits: Bools, relevant: Ints) -> Doubles:
    """Normalised discounted cumulative gain with gains of 0 and 1 (Järvelin & Kekäläinen 2002).

    ``sum over places k of hit_k / log2(k + 1)``, ``k`` from 1, over the same of the best list of ``n`` places: the
    ideal is truncated at ``n``. NaN where there are no relevant titles.

    >>> ndcg(np.array([[False, True]]), np.array([1])).round(4).tolist()
    [0.6309]
    """
    gains = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gains)])[np.minimum(relevant, hits.shape[1])]
    return _share(hits @ gains, ideal)


def reciprocal_rank(hits: Bools) -> Doubles:
    """1 over the place of the first title that was touched, 0 without one; its mean is MRR (Voorhees 1999)."""
    first = hits.argmax(axis=1)
    return np.where(hits.any(axis=1), 1 / (first + 1.0), 0.0)


def average_precision(hits: Bools, relevant: Ints) -> Doubles:
    """Mean of the precisions at the places of the hits, over ``min(n, relevant)``; its mean is MAP.

    As in TREC, with the list cut at ``n``. NaN where there are no relevant titles.
    """
    precisions = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return _share((precisions * hits).sum(axis=1), np.minimum(relevant, hits.shape[1]))


def coverage(shown: Ints, titles: int) -> float:
    """Share of `titles` that stand in at least one list; -1 in `shown` is an empty place (Herlocker et al. 2004)."""
    return np.unique(shown[shown >= 0]).size / max(1, titles)


def novelty(shown: Ints, touched: Ints, viewers: int) -> Doubles:
    """Mean self-information of what is shown, in bits: ``-log2(share of viewers who touched it)`` (Zhou et al. 2010).

    `touched` is how many of the `viewers` touched each title; a title that nobody touched counts as touched by one. NaN
    for an empty list.
    """
    bits = np.append(-np.log2(np.maximum(touched, 1) / max(1, viewers)), 0.0)
    return _share(bits[shown].sum(axis=1), (shown >= 0).sum(axis=1))


def diversity(shown: Ints, features: csr_array) -> Doubles:
    """Mean of ``1 - cosine`` over all pairs of the list (Ziegler et al. 2005); `features` has one row for each title.

    Pairs with a title of which no feature is known do not count. NaN where no pair is left.
    """
    unit = _unit_rows(features)
    known = np.append(np.diff(unit.indptr) > 0, [False])[shown]
    sums = _row_sums(shown, unit, known)
    # The sum of the vectors, squared, holds each pair twice and each vector's own length once.
    size = known.sum(axis=1)
    alike = (np.square(sums).sum(axis=1) - size) / 2
    pairs = size * (size - 1) / 2
    return 1 - _share(alike, pairs)


def calibration(history: Doubles, listed: Doubles, smoothing: float = 0.01) -> Doubles:
    """How far the mixture of the list is from that of the history: their Kullback-Leibler divergence (Steck 2018).

    0 is best. Both have shape (viewers, genres) and hold weights; each row is normalised to a distribution, ``p`` of
    the history and ``q`` of the list, and ``q`` is smoothed to ``(1 - a) q + a p`` so that the divergence is finite.
    NaN where either is empty.
    """
    p = _share(history.T, history.sum(axis=1)).T
    q = _share(listed.T, listed.sum(axis=1)).T
    smooth = (1 - smoothing) * q + smoothing * p
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / smooth), p)
    return np.asarray(terms.sum(axis=1), np.float64)


def mixtures(places: Ints, weights: Doubles, genres: csr_array) -> Doubles:
    """Genres of each list, shape (viewers, genres): ``sum over titles of weight · p(genre | title)`` (Steck 2018).

    ``p(genre | title)`` shares 1 among the title's genres; -1 in `places` is an empty place.
    """
    shares = genres.astype(np.float64, copy=True)
    totals = np.asarray(shares.sum(axis=1)).ravel()
    shares.data /= np.repeat(np.where(totals > 0, totals, 1), np.diff(shares.indptr))
    return _row_sums(places, shares, np.where(places >= 0, weights, 0.0))


def rmse(predicted: NDArray[Any], actual: NDArray[Any]) -> float:
    """Root of the mean squared error, over all ratings alike; NaN without any."""
    error = np.subtract(predicted, actual, dtype=np.float64)
    return float(np.sqrt(np.mean(np.square(error)))) if error.size else float("nan")


def mae(predicted: NDArray[Any], actual: NDArray[Any]) -> float:
    """Mean absolute error, over all ratings alike; NaN without any."""
    error = np.subtract(predicted, actual, dtype=np.float64)
    return float(np.abs(error).mean()) if error.size else float("nan")


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Doubles:
    """``part / whole``, NaN where the whole is 0."""
    empty = whole == 0
    return np.where(empty, np.nan, part / np.where(empty, 1, whole))


def _unit_rows(features: csr_array) -> csr_array:
    """The rows at length 1, or empty."""
    unit = features.astype(np.float64, copy=True)
    unit.eliminate_zeros()
    lengths = np.sqrt(np.asarray(unit.power(2).sum(axis=1)).ravel())
    unit.data /= np.repeat(lengths, np.diff(unit.indptr))
    return csr_array(unit)


def _row_sums(places: Ints, rows: csr_array, weights: NDArray[Any]) -> Doubles:
    """``sum over the places of each list of weight · rows[place]``, dense, shape (lists, columns)."""
    lists, n = places.shape
    starts = np.arange(0, lists * n + 1, n)
    picked = np.where(places >= 0, places, 0).ravel()
    chooser = csr_array((np.asarray(weights, np.float64).ravel(), picked, starts), shape=(lists, rows.shape[0]))
    return np.asarray((chooser @ rows).todense())
