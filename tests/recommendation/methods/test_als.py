"""Implicit ALS: the loss falls, equals a dense reference, and folding in gives the trained vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import History, histories_of, recommend
from matinee.learning.stored import Stored
from matinee.recommendation.methods import ridge
from matinee.recommendation.methods.als import ImplicitALS


def world(viewers: int = 40, titles: int = 30, seed: int = 0) -> Interactions:
    """Viewers of two tastes, with stars from 1 to 5."""
    rng = np.random.default_rng(seed)
    chance = np.where((np.arange(viewers)[:, None] + np.arange(titles)) % 2 == 0, 0.5, 0.1)
    rows, columns = np.nonzero(rng.random((viewers, titles)) < chance)
    return Interactions.from_columns(rows + 1, columns + 100, rng.integers(1, 6, rows.size))


def dense_loss(model: ImplicitALS, known: Interactions) -> float:
    """The formula of the module's docstring, over every pair, in float64."""
    stored = known.values.toarray()
    touched = np.zeros(stored.shape)
    touched[np.repeat(np.arange(stored.shape[0]), np.diff(known.values.indptr)), known.values.indices] = 1
    wanted = (stored > model.dislike_below) * touched
    people, titles = model.viewer_factors.astype(float), model.title_factors.astype(float)
    guess = people @ titles.T
    a, r = model.unobserved_weight, model.regularisation
    total = (touched * (wanted - guess) ** 2).sum() + a * (guess**2).sum()
    total += r * ((touched.sum(1) + a * touched.shape[1]) @ (people**2).sum(1))
    total += r * ((touched.sum(0) + a * touched.shape[0]) @ (titles**2).sum(1))
    return float(total / known.count)


def test_the_loss_falls_with_every_sweep_and_is_the_loss() -> None:
    known = world()
    model = ImplicitALS(factors=6, epochs=12, dislike_below=1.0).fit(known, np.random.default_rng(1))
    assert model.losses[-1] == pytest.approx(dense_loss(model, known), rel=1e-4)
    assert (np.diff(model.losses) <= 1e-5).all()


def test_each_row_is_the_exact_minimum() -> None:
    known = world()
    model = ImplicitALS(factors=6, epochs=3, dislike_below=1.0).fit(known, np.random.default_rng(1))
    titles = model.title_factors.astype(float)
    for row in (0, 7, 39):
        columns, stars, _ = known.history(row)
        mine = titles[columns]
        pull = model.regularisation * (columns.size + model.unobserved_weight * titles.shape[0])
        system = mine.T @ mine + model.unobserved_weight * titles.T @ titles + pull * np.eye(6)
        expected = np.linalg.solve(system, mine.T @ (stars > 1.0))
        np.testing.assert_allclose(model.viewer_factors[row], expected, rtol=2e-3, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([1 << 19, 64]))
def test_blocks_of_any_size_solve_what_single_rows_solve(viewers: int, titles: int, seed: int, block: int) -> None:
    known = world(viewers, titles, seed)
    if not known.count:
        return
    fixed = np.random.default_rng(seed).normal(size=(known.title_ids.size, 5)).astype(np.float32)
    shared, pulls = fixed.T @ fixed, np.full(known.viewer_ids.size, 0.5, np.float32)
    with pytest.MonkeyPatch.context() as patch, ridge.sweeping() as pool:
        patch.setattr(ridge, "BLOCK", block)  # 64 floats: blocks of few rows, and rows in slabs
        solved = ridge.solve_rows(known.values, fixed, shared, pulls, pool)
    for row in range(known.viewer_ids.size):
        columns, values, _ = known.history(row)
        alone = ridge.solve_row(fixed[columns], values, shared, 0.5)
        np.testing.assert_allclose(solved[row], alone, rtol=1e-3, atol=1e-4)


def test_folding_in_a_viewer_of_the_training_gives_the_trained_vector() -> None:
    known = world()
    model = ImplicitALS(factors=6, dislike_below=1.0).fit(known, np.random.default_rng(1))
    again = ImplicitALS.load(model.save())
    for row in range(known.viewer_ids.size):
        columns, stars, _ = known.history(row)
        for one in (model, again):
            folded = one.fold_in(History(columns.astype(np.int64), stars, np.zeros(columns.size, np.int64)))
            np.testing.assert_allclose(folded, model.viewer_factors[row], rtol=1e-3, atol=1e-4)


