"""Units cover the film exactly, at shots where they can."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.encoding.plans.units import units
from matinee.media.shots import Shot

RATES = st.sampled_from([Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(25, 2), Fraction(60)])
LENGTHS = st.lists(st.integers(1, 2000), min_size=1, max_size=30)


def _shots(lengths: list[int]) -> list[Shot]:
    ends = [0]
    for length in lengths:
        ends.append(ends[-1] + length)
    return [Shot(start, stop) for start, stop in pairwise(ends)]


@given(LENGTHS, RATES)
def test_units_cover_the_film_and_none_is_too_long_or_too_short(lengths: list[int], rate: Fraction) -> None:
    shots = _shots(lengths)
    found = units(shots, rate, shortest_s=0.5, longest_s=6)
    assert [found[0].start, found[-1].stop] == [0, sum(lengths)]
    assert all(before.stop == after.start for before, after in pairwise(found))
    assert all(one.frames <= 6 * rate for one in found)
    assert all(one.frames >= rate / 2 for one in found) or sum(lengths) < rate / 2


@given(LENGTHS, RATES)
def test_a_shot_that_fits_is_never_split(lengths: list[int], rate: Fraction) -> None:
    found = {one.start for one in units(_shots(lengths), rate, shortest_s=0.5, longest_s=6)}
    for shot in _shots(lengths):
        if rate <= shot.frames <= 5 * rate:
            assert not any(shot.start < start < shot.stop for start in found)


@pytest.mark.parametrize("frames", [1, 5])
def test_a_film_of_a_few_frames_is_one_unit(frames: int) -> None:
    found = units([Shot(0, frames)], Fraction(24), shortest_s=0.5, longest_s=6)
    assert found == [Shot(0, frames)]


def test_an_hour_long_shot_is_cut_into_equal_parts() -> None:
    found = units([Shot(0, 24 * 3600)], Fraction(24), shortest_s=0.5, longest_s=5)
    assert {one.frames for one in found} == {120}
