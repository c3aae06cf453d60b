"""Moments: what a ranker learns from, each viewer's newest titles put aside and what had been known before each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.model import Context, History, Ints


def not_held(known: Interactions, held: int) -> NDArray[np.bool_]:
    """All but each viewer's newest entries; at least half of every history stays."""
    lengths = np.diff(known.values.indptr)
    aside = np.minimum(held, lengths // 2)
    return np.asarray(known.order < np.repeat(lengths - aside, lengths))


def moments(known: Interactions, kept: NDArray[np.bool_]) -> Iterator[tuple[History, int]]:
    """Each title put aside, with what had been touched before it and when it was."""
    starts = known.values.indptr
    for row in range(known.viewer_ids.size):
        columns, values, times = known.history(row)
        for place in range(int(np.count_nonzero(kept[starts[row] : starts[row + 1]])), columns.size):
            context = Context(now_ms=int(times[place]))
            yield History(columns[:place], values[:place], times[:place], context), int(columns[place])


def over(known: Interactions, title_ids: Ints) -> Interactions:
    """The same entries over more titles."""
    place = columns_of(title_ids, known.title_ids)
    values = type(known.values)(
        (known.values.data, place[known.values.indices], known.values.indptr),
        shape=(known.viewer_ids.size, title_ids.size),
    )
    return Interactions(known.viewer_ids, title_ids, values, known.times, known.order)
