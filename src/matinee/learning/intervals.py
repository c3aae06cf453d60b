"""Estimates with their uncertainty, viewer by viewer: viewers are drawn, so they are what is resampled.

Every metric here is a mean over viewers, or a ratio of sums over viewers (the mean squared error of all ratings is
one), or its root. The normal interval is ``value ± 1.96 · sqrt(sum of squared influences)``, where a viewer's influence
is how much the metric would move with that viewer's weight (the linearisation of a ratio, Cochran 1977, "Sampling
techniques"). The difference of two models on the same viewers has the difference of their influences, so what is hard
for both falls out. The bootstrap (Efron 1979) asks the same by drawing viewers anew, and is there to check the former
where few viewers are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput

Doubles = NDArray[np.float64]
Z95 = 1.959963984540054
"""Of a normal distribution, 95 % lies within this many standard deviations."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the interval that holds the true one in 95 of 100 samples of viewers."""

    value: float
    low: float
    high: float
    viewers: int
    """How many it rests on."""

    @property
    def clear_of_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A metric's value for each viewer, NaN where it is not defined there."""

    values: Doubles
    weights: Doubles | None = None
    """How much each viewer's value counts, as the number of ratings; all alike where None."""
    root: bool = False
    """Whether the metric is the root of the mean, as for RMSE."""


def estimate(sample: Sample) -> Estimate:
    """The metric with its normal interval; NaN throughout where no viewer has a value.

    >>> one = estimate(Sample(np.array([0.0, 1.0, 1.0, 0.0])))
    >>> one.value, round(one.high, 3)
    (0.5, 1.066)
    """
    value, influence, viewers = _linearised(sample)
    return _around(value, influence, viewers)


def difference(one: Sample, other: Sample) -> Estimate:
    """`one` minus `other` on the same viewers, with the interval of the paired difference.

    Raises `InvalidInput` where the viewers differ in number.
    """
    if one.values.shape != other.values.shape:
        raise InvalidInput(
            "Two models were evaluated on different viewers.", next_step="Evaluate both on the same split."
        )
    both = ~(np.isnan(one.values) | np.isnan(other.values))
    value, influence, viewers = _linearised(_only(one, both))
    minus, less, _ = _linearised(_only(other, both))
    return _around(value - minus, influence - less, viewers)


def bootstrap(sample: Sample, rng: np.random.Generator, draws: int = 1000) -> Estimate:
    """The metric with its percentile interval over `draws` samples of viewers."""
    kept = _only(sample, ~np.isnan(sample.values))
    weights = np.ones(kept.values.size) if kept.weights is None else kept.weights
    value, _, viewers = _linearised(kept)
    if not viewers:
        return Estimate(value, value, value, 0)
    picked = np.empty(draws)
    for draw in range(draws):
        times = np.bincount(rng.integers(0, viewers, viewers), minlength=viewers) * weights
        mean = (times @ kept.values) / max(times.sum(), 1e-12)
        picked[draw] = np.sqrt(mean) if kept.root else mean
    low, high = np.quantile(picked, [0.025, 0.975])
    return Estimate(value, float(low), float(high), viewers)


def _only(sample: Sample, kept: NDArray[np.bool_]) -> Sample:
    return Sample(sample.values[kept], None if sample.weights is None else sample.weights[kept], sample.root)


def _linearised(sample: Sample) -> tuple[float, Doubles, int]:
    """The metric, each viewer's influence on it (0 where not defined), and how many viewers there are."""
    defined = ~np.isnan(sample.values)
    weights = defined * (1.0 if sample.weights is None else sample.weights)
    total, viewers = float(weights.sum()), int(defined.sum())
    if total == 0:
        return float("nan"), np.zeros(sample.values.size), 0
    mean = float(weights @ np.where(defined, sample.values, 0)) / total
    influence = weights * (np.where(defined, sample.values, 0) - mean) / total
    influence *= np.sqrt(viewers / max(1, viewers - 1))  # Bessel: the mean was estimated from the same viewers
    if not sample.root:
        return mean, influence, viewers
    root = float(np.sqrt(mean))
    return root, influence / (2 * root) if root else influence, viewers


def _around(value: float, influence: Doubles, viewers: int) -> Estimate:
    if viewers == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    # One viewer says nothing of how viewers differ.
    half = Z95 * float(np.sqrt(np.square(influence).sum())) if viewers > 1 else float("inf")
    return Estimate(value, value - half, value + half, viewers)
