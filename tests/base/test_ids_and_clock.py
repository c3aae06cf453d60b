from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.clock import from_iso, to_iso
from matinee.base.errors import InvalidInput
from matinee.base.ids import new_id, slug, stable_id

TIMES = st.integers(min_value=0, max_value=253_402_300_799_999)


@given(TIMES, TIMES, st.integers())
def test_new_ids_sort_by_time(one: int, two: int, seed: int) -> None:
    rng = Random(seed)
    first, second = new_id(one, rng), new_id(two, rng)
    assert UUID(first).version == 7
    assert UUID(first).variant == UUID(second).variant == "specified in RFC 4122"
    if one != two:
        assert (first < second) == (one < two)


def test_stable_ids_depend_on_each_part_and_nothing_else() -> None:
    ids = {stable_id("a", "b"), stable_id("ab"), stable_id("a", "b", ""), stable_id("b", "a")}
    assert len(ids) == 4
    assert UUID(stable_id("movielens", 1)).version == 8


@given(TIMES)
def test_iso_round_trip(time_ms: int) -> None:
    assert from_iso(to_iso(time_ms)) == time_ms


def test_time_that_is_none() -> None:
    with pytest.raises(InvalidInput, match="'yesterday' is not a time"):
        from_iso("yesterday")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Amélie", "amelie"), ("  WALL·E!", "wall-e"), ("千と千尋", "untitled"), ("A -- B", "a-b")],
)
def test_slug(text: str, expected: str) -> None:
    assert slug(text) == expected
