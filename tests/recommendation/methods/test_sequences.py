"""Windows and rows: every question once, none of the future told, and filling that nobody answers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.learning.interactions import Interactions
from matinee.learning.model import Context, History
from matinee.recommendation.methods.sequences import Sequences, Window, asked, chunks, gap_tokens, packed

HOUR = 3_600_000


def known(lengths: list[int]) -> Interactions:
    """Viewer ``v`` watched ``0, 1, 2, ...`` in this order, an hour apart, beginning at one in the night."""
    viewers = np.repeat(np.arange(len(lengths)), lengths)
    titles = np.concatenate([np.arange(one) for one in lengths])
    return Interactions.from_columns(viewers, titles, titles % 5 + 1, (titles + 25) * HOUR)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(2, 12), st.integers(0, 99))
def test_every_question_is_asked_once_and_fits(lengths: list[int], length: int, seed: int) -> None:
    windows = Sequences.of(known(lengths), 0.0, timed=True).windows(length, np.random.default_rng(seed))
    questions = sorted((one.viewer, place) for one in windows for place in range(one.begin, one.end))
    assert questions == [(viewer, place) for viewer, many in enumerate(lengths) for place in range(many)]
    for rows in (packed(windows, length), [row for batch in chunks(windows, 3 * length) for row in batch]):
        assert sorted(one for row in rows for one in row) == sorted(windows)
        assert max(sum(one.end - one.begin for one in row) for row in rows) <= length


def test_packing_leaves_little_empty() -> None:
    rng = np.random.default_rng(0)
    windows = [Window(viewer, 0, int(size)) for viewer, size in enumerate(rng.integers(1, 30, 400))]
    rows = packed(windows, 50)
    assert sum(one.end for one in windows) / (50 * len(rows)) > 0.97


def test_a_question_knows_what_came_before_and_nothing_else() -> None:
    sequences = Sequences.of(known([4, 2]), 1.0, timed=True)
    batch = sequences.batch([[Window(0, 1, 4), Window(1, 0, 2)]], 6, np.array([True]))
    assert batch.rows.titles.tolist() == [[1, 2, 3, 0, 1, 0]]
    assert batch.targets.tolist() == [[1, 2, 3, 0, 1, 0]]
    assert batch.weights.tolist() == [[1, 1, 1, 0, 1, 0]]  # the first title was disliked: one star
    assert batch.rows.strengths.tolist() == [[2, 3, 4, 0, 2, 0]]
    assert batch.rows.segments.tolist() == [[0, 0, 0, 1, 1, -1]]
    assert batch.rows.places.tolist() == [[0, 1, 2, 0, 1, 0]]
    assert batch.rows.hours.tolist() == [[3, 4, 5, 2, 3, 0]]
    assert (batch.rows.gaps[0, :3] == batch.rows.gaps[0, 0]).all()
    assert batch.rows.gaps[0, 3] == 0  # nobody knows how long after nothing
    past = list(zip(*(part.tolist() for part in batch.past), strict=True))
    assert past == [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (4, 0)]


def test_rows_that_are_not_told_times_hold_none() -> None:
    sequences = Sequences.of(known([4]), 0.0, timed=True)
    batch = sequences.batch([[Window(0, 0, 4)], [Window(0, 0, 4)]], 4, np.array([False, True]))
    assert not batch.rows.gaps[0].any()
    assert not batch.rows.hours[0].any()
    assert batch.rows.hours[1].all()


def test_what_is_asked_of_a_history_is_what_training_asked() -> None:
    sequences = Sequences.of(known([5]), 0.0, timed=True)
    batch = sequences.batch([[Window(0, 0, 5)]], 5, np.array([True]))
    history = History(np.arange(4), np.arange(4, dtype=np.float32) % 5 + 1, (np.arange(4) + 25) * HOUR)
    rows, last = asked([history._replace(context=Context(now_ms=29 * HOUR))], 10, timed=True)
    assert last.tolist() == [4]
    for mine, trained in zip(rows, batch.rows, strict=True):
        np.testing.assert_array_equal(mine, trained)


def test_long_histories_are_cut_to_the_newest() -> None:
    history = History(np.arange(9), np.ones(9, np.float32), np.zeros(9, np.int64))
    short = History(np.arange(1), np.ones(1, np.float32), np.zeros(1, np.int64))
    rows, last = asked([history, short], 4, timed=True)
    assert rows.titles.tolist() == [[6, 7, 8, 9], [0, 1, 0, 0]]
    assert rows.segments.tolist() == [[0, 0, 0, 0], [0, 0, -1, -1]]
    assert last.tolist() == [3, 1]
    assert not rows.gaps.any()


def test_gaps_grow_with_time_and_end() -> None:
    before = np.full(40, 1_000)
    tokens = gap_tokens(before, before + (1 << np.arange(40)))
    assert (np.diff(tokens) >= 0).all()
    assert tokens[0] == 1
    assert tokens[-1] > 20
    assert gap_tokens(np.array([5_000]), np.array([1_000])).tolist() == [1]  # a clock that was put back
