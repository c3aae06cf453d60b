"""Histories as rows of weights: what linear models multiply with what they have learned.

A title that was liked weighs 1 when it is the newest and ``(1 + age)^-recency`` when ``age`` others came after it: the
power law by which memory fades (Rubin & Wenzel 1996, "One hundred years of forgetting"). With `recency` 0 all weigh
alike and the order of a history means nothing; with 1 the last few titles decide and the rest still has a say.

>>> histories = [History(np.array([4, 0, 2]), np.array([5.0, 1.0, 4.0]), np.zeros(3, np.int64))]
>>> weigh(histories, 5, recency=1.0, dislike_below=1.0).toarray().round(2).tolist()  # 0 was seen and disliked
[[0.0, 0.0, 1.0, 0.0, 0.5]]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from matinee.learning.interactions import Interactions
from matinee.learning.model import History


def weigh(histories: Sequence[History], titles: int, *, recency: float, dislike_below: float) -> csr_array:
    """The weights of each history, float32, shape (histories, titles)."""
    columns, weights = [], []
    for history in histories:
        liked = history.columns[history.values > dislike_below]
        columns.append(liked)
        weights.append((np.arange(liked.size, 0, -1).astype(np.float32) ** -recency).astype(np.float32))
    starts = np.cumsum([0, *(one.size for one in columns)])
    flat = np.concatenate([*columns, np.zeros(0, np.int64)]), np.concatenate([*weights, np.zeros(0, np.float32)])
    found = csr_array((flat[1], flat[0], starts), shape=(len(histories), titles))
    found.sort_indices()
    return found


def no_entries() -> csr_array:
    """A matrix of nothing."""
    return csr_array(np.zeros((0, 0), np.float32))


def touched(interactions: Interactions, dislike_below: float) -> csr_array:
    """1 (float32) for each title that a viewer touched and did not dislike, shape (viewers, titles)."""
    values = interactions.values
    liked = csr_array(
        ((values.data > dislike_below).astype(np.float32), values.indices, values.indptr), shape=values.shape, copy=True
    )
    liked.eliminate_zeros()
    return liked
