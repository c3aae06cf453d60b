import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matinee.encoding.ladder import ladder

HEIGHTS = (240, 360, 540, 720, 1080)
RATE = Fraction(24)
SIDES = st.integers(1, 5000)
SIZES = st.tuples(SIDES, SIDES)


# A film's own shape decides: rows are what a person would write down.
@pytest.mark.parametrize(
    ("size", "rungs"),
    [
        ((1920, 1080), ["426x240", "640x360", "960x540", "1280x720", "1920x1080"]),
        ((3840, 2160), ["426x240", "640x360", "960x540", "1280x720", "1920x1080"]),
        ((1080, 1920), ["240x426", "360x640", "540x960", "720x1280", "1080x1920"]),
        ((960, 540), ["426x240", "640x360", "960x540"]),
        ((800, 332), ["426x178", "640x266", "800x332"]),
        ((1440, 1080), ["320x240", "480x360", "720x540", "960x720", "1440x1080"]),
        ((650, 366), ["426x240", "650x366"]),
        ((640, 360), ["426x240", "640x360"]),
        ((480, 204), ["480x204"]),
        ((853, 481), ["426x240", "638x360", "852x480"]),
        ((64, 36), ["64x36"]),
        ((33, 17), ["32x16"]),
        ((2, 2), ["2x2"]),
        ((1, 1), ["2x2"]),
    ],
)
def test_known_ladders(size: tuple[int, int], rungs: list[str]) -> None:
    assert [f"{rung.width}x{rung.height}" for rung in ladder(size, RATE, HEIGHTS)] == rungs


@given(SIZES, st.lists(st.integers(2, 4320), min_size=1, max_size=8))
@example((1, 5000), [2])
@example((5000, 1), [2])
def test_rungs_are_even_ascend_and_never_enlarge(size: tuple[int, int], heights: list[int]) -> None:
    rungs = ladder(size, RATE, heights)
    assert rungs
    for rung in rungs:
        assert rung.width % 2 == rung.height % 2 == 0
        assert 2 <= rung.width <= max(2, size[0])
        assert 2 <= rung.height <= max(2, size[1])
    for lower, upper in itertools.pairwise(rungs):
        assert lower.width * lower.height <= 0.7 * upper.width * upper.height
        assert lower.peak_kbps <= upper.peak_kbps


@given(SIZES, st.sampled_from([HEIGHTS, (540,), (90, 2160)]))
def test_shape_is_kept_to_a_pixel_of_rounding(size: tuple[int, int], heights: tuple[int, ...]) -> None:
    for rung in ladder(size, RATE, heights):
        if min(rung.width, rung.height) > 2:
            scale = max(rung.width / size[0], rung.height / size[1])
            assert abs(rung.width - size[0] * scale) <= 3 * max(1, size[0] / size[1])
            assert abs(rung.height - size[1] * scale) <= 3 * max(1, size[1] / size[0])


@given(SIZES)
def test_turning_the_film_turns_the_ladder(size: tuple[int, int]) -> None:
    across = [(rung.width, rung.height) for rung in ladder(size, RATE, HEIGHTS)]
    upright = [(rung.height, rung.width) for rung in ladder(size[::-1], RATE, HEIGHTS)]
    assert size[0] == size[1] or across == upright


def test_bits_follow_size_and_speed() -> None:
    peaks = [rung.peak_kbps for rung in ladder((1920, 1080), RATE, HEIGHTS)]
    assert peaks == sorted(peaks)
    assert peaks[-1] == 5200
    assert ladder((1920, 1080), Fraction(60), HEIGHTS)[-1].peak_kbps > 7000
    assert ladder((1920, 1080), RATE, HEIGHTS, 2000)[-1].peak_kbps == 2000
