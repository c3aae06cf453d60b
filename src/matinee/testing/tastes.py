"""A small seeded world of two tastes, for conformance checks: who likes even titles, and who likes odd ones."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from matinee.base.clock import DAY_MS
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints

FIRST, TITLES, UNSEEN = 101, 30, 3
"""Id of the first title, how many somebody has watched, and how many only their features are known of."""
NEWEST_MS = 1_700_000_000_000


def world(viewers: int = 60, seed: int = 0) -> Interactions:
    """Viewers 1 to `viewers`, in turn of odd and even taste: much of their own, liked, and little of the other, not."""
    rng = np.random.default_rng(seed)
    people, titles = np.arange(1, viewers + 1), np.arange(FIRST, FIRST + TITLES)
    own = people[:, None] % 2 == titles % 2
    rows, columns = np.nonzero(rng.random(own.shape) < np.where(own, 0.6, 0.08))
    stars = np.where(own[rows, columns], rng.integers(4, 6, rows.size), rng.integers(1, 3, rows.size))
    times = NEWEST_MS - rng.integers(0, 300, rows.size) * DAY_MS
    return Interactions.from_columns(people[rows], titles[columns], stars, times)


def world_features(seed: int = 0) -> Features:
    """What the titles are about, also of those that nobody has watched.

    A genre tells the taste, words do not.
    """
    rng = np.random.default_rng(seed)
    titles = np.arange(FIRST, FIRST + TITLES + UNSEEN)
    genres = (titles[:, None] % 2 == [0, 1]).astype(np.float32)
    words = (rng.random((titles.size, 6)) < 0.3) * np.float32(0.5)
    names = ("genre:Even", "genre:Odd", *(f"word:word{number}" for number in range(6)))
    return Features(titles, csr_array(np.hstack([genres, words]).astype(np.float32)), names)


def leaning(title_ids: Ints, scores: Floats, history: History, parity: int) -> float:
    """How much further up titles of a taste stand than those of the other, in places, of those not in the history.

    Above 0 where the taste was understood; 0.5 of all places at most.
    """
    left = np.setdiff1d(np.arange(title_ids.size), history.columns)
    places = scores[left].argsort(kind="stable").argsort(kind="stable") / max(1, left.size)
    own = title_ids[left] % 2 == parity
    return float(places[own].mean() - places[~own].mean())
