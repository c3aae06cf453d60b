"""Bits shared out at constant slope: never beaten by any other way of spending them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.encoding.curves import hull
from matinee.encoding.plans.allocation import Equal, Options, Staircase, Uniform, reaching, within

NUMBERS = st.integers(1, 40)
SHOT = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5)
SHOTS = st.lists(SHOT, min_size=1, max_size=4)


def _options(shots: list[list[tuple[int, int]]]) -> list[Options]:
    return [Options(*zip(*points, strict=True)) for points in shots]


@given(SHOT)
def test_no_mixture_of_two_points_of_the_hull_is_beaten(points: list[tuple[int, int]]) -> None:
    bits, worth = (np.array(one, float) for one in zip(*points, strict=True))
    found = hull(bits, worth)
    assert np.all(np.diff(bits[found]) > 0)
    assert np.all(np.diff(worth[found]) > 0)
    reached = np.interp(bits, bits[found], worth[found])
    assert np.all(worth <= reached + 1e-9)


@given(SHOTS)
def test_no_other_choice_is_better_for_the_bits_of_a_stair(shots: list[list[tuple[int, int]]]) -> None:
    film = Staircase(_options(shots))
    every = [(sum(b for b, _ in picked), sum(w for _, w in picked)) for picked in product(*shots)]
    for stair, (bits, worth) in enumerate(zip(film.bits, film.worth, strict=True)):
        assert worth == max(w for b, w in every if b <= bits)
        picked = [points[i] for points, i in zip(shots, film.choices(stair), strict=True)]
        assert (sum(b for b, _ in picked), sum(w for _, w in picked)) == (bits, worth)


@given(SHOTS, st.integers(0, 200))
def test_a_budget_is_kept_and_a_worth_is_reached_where_they_can_be(
    shots: list[list[tuple[int, int]]], wanted: int
) -> None:
    film = Staircase(_options(shots))
    assert film.bits[within(film, bits=wanted)] <= max(wanted, film.bits[0])
    assert film.worth[reaching(film, worth=wanted)] >= min(wanted, film.worth[-1])


def test_the_slope_is_the_same_in_all_shots_and_quality_is_not() -> None:
    crf = np.arange(18, 45)
    # A still shot is cheap and soon perfect; action repays many more bits.
    still, action = Options(2.0 ** (-crf / 6) * 100, 99 - crf / 4), Options(2.0 ** (-crf / 6) * 4000, 130 - 2.0 * crf)
    film = Staircase([still, action])
    chosen = film.choices(reaching(film, worth=170))
    assert still.worth[chosen[0]] > action.worth[chosen[1]] + 5
    equal = min(
        still.bits[i] + action.bits[j]
        for i, j in product(range(len(crf)), repeat=2)
        if still.worth[i] + action.worth[j] >= 170 and abs(still.worth[i] - action.worth[j]) < 2
    )
    assert film.bits[reaching(film, worth=170)] < 0.9 * equal


def test_one_option_is_a_film_of_one_stair() -> None:
    film = Staircase([Options([7], [50])])
    assert film.bits.tolist() == [7]
    assert within(film, bits=1) == reaching(film, worth=99) == 0
    assert film.choices(0) == [0]


def test_points_without_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Options([1, 2], [50, float("nan")])


def test_one_setting_for_all_is_never_better_than_constant_slope() -> None:
    rng = np.random.default_rng(0)
    crfs = [tuple(np.arange(18, 45).tolist())] * 6
    curves = [
        (2.0 ** (-np.array(crfs[0]) / 6) * rng.uniform(50, 5000), 100 - rng.uniform(0.5, 2) * np.arange(27))
        for _ in crfs
    ]
    shots = [Options(bits, quality) for bits, quality in curves]
    slope, uniform = Staircase(shots), Uniform(shots, crfs)
    equal = Equal(shots, [quality for _, quality in curves])
    for other in (uniform, equal):
        for bits, worth in zip(other.bits, other.worth, strict=True):
            assert slope.bits[reaching(slope, worth=worth)] <= bits * 1.02
    picks = uniform.choices(5)
    assert len(set(picks)) == 1
    levels = [curves[i][1][pick] for i, pick in enumerate(equal.choices(len(equal.bits) // 2))]
    assert max(levels) - min(levels) <= 4


def test_settings_that_not_all_shots_have_are_left_out() -> None:
    shots = [Options([4, 2, 1], [90, 80, 70]), Options([8, 2], [90, 70])]
    uniform = Uniform(shots, [(20, 30, 40), (20, 40)])
    assert uniform.bits.tolist() == [3, 12]
    assert uniform.choices(0) == [2, 1]
