"""Biased factorisation: the regressions are exact, tastes are found, and strange stars do no harm."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, History, histories_of
from matinee.recommendation.methods.svd import SVD


def tasted(viewers: int = 80, titles: int = 40, seed: int = 0) -> tuple[Interactions, Interactions]:
    """Stars made by the model's own formula and rounded: what is given, and what is held back."""
    rng = np.random.default_rng(seed)
    people, films = rng.normal(0.0, 0.8, (viewers, 2)), rng.normal(0.0, 0.8, (titles, 2))
    bias = rng.normal(0.0, 0.5, viewers)[:, None] + rng.normal(0.0, 0.5, titles)
    stars = np.clip(np.rint(3.3 + bias + people @ films.T), 1, 5)
    rows, columns = np.nonzero(rng.random(stars.shape) < 0.6)
    known = Interactions.from_columns(rows + 1, columns + 1, stars[rows, columns])
    held = rng.random(known.count) < 0.2
    return known.where(~held), known.where(held)


def root_mean_square(model: SVD, given: Interactions, asked: Interactions) -> float:
    """How far predictions are off, of viewers folded in from what is given."""
    wanted = histories_of(model.title_ids, asked)
    predicted = model.predict(histories_of(model.title_ids, given), [one.columns for one in wanted])
    stars = np.concatenate([one.values for one in wanted])
    return float(np.sqrt(np.mean((np.concatenate(predicted) - stars) ** 2)))


def test_tastes_that_made_the_stars_are_found() -> None:
    given, held = tasted()
    model = SVD(factors=4, regularisation=0.05).fit(given, np.random.default_rng(0))
    biases = SVD(factors=0).fit(given, np.random.default_rng(0))
    assert root_mean_square(model, given, held) < 0.9 * root_mean_square(biases, given, held)


def test_a_viewer_is_the_exact_minimum_also_one_who_was_not_in_training() -> None:
    given, held = tasted()
    model = SVD(factors=3).fit(given, np.random.default_rng(0))
    columns, values, _ = held.history(5)
    regressors = np.column_stack([model.titles[columns, :-1], np.ones(columns.size)])
    wanted = values - model.mean - model.titles[columns, -1]
    pulls = np.diag([model.regularisation * columns.size] * 3 + [model.bias_pull])
    expected = np.linalg.solve(regressors.T @ regressors + pulls, regressors.T @ wanted)
    history = History(columns.astype(np.int64), values, np.zeros(columns.size, np.int64))
    np.testing.assert_allclose(model.fold_in(history), expected, rtol=1e-5)


def test_who_said_nothing_gets_what_titles_are_worth() -> None:
    given, _ = tasted()
    model = SVD(factors=3).fit(given, np.random.default_rng(0))
    [stars] = model.predict([NOTHING], [np.array([-1, 0])])
    assert stars[0] == pytest.approx(model.mean)
    assert stars[1] == pytest.approx(np.clip(model.mean + model.titles[0, -1], 1, 5), rel=1e-5)


def test_constant_and_wild_stars() -> None:
    alike = Interactions.from_columns([1, 1, 2], [1, 2, 1], [4, 4, 4])
    assert (SVD().fit(alike, np.random.default_rng(0)).score([NOTHING]) == 4).all()
    wild = Interactions.from_columns([1, 1, 2, 2], [1, 2, 1, 2], [-7, 900, 3, 4])
    scores = SVD().fit(wild, np.random.default_rng(0)).score(histories_of(wild.title_ids, wild))
    assert ((scores >= -7) & (scores <= 900)).all()


@pytest.mark.parametrize("stars", [np.nan, np.inf])
def test_stars_that_are_no_numbers_are_refused(stars: float) -> None:
    with pytest.raises(InvalidInput, match="no finite number"):
        SVD().fit(Interactions.from_columns([1, 2], [1, 1], [3, stars]), np.random.default_rng(0))
