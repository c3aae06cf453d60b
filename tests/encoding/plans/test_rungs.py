"""Rungs stand a noticeable step apart, within what was allowed."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.encoding.plans.rungs import Placing, place

GAINS = st.lists(st.floats(0.05, 8), min_size=1, max_size=60)


def _curve(gains: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return 100 * 1.15 ** np.arange(len(gains)), 20 + np.cumsum(gains)


@given(GAINS, st.integers(1, 12))
def test_rungs_keep_to_the_floor_the_cap_and_the_number(gains: list[float], most: int) -> None:
    kbps, quality = _curve(gains)
    found = place(kbps, quality, Placing(floor_kbps=150, cap_kbps=5000, most=most))
    assert 1 <= len(found) <= most
    assert found == sorted(set(found))
    assert all(kbps[i] >= 150 and quality[i] >= 40 for i in found[:-1])
    assert kbps[found[-1]] <= 5000
    assert quality[found[-1]] >= 95 or found[-1] == len(kbps) - 1 or kbps[found[-1] + 1] > 5000
    assert found[-1] == 0 or quality[found[-1] - 1] < 95


@given(GAINS)
def test_neighbours_are_a_step_apart_or_as_far_as_bitrates_may_be(gains: list[float]) -> None:
    kbps, quality = _curve(gains)
    found = place(kbps, quality, Placing(most=100))
    for low, high in pairwise(found):
        assert kbps[high] / kbps[low] <= 2.5 * 1.15 or low == high - 1
        assert quality[high] - quality[low] >= 6 or kbps[high] / kbps[low] > 2.5 / 1.15


def test_a_title_that_is_soon_perfect_gets_fewer_rungs() -> None:
    kbps = np.geomspace(100, 6400, 60)
    talk, chase = 100 - 60 * 2 ** (-kbps / 200), 100 - 70 * 2 ** (-kbps / 2000)
    assert len(place(kbps, talk, Placing())) < len(place(kbps, chase, Placing()))


@pytest.mark.parametrize(("cap_kbps", "expected"), [(50, [0]), (100, [0]), (250, [0, 1])])
def test_a_cap_below_the_cheapest_point_still_gives_a_rung(cap_kbps: float, expected: list[int]) -> None:
    assert place([100, 200, 400], [50, 60, 70], Placing(cap_kbps=cap_kbps)) == expected
