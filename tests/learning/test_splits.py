"""Splits: nothing is lost, nothing is on two sides, and what is to be found is what the protocol says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.learning import splits
from matinee.learning.interactions import Interactions
from matinee.learning.splits import Split

Entries = set[tuple[int, int, float, int]]


def entries(known: Interactions) -> Entries:
    return set(zip(*(column.tolist() for column in known.columns()), strict=True))


@st.composite
def interactions(draw: st.DrawFn) -> Interactions:
    pairs = draw(st.sets(st.tuples(st.integers(1, 6), st.integers(1, 9)), min_size=4, max_size=40))
    times = draw(st.lists(st.integers(0, 12), min_size=len(pairs), max_size=len(pairs)))
    viewers, titles = zip(*sorted(pairs), strict=True)
    return Interactions.from_columns(viewers, titles, np.arange(len(pairs)) % 5 + 1, times)


PROTOCOLS: dict[str, Callable[[Interactions, np.random.Generator], Split]] = {
    "last": lambda known, rng: splits.leave_last_out(known, 2),
    "time": lambda known, rng: splits.by_time(known, 0.3),
    "strong": lambda known, rng: splits.strong(known, 2, 0.4, rng),
    "newest": lambda known, rng: splits.newest(known, 0.3),
    "holdout": lambda known, rng: splits.holdout(known, 0.3, rng),
    "cold titles": lambda known, rng: splits.cold_titles(known, 0.3, rng),
    "cold viewers": lambda known, rng: splits.cold_viewers(known, 1, 1, rng),
    "fold": lambda known, rng: next(splits.folds(known, 3, rng)),
}


@pytest.mark.parametrize("name", PROTOCOLS)
@given(known=interactions(), seed=st.integers(0, 5))
def test_every_entry_is_on_one_side(name: str, known: Interactions, seed: int) -> None:
    try:
        split = PROTOCOLS[name](known, np.random.default_rng(seed))
    except InvalidInput:  # too little to split
        return
    train, given, test = entries(split.train), entries(split.given), entries(split.test)
    assert train | given | test == entries(known)
    assert not (train | given) & test
    assert train
    assert test
    assert given == train or not given & train
    again = PROTOCOLS[name](known, np.random.default_rng(seed))
    assert entries(again.test) == test


def test_the_last_of_each_viewer_is_left_out() -> None:
    known = Interactions.from_columns([1, 1, 1, 2, 2, 3], [5, 6, 7, 6, 5, 9], at_ms=[3, 1, 2, 8, 8, 1])
    split = splits.leave_last_out(known)
    # Of equal times the order of the file decides; a viewer with one entry is only learnt from.
    assert entries(split.test) == {(1, 5, 1, 3), (2, 5, 1, 8)}
    assert entries(splits.leave_last_out(known, 2).test) == {(1, 5, 1, 3), (1, 7, 1, 2)}


def test_without_times_the_order_of_the_file_is_the_order_of_time() -> None:
    split = splits.leave_last_out(Interactions.from_columns([1, 1, 1], [9, 3, 5]))
    assert split.test.title_ids.tolist() == [5]
    assert split.train.title_ids[split.train.history(0)[0]].tolist() == [9, 3]


def test_nothing_of_the_future_is_learnt_from() -> None:
    rng = np.random.default_rng(0)
    known = Interactions.from_columns(
        rng.integers(0, 50, 900), rng.integers(0, 80, 900), at_ms=rng.integers(0, 700, 900)
    )
    split = splits.by_time(known, 0.2)
    assert split.train.times.max() < split.test.times.min()
    assert 0.18 < split.test.count / known.count < 0.23


def test_strong_generalisation_keeps_test_viewers_out_of_training() -> None:
    rng = np.random.default_rng(0)
    known = Interactions.from_columns(rng.integers(0, 50, 900), rng.integers(0, 80, 900))
    split = splits.strong(known, 10, 0.2, rng)
    assert np.array_equal(split.given.viewer_ids, split.test.viewer_ids)
    assert not np.intersect1d(split.train.viewer_ids, split.test.viewer_ids).size
    assert split.test.viewer_ids.size == 10
    assert split.test.count / (split.test.count + split.given.count) == pytest.approx(0.2, abs=0.03)


def test_folds_hold_out_everything_once() -> None:
    known = Interactions.from_columns(np.repeat([1, 2], 5), np.tile(np.arange(5), 2))
    parts = [entries(split.test) for split in splits.folds(known, 3, np.random.default_rng(0))]
    assert sum(map(len, parts)) == 10
    assert set.union(*parts) == entries(known)


def test_cold_viewers_tell_their_first_entries_only() -> None:
    known = Interactions.from_columns(np.repeat([1, 2, 3], 6), np.tile(np.arange(6), 3), at_ms=np.tile(np.arange(6), 3))
    split = splits.cold_viewers(known, 2, 4, np.random.default_rng(0))
    assert set(split.given.times.tolist()) == {0, 1, 2, 3}
    assert set(split.test.times.tolist()) == {4, 5}
    assert split.train.viewer_ids.size == 1


@pytest.mark.parametrize(
    "split",
    [
        lambda known: splits.leave_last_out(known, 0),
        splits.leave_last_out,
        splits.by_time,
        lambda known: splits.strong(known, 1, 0.2, np.random.default_rng(0)),
        lambda known: splits.holdout(known, 1.5, np.random.default_rng(0)),
        lambda known: list(splits.folds(known, 9, np.random.default_rng(0))),
    ],
)
def test_what_cannot_be_split_is_said(split: Callable[[Interactions], object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        split(Interactions.from_columns([1, 2], [1, 1]))
    assert caught.value.next_step
