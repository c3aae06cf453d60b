"""Ridge regression on pairs of features: what films of one genre *and* one decade have, neither has alone.

With the kernel ``k(a, b) = (1 + a·b)^2`` a linear regression sees every product of two features without any of them
being written down (Schölkopf & Smola 2002, "Learning with kernels"). Instead of all titles only some landmarks carry
weights, so that the cost grows with their number squared and not with that of all titles (subset of regressors, as in
Quiñonero-Candela & Rasmussen 2005, "A unifying view of sparse approximate Gaussian process regression"):

    f(t) = m + sum over landmarks l of k(t, l) c_l
    (K' W K + r K_ll) c = K' W (Y - m),    K = k(titles, landmarks)

``W`` says how well the target of each title is known. With every title a landmark this is kernel ridge regression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from matinee.learning.model import Floats

BLOCK = 4096
"""Titles looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """A fitted regression from features to targets."""

    landmarks: csr_array
    """Features of the landmarks."""
    weights: Floats
    """Shape (landmarks, targets)."""
    mean: Floats
    """Of the targets; what is said of a title without features."""

    @classmethod
    def fit(
        cls, features: csr_array, targets: Floats, known: NDArray[np.float64], ridge: float, landmarks: int = 4000
    ) -> Self:
        """From titles with features (rows) to their targets; `known` says how much each counts, 0 to 1.

        The titles that are known best are the landmarks.
        """
        mean = known @ targets / max(1e-12, float(known.sum()))
        chosen = csr_array(features[np.sort(np.argsort(-known, kind="stable")[:landmarks])])
        system = ridge * kernel(chosen, chosen)
        side = np.zeros((chosen.shape[0], targets.shape[1]))
        for part in _blocks(features.shape[0]):
            between = kernel(chosen, csr_array(features[part])) * known[part]
            system += between @ kernel(csr_array(features[part]), chosen)
            side += between @ (targets[part] - mean)
        # Titles of equal features make the system singular; a little of its own scale on the diagonal mends that.
        system.flat[:: chosen.shape[0] + 1] += 1e-7 * np.trace(system) / max(1, chosen.shape[0])
        weights = cho_solve(cho_factor(system, overwrite_a=True), side) if chosen.shape[0] else side
        return cls(chosen, weights.astype(np.float32), mean.astype(np.float32))

    def predict(self, features: csr_array) -> Floats:
        """The targets of titles with these features, shape (titles, targets)."""
        parts = [
            kernel(csr_array(features[part]), self.landmarks) @ self.weights for part in _blocks(features.shape[0])
        ]
        told = np.concatenate(parts) if parts else np.zeros((0, self.mean.size))
        # A title of which nothing is said has (1 + 0)^2 in common with every landmark: that is nothing, too.
        told[np.diff(features.indptr) == 0] = 0
        return np.asarray(self.mean + told, np.float32)


def kernel(some: csr_array, others: csr_array) -> NDArray[np.float64]:
    """``(1 + a·b)^2`` of each pair of rows."""
    return np.asarray(np.square(1.0 + (some @ others.T).toarray().astype(np.float64)))


def _blocks(titles: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, titles, BLOCK))