def test_taste_is_recommended_and_dislike_is_not() -> None:
    known = world()
    model = ImplicitALS(factors=6, dislike_below=1.0).fit(known, np.random.default_rng(1))
    even = {int(title): 5.0 for title in model.title_ids[:10:2]}
    [ranked] = recommend(model, [History.of(model.title_ids, even)], 6).title_ids.tolist()
    assert sum(title % 2 == 0 for title in ranked) >= 5
    assert not set(ranked) & set(even)
    hated = {int(title): 1.0 for title in model.title_ids[10:20:2]}  # of the same kind, so expected to be liked
    silent, angry = model.score([History.of(model.title_ids, even), History.of(model.title_ids, even | hated)])
    others = slice(20, None, 2)
    assert angry[others].mean() < silent[others].mean()


def test_the_same_seed_gives_the_same_model_and_nobody_scores_nothing() -> None:
    known = world()
    one, two = (ImplicitALS(factors=4).fit(known, np.random.default_rng(3)) for _ in range(2))
    assert (one.title_factors == two.title_factors).all()
    empty = History.of(one.title_ids, {})
    assert (one.score([empty]) == 0).all()
    assert one.score([]).shape == (0, one.title_ids.size)


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: Stored("als", {}, stored.facts),
        lambda stored: Stored("als", stored.arrays, {}),
        lambda stored: Stored("als", {**stored.arrays, "title_ids": np.arange(3)}, stored.facts),
    ],
)
def test_a_stored_model_that_does_not_fit_is_refused(damage: object) -> None:
    stored = ImplicitALS(factors=4).fit(world(), np.random.default_rng(0)).save()
    assert callable(damage)
    with pytest.raises(InvalidInput, match="stored model"):
        ImplicitALS.load(damage(stored))


def test_one_viewer_of_one_title_can_be_learned() -> None:
    model = ImplicitALS(factors=3).fit(Interactions.from_columns([1], [5]), np.random.default_rng(0))
    scores: NDArray[np.float32] = model.score([History.of(model.title_ids, {5: 1.0})])
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("dislike_below", [0.0, 1.0])
def test_conjugate_gradients_reach_what_the_exact_solver_reaches(dislike_below: float) -> None:
    known = world(viewers=120, titles=40)
    exact, nearly = (
        ImplicitALS(factors=8, epochs=30, regularisation=0.02, dislike_below=dislike_below, solver=solver).fit(
            known, np.random.default_rng(2)
        )
        for solver in ("exact", "conjugate")
    )
    assert nearly.losses[-1] == pytest.approx(exact.losses[-1], rel=0.02)
    assert nearly.losses[-1] == pytest.approx(dense_loss(nearly, known), rel=1e-4)
    assert (np.diff(nearly.losses) <= 1e-5).all()


def test_a_solver_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no solver 'newton'"):
        ImplicitALS(solver="newton").fit(world(), np.random.default_rng(0))


def test_a_fit_that_diverges_says_so() -> None:
    with pytest.raises(InvalidInput, match="diverged in epoch 1"):
        ImplicitALS(factors=4, unobserved_weight=float("nan")).fit(world(), np.random.default_rng(0))


def test_the_best_for_everybody_is_what_each_is_recommended() -> None:
    known = world()
    model = ImplicitALS(factors=6).fit(known, np.random.default_rng(1))
    for n in (3, 40):  # some, and more than there are
        at_once, one_by_one = model.best(known, n), recommend(model, histories_of(model.title_ids, known), n)
        np.testing.assert_array_equal(at_once.title_ids, one_by_one.title_ids)
        np.testing.assert_allclose(at_once.scores, one_by_one.scores, rtol=1e-3, atol=1e-4)
    with pytest.raises(InvalidInput, match="not trained on these"):
        model.best(world(viewers=10), 3)
