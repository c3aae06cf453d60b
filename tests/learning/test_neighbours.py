"""Nearest neighbours: the exact index is right, the approximate one nearly, filters hold, and both come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.learning import neighbours
from matinee.learning.neighbours import Approximate, Exact, Floats, Likeness, Nearest, Neighbours, index_of, load
from matinee.learning.stored import Stored, pack, unpack

COUNT, DIMENSIONS, WANTED = 3000, 24, 20
LIKENESSES: tuple[Likeness, ...] = ("cosine", "product")


def world() -> tuple[Floats, Floats]:
    """Vectors in clusters and of different lengths, as titles in a space of tastes are, and queries among them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, DIMENSIONS))
    points = centres[rng.integers(0, 40, COUNT)] + 0.7 * rng.normal(size=(COUNT, DIMENSIONS))
    queries = centres[rng.integers(0, 40, 60)] + 0.7 * rng.normal(size=(60, DIMENSIONS))
    return (points * rng.lognormal(0, 0.5, (COUNT, 1))).astype(np.float32), queries.astype(np.float32)


VECTORS, QUERIES = world()


@pytest.fixture(scope="module", params=LIKENESSES)
def pair(request: pytest.FixtureRequest) -> tuple[Exact, Approximate]:
    return Exact(VECTORS, request.param), Approximate(VECTORS, request.param)


def recall(found: Nearest, expected: Nearest) -> float:
    """The share of the nearest that were found."""
    pairs = zip(found.places, expected.places, strict=True)
    return float(np.mean([np.isin(right[right >= 0], left).mean() for left, right in pairs]))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 60), st.integers(0, 6), st.integers(0, 12), st.sampled_from(LIKENESSES), st.booleans(),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_exact_is_what_sorting_everything_gives(
    count: int, queries: int, n: int, likeness: Likeness, filtered: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-3, 4, (count, 3)).astype(np.float32)  # many ties, and rows of zeros
    asked = rng.normal(size=(queries, 3)).astype(np.float32)
    allowed = rng.random(count) < 0.5 if filtered else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "QUERIES", 2)
        patch.setattr(neighbours, "VECTORS", 7)
        found = Exact(vectors, likeness).nearest(asked, n, allowed)
    assert found.places.shape == found.likeness.shape == (queries, n)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-30) if likeness == "cosine" else np.ones(count)
    own = np.linalg.norm(asked, axis=1, keepdims=True) if likeness == "cosine" else 1.0
    expected = asked @ vectors.T / lengths / own
    if allowed is not None:
        expected[:, ~allowed] = -np.inf
    best = -np.sort(-expected, axis=1)[:, :n]
    kept = min(n, count)
    np.testing.assert_allclose(found.likeness[:, :kept], best, rtol=1e-4, atol=1e-5)
    for row, places in enumerate(found.places):
        told = places[places >= 0]
        assert np.unique(told).size == told.size
        assert (found.places[row] >= 0).sum() == np.isfinite(found.likeness[row]).sum()
        np.testing.assert_allclose(expected[row, told], found.likeness[row, : told.size], rtol=1e-4, atol=1e-5)


def test_the_graph_finds_nearly_all(pair: tuple[Exact, Approximate]) -> None:
    exact, approximate = pair
    expected, found = exact.nearest(QUERIES, WANTED), approximate.nearest(QUERIES, WANTED)
    assert recall(found, expected) >= 0.97
    hits = found.places == expected.places
    np.testing.assert_allclose(found.likeness[hits], expected.likeness[hits], rtol=1e-5)
    assert (np.diff(found.likeness, axis=1) <= 0).all()


@pytest.mark.parametrize("few", [20_000, 500])
@pytest.mark.parametrize("share", [0.6, 0.3, 0.05, 0.003])
def test_filters_hold_and_cost_little_recall(
    pair: tuple[Exact, Approximate], share: float, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "FEW", few)  # in proportion to 3000: the graph is walked for the large shares
    exact, approximate = pair
    allowed = np.random.default_rng(1).random(COUNT) < share
    expected, found = exact.nearest(QUERIES, WANTED, allowed), approximate.nearest(QUERIES, WANTED, allowed)
    assert allowed[found.places[found.places >= 0]].all()
    assert ((found.places >= 0) == (expected.places >= 0)).all()
    assert recall(found, expected) >= 0.97


def test_where_nothing_is_allowed_nothing_is_found(pair: tuple[Exact, Approximate]) -> None:
    for index in pair:
        found = index.nearest(QUERIES[:2], 3, np.zeros(COUNT, bool))
        assert (found.places == -1).all()
        assert np.isneginf(found.likeness).all()
        assert index.nearest(QUERIES[:2], 0).places.shape == (2, 0)
        assert index.nearest(QUERIES[:0], 3).places.shape == (0, 3)


def test_what_was_saved_finds_the_same(pair: tuple[Exact, Approximate]) -> None:
    for index in pair:
        again = load(unpack(pack(index.save())))
        assert (type(again), again.size) == (type(index), COUNT)
        for one, two in zip(index.nearest(QUERIES, 5), again.nearest(QUERIES, 5), strict=True):
            np.testing.assert_array_equal(one, two)


def test_the_same_vectors_give_the_same_graph() -> None:
    one, two = (Approximate(VECTORS[:500]).save() for _ in range(2))
    assert pack(one) == pack(two)


def test_threads_get_what_one_would(pair: tuple[Exact, Approximate]) -> None:
    for index in pair:
        expected = index.nearest(QUERIES, 10).places
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _, index=index: index.nearest(QUERIES, 10).places, range(40)):
                np.testing.assert_array_equal(found, expected)


def test_the_catalogue_s_size_chooses() -> None:
    assert isinstance(index_of(VECTORS[:100]), Exact)
    assert isinstance(index_of(VECTORS[:100], approximate_from=100), Approximate)
    empty: Neighbours = index_of(np.zeros((0, 3), np.float32))
    assert empty.nearest(np.ones((1, 3), np.float32), 2).places.tolist() == [[-1, -1]]


def test_what_does_not_fit_is_refused() -> None:
    index = Exact(VECTORS)
    with pytest.raises(InvalidInput, match="24 dimensions"):
        index.nearest(np.ones((1, 3), np.float32), 2)
    with pytest.raises(InvalidInput, match="mask of shape"):
        index.nearest(QUERIES, 2, np.ones(3, bool))
    with pytest.raises(InvalidInput, match="no matrix of numbers"):
        index_of(np.full((2, 2), np.nan, np.float32))
    with pytest.raises(InvalidInput, match="no likeness"):
        index_of(VECTORS, "distance")  # type: ignore[arg-type]


@pytest.mark.parametrize("index", [Exact(VECTORS[:50]), Approximate(VECTORS[:50])], ids=["exact", "approximate"])
def test_a_damaged_index_is_refused(index: Neighbours) -> None:
    stored = index.save()
    cut = [{**stored.arrays, name: array[:20]} for name, array in stored.arrays.items() if name != "vectors"]
    fewer = {**stored.arrays, "vectors": stored.arrays["vectors"][:20]} if "graph" in stored.arrays else {}
    for wrong in (Stored("als", stored.arrays, stored.facts), Stored(stored.kind, {}, stored.facts),
                  Stored(stored.kind, stored.arrays, {}), Stored(stored.kind, fewer, stored.facts),
                  *(Stored(stored.kind, arrays, stored.facts) for arrays in cut)):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            load(wrong)
        assert caught.value.next_step
