"""A map of tastes: the titles of the taste space as points in a plane.

The plane is the one in which the titles' directions differ most (principal components, Pearson 1901).
"""

from __future__ import annotations

import numpy as np

from matinee.recommendation.library import Floats, Library
from matinee.recommendation.records import TasteMap
from matinee.recommendation.serving import Fitted


def taste_map(library: Library, fitted: Fitted, maturity: int = 18, limit: int = 2000) -> TasteMap:
    """The `limit` most watched titles that the taste space knows."""
    known = np.flatnonzero(fitted.vectors.any(axis=1) & (library.age <= maturity))
    places = known[np.argsort(-fitted.popular[known], kind="stable")[:limit]]
    points = plane(fitted.vectors[places]) if places.size else np.zeros((0, 2), np.float32)
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
