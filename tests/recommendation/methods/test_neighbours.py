"""Neighbours: likeness equals its formula, and neighbours of titles and of viewers do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import History, recommend
from matinee.learning.stored import Stored
from matinee.recommendation.methods import likeness
from matinee.recommendation.methods.item_neighbours import ItemNeighbours
from matinee.recommendation.methods.viewer_neighbours import ViewerNeighbours

METHODS = (ItemNeighbours, ViewerNeighbours)


def world(viewers: int = 60, titles: int = 20, seed: int = 0) -> Interactions:
    """Viewers of two tastes, with stars from 1 to 5."""
    rng = np.random.default_rng(seed)
    chance = np.where((np.arange(viewers)[:, None] + np.arange(titles)) % 2 == 0, 0.6, 0.1)
    rows, columns = np.nonzero(rng.random((viewers, titles)) < chance)
    return Interactions.from_columns(rows + 1, columns + 100, rng.integers(1, 6, rows.size))


def by_formula(rows: np.ndarray, weighting: str, shrinkage: float) -> np.ndarray:
    """Likeness of all pairs of rows, word by word."""
    lengths, holding = rows.sum(1), rows.sum(0)
    if weighting == "cosine":
        words, factors = np.ones(rows.shape[1]), lengths**-0.5
    else:
        words = np.log(np.maximum(1, rows.shape[0] / (1 + holding)))
        factors = 101 / (100 * (0.2 + 0.8 * lengths / lengths.mean()) + 1)
    found = np.zeros((rows.shape[0], rows.shape[0]))
    for one in range(rows.shape[0]):
        for two in range(rows.shape[0]):
            shared = rows[one] * rows[two]
            if one != two and shared.any():
                alike = (shared * words**2).sum() * factors[one] * factors[two]
                found[one, two] = alike * shared.sum() / (shared.sum() + shrinkage)
    return found


@pytest.mark.parametrize("weighting", likeness.WEIGHTINGS)
@pytest.mark.parametrize("shrinkage", [0.0, 7.0])
def test_likeness_is_its_formula_and_the_nearest_are_the_greatest(
    weighting: str, shrinkage: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (np.random.default_rng(3).random((30, 25)) < 0.3).astype(np.float32)
    rows[:, 0] = 1  # nobody is without a word
    documents = csr_array(rows)
    expected = by_formula(rows.astype(float), weighting, shrinkage)
    weighed = likeness.Likeness.among(documents, weighting).weighed(documents)
    for numbers in (1 << 23, 60):  # all at once, and two rows at a time
        monkeypatch.setattr(likeness, "CHUNK", numbers)
        every = likeness.nearest(documents, weighed, 100, shrinkage)
        np.testing.assert_allclose(every.toarray(), expected, rtol=1e-4, atol=1e-6)
        few = likeness.nearest(documents, weighed, 4, shrinkage).toarray()
        for row in range(30):
            kept = np.flatnonzero(few[row])
            assert kept.size <= 4
            np.testing.assert_allclose(np.sort(few[row])[-4:], np.sort(expected[row])[-4:], rtol=1e-4, atol=1e-6)


def test_titles_are_compared_as_words_of_their_viewers() -> None:
    rows = (np.random.default_rng(4).random((30, 25)) < 0.3).astype(np.float32)
    rows[:, 0] = 1
    lengths, popularity = rows.sum(1), rows.sum(0)
    by_viewer = 2.2 / (1.2 * (0.25 + 0.75 * lengths / lengths.mean()) + 1)
    by_title = np.log(np.maximum(1, 30 / (1 + popularity)))
    expected = (rows * by_viewer[:, None] * by_title).T
    np.testing.assert_allclose(likeness.words_weighed(csr_array(rows), "bm25").toarray(), expected, rtol=1e-5)
    cosine = likeness.words_weighed(csr_array(rows), "cosine").toarray()
    np.testing.assert_allclose(cosine, (rows / np.sqrt(popularity)).T, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weighting", likeness.WEIGHTINGS)
def test_taste_is_recommended(method: type[ItemNeighbours] | type[ViewerNeighbours], weighting: str) -> None:
    model = method(weighting=weighting, neighbours=15).fit(world(), np.random.default_rng(0))
    for one in (model, method.load(model.save())):
        even = {int(title): 5.0 for title in one.title_ids[:12:2]}
        [ranked] = recommend(one, [History.of(one.title_ids, even)], 4).title_ids.tolist()
        assert all(title % 2 == 0 for title in ranked)


@pytest.mark.parametrize("method", METHODS)
def test_the_latest_counts_most_dislikes_nothing_and_nobody_scores_nothing(
    method: type[ItemNeighbours] | type[ViewerNeighbours],
) -> None:
    rng = np.random.default_rng(0)
    one, other = {100: 5.0, 101: 5.0}, {101: 5.0, 100: 5.0}
    for recency, alike in ((0.0, True), (1.0, False)):
        model = method(recency=recency, dislike_below=1.0, neighbours=10).fit(world(), rng)
        scores = model.score([History.of(model.title_ids, one), History.of(model.title_ids, other)])
        assert np.allclose(scores[0], scores[1]) is alike
    assert scores[0, 2::2].sum() < scores[1, 2::2].sum()
    hated = History.of(model.title_ids, {100: 1.0})
    assert (model.score([hated, History.of(model.title_ids, {})]) == 0).all()
    assert model.score([]).shape == (0, model.title_ids.size)


def test_viewer_neighbours_are_the_sum_of_the_most_alike() -> None:
    known = world()
    model = ViewerNeighbours(neighbours=3, shrinkage=2.0, recency=0.0).fit(known, np.random.default_rng(0))
    rows = (known.values.toarray() > 0).astype(float)
    mine = np.zeros(rows.shape[1])
    mine[[0, 3, 5, 8]] = 1
    shared = rows @ mine
    alike = shared / np.sqrt(rows.sum(1) * 4) * shared / (shared + 2)
    nearest = np.argsort(-alike, kind="stable")[:3]
    expected = alike[nearest] @ rows[nearest]
    [scores] = model.score([History.of(model.title_ids, {100: 5.0, 103: 5.0, 105: 5.0, 108: 5.0})])
    np.testing.assert_allclose(np.sort(scores), np.sort(expected), rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_weighting_that_does_not_exist_is_refused(method: type[ItemNeighbours] | type[ViewerNeighbours]) -> None:
    with pytest.raises(InvalidInput, match="no weighting 'tfidf'"):
        method(weighting="tfidf").fit(world(), np.random.default_rng(0))


@pytest.mark.parametrize("method", METHODS)
def test_a_stored_model_that_does_not_fit_is_refused(method: type[ItemNeighbours] | type[ViewerNeighbours]) -> None:
    stored = method().fit(world(), np.random.default_rng(0)).save()
    damaged = [{}, {**stored.arrays, "starts": stored.arrays["starts"][:-1] + 1}]
    for arrays in damaged:
        with pytest.raises(InvalidInput, match="stored model"):
            method.load(Stored(method.kind, arrays, stored.facts))
