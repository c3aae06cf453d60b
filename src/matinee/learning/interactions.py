"""Interactions: who has to do with what, how strongly, and when. What models learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """A sparse matrix of viewers by titles.

    Row ``i`` is viewer ``viewer_ids[i]`` and column ``j`` is title ``title_ids[j]``; both are sorted. A stored entry is
    an interaction, of whatever value; there is at most one for each viewer and title, and the columns of each row
    are in ascending order.
    """

    viewer_ids: Ints
    title_ids: Ints
    values: csr_array
    """Strengths (float32), shape (viewers, titles)."""
    times: Ints
    """Milliseconds since 1970 of each entry, in the order of ``values.data``."""
    order: Ints
    """Place of each entry in its viewer's history, 0 for the oldest; of equal times the one that was given first."""

    @classmethod
    def from_columns(
        cls,
        viewer_ids: ArrayLike,
        title_ids: ArrayLike,
        values: ArrayLike | None = None,
        at_ms: ArrayLike | None = None,
    ) -> Interactions:
        """From one row per interaction; of several for one viewer and title the latest stays.

        Values default to 1 and times to 0. Raises `InvalidInput` where the columns differ in length.
        """
        viewers, titles = np.asarray(viewer_ids, np.int64), np.asarray(title_ids, np.int64)
        strengths = np.ones(viewers.size, np.float32) if values is None else np.asarray(values, np.float32)
        times = np.zeros(viewers.size, np.int64) if at_ms is None else np.asarray(at_ms, np.int64)
        if len({viewers.shape, titles.shape, strengths.shape, times.shape}) > 1:
            raise InvalidInput("Columns of interactions differ in length.", next_step="Give each row every column.")
        rows_known, rows = np.unique(viewers, return_inverse=True)
        columns_known, columns = np.unique(titles, return_inverse=True)
        order = np.lexsort((times, columns, rows))
        rows, columns = rows[order], columns[order]
        last = np.ones(order.size, bool)
        last[:-1] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
        rows, columns, order = rows[last], columns[last], order[last]
        starts = np.zeros(rows_known.size + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=rows_known.size), out=starts[1:])
        matrix = csr_array((strengths[order], columns, starts), shape=(rows_known.size, columns_known.size))
        places = np.empty(order.size, np.int64)
        # Sorted by viewer, time and place in the input, the n-th entry of a viewer is the n-th that happened.
        places[np.lexsort((order, times[order], rows))] = np.arange(order.size) - starts[rows]
        return cls(rows_known, columns_known, matrix, times[order], places)

    @property
    def count(self) -> int:
        """How many interactions there are."""
        return int(self.times.size)

    def row_of(self, viewer_id: int) -> int | None:
        """The row of a viewer, None for one who has none."""
        return _place(self.viewer_ids, viewer_id)

    def column_of(self, title_id: int) -> int | None:
        """The column of a title, None for one that nobody has touched."""
        return _place(self.title_ids, title_id)

    def history(self, row: int) -> tuple[NDArray[Any], NDArray[Any], Ints]:
        """Columns, values and times of one row, oldest first."""
        start, stop = self.values.indptr[row : row + 2]
        oldest_first = np.empty(stop - start, np.int64)
        oldest_first[self.order[start:stop]] = np.arange(start, stop)
        return self.values.indices[oldest_first], self.values.data[oldest_first], self.times[oldest_first]

    def columns(self) -> tuple[Ints, Ints, NDArray[np.float32], Ints]:
        """Viewer ids, title ids, values and times of all entries, viewer by viewer and oldest first in each."""
        rows = np.repeat(np.arange(self.viewer_ids.size), np.diff(self.values.indptr))
        by_age = np.empty(self.count, np.int64)
        by_age[self.values.indptr[:-1][rows] + self.order] = np.arange(self.count)
        titles = self.title_ids[self.values.indices[by_age]]
        return self.viewer_ids[rows], titles, self.values.data[by_age], self.times[by_age]

    def where(self, kept: NDArray[np.bool_]) -> Interactions:
        """Only the entries that `kept` marks, one mark for each in the order of ``values.data``.

        Viewers and titles without an entry are gone; the order within each history stays.
        """
        rows = np.repeat(np.arange(self.viewer_ids.size), np.diff(self.values.indptr))[kept]
        by_age = np.lexsort((self.order[kept], rows))
        columns, values = self.values.indices[kept][by_age], self.values.data[kept][by_age]
        return Interactions.from_columns(
            self.viewer_ids[rows[by_age]], self.title_ids[columns], values, self.times[kept][by_age]
        )


def columns_of(title_ids: Ints, wanted: Sequence[int] | Ints) -> Ints:
    """The column of each wanted title among the sorted `title_ids`, -1 for those that are not there."""
    asked = np.asarray(wanted, np.int64)
    if not title_ids.size:
        return np.full(asked.shape, -1)
    place = np.minimum(np.searchsorted(title_ids, asked), title_ids.size - 1)
    return np.where(title_ids[place] == asked, place, -1)


def _place(ids: Ints, wanted: int) -> int | None:
    place = int(np.searchsorted(ids, wanted))
    return place if place < ids.size and ids[place] == wanted else None
