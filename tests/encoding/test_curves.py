"""How far two curves lie apart, against figures that others published, and by their shapes."""

import numpy as np
import pytest
import scipy.interpolate  # noqa: F401  imported when first needed, which an example has no time for
from hypothesis import assume, given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.encoding.curves import bd_rate

CURVES = st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.5, 10)), min_size=3, max_size=8)


def _curve(steps: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    factors, gains = np.array(steps).T
    return 100 * np.cumprod(1 + factors), 30 + np.cumsum(gains)


@given(CURVES, st.floats(0.1, 5))
def test_a_scaled_curve_is_off_by_the_scale(steps: list[tuple[float, float]], scale: float) -> None:
    bits, quality = _curve(steps)
    assert bd_rate((bits, quality), (bits * scale, quality)) == pytest.approx((scale - 1) * 100, abs=1e-6)


@given(CURVES, CURVES)
def test_the_other_way_round_is_the_inverse(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> None:
    first, second = _curve(a), _curve(b)
    assume(min(first[1][-1], second[1][-1]) - max(first[1][0], second[1][0]) > 0.5)
    there, back = bd_rate(first, second), bd_rate(second, first)
    assert (1 + there / 100) * (1 + back / 100) == pytest.approx(1, rel=1e-6)


def test_the_order_of_points_and_those_that_are_beaten_do_not_matter() -> None:
    bits, quality = [100, 200, 400, 800], [60, 75, 85, 91]
    plain = bd_rate((bits, quality), ([90, 180, 360, 720], quality))
    assert plain == pytest.approx(-10)
    worse = ([180, 90, 500, 720, 360], [75, 60, 80, 91, 85])
    assert bd_rate((bits, quality), worse) == pytest.approx(plain)


@pytest.mark.parametrize("other", [([10, 20], [10, 20]), ([10], [60]), ([10, 10], [60, 60])])
def test_curves_that_cannot_be_compared_are_refused(other: tuple[list[int], list[int]]) -> None:
    with pytest.raises(InvalidInput):
        bd_rate(([100, 200], [60, 70]), other)
