"""Bayesian factorisation: draws have the distributions that they should have, and its doubt is honest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import norm, truncnorm

from matinee.base.errors import InvalidInput
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, History, histories_of
from matinee.recommendation.methods import ordinal
from matinee.recommendation.methods.bayes import BayesianFactors
from matinee.recommendation.methods.gibbs import draw_rows
from matinee.recommendation.methods.sides import draw_precision

QUICK = {"factors": 3, "epochs": 80, "burn_in": 30, "samples": 10}


def tasted(viewers: int = 80, titles: int = 40, seed: int = 0) -> tuple[Interactions, Interactions]:
    """Stars of two tastes, rounded: what is given, and what is held back."""
    rng = np.random.default_rng(seed)
    people, films = rng.normal(0.0, 0.9, (viewers, 2)), rng.normal(0.0, 0.9, (titles, 2))
    liking = 3.3 + rng.normal(0.0, 0.5, viewers)[:, None] + people @ films.T + rng.normal(0.0, 0.5, (viewers, titles))
    stars = np.clip(np.rint(liking), 1, 5)
    rows, columns = np.nonzero(rng.random(stars.shape) < 0.6)
    known = Interactions.from_columns(rows + 1, columns + 1, stars[rows, columns])
    held = rng.random(known.count) < 0.2
    return known.where(~held), known.where(held)


def said(model: BayesianFactors, given: Interactions, asked: Interactions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, deviations and the truth."""
    wanted = histories_of(model.title_ids, asked)
    place = {int(viewer): row for row, viewer in enumerate(given.viewer_ids)}
    folded = histories_of(model.title_ids, given)
    histories = [folded[place[int(viewer)]] if int(viewer) in place else NOTHING for viewer in asked.viewer_ids]
    columns = [one.columns for one in wanted]
    truth = np.concatenate([one.values for one in wanted])
    predicted, deviations = model.predict(histories, columns), model.deviations(histories, columns)
    return np.concatenate(predicted), np.concatenate(deviations), truth


@pytest.mark.parametrize("scale", [True, False])
def test_tastes_are_found_and_doubt_is_honest(scale: bool) -> None:
    given, held = tasted()
    model = BayesianFactors(**QUICK, ordinal=scale).fit(given, np.random.default_rng(0))
    predicted, deviations, truth = said(model, given, held)
    off = np.abs(predicted - truth)
    assert np.sqrt(np.mean(off**2)) < 0.75 * truth.std()
    assert np.mean(off < deviations) == pytest.approx(0.68, abs=0.08)
    sure = deviations < np.median(deviations)
    assert off[sure].mean() < off[~sure].mean()


def test_more_is_known_of_whoever_said_more() -> None:
    given, _ = tasted()
    model = BayesianFactors(**QUICK).fit(given, np.random.default_rng(0))
    long = histories_of(model.title_ids, given)[0]
    short = History(long.columns[:1], long.values[:1], long.times[:1])
    roots = [np.tril(model.fold_in(one)[2]) for one in (NOTHING, short, long)]
    of_nobody, of_short, of_long = (np.linalg.inv(root @ root.transpose(0, 2, 1)) for root in roots)
    for less, more in ((of_nobody, of_short), (of_short, of_long)):
        assert (np.trace(less, axis1=1, axis2=2) > np.trace(more, axis1=1, axis2=2)).all()


def test_a_title_is_known_by_its_features() -> None:
    rng = np.random.default_rng(2)
    people, titles = np.repeat(np.arange(60), 20), np.tile(np.arange(20), 60)
    even = (people % 2) == (titles % 2)
    stars = np.where(even, rng.integers(4, 6, even.size), rng.integers(1, 3, even.size))
    rare = (titles >= 18) & (people > 3)  # of the last two titles next to nothing is known
    given = Interactions.from_columns(people[~rare] + 1, titles[~rare] + 1, stars[~rare])
    kinds = csr_array((np.arange(20)[:, None] % 2 == [0, 1]).astype(np.float32))
    features = Features(np.arange(1, 21), kinds, ("genre:Even", "genre:Odd"))
    model = BayesianFactors(**QUICK, implicit=False, features=features).fit(given, np.random.default_rng(0))
    [history] = histories_of(
        model.title_ids, given.where(np.repeat(given.viewer_ids == 11, np.diff(given.values.indptr)))
    )
    [[liked, not_liked]] = model.predict([history], [np.array([18, 19])])
    assert liked > not_liked + 1


