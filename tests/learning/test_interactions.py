"""Interactions: columns in, a sorted sparse matrix out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions, columns_of

ROWS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(100, 109), st.sampled_from([0.0, 1.0, 4.5]), st.integers(0, 99)),
    max_size=60,
)


@given(ROWS)
def test_the_matrix_holds_the_latest_of_each_pair(rows: list[tuple[int, int, float, int]]) -> None:
    expected: dict[tuple[int, int], tuple[int, float]] = {}
    for viewer, title, value, at_ms in rows:  # of equal times the later row stands
        if (viewer, title) not in expected or at_ms >= expected[viewer, title][0]:
            expected[viewer, title] = (at_ms, value)
    known = Interactions.from_columns(*(np.array(column) for column in zip(*rows, strict=True)) if rows else ([], []))
    found = {}
    for row, viewer in enumerate(known.viewer_ids.tolist()):
        columns, values, times = known.history(row)
        assert np.unique(columns).size == columns.size
        assert (np.diff(times) >= 0).all()  # oldest first
        for column, value, at_ms in zip(columns, values, times, strict=True):
            found[viewer, int(known.title_ids[column])] = (int(at_ms), float(value))
    assert found == expected
    assert known.count == len(expected)


def test_rows_and_columns_are_found_by_id() -> None:
    known = Interactions.from_columns([7, 3, 7], [30, 10, 10])
    assert (known.row_of(3), known.row_of(7), known.row_of(5)) == (0, 1, None)
    assert (known.column_of(30), known.column_of(31)) == (1, None)
    assert columns_of(known.title_ids, [30, 11, 10]).tolist() == [1, -1, 0]
    assert columns_of(np.zeros(0, np.int64), [1, 2]).tolist() == [-1, -1]
    assert known.values.toarray().tolist() == [[1, 0], [1, 1]]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(InvalidInput, match="differ in length"):
        Interactions.from_columns([1, 2], [1])


def test_a_history_is_told_in_order_and_ties_as_they_came() -> None:
    known = Interactions.from_columns([1, 1, 1, 2, 1], [30, 10, 20, 10, 5], at_ms=[7, 7, 3, 1, 9])
    assert known.title_ids[known.history(0)[0]].tolist() == [20, 30, 10, 5]
    viewers, titles, _, times = known.columns()
    assert list(zip(viewers.tolist(), titles.tolist(), times.tolist(), strict=True)) == [
        (1, 20, 3), (1, 30, 7), (1, 10, 7), (1, 5, 9), (2, 10, 1)
    ]  # fmt: skip
    old = known.where(known.times < 9)
    assert old.title_ids.tolist() == [10, 20, 30]
    assert old.title_ids[old.history(0)[0]].tolist() == [20, 30, 10]
    assert old.viewer_ids.tolist() == [1, 2]
