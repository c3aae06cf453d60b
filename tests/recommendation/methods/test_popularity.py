"""Popularity with decay."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.base.clock import DAY_MS
from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import History, recommend
from matinee.learning.stored import Stored
from matinee.recommendation.methods.popularity import Popularity, decayed


def test_after_a_half_life_a_viewing_counts_half() -> None:
    times = np.array([0, 5 * DAY_MS, 10 * DAY_MS, 20 * DAY_MS])
    assert decayed(times, 10 * DAY_MS, 5.0).tolist() == [0.25, 0.5, 1.0, 1.0]


def test_two_old_viewings_count_less_than_one_new() -> None:
    known = Interactions.from_columns([1, 2, 3], [10, 10, 11], at_ms=[0, 0, 400 * DAY_MS])
    rng = np.random.default_rng(0)
    nobody = History.of(np.array([10, 11]), {})
    for half_life_days, best in ((180.0, 11), (1000.0, 10)):
        model = Popularity(half_life_days=half_life_days).fit(known, rng)
        for one in (model, Popularity.load(model.save())):
            assert recommend(one, [nobody], 1).title_ids[0, 0] == best


def test_viewing_of_another_century_still_has_an_order() -> None:
    known = Interactions.from_columns([1, 2, 3], [10, 10, 11], at_ms=[5, 5, 5])
    model = Popularity(half_life_days=0.01).fit(known, np.random.default_rng(0))
    assert model.counts.tolist() == [2.0, 1.0]


def test_a_stored_model_that_lacks_its_counts_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no popularity"):
        Popularity.load(Stored("popularity", {}, {"half_life_days": 1.0}))
