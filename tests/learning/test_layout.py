"""Maps: what is near stays near, the same seed gives the same map, and odd input gives one at all."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.learning.layout import layout


def islands(rng: np.random.Generator, count: int = 4, size: int = 30):
    middle = rng.normal(0, 1, (count, 16))
    vectors = np.repeat(middle, size, axis=0) + rng.normal(0, 0.25, (count * size, 16))
    return vectors.astype(np.float32), np.repeat(np.arange(count), size)


def test_neighbours_in_space_are_neighbours_on_the_map() -> None:
    rng = np.random.default_rng(1)
    vectors, island = islands(rng)
    # A start that knows nothing: what is found in the map was put there by the layout.
    points = layout(vectors, rng.normal(0, 1, (len(vectors), 2)).astype(np.float32), rng)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1)[:, :5]
    assert (island[near] == island[:, None]).mean() > 0.95
    assert np.abs(points).max() == pytest.approx(1)


def test_the_same_seed_gives_the_same_map() -> None:
    vectors, _ = islands(np.random.default_rng(2))
    one, other = (layout(vectors, vectors[:, :2], np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, other)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_few_points(count: int) -> None:
    vectors = np.random.default_rng(4).normal(0, 1, (count, 8)).astype(np.float32)
    points = layout(vectors, vectors[:, :2], np.random.default_rng(5))
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    assert np.abs(points).max(initial=0) <= 1 + 1e-6


def test_points_that_are_all_the_same_are_placed_too() -> None:
    points = layout(np.ones((40, 8), np.float32), np.zeros((40, 2), np.float32), np.random.default_rng(6))
    assert np.isfinite(points).all()
