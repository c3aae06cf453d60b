"""Stars as an ordered scale: the probit of an unseen liking.

The step from four stars to five need not be as long as that from one to two. So a viewer's liking ``z`` of a title is
a normal variable with mean ``f`` (what a model says) and deviation ``s``, never seen itself; seen is between which two
of the cut points ``c`` it fell:

    P(stars = level k) = Φ((c_k - f) / s) - Φ((c_k-1 - f) / s)

Given the stars, ``z`` is a truncated normal, so a sampler for normal ``z`` becomes one for stars by one more draw
(Albert & Chib 1993, "Bayesian analysis of binary and polychotomous response data"). The cut points are drawn with ``z``
integrated out, from the normal approximation around their mode, which mixes much faster than given ``z`` (Cowles 1996,
"Accelerating Monte Carlo Markov chain convergence for cumulative-link generalized linear models").
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

quick = njit(cache=True, nogil=True, error_model="numpy")

TINY = 1e-200


@quick
def below(x):  # type: ignore[no-untyped-def]
    """Φ(x): the share of a standard normal below x."""
    return 0.5 * math.erfc(-x * 0.7071067811865476)


@quick
def density(x):  # type: ignore[no-untyped-def]
    """φ(x) of a standard normal."""
    return 0.3989422804014327 * math.exp(-0.5 * x * x)


@quick
def quantile(p):  # type: ignore[no-untyped-def]
    """Φ⁻¹(p) by Acklam's rational approximation: relative error below 1.2e-9."""
    if p < 0.02425:
        q = math.sqrt(-2.0 * math.log(max(p, TINY)))
        top = ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q - 2.549732539343734)
               * q + 4.374664141464968) * q + 2.938163982698783  # fmt: skip
        return top / (
            (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q + 3.754408661907416) * q
            + 1.0
        )
    if p > 1.0 - 0.02425:
        return -quantile(1.0 - p)
    q = p - 0.5
    r = q * q
    top = ((((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r + 1.383577518672690e02)
           * r - 3.066479806614716e01) * r + 2.506628277459239  # fmt: skip
    low = ((((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r + 6.680131188771972e01)
           * r - 1.328068155288572e01) * r + 1.0  # fmt: skip
    return q * top / low


@quick
def draw_likings(out, means, levels, cuts, roots, rows, uniform, first, beyond):  # type: ignore[no-untyped-def]
    """Draw the liking behind each entry: a normal cut to the interval of its level.

    `roots` is one over the deviation of each row; `uniform` noise in (0, 1). `cuts` has a bound more than there are
    levels, with infinities outside.
    """
    for at in range(first, beyond):
        root = roots[rows[at]]
        low = (cuts[levels[at]] - means[at]) * root
        high = (cuts[levels[at] + 1] - means[at]) * root
        # In the upper tail 1 - Φ loses its digits; its mirror image does not.
        mirrored = low > 0.0
        if mirrored:
            low, high = -high, -low
        bottom, top = below(low), below(high)
        drawn = quantile(bottom + uniform[at] * (top - bottom))
        drawn = min(max(drawn, low), high)
        if mirrored:
            drawn = -drawn
        out[at] = means[at] + drawn / root


@quick
def expected_liking(mean, root, low_cut, high_cut):  # type: ignore[no-untyped-def]
    """The mean of a normal that is cut to an interval."""
    low, high = (low_cut - mean) * root, (high_cut - mean) * root
    share = below(-low) - below(-high) if low > 0.0 else below(high) - below(low)
    if share < TINY:
        return low_cut if low > 0.0 else high_cut
    return mean + (density(low) - density(high)) / (share * root)


@quick
def slopes(slope, bend, means, levels, cuts, roots, rows):  # type: ignore[no-untyped-def]
    """Add the log likelihood's gradient and (tridiagonal) curvature by the inner cut points; returns the likelihood.

    `slope` has one place per inner cut, `bend` two rows: the diagonal, and what couples a cut with the next.
    """
    total = 0.0
    inner = slope.size
    for at in range(means.size):
        level, root = levels[at], roots[rows[at]]
        low, high = (cuts[level] - means[at]) * root, (cuts[level + 1] - means[at]) * root
        share = below(-low) - below(-high) if low > 0.0 else below(high) - below(low)
        share = max(share, TINY)
        total += math.log(share)
        left = density(low) / share if level > 0 else 0.0
        right = density(high) / share if level < inner else 0.0
        if level > 0:
            slope[level - 1] -= root * left
            bend[0, level - 1] += root * root * (left * left - low * left)
        if level < inner:
            slope[level] += root * right
            bend[0, level] += root * root * (right * right + high * right)
        if 0 < level < inner:
            bend[1, level - 1] -= root * root * left * right
    return total


def first_cuts(levels: NDArray[np.int64], count: int) -> Doubles:
    """Cut points that give each level its share of the entries, infinities outside."""
    shares = (np.bincount(levels, minlength=count) + 1.0) / (levels.size + count)
    inner = [quantile(float(share)) for share in np.cumsum(shares)[:-1]]
    return np.array([-np.inf, *inner, np.inf])


def draw_cuts(
    cuts: Doubles,
    means: Doubles,
    levels: NDArray[np.int64],
    roots: Doubles,
    rows: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Doubles, float]:
    """New cut points, and the mean log likelihood under the old ones."""
    inner = cuts.size - 2
    noise = rng.standard_normal(inner)
    slope, bend = np.zeros(inner), np.zeros((2, inner))
    likelihood = slopes(slope, bend, means, levels, cuts, roots, rows)
    # One rating of each level that nobody gave keeps the scale proper where there are next to none.
    each, nowhere = np.arange(inner + 1), np.zeros(inner + 1, np.int64)
    slopes(slope, bend, np.zeros(inner + 1), each, cuts, np.ones(1), nowhere)
    curvature = np.diag(bend[0]) + np.diag(bend[1, :-1], 1) + np.diag(bend[1, :-1], -1)
    root = np.linalg.cholesky(curvature)
    step = np.linalg.solve(curvature, slope) + np.linalg.solve(root.T, noise)
    fresh = cuts.copy()
    fresh[1:-1] += step
    ordered = bool((np.diff(fresh) > 0).all()) if inner else True
    return (fresh if ordered else cuts), likelihood / max(1, means.size)
