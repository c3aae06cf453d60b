"""One side of a Bayesian factorisation, viewers or titles: their vectors, and what features say of these."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, hstack

from matinee.learning.model import Ints
from matinee.recommendation.methods.gibbs import draw_links, draw_rows
from matinee.recommendation.methods.regression import in_blocks

Doubles = NDArray[np.float64]


class Side:
    """Vectors ``v = x·B + noise`` of rows with features ``x``, drawn in turn with all that they depend on.

    The first feature is 1 for every row, so that the first row of ``B`` (`links`) is everybody's centre. The noise has
    an unknown precision; ``B`` is the smaller, the greater the pull of a feature's group, which is unknown as well.
    """

    def __init__(
        self, entries: tuple[Ints, Ints, Ints], groups: Sequence[csr_array], factors: int, rng: np.random.Generator
    ) -> None:
        """`entries` are row pointers, the other side's row of each entry, and the number of its target."""
        self.starts, self.columns, self.places = entries
        rows, width = self.starts.size - 1, factors + 1
        blocks = [csr_array(np.ones((rows, 1))), *groups]
        self.features = csr_array(hstack(blocks, format="csr"))
        by_feature = csc_array(self.features)
        self._pointers, self._having = by_feature.indptr.astype(np.int64), by_feature.indices.astype(np.int64)
        self._amounts = by_feature.data.astype(np.float64)
        self.group = np.repeat(np.arange(len(blocks)), [one.shape[1] for one in blocks])
        self.vectors: Doubles = 0.1 * rng.standard_normal((rows, width))
        self.vectors[:, -1] = 0.0
        self.links: Doubles = np.zeros((self.group.size, width))
        self.pulls: Doubles = np.array([0.1, *(5.0 for _ in groups)])
        self.precision: Doubles = np.eye(width) * width

    @property
    def state(self) -> dict[str, Doubles]:
        """All that changes from draw to draw."""
        return {"vectors": self.vectors, "links": self.links, "pulls": self.pulls, "precision": self.precision}

    def draw(
        self,
        targets: Doubles,
        other: Doubles,
        weights: tuple[Doubles, Doubles],
        rng: np.random.Generator,
        pool: Executor,
    ) -> None:
        """Vectors given the other side's, then what lies behind them. `weights` are of own rows and of the other's."""
        means: Doubles = self.features @ self.links
        noise = rng.standard_normal(self.vectors.shape)

        def work(first: int, beyond: int) -> None:
            draw_rows(
                self.vectors, self.starts, self.columns, self.places, targets, other, *weights, means, self.precision,
                noise, first, beyond,
            )  # fmt: skip

        in_blocks(pool, self.starts, work)
        self._draw_behind(self.vectors - means, rng)

    def _draw_behind(self, rest: Doubles, rng: np.random.Generator) -> None:
        rows, width = rest.shape
        pulls = self.pulls[self.group]
        scatter = rest.T @ rest + (self.links * pulls[:, None]).T @ self.links + np.eye(width)
        self.precision = draw_precision(scatter, rows + self.group.size + width + 1, rng)
        root = np.linalg.inv(np.linalg.cholesky(self.precision)).T
        noise = rng.standard_normal(self.links.shape)
        draw_links(self.links, rest, self._pointers, self._having, self._amounts, pulls, root, noise)
        sizes = np.einsum("jf,fg,jg->j", self.links, self.precision, self.links)
        for group in range(1, self.pulls.size):
            mine = self.group == group
            self.pulls[group] = rng.gamma(0.5 * (1 + mine.sum() * width)) / (0.5 * (1 + sizes[mine].sum()))


def draw_precision(scatter: Doubles, freedom: float, rng: np.random.Generator) -> Doubles:
    """A draw from the Wishart distribution with this inverse scale, by Bartlett's decomposition."""
    width = scatter.shape[0]
    root = np.linalg.inv(np.linalg.cholesky(scatter))
    lower = np.tril(rng.standard_normal((width, width)), -1)
    lower[np.diag_indices(width)] = np.sqrt(rng.chisquare(freedom - np.arange(width)))
    half: Doubles = root.T @ lower
    return half @ half.T