def test_rows_are_drawn_from_their_normal_distribution() -> None:
    rng = np.random.default_rng(0)
    fixed, targets = np.column_stack([rng.normal(size=(7, 2)), rng.normal(size=7)]), rng.normal(size=7)
    precision, mean, own, others = np.diag([1.0, 2.0, 3.0]), rng.normal(size=3), 1.7, rng.uniform(0.5, 2.0, 7)
    rows, every = 40_000, np.arange(7)
    starts, columns, places = np.arange(rows + 1) * 7, np.tile(every, rows), np.tile(every, rows)
    drawn, noise = np.empty((rows, 3)), rng.standard_normal((rows, 3))
    means, weights = np.tile(mean, (rows, 1)), np.full(rows, own)
    draw_rows(drawn, starts, columns, places, targets, fixed, weights, others, means, precision, noise, 0, rows)
    design, weight = np.column_stack([fixed[:, :2], np.ones(7)]), own * others
    exact = np.linalg.inv(precision + design.T @ (weight[:, None] * design))
    centre = exact @ (precision @ mean + design.T @ (weight * (targets - fixed[:, 2])))
    np.testing.assert_allclose(drawn.mean(axis=0), centre, atol=0.015)
    np.testing.assert_allclose(np.cov(drawn.T), exact, atol=0.01)


def test_precisions_are_drawn_from_wishart() -> None:
    scatter = np.array([[4.0, 1.0], [1.0, 2.0]])
    drawn = [draw_precision(scatter, 9, np.random.default_rng(seed)) for seed in range(4000)]
    np.testing.assert_allclose(np.mean(drawn, axis=0), 9 * np.linalg.inv(scatter), rtol=0.06, atol=0.05)


def test_quantiles_and_cut_normals() -> None:
    shares = np.array([1e-12, 1e-4, 0.02, 0.3, 0.5, 0.77, 0.98, 1 - 1e-6])
    np.testing.assert_allclose([ordinal.quantile(one) for one in shares], norm.ppf(shares), rtol=1e-7, atol=1e-8)
    for mean, low, high in ((0.3, -1.0, 0.5), (-2.0, 4.0, np.inf), (3.0, -np.inf, -3.0)):
        size = 30_000
        drawn, means, nobody = np.empty(size), np.full(size, mean), np.zeros(size, np.int64)
        uniform = np.random.default_rng(0).random(size)
        ordinal.draw_likings(drawn, means, nobody, np.array([low, high]), np.array([2.0]), nobody, uniform, 0, size)
        exact = truncnorm((low - mean) * 2, (high - mean) * 2, loc=mean, scale=0.5)
        assert drawn.mean() == pytest.approx(exact.mean(), abs=0.01)
        assert drawn.std() == pytest.approx(exact.std(), abs=0.01)
        assert ordinal.expected_liking(mean, 2.0, low, high) == pytest.approx(exact.mean(), rel=1e-5)


def test_cut_points_that_made_the_levels_are_found() -> None:
    rng = np.random.default_rng(1)
    means, true = rng.normal(size=20_000), np.array([-1.0, 0.2, 1.1])
    levels = np.searchsorted(true, means + rng.normal(size=means.size))
    cuts, rows = ordinal.first_cuts(levels, 4), np.zeros(means.size, np.int64)
    for _ in range(8):
        cuts, likelihood = ordinal.draw_cuts(cuts, means, levels, np.ones(1), rows, rng)
    np.testing.assert_allclose(cuts[1:-1], true, atol=0.06)
    assert likelihood > -np.log(4)


def test_constant_stars_many_levels_and_impossible_knobs() -> None:
    alike = Interactions.from_columns([1, 1, 2], [1, 2, 1], [4, 4, 4])
    assert (BayesianFactors(**QUICK).fit(alike, np.random.default_rng(0)).score([NOTHING]) == 4).all()
    rng = np.random.default_rng(0)
    shares = Interactions.from_columns(np.repeat([1, 2, 3], 20), np.tile(np.arange(20), 3), rng.uniform(1, 5, 60))
    model = BayesianFactors(**QUICK).fit(shares, rng)
    assert model.cuts.size == 0, "so many values are no ordered scale"
    assert ((model.score([NOTHING]) >= 1) & (model.score([NOTHING]) <= 5)).all()
    with pytest.raises(InvalidInput, match="fewer than 9 samples"):
        BayesianFactors(epochs=10, burn_in=2, samples=9).fit(alike, rng)
