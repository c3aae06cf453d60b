from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.media.time import STANDARD_RATES, clock, parse_clock, parse_timecode, snap_rate, timecode

NTSC = Fraction(30000, 1001)


@given(st.integers(0, 360_000_000))
def test_clock_keeps_every_millisecond(ms: int) -> None:
    time = Fraction(ms, 1000)
    assert parse_clock(clock(time)) == time
    assert parse_clock(clock(time).replace(".", ",")) == time


@given(st.fractions(0, 10_000))
def test_clock_rounds_to_the_nearest_millisecond(time: Fraction) -> None:
    assert abs(parse_clock(clock(time)) - time) <= Fraction(1, 2000)


@pytest.mark.parametrize("text", ["", "1", "00:61:00.000", "00:00:60.000", "a:b", "-00:01.000", "00:00:01.000 x"])
def test_a_clock_that_is_none(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_clock(text)


@given(st.integers(0, 24 * 3600 * 120 - 1), st.sampled_from(STANDARD_RATES))
def test_timecode_names_each_frame(frame: int, rate: Fraction) -> None:
    frame %= round(rate) * 24 * 3600 - 30 * 24 * 60
    assert parse_timecode(timecode(frame / rate, rate), rate) == frame / rate


# SMPTE ST 12-1: frame numbers 00 and 01 are dropped each minute but the tenth.
@pytest.mark.parametrize(
    ("frame", "rate", "text"),
    [
        (0, NTSC, "00:00:00;00"),
        (1799, NTSC, "00:00:59;29"),
        (1800, NTSC, "00:01:00;02"),
        (17981, NTSC, "00:09:59;29"),
        (17982, NTSC, "00:10:00;00"),
        (107892, NTSC, "01:00:00;00"),
        (3600, NTSC * 2, "00:01:00;04"),
        (90000, Fraction(25), "01:00:00:00"),
        (24, Fraction(24000, 1001), "00:00:01:00"),
    ],
)
def test_known_timecodes(frame: int, rate: Fraction, text: str) -> None:
    assert timecode(frame / rate, rate) == text


@pytest.mark.parametrize("text", ["00:01:00;00", "00:01:00;01", "00:00:00:30", "1:2", "aa:bb:cc:dd", "00:00:00"])
def test_timecodes_that_do_not_exist(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_timecode(text, NTSC)


@given(st.sampled_from(STANDARD_RATES), st.fractions(Fraction(-1, 5000), Fraction(1, 5000)))
def test_rates_snap_to_the_standard_one_beside_them(rate: Fraction, error: Fraction) -> None:
    assert snap_rate(rate * (1 + error)) == rate


def test_odd_rates_stay() -> None:
    assert snap_rate(Fraction(25, 2)) == Fraction(25, 2)
    assert snap_rate(Fraction(18)) == 18
