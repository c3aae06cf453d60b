"""Many dimensions as a map: points in a plane, near to each other where their vectors are.

Each point is tied to its nearest neighbours by cosine, more strongly to the nearer ones; ties pull, and everything else
pushes away a little, sampled at random. The forces are the gradients of

    sum over ties  -w log q  -  sum over others  log(1 - q),        q = 1 / (1 + d^2)

with ``d`` the distance in the plane. This is LargeVis (Tang et al. 2016), and UMAP (McInnes, Healy & Melville 2018)
with its two shape parameters at 1; it begins from the plane of greatest variance, so that far things stay far. Unlike
principal components alone it shows islands: titles that the same people love.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

PUSHES = 3
"""Points that push each end of a tie away, for each time it pulls."""
STEP = 1.0
FARTHEST = 4.0
"""No point moves further in one step."""


def layout(vectors: Floats, start: Floats, rng: np.random.Generator, neighbours: int = 10, epochs: int = 80) -> Floats:
    """Two coordinates of each row of `vectors` (of any length but 0), from -1 to 1; shape (rows, 2).

    `start` are coordinates to begin from, shape (rows, 2). A second for 2,000 rows; memory grows with their square.

    >>> rng = np.random.default_rng(0)
    >>> two = np.repeat(np.eye(2, 8, dtype=np.float32), 20, axis=0) + rng.normal(0, 0.1, (40, 8)).astype(np.float32)
    >>> placed = layout(two, two[:, :2], rng, neighbours=5)
    >>> within = np.linalg.norm(placed[:20] - placed[:20].mean(axis=0), axis=1).max()
    >>> bool(np.linalg.norm(placed[:20].mean(axis=0) - placed[20:].mean(axis=0)) > within)
    True
    """
    count = len(vectors)
    if count < 3:
        return _framed(start)
    ends, weights = _ties(vectors, min(neighbours, count - 1))
    points = 10 * _framed(start).astype(np.float64)
    points += rng.normal(0, 1e-3, points.shape)  # those that begin in one place must come apart
    for epoch in range(epochs):
        pulled = ends[:, rng.random(weights.size) < weights]
        step = STEP * (1 - epoch / epochs)
        _pull(points, pulled[0], pulled[1], step)
        _push(points, np.repeat(pulled[0], PUSHES), rng.integers(count, size=pulled.shape[1] * PUSHES), step)
    return _framed(points.astype(np.float32))


def _ties(vectors: Floats, neighbours: int) -> tuple[Ints, Floats]:
    """Pairs of neighbours, shape (2, ties), and how strong each is, up to 1."""
    directions = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    apart = 1 - directions @ directions.T
    np.fill_diagonal(apart, np.inf)
    near = np.argpartition(apart, neighbours - 1, axis=1)[:, :neighbours]
    distance = np.take_along_axis(apart, near, axis=1)
    # The nearest is tied at full strength, however far it is: in thin places too nobody is alone.
    beyond = distance - distance.min(axis=1, keepdims=True)
    weights = np.exp(-beyond / np.maximum(beyond.mean(axis=1, keepdims=True), 1e-9))
    rows = np.repeat(np.arange(len(vectors)), neighbours)
    return np.stack([rows, near.ravel()]), weights.ravel().astype(np.float32)


def _pull(points: NDArray[np.float64], one: Ints, other: Ints, step: float) -> None:
    apart = points[one] - points[other]
    force = -2 * apart / (1 + np.square(apart).sum(axis=1, keepdims=True))
    _move(points, one, force, step)
    _move(points, other, -force, step)


def _push(points: NDArray[np.float64], one: Ints, other: Ints, step: float) -> None:
    apart = points[one] - points[other]
    square = np.square(apart).sum(axis=1, keepdims=True)
    _move(points, one, 2 * apart / ((0.01 + square) * (1 + square)) / PUSHES, step)


def _move(points: NDArray[np.float64], which: Ints, force: NDArray[np.float64], step: float) -> None:
    """Each point moves by the mean of what pulls at it, so that many ties do not tear it about."""
    size = len(points)
    times = np.maximum(np.bincount(which, minlength=size), 1)
    for axis in range(2):
        moved = step * np.bincount(which, force[:, axis], minlength=size) / np.sqrt(times)
        points[:, axis] += np.clip(moved, -FARTHEST, FARTHEST)


def _framed(points: Floats) -> Floats:
    """Around the middle, the furthest at 1."""
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2 if len(points) else points
    return np.asarray(centred / max(1e-12, float(np.abs(centred).max(initial=0))), np.float32)
