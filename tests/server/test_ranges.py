"""Ranges, whatever is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.server.ranges import Unsatisfiable, matches, span

SIZES = st.integers(0, 10**12)


@given(SIZES, st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_closed_range_lies_inside_and_begins_where_asked(size: int, first: int, length: int) -> None:
    asked = f"bytes={first}-{first + length}"
    if first >= size:
        with pytest.raises(Unsatisfiable):
            span(asked, size)
        return
    assert span(asked, size) == (first, min(first + length + 1, size))


@given(SIZES, st.integers(0, 10**12))
def test_a_suffix_is_the_end(size: int, length: int) -> None:
    if size == 0 < length:
        assert span(f"bytes=-{length}", size) is None
        return
    if length == 0:
        with pytest.raises(Unsatisfiable):
            span(f"bytes=-{length}", size)
        return
    assert span(f"bytes=-{length}", size) == (max(0, size - length), size)


@given(st.text(max_size=40), SIZES)
def test_any_text_gives_a_span_inside_or_none(text: str, size: int) -> None:
    try:
        found = span(text, size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


@pytest.mark.parametrize(
    ("header", "expected"), [("", False), ("*", True), ('"a"', True), ('W/"a"', True), ('"b","a"', True), ("a", False)]
)
def test_entity_tags_are_compared_weakly(header: str, expected: bool) -> None:
    assert matches(header, '"a"') is expected
