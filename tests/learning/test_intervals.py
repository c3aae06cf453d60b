"""Intervals: textbook formulas where there are any, coverage of the truth where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.base.errors import InvalidInput
from matinee.learning.intervals import Sample, bootstrap, difference, estimate


def test_the_interval_of_a_mean_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(3, 2, 500)
    found = estimate(Sample(np.append(values, np.nan)))
    half = 1.959963984540054 * values.std(ddof=1) / np.sqrt(500)
    assert (found.value, found.viewers) == (pytest.approx(values.mean()), 500)
    assert (found.low, found.high) == (pytest.approx(values.mean() - half), pytest.approx(values.mean() + half))


def test_a_paired_difference_is_the_mean_of_differences() -> None:
    rng = np.random.default_rng(1)
    hard = rng.normal(0, 5, 300)
    one, other = hard + 0.2 + rng.normal(0, 0.1, 300), hard
    found = difference(Sample(one), Sample(other))
    paired = estimate(Sample(one - other))
    assert (found.value, found.low) == (pytest.approx(paired.value), pytest.approx(paired.low))
    assert found.clear_of_zero
    assert not difference(Sample(one), Sample(rng.permutation(other))).clear_of_zero


@pytest.mark.parametrize("root", [False, True])
def test_intervals_hold_the_truth_about_as_often_as_they_say(root: bool) -> None:
    rng, held = np.random.default_rng(2), 0
    truth = 2.0 if root else 4.0  # viewers' mean squares are exponential with mean 4, their weights independent
    for _ in range(400):
        found = estimate(Sample(rng.exponential(4, 400), rng.integers(1, 9, 400).astype(float), root))
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 400 <= 0.98


def test_the_bootstrap_agrees() -> None:
    rng = np.random.default_rng(3)
    sample = Sample(rng.exponential(1, 400), rng.integers(1, 9, 400).astype(float), root=True)
    normal, drawn = estimate(sample), bootstrap(sample, np.random.default_rng(4))
    assert drawn.value == pytest.approx(normal.value)
    assert drawn.high - drawn.low == pytest.approx(normal.high - normal.low, rel=0.15)
    assert bootstrap(sample, np.random.default_rng(4)) == drawn


def test_nobody_and_one_viewer() -> None:
    assert estimate(Sample(np.full(3, np.nan))).viewers == 0
    one = estimate(Sample(np.array([1.0])))
    assert one.value == 1
    assert np.isinf([one.low, one.high]).all()
    assert bootstrap(Sample(np.zeros(0)), np.random.default_rng(0)).viewers == 0


def test_other_viewers_cannot_be_compared() -> None:
    with pytest.raises(InvalidInput, match="different viewers"):
        difference(Sample(np.zeros(2)), Sample(np.zeros(3)))
