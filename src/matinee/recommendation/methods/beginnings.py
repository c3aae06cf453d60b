"""What a viewer of whom little is known will turn out to be: the vector of a beginning made into that of a whole.

A factor model folds five films in as if they were all that somebody ever wanted: everything else counts against. But
viewers in training began with five films, too, and what became of them is known. So for several lengths ``k`` the
vector of the whole history is predicted from that of its first ``k`` entries, by ridge regression over viewers:

    x ≈ m_k + (fold_in(first k) - f_k) M_k

where ``m_k`` and ``f_k`` are means over viewers. With nothing known, ``x`` is the mean of all viewers, which ranks
titles about as popularity does; lengths between two of the grid take a mean of both predictions, and past the longest
the fold-in stands as it is. The idea is that of learning to complete profiles (Sedhain et al. 2014, "Social
collaborative filtering for cold-start recommendations", has side information in the place of the beginning).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.learning.interactions import Ints
from matinee.learning.model import Floats
from matinee.recommendation.methods.ridge import solve_rows, sweeping

LENGTHS = (0, 1, 2, 5, 10, 20, 40, 80, 160)
RIDGE = 10.0
"""Viewers' worth of belief that a beginning says nothing, in each direction."""
ENOUGH = 50
"""With fewer viewers to learn a length from, the next shorter one stands for it."""
MOST = 20_000
"""Viewers that a length is learned from, spread evenly over all: far more than there are numbers to learn."""


class Folding(NamedTuple):
    """How histories are folded in; see `ridge.solve_rows`."""

    titles: Floats
    shared: Floats
    regularisation: float
    untouched: float
    """What all titles that were not touched weigh together."""

    def of(self, wanted: csr_array, length: int) -> Floats:
        """The vectors of histories of one length."""
        pulls = np.full(wanted.shape[0], self.regularisation * (length + self.untouched), np.float32)
        with sweeping() as pool:
            return solve_rows(wanted, self.titles, self.shared, pulls, pool)


@dataclass(frozen=True, slots=True, eq=False)
class Beginnings:
    """One regression for each length, as ``x ≈ shifts[i] + fold_in @ maps[i]``."""

    lengths: Ints
    shifts: Floats
    """Shape (lengths, factors)."""
    maps: Floats
    """Shape (lengths, factors, factors)."""

    @classmethod
    def fit(cls, wanted: csr_array, order: Ints, viewers: Floats, folding: Folding) -> Self:
        """From preferences (viewers, titles), the place of each entry in its history, and the viewers' vectors."""
        counts = np.diff(wanted.indptr)
        lengths, shifts, maps = [0], [_mean(viewers)], [np.zeros(folding.shared.shape, np.float32)]
        for length in LENGTHS[1:]:
            longer = np.flatnonzero(counts > length)
            if longer.size < ENOUGH:
                break
            longer = longer[:: -(-longer.size // MOST)]
            folded = folding.of(_first(wanted, order, length, longer), length)
            shift, turned = _ridge(folded, viewers[longer])
            lengths.append(length)
            shifts.append(shift)
            maps.append(turned)
        return cls(np.array(lengths, np.int64), np.array(shifts, np.float32), np.array(maps, np.float32))

    def whole(self, folded: Floats, length: int) -> Floats:
        """The vector that a history of this length and fold-in leads to."""
        place = int(np.searchsorted(self.lengths, length, side="right")) - 1
        last, here = place + 1 == self.lengths.size, int(self.lengths[place])
        after = 2 * here + 1 if last else int(self.lengths[place + 1])
        share = min(1.0, (length - here) / (after - here))
        ours = self._at(place, folded)
        theirs = folded if last else self._at(place + 1, folded)
        return np.asarray((1 - share) * ours + share * theirs, np.float32)

    def _at(self, place: int, folded: Floats) -> Floats:
        return np.asarray(self.shifts[place] + folded @ self.maps[place], np.float32)


def _first(wanted: csr_array, order: Ints, length: int, rows: NDArray[np.int64]) -> csr_array:
    """The first `length` entries of the histories of these rows."""
    kept = order < length
    ends = np.append(0, np.cumsum(kept))[wanted.indptr]
    first = csr_array((wanted.data[kept], wanted.indices[kept], ends), shape=wanted.shape)
    return csr_array(first[rows])


def _ridge(given: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Shift and map of the regression of rows on rows."""
    centre, aim = _mean(given), _mean(wanted)
    centred = (given - centre).astype(np.float64)
    scale = max(1e-12, float(np.square(centred).mean()))
    system = centred.T @ centred
    system.flat[:: system.shape[0] + 1] += RIDGE * scale
    turned = np.linalg.solve(system, centred.T @ (wanted - aim)).astype(np.float32)
    return np.asarray(aim - centre @ turned, np.float32), turned


def _mean(rows: Floats) -> Floats:
    return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1], np.float32)
