"""Learn what a codec does to bits and quality from films of which every unit was tried in every way of a grid.

The prior's three parts are estimated in turn: each unit's surface by least squares; what of it follows from the unit's
measures by ridge regression; and what remains, split into a film's and a unit's own by the moments of a nested model
(Searle, Casella and McCulloch, "Variance Components", 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matinee.encoding.curves import Floats
from matinee.encoding.plans.knowledge import Outcome, Priors, Space, Way
from matinee.encoding.plans.surface import TERMS, Prior, stretched

_RIDGE = 3.0
_WIDER = 0.1
"""By how much more than was seen films and units are taken to differ: few were."""
_LEAST = 1e-4


@dataclass(frozen=True, kw_only=True)
class Known:
    """A unit that was tried in every way."""

    film: str
    frames: int
    measures: tuple[float, ...]
    space: Space
    outcomes: dict[Way, Outcome]

    @property
    def rows(self) -> Floats:
        """Of `matinee.encoding.plans.surface.basis`, in the order of the outcomes."""
        return np.concatenate([self.space.rows(way.size, [way.crf]) for way in self.outcomes])


def learnt(units: Sequence[Known]) -> Priors:
    """The priors that these units give."""
    bits = [np.log2([one.bits / unit.frames for one in unit.outcomes.values()]) for unit in units]
    quality = [stretched([one.quality for one in unit.outcomes.values()]) for unit in units]
    return Priors(bits=_prior(units, bits), quality=_prior(units, quality))


def _prior(units: Sequence[Known], values: Sequence[Floats]) -> Prior:
    fitted = [np.linalg.lstsq(unit.rows, value, rcond=None)[0] for unit, value in zip(units, values, strict=True)]
    missed = [value - unit.rows @ one for unit, value, one in zip(units, values, fitted, strict=True)]
    noise = np.sqrt(sum(float(one @ one) for one in missed) / sum(len(one) - TERMS for one in missed))
    weights = _weights(np.array([unit.measures for unit in units]), np.array(fitted))
    of_film, of_unit = _parts(
        [unit.film for unit in units],
        np.array(fitted) - np.array([weights @ [1.0, *unit.measures] for unit in units]),
    )
    return Prior(weights=weights, of_film=of_film, of_unit=of_unit, noise=float(noise))


def _weights(measures: Floats, coefficients: Floats) -> Floats:
    """(`TERMS`, measures + 1): a ridge regression over standardised measures, told in the measures themselves."""
    mean, spread = measures.mean(axis=0), measures.std(axis=0) + 1e-9
    rows = np.column_stack([np.ones(len(measures)), (measures - mean) / spread])
    penalty = _RIDGE * np.eye(rows.shape[1])
    penalty[0, 0] = 0
    found = np.linalg.solve(rows.T @ rows + penalty, rows.T @ coefficients).T
    slopes = found[:, 1:] / spread
    return np.column_stack([found[:, 0] - slopes @ mean, slopes])


def _parts(films: Sequence[str], left: Floats) -> tuple[Floats, Floats]:
    """Covariances of a film's part and of a unit's own."""
    names = sorted(set(films))
    of = np.array([names.index(one) for one in films])
    means = np.array([left[of == i].mean(axis=0) for i in range(len(names))])
    own = left - means[of]
    of_unit = own.T @ own / max(1, len(left) - len(names))
    shared = np.mean([1 / np.sum(of == i) for i in range(len(names))])
    of_film = _positive(means.T @ means / len(names) - of_unit * shared)
    return _widened(of_film), _widened(of_unit) + _LEAST * np.eye(TERMS)


def _positive(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    found: Floats = (vectors * np.maximum(values, _LEAST)) @ vectors.T
    return found


def _widened(matrix: Floats) -> Floats:
    found: Floats = matrix + np.diag(np.diag(matrix)) * _WIDER
    return found
