"""Graphs of jobs: an order, no circles, nobody unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.jobs.queue.graph import ordered

NIGHTLY = {
    "features": [],
    "train": ["features"],
    "evaluate": ["train"],
    "report": ["features"],
    "publish": ["evaluate"],
}


def test_each_comes_after_what_it_waits_for() -> None:
    order = ordered(NIGHTLY)
    assert sorted(order) == sorted(NIGHTLY)
    assert all(order.index(other) < order.index(name) for name, others in NIGHTLY.items() for other in others)


def test_circles_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"wait for each other: '[abc]' after '[abc]' after '[abc]' after '[abc]'\."):
        ordered({"a": ["c"], "b": ["a"], "c": ["b"], "d": []})
    with pytest.raises(InvalidInput, match="'a' after 'a'"):
        ordered({"a": ["a"]})


def test_strangers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="'a' comes after 'z', which is not in the graph") as error:
        ordered({"a": ["z"], "b": []})
    assert error.value.next_step == "Known: a, b."


@given(
    st.integers(1, 40).flatmap(lambda n: st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=80))
)
def test_what_only_looks_back_has_no_circle(pairs: list[tuple[int, int]]) -> None:
    after: dict[str, list[str]] = {str(i): [] for i in range(40)}
    for one, other in pairs:
        if one != other:
            after[str(max(one, other))].append(str(min(one, other)))
    order = ordered(after)
    assert all(order.index(other) < order.index(name) for name, others in after.items() for other in others)
