"""Surfaces: bits and quality of a unit over all rate factors and sizes, foretold from few trials.

The logarithm of bits, and quality on a scale on which it does not saturate, are smooth in the rate factor and in the
logarithm of the size: nine terms in both miss by a few percent. Their coefficients are not free: what encoders do is
much the same for all films, more so for the units of one film, and depends on how much a picture holds and moves.
So they have a prior: a mean that is linear in what was measured of the unit, a part shared by the film, and a part of
the unit's own, all Gaussian. Trials then narrow the rest, those of one unit also for its neighbours (a linear mixed
model: Laird and Ware, "Random-effects models for longitudinal data", 1982). How sure the surface is of a point says
where another trial is worth its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from matinee.encoding.curves import Floats

TERMS = 9
_MIDDLE, _SPAN = 31.0, 10.0
_FLOOR, _CEILING = -10.0, 112.0


def basis(crf: ArrayLike, scale: ArrayLike) -> Floats:
    """One row of terms for each pair of a rate factor and a size; `scale` is width over the original's width."""
    c, s = np.broadcast_arrays((np.asarray(crf, float) - _MIDDLE) / _SPAN, np.log2(np.asarray(scale, float)))
    rows: Floats = np.stack([c**0, c, s, c**2, c * s, s**2, c**3, c**2 * s, c * s**2], axis=-1)
    return rows


def stretched(vmaf: ArrayLike) -> Floats:
    """VMAF on a scale without ends, on which equal steps are equally hard to gain."""
    value = np.asarray(vmaf, float)
    found: Floats = np.log((value - _FLOOR) / (_CEILING - value))
    return found


def unstretched(value: ArrayLike) -> Floats:
    """The inverse of `stretched`, within 0 and 100."""
    ratio = np.exp(np.asarray(value, float))
    found: Floats = np.clip((_FLOOR + _CEILING * ratio) / (1 + ratio), 0.0, 100.0)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is known of one surface before any trial, as was learnt from films that were tried in every way."""

    weights: Floats
    """(`TERMS`, measures + 1): the mean coefficients as a linear function of 1 and what was measured of a unit."""
    of_film: Floats
    """(`TERMS`, `TERMS`): covariance of what a film's units share."""
    of_unit: Floats
    """(`TERMS`, `TERMS`): covariance of what is a unit's own."""
    noise: float
    """Standard deviation of what the terms miss."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The prior that was told."""
        weights, of_film, of_unit = (np.array(told[name], float) for name in ("weights", "of_film", "of_unit"))
        return cls(weights=weights, of_film=of_film, of_unit=of_unit, noise=float(told["noise"]))

    def told(self) -> dict[str, Any]:
        """The prior as JSON holds it; the inverse of `of`."""
        arrays = {"weights": self.weights, "of_film": self.of_film, "of_unit": self.of_unit}
        return {name: np.round(one, 5).tolist() for name, one in arrays.items()} | {"noise": round(self.noise, 5)}

    def mean(self, measures: ArrayLike) -> Floats:
        """The coefficients that one expects of a unit with these measures."""
        expected: Floats = self.weights @ np.concatenate([[1.0], np.asarray(measures, float)])
        return expected


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """Trials of one unit: rows of `basis`, and what came of each."""

    rows: Floats
    values: Floats

    @classmethod
    def none(cls) -> Tried:
        """Of a unit that has not been tried."""
        return cls(np.zeros((0, TERMS)), np.zeros(0))


@dataclass(frozen=True)
class Surface:
    """What is believed of one unit: coefficients with a Gaussian's mean and covariance."""

    mean: Floats
    covariance: Floats

    def at(self, rows: Floats) -> Floats:
        """The expected value at rows of `basis`."""
        return np.asarray(rows @ self.mean)

    def doubt(self, rows: Floats) -> Floats:
        """Standard deviation at rows of `basis`."""
        variance: Floats = np.einsum("...i,ij,...j->...", rows, self.covariance, rows)
        return np.sqrt(np.maximum(variance, 0.0))

    def told(self, tried: Tried, noise: float) -> Surface:
        """What is believed after these trials (Bayesian linear regression)."""
        gain = _gain(self.covariance, tried, noise)
        mean = self.mean + gain @ (tried.values - tried.rows @ self.mean)
        return Surface(mean, self.covariance - gain @ tried.rows @ self.covariance)


def _gain(covariance: Floats, tried: Tried, noise: float) -> Floats:
    """How much of what a trial was off by each coefficient takes over."""
    across = covariance @ tried.rows.T
    return np.asarray(across @ np.linalg.inv(tried.rows @ across + noise**2 * np.eye(len(tried.rows))))


class Film:
    """The surfaces of all units of a film, each narrowed by its own trials and by those of the others."""

    def __init__(self, prior: Prior, measures: Sequence[ArrayLike], tried: Sequence[Tried]) -> None:
        self._prior, self._tried = prior, tried
        self._means = [prior.mean(one) for one in measures]

    @cached_property
    def surfaces(self) -> list[Surface]:
        """One for each unit."""
        shared = self._shared()
        return [self._surface(mean, tried, shared) for mean, tried in zip(self._means, self._tried, strict=True)]

    def _surface(self, mean: Floats, tried: Tried, shared: Surface) -> Surface:
        """As if the shared part were known, and then with the doubt that remains about it."""
        given = Surface(mean + shared.mean, self._prior.of_unit).told(tried, self._prior.noise)
        kept = np.eye(TERMS) - _gain(self._prior.of_unit, tried, self._prior.noise) @ tried.rows
        return Surface(given.mean, given.covariance + kept @ shared.covariance @ kept.T)

    def _shared(self) -> Surface:
        """What the trials of all units say of the part that they share."""
        precision, told = np.linalg.inv(self._prior.of_film), np.zeros(TERMS)
        for mean, tried in zip(self._means, self._tried, strict=True):
            spread = tried.rows @ self._prior.of_unit @ tried.rows.T + self._prior.noise**2 * np.eye(len(tried.rows))
            weighed = np.linalg.solve(spread, tried.rows).T
            precision = precision + weighed @ tried.rows
            told = told + weighed @ (tried.values - tried.rows @ mean)
        covariance = np.linalg.inv(precision)
        return Surface(covariance @ told, covariance)
