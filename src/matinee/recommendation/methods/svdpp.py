"""SVD++: what somebody chose to rate says something, whatever the stars.

Nobody rates films at random: who rated three westerns thinks of westerns, and would be read rightly from the choice
alone (Koren 2008, "Factorization meets the neighborhood: a multifaceted collaborative filtering model"):

    stars of u for i  =  m + b_u + b_i + q_i·(p_u + 1/√n_u · sum over j rated by u of y_j)

with a second vector ``y_j`` for each title. All else, and all knobs, are those of `svd`; ``y`` is pulled to zero by
`link_pull` as if by so many viewers.

Seen from the other side, the sum is where the viewer's whole vector ``v_u = p_u + sum`` is expected before any star is
read, and ``p_u`` is how far it stands from there. So a sweep has three steps, each of them exact: viewers given titles
and ``y``; ``y`` given viewers, one title after another; titles given viewers.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from matinee.learning.model import Ints
from matinee.recommendation.methods.gibbs import draw_links
from matinee.recommendation.methods.regression import add_links, in_blocks
from matinee.recommendation.methods.stars import Doubles, Stars
from matinee.recommendation.methods.svd import SVD


@dataclass(slots=True, eq=False)
class SVDPlusPlus(SVD):
    """Stars from biases, tastes, and what was chosen.

    >>> from matinee.learning.interactions import Interactions
    >>> from matinee.learning.model import History
    >>> people, films, stars = [1, 1, 2, 2, 3], [10, 11, 10, 11, 10], [5, 2, 4, 1, 5]
    >>> model = SVDPlusPlus(factors=2).fit(Interactions.from_columns(people, films, stars), np.random.default_rng(0))
    >>> [[liked, not_liked]] = model.predict([History.of(model.title_ids, {10: 5.0})], [np.array([0, 1])])
    >>> bool(liked > not_liked)
    True
    """

    kind: ClassVar[str] = "svd++"
    facts: ClassVar[tuple[str, ...]] = (*SVD.facts, "link_pull")
    learned: ClassVar[tuple[str, ...]] = ("titles", "links")

    link_pull: float = 1000.0
    links: Doubles = field(default_factory=lambda: np.zeros((0, 0)))
    """What having rated a title says, ``y``: shape (titles, factors)."""

    @classmethod
    def _shapes(cls, titles: int) -> dict[str, tuple[int | str, ...]]:
        return {"titles": (titles + 1, "width"), "links": (titles, "factors")}

    def _begin(self, stars: Stars, rng: np.random.Generator) -> None:
        SVD._begin(self, stars, rng)
        self.links = np.zeros((stars.shape[1], self.factors))

    def _sweep(self, stars: Stars, pool: Executor) -> float:
        loss = SVD._sweep(self, stars, pool)
        viewers = self._viewers(stars.starts, stars.columns, stars.values - self.mean, pool)
        self._learn_links(stars, viewers, self._centres(stars.starts, stars.columns, pool))
        return loss

    def _viewers(self, starts: Ints, columns: Ints, wanted: Doubles, pool: Executor | None) -> Doubles:
        entries = starts, columns, np.arange(wanted.size)
        return self._solved(entries, wanted, self.titles, self._centres(starts, columns, pool), pool)

    def _centres(self, starts: Ints, columns: Ints, pool: Executor | None) -> Doubles:
        """Where each viewer is expected before any star is read."""
        centres = np.zeros((starts.size - 1, self.titles.shape[1]))

        def work(first: int, beyond: int) -> None:
            add_links(centres, starts, columns, self.links, first, beyond)

        if pool is None:
            work(0, centres.shape[0])
        else:
            in_blocks(pool, starts, work)
        return centres

    def _learn_links(self, stars: Stars, viewers: Doubles, centres: Doubles) -> None:
        """The best ``y`` for viewers as they stand.

        A viewer's distance from the centre counts ``regularisation · n``; with that taken into both sides, each title
        that somebody rated has the amount √regularisation.
        """
        counts = np.maximum(np.diff(stars.starts), 1)
        rest = (viewers - centres)[:, : self.links.shape[1]] * np.sqrt(self.regularisation * counts)[:, None]
        amounts = np.full(stars.values.size, np.sqrt(self.regularisation))
        pulls = np.full(self.links.shape[0], self.regularisation * self.link_pull)
        silence = np.zeros(self.links.shape)
        nowhere = np.zeros((self.links.shape[1], self.links.shape[1]))
        rows = stars.rows[stars.by_title]
        draw_links(self.links, rest, stars.title_starts, rows, amounts, pulls, nowhere, silence)
