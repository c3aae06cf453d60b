"""timeSVD++: titles come in and out of favour, and viewers change.

`svd++` with time (Koren 2009, "Collaborative filtering with temporal dynamics"; 2010 in Communications of the ACM):

    stars of u for i at t  =  m + b_i + b_i,bin(t) + b_u + c_u·dev_u(t) + q_i·(v_u + a_u·dev_u(t))

A title's bias has a part for each of `bins` stretches of time, because favour changes slowly. Viewers have fewer
ratings, so what changes with them is one line each: ``dev_u(t) = sign(t - t_u) · |t - t_u|^0.4`` says how far from the
middle ``t_u`` of the viewer's own time a rating lies, a year counting 1. ``v_u`` is centred on what was chosen, as in
`svd++`. The paper's further parameter for each viewer and day is left out: it says nothing of any other day.

Where times are not known, all equal, only the order of each history is: then a rating's place in it serves instead,
counted from the middle, the whole history being one year; and titles' favour does not change. Who asks without a time
(`Context.now_ms` 0) is answered for the time of the last rating in the history.

All is solved by the exact regressions of `svd`, viewers with twice the unknowns; `drift_pull` says by how much more
the drifting half is pulled to zero.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from matinee.base.clock import DAY_MS
from matinee.learning.model import History, Ints
from matinee.recommendation.methods.drift import drifted, solve_drifted, solve_drifting
from matinee.recommendation.methods.regression import in_blocks
from matinee.recommendation.methods.stars import Doubles, Stars
from matinee.recommendation.methods.svdpp import SVDPlusPlus

_YEAR_MS = 365.25 * DAY_MS
_POWER = 0.4


@dataclass(slots=True, eq=False)
class TimeSVD(SVDPlusPlus):
    """Stars from biases and tastes that change.

    >>> from matinee.learning.interactions import Interactions
    >>> people, films, stars = [1, 1, 2, 2, 3], [10, 11, 10, 11, 10], [5, 2, 4, 1, 5]
    >>> model = TimeSVD(factors=2).fit(Interactions.from_columns(people, films, stars), np.random.default_rng(0))
    >>> [[liked, not_liked]] = model.predict([History.of(model.title_ids, {10: 5.0})], [np.array([0, 1])])
    >>> bool(liked > not_liked)
    True
    """

    kind: ClassVar[str] = "time-svd"
    facts: ClassVar[tuple[str, ...]] = (*SVDPlusPlus.facts, "bins", "drift_pull", "bin_pull", "first_ms", "last_ms")
    learned: ClassVar[tuple[str, ...]] = ("titles", "links", "favour")

    bins: int = 20
    drift_pull: float = 4.0
    bin_pull: float = 20.0
    """As if each title had so many ratings of its lasting bias in each stretch of time beforehand."""
    favour: Doubles = field(default_factory=lambda: np.zeros((1, 1)))
    """What is added to a title's bias in each stretch, shape (titles + 1, bins)."""
    first_ms: int = 0
    last_ms: int = 0
    """Between which times titles' favour is known; equal where times are not known."""

    @classmethod
    def _shapes(cls, titles: int) -> dict[str, tuple[int | str, ...]]:
        return {"titles": (titles + 1, "width"), "links": (titles, "factors"), "favour": (titles + 1, "bins")}

    def fold_in(self, history: History) -> Doubles:
        """Vector and bias of whoever has this history, and how both drift: shape (2 · (factors + 1),)."""
        starts = np.array([0, history.columns.size])
        drifts = self._drifts(np.zeros(starts[1], np.int64), history.times, np.arange(starts[1]), starts[1:])
        wanted = history.values - self.mean - self._favour(history.columns, history.times)
        viewer: Doubles = self._drifting(starts, history.columns, wanted, drifts, None)[0]
        return viewer

    def _begin(self, stars: Stars, rng: np.random.Generator) -> None:
        SVDPlusPlus._begin(self, stars, rng)
        self.first_ms, self.last_ms = int(stars.times.min()), int(stars.times.max())
        self.favour = np.zeros((stars.shape[1] + 1, self.bins))

    def _sweep(self, stars: Stars, pool: Executor) -> float:
        """Viewers, what choices say, titles, and their favour over time, each given the rest."""
        drifts = self._drifts(stars.rows, stars.times, stars.order, np.diff(stars.starts))
        wanted = stars.values - self.mean
        favour = self._favour(stars.columns, stars.times)
        viewers = self._drifting(stars.starts, stars.columns, wanted - favour, drifts, pool)
        loss = float(np.sqrt(np.mean((wanted - favour - self._fitted(stars, drifts, viewers, pool)) ** 2)))
        lasting = viewers[:, : self.titles.shape[1]]
        self._learn_links(stars, lasting, self._centres(stars.starts, stars.columns, pool))
        self._learn_titles(stars, drifts, wanted - favour, viewers, pool)
        self._learn_favour(stars, wanted - self._fitted(stars, drifts, viewers, pool))
        return loss

    def _drifts(self, rows: Ints, times: Ints, order: Ints, counts: Ints) -> Doubles:
        """How far each entry lies from the middle of its viewer's time."""
        counts = np.maximum(counts, 1)
        if self._only_order:
            years = (order - (counts[rows] - 1) / 2) / counts[rows]
        else:
            since = (times - self.first_ms) / _YEAR_MS
            years = since - (np.bincount(rows, since, counts.size) / counts)[rows]
        return _bent(years)

    def _drift_when_asked(self, history: History) -> float:
        if not history.columns.size:
            return 0.0
        if self._only_order:
            return float(_bent(np.array([0.5]))[0])
        now_ms = history.context.now_ms or int(history.times[-1])
        return float(_bent(np.array([(now_ms - history.times.mean()) / _YEAR_MS]))[0])

    def _drifting(
        self, starts: Ints, columns: Ints, wanted: Doubles, drifts: Doubles, pool: Executor | None
    ) -> Doubles:
        """Each viewer, and how the viewer changes, given titles."""
        centres = self._centres(starts, columns, pool)
        means, width = np.hstack([centres, np.zeros(centres.shape)]), centres.shape[1]
        pulls = np.empty(means.shape)
        pulls[:, : width - 1] = (self.regularisation * np.maximum(np.diff(starts), 1))[:, None]
        pulls[:, width - 1] = self.bias_pull
        pulls[:, width:] = self.drift_pull * pulls[:, :width]
        targets, solved = wanted - self.titles[columns, -1], np.zeros(means.shape)

        def work(first: int, beyond: int) -> None:
            solve_drifting(solved, starts, columns, targets, drifts, self.titles, means, pulls, first, beyond)

        if pool is None:
            work(0, solved.shape[0])
        else:
            in_blocks(pool, starts, work)
        return solved

    def _fitted(self, stars: Stars, drifts: Doubles, viewers: Doubles, pool: Executor) -> Doubles:
        out, starts, columns = np.empty(drifts.size), stars.starts, stars.columns
        in_blocks(pool, starts, lambda *ends: drifted(out, starts, columns, drifts, viewers, self.titles, *ends))
        return out

    def _learn_titles(self, stars: Stars, drifts: Doubles, wanted: Doubles, viewers: Doubles, pool: Executor) -> None:
        starts, rows, solved = stars.title_starts, stars.rows[stars.by_title], np.zeros(self.titles[:-1].shape)
        pulls = np.empty(solved.shape)
        pulls[:, :-1] = (self.regularisation * np.diff(starts))[:, None]
        pulls[:, -1] = self.bias_pull

        def work(first: int, beyond: int) -> None:
            solve_drifted(solved, starts, rows, stars.by_title, wanted, drifts, viewers, pulls, first, beyond)

        in_blocks(pool, starts, work)
        self.titles[:-1] = solved

    def _learn_favour(self, stars: Stars, rest: Doubles) -> None:
        """What is left over in each stretch of time, shrunk."""
        if self._only_order:
            return
        cells = stars.columns * self.bins + self._bin(stars.times)
        size = stars.shape[1] * self.bins
        sums, counts = np.bincount(cells, rest, size), np.bincount(cells, minlength=size)
        self.favour[:-1] = (sums / (counts + self.bin_pull)).reshape(-1, self.bins)

    def _favour(self, columns: Ints, times: Ints) -> Doubles:
        found: Doubles = self.favour[columns, self._bin(times)]
        return found

    def _bin(self, times: Ints) -> Ints:
        share = (times - self.first_ms) / max(1, self.last_ms - self.first_ms)
        return np.clip(share * self.bins, 0, self.bins - 1).astype(np.int64)

    @property
    def _only_order(self) -> bool:
        return self.first_ms == self.last_ms

    def _stars(self, history: History, columns: Ints) -> Doubles:
        width, both = self.titles.shape[1], self.fold_in(history)
        viewer, wanted = both[:width] + self._drift_when_asked(history) * both[width:], self.titles[columns]
        found: Doubles = self.mean + viewer[-1] + wanted[:, -1] + wanted[:, :-1] @ viewer[:-1]
        now_ms = history.context.now_ms or (int(history.times[-1]) if history.times.size else 0)
        if now_ms:
            found += self._favour(columns, np.full(columns.size, now_ms))
        return np.clip(found, self.low, self.high)


def _bent(years: Doubles) -> Doubles:
    """Change is quick at first and slow later."""
    return np.sign(years) * np.abs(years) ** _POWER
