"""A map of tastes: the titles of the taste space as points in a plane.

They begin in the plane in which the titles' directions differ most (principal components, Pearson 1901), and are then
laid out by their nearest neighbours (`matinee.learning.layout`), once for a version and a choice of titles.
"""

from __future__ import annotations

import threading

import numpy as np

from matinee.learning.layout import layout
from matinee.recommendation.library import Floats, Ints, Library
from matinee.recommendation.records import TasteMap
from matinee.recommendation.serving import Fitted

_SEED = 7
"""The same titles have the same map."""
_KEPT = 4
_placed: dict[tuple[str, bytes], Floats] = {}
_placing = threading.Lock()


def taste_map(library: Library, fitted: Fitted, maturity: int = 18, limit: int = 2000) -> TasteMap:
    """The `limit` most watched titles that the taste space knows."""
    known = np.flatnonzero(fitted.vectors.any(axis=1) & (library.age <= maturity))
    places = known[np.argsort(-fitted.popular[known], kind="stable")[:limit]]
    points = _points(fitted, places) if places.size else np.zeros((0, 2), np.float32)
    titles = [library.titles[place] for place in places.tolist()]
    weight = fitted.popular[places]
    return TasteMap(
        version=fitted.version if titles else "",
        title_ids=tuple(title.id for title in titles),
        names=tuple(title.name for title in titles),
        genres=tuple(title.genres[0] if title.genres else "" for title in titles),
        x=tuple(points[:, 0].tolist()),
        y=tuple(points[:, 1].tolist()),
        popularity=tuple((weight / max(1e-12, float(weight.max(initial=0)))).tolist()),
    )


def _points(fitted: Fitted, places: Ints) -> Floats:
    key = (fitted.version, fitted.library.ids[places].tobytes())
    with _placing:  # a map takes seconds, and is asked for by several at once
        if key not in _placed:
            vectors = fitted.vectors[places]
            while len(_placed) >= _KEPT:
                del _placed[next(iter(_placed))]
            _placed[key] = layout(vectors, plane(vectors), np.random.default_rng(_SEED))
        return _placed[key]


def plane(vectors: Floats) -> Floats:
    """Two coordinates of each row, -1 to 1, in the plane of the greatest variance; shape (rows, 2).

    >>> plane(np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])).round(6).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    flat = centred @ axes[:, :-3:-1]
    # The sign of an axis is arbitrary: the first point that is not at zero lies on the positive side.
    for axis in range(flat.shape[1]):
        away = np.flatnonzero(np.abs(flat[:, axis]) > 1e-9)
        if away.size and flat[away[0], axis] < 0:
            flat[:, axis] *= -1
    flat = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    return np.asarray(flat / max(1e-12, float(np.abs(flat).max(initial=0))), np.float32)
