"""EASE: the closed form is the minimum, and knobs do what they say."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import History
from matinee.learning.stored import Stored
from matinee.recommendation.methods.ease import EASE


def world(viewers: int = 60, titles: int = 12, seed: int = 0) -> Interactions:
    """Viewers of two tastes, with stars from 1 to 5."""
    rng = np.random.default_rng(seed)
    chance = np.where((np.arange(viewers)[:, None] + np.arange(titles)) % 2 == 0, 0.6, 0.2)
    rows, columns = np.nonzero(rng.random((viewers, titles)) < chance)
    return Interactions.from_columns(rows + 1, columns + 100, rng.integers(1, 6, rows.size))


def column_of_weights(touched: np.ndarray, target: int, penalties: np.ndarray) -> np.ndarray:
    """One title regressed on all the others, in float64, by the textbook."""
    others = np.delete(np.arange(touched.shape[1]), target)
    system = touched[:, others].T @ touched[:, others] + np.diag(penalties[others])
    found = np.zeros(touched.shape[1])
    found[others] = np.linalg.solve(system, touched[:, others].T @ touched[:, target])
    return found


@pytest.mark.parametrize(("dropout", "activity"), [(0.0, 0.0), (0.4, 0.0), (0.4, 0.5)])
def test_each_title_is_the_ridge_regression_on_all_the_others(dropout: float, activity: float) -> None:
    known = world()
    model = EASE(regularisation=3.0, dropout=dropout, activity=activity).fit(known, np.random.default_rng(0))
    touched = (known.values.toarray() > 0).astype(float)
    lengths = touched.sum(1, keepdims=True)
    weighed = touched * (lengths / lengths.mean()) ** (-activity / 2)
    penalties = 3.0 + (weighed**2).sum(0) * dropout / (1 - dropout)
    for target in range(touched.shape[1]):
        np.testing.assert_allclose(model.weights[:, target], column_of_weights(weighed, target, penalties), atol=1e-5)


def test_dropping_titles_at_random_comes_to_the_penalty_of_dropout() -> None:
    known = world(viewers=40, titles=5)
    touched, rng = known.values.toarray() > 0, np.random.default_rng(1)
    kept = rng.random((4000, *touched.shape)) >= 0.3
    noisy = (touched & kept).reshape(-1, 5) / 0.7
    wanted = np.broadcast_to(touched, kept.shape).reshape(-1, 5).astype(float)
    system = noisy[:, 1:].T @ noisy[:, 1:] / 4000 + np.eye(4)
    sampled = np.linalg.solve(system, noisy[:, 1:].T @ wanted[:, 0] / 4000)
    plain = Interactions.from_columns(*known.columns()[:2])
    model = EASE(regularisation=1.0, dropout=0.3).fit(plain, rng)
    np.testing.assert_allclose(model.weights[1:, 0], sampled, atol=0.01)


def test_what_was_watched_last_counts_most_and_without_recency_order_is_nothing() -> None:
    known = world()
    rng = np.random.default_rng(0)
    one, other = {100: 5.0, 101: 5.0, 103: 5.0}, {103: 5.0, 101: 5.0, 100: 5.0}
    for recency, alike in ((0.0, True), (1.0, False)):
        model = EASE(recency=recency).fit(known, rng)
        scores = model.score([History.of(model.title_ids, one), History.of(model.title_ids, other)])
        assert np.allclose(scores[0], scores[1]) is alike
    assert scores[0, 4::2].mean() < scores[1, 4::2].mean()  # the second ends with an even title


def test_only_the_titles_most_touched_take_part_and_of_others_nothing_is_said() -> None:
    known = world()
    counts = np.bincount(known.values.indices)
    model = EASE(titles=5).fit(known, np.random.default_rng(0))
    again = EASE.load(model.save())
    assert counts[model.known].min() >= np.delete(counts, model.known).max()
    everything = History.of(model.title_ids, dict.fromkeys(model.title_ids.tolist(), 5.0))
    for one in (model, again):
        scores = one.score([everything])
        assert np.flatnonzero(np.isfinite(scores[0])).tolist() == model.known.tolist()


def test_dislike_speaks_for_nothing() -> None:
    model = EASE(dislike_below=2.0).fit(world(), np.random.default_rng(0))
    assert (model.score([History.of(model.title_ids, {100: 2.0, 102: 1.0})]) == 0).all()


def test_knobs_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidInput, match="dropout"):
        EASE(dropout=1.0).fit(world(), np.random.default_rng(0))
    twins = Interactions.from_columns([1, 1], [1, 2])
    with pytest.raises(InvalidInput, match="Raise regularisation"):
        EASE(regularisation=0.0).fit(twins, np.random.default_rng(0))


def test_a_stored_model_whose_parts_do_not_fit_is_refused() -> None:
    stored = EASE().fit(world(), np.random.default_rng(0)).save()
    for arrays in ({}, {**stored.arrays, "known": np.arange(3)}, {**stored.arrays, "title_ids": np.arange(3)}):
        with pytest.raises(InvalidInput, match="stored model"):
            EASE.load(Stored("ease", arrays, stored.facts))
