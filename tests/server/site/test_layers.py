"""Drawings of graphs: in order, apart from each other, and without crossings that need not be."""

from __future__ import annotations

import time
from graphlib import CycleError
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.server.site.layers import Drawing, apart, draw

EDGES = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40).map(
    lambda pairs: [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
)


def crossings(drawing: Drawing) -> int:
    parts = [part for way in drawing.ways.values() for part in pairwise(way)]
    return sum(
        one[0][0] == other[0][0] and (one[0][1] - other[0][1]) * (one[1][1] - other[1][1]) < 0
        for one, other in combinations(parts, 2)
    )


@given(EDGES)
def test_everything_has_its_place(edges: list[tuple[int, int]]) -> None:
    drawing = draw(range(20), edges)
    assert set(drawing.places) == set(range(20))
    assert set(drawing.ways) == set(edges)
    for (one, other), way in drawing.ways.items():
        assert (way[0], way[-1]) == (drawing.places[one], drawing.places[other])
        assert [column for column, _ in way] == list(range(way[0][0], way[-1][0] + 1))
    passed = {(edge, at): place for edge, way in drawing.ways.items() for at, place in enumerate(way[1:-1])}
    for one, other in combinations([*drawing.places.values(), *passed.values()], 2):
        assert one[0] != other[0] or abs(one[1] - other[1]) > 0.99
    heights = [height for _, height in [*drawing.places.values(), *passed.values()]]
    assert (min(heights), max(heights)) == (0, drawing.height)


def test_each_stands_right_of_the_longest_way_to_it() -> None:
    drawing = draw("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    assert [drawing.places[one][0] for one in "abcd"] == [0, 1, 2, 3]
    assert drawing.columns == 4
    assert len(drawing.ways["a", "c"]) == 3


def test_chains_are_straight_and_trees_do_not_cross() -> None:
    chain = draw(range(9), [(at, at + 1) for at in range(8)])
    assert {height for _, height in chain.places.values()} == {0}
    tree = draw([*range(15)][::-1], [((at - 1) // 2, at) for at in range(1, 15)])
    assert crossings(tree) == 0
    assert tree.places[0][1] == pytest.approx(tree.height / 2)
    twisted = draw("abcdef", [("a", "f"), ("b", "e"), ("c", "d")])
    assert crossings(twisted) == 0


def test_nothing_one_and_circles() -> None:
    assert draw([], []) == Drawing(0, 0.0, {}, {})
    assert draw(["a"], []).places == {"a": (0, 0.0)}
    with pytest.raises(CycleError):
        draw("ab", [("a", "b"), ("b", "a")])


def test_the_largest_that_is_shown_is_drawn_at_once() -> None:
    fan = [("first", at) for at in range(498)] + [(at, "last") for at in range(498)]
    began = time.perf_counter()
    drawing = draw(["first", *range(498), "last"], fan)
    assert time.perf_counter() - began < 2
    assert drawing.height == 497
    long = [(at, at + 1) for at in range(499)] + [(0, at) for at in range(2, 500)]
    began = time.perf_counter()
    assert draw(range(500), long).columns == 500
    assert time.perf_counter() - began < 4


@given(st.lists(st.floats(-100, 100), max_size=12))
def test_they_are_apart_and_no_farther_than_need_be(wanted: list[float]) -> None:
    found = apart(wanted)
    assert all(after - before > 1 - 1e-6 for before, after in pairwise(found))
    assert sum(found) == pytest.approx(sum(wanted), abs=1e-6)
