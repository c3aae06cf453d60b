"""The ensemble is the sum of its two, each at mean 0 and deviation 1."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, History
from matinee.learning.stored import Stored
from matinee.recommendation.methods.ensemble import Ensemble


def world(viewers: int = 60, titles: int = 20) -> Interactions:
    rng = np.random.default_rng(0)
    chance = np.where((np.arange(viewers)[:, None] + np.arange(titles)) % 2 == 0, 0.6, 0.1)
    rows, columns = np.nonzero(rng.random((viewers, titles)) < chance)
    return Interactions.from_columns(rows + 1, columns + 100)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_it_is_the_sum_of_its_two(share: float) -> None:
    model = Ensemble(factors=4, share=share).fit(world(), np.random.default_rng(0))
    history = History.of(model.title_ids, {100: 1.0, 104: 1.0})
    one, two = model.pairs.score([history])[0], model.tastes.score([history])[0]
    expected = (one - one.mean()) / one.std() + share * (two - two.mean()) / two.std()
    for each in (model, Ensemble.load(model.save())):
        np.testing.assert_allclose(each.score([history])[0], expected, rtol=1e-4, atol=1e-5)


def test_titles_beyond_ease_are_ranked_by_als_and_nobody_scores_nothing() -> None:
    model = Ensemble(factors=4, titles=10).fit(world(), np.random.default_rng(0))
    history = History.of(model.title_ids, {100: 1.0, 104: 1.0})
    assert not np.isfinite(model.pairs.score([history])).all()
    scores = model.score([history, NOTHING])
    beyond = np.setdiff1d(np.arange(20), model.pairs.known)
    order = np.argsort(model.tastes.score([history])[0, beyond])
    assert (np.diff(scores[0, beyond][order]) >= 0).all()
    assert (model.tastes.score([NOTHING]) == 0).all()
    assert np.isfinite(scores).all()


def test_two_models_of_different_titles_are_no_ensemble() -> None:
    stored = Ensemble(factors=4).fit(world(), np.random.default_rng(0)).save()
    arrays = {**stored.arrays, "pairs.title_ids": stored.arrays["pairs.title_ids"] + 1}
    with pytest.raises(InvalidInput, match="do not fit each other"):
        Ensemble.load(Stored("ensemble", arrays, stored.facts))
