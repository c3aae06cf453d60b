"""timeSVD++: what drifts is followed, and where times say nothing the order does."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.base.clock import DAY_MS
from matinee.learning.interactions import Interactions
from matinee.learning.model import Context, History, histories_of
from matinee.recommendation.methods.time_svd import TimeSVD

START_MS = 1_600_000_000_000


def changing(order_only: bool = False) -> Interactions:
    """Viewers who give fewer stars from year to year, and title 1 that is ever better liked."""
    rng = np.random.default_rng(0)
    people, titles = np.repeat(np.arange(1, 61), 20), np.tile(np.arange(1, 21), 60)
    days = rng.integers(0, 730, people.size)
    stars = 4 - days / 365 + (titles == 1) * (days / 365) * 2 + rng.normal(0, 0.3, people.size)
    order = np.argsort(days, kind="stable")
    times = None if order_only else START_MS + days[order] * DAY_MS
    return Interactions.from_columns(people[order], titles[order], np.clip(stars[order], 1, 5), times)


def at(history: History, days: int) -> History:
    return history._replace(context=Context(now_ms=START_MS + days * DAY_MS))


def test_viewers_and_titles_change() -> None:
    model = TimeSVD(factors=2, drift_pull=0.1, bin_pull=2.0).fit(changing(), np.random.default_rng(0))
    [history] = histories_of(model.title_ids, changing())[:1]
    early, late = model.predict([at(history, 20), at(history, 710)], [np.array([0, 7])] * 2)
    assert late[1] < early[1] - 0.8
    assert late[0] - late[1] > early[0] - early[1] + 0.8
    [asked_without_time] = model.predict([history], [np.array([7])])
    [at_the_end] = model.predict([at(history, int((history.times[-1] - START_MS) // DAY_MS))], [np.array([7])])
    assert asked_without_time == pytest.approx(at_the_end, abs=0.01)


def test_the_order_alone_says_who_changes() -> None:
    known = changing(order_only=True)
    model = TimeSVD(factors=2, drift_pull=0.1, bin_pull=2.0).fit(known, np.random.default_rng(0))
    assert not model.favour.any()
    falling = histories_of(model.title_ids, known)[0]
    rising = History(falling.columns[::-1], falling.values[::-1], falling.times)
    of_falling, of_rising = model.score([falling, rising])
    assert of_falling[1:].mean() < of_rising[1:].mean() - 0.8


def test_the_loss_falls_below_that_of_lasting_tastes() -> None:
    known = changing()
    drifting = TimeSVD(factors=2, drift_pull=0.1, bin_pull=2.0).fit(known, np.random.default_rng(0))
    lasting = TimeSVD(factors=2, drift_pull=1e9, bin_pull=1e9).fit(known, np.random.default_rng(0))
    assert drifting.losses[-1] < drifting.losses[0]
    assert drifting.losses[-1] < 0.8 * lasting.losses[-1]
