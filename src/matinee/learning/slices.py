"""Slices of an evaluation: the same metrics for cold and for warm viewers, and for rare and for popular titles.

A model that is good on the whole may owe it to what is easy. Viewers are told apart by how much was known of them when
they were asked; titles to be found by how often they were touched in training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matinee.learning.interactions import columns_of
from matinee.learning.intervals import Sample
from matinee.learning.splits import Split

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

HISTORIES = (0, 5, 20, 100)
"""Greatest lengths of a history in each slice of viewers; the last has no end."""
COLD = 10
"""Titles touched less often than this in training are cold."""
EVERYTHING = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Masks over the tested viewers, and over the entries to be found."""

    viewers: Mapping[str, Bools]
    titles: Mapping[str, Bools]
    owners: Ints
    """The tested viewer of each entry."""

    def of_titles(self, part: slice) -> Iterator[tuple[str, NDArray[np.intp] | slice]]:
        """The whole, without a name, and each slice of titles: which entries of this part belong to it."""
        yield "", EVERYTHING
        for name, chosen in self.titles.items():
            yield name, np.flatnonzero(chosen[part])

    def gathered(self, values: Mapping[str, Doubles]) -> tuple[dict[str, Sample], dict[str, dict[str, Sample]]]:
        """From values named ``slice of titles|metric``: the samples of the whole and, by slice, of its parts."""
        whole: dict[str, Sample] = {}
        sliced: dict[str, dict[str, Sample]] = {name: {} for name in (*self.viewers, *self.titles)}
        for key, one in values.items():
            name, _, metric = key.partition("|")
            (sliced[name] if name else whole)[metric] = Sample(one)
        for name, chosen in self.viewers.items():
            sliced[name] = {metric: Sample(np.where(chosen, one.values, np.nan)) for metric, one in whole.items()}
        return whole, sliced

    def of_errors(self, errors: Doubles) -> tuple[dict[str, Sample], dict[str, dict[str, Sample]]]:
        """RMSE and MAE of the whole and of each slice, from the error of each entry."""
        everything = np.ones(errors.size, bool)
        by_viewer = {name: chosen[self.owners] for name, chosen in self.viewers.items()}
        parts = {name: self._errors(errors, chosen) for name, chosen in (by_viewer | dict(self.titles)).items()}
        return self._errors(errors, everything), parts

    def _errors(self, errors: Doubles, chosen: Bools) -> dict[str, Sample]:
        size = int(self.owners.max(initial=-1)) + 1
        counts = np.bincount(self.owners[chosen], minlength=size).astype(np.float64)
        safe = np.where(counts > 0, counts, np.nan)
        squares = np.bincount(self.owners[chosen], np.square(errors[chosen]), minlength=size) / safe
        absolute = np.bincount(self.owners[chosen], np.abs(errors[chosen]), minlength=size) / safe
        return {"rmse": Sample(squares, counts, root=True), "mae": Sample(absolute, counts)}


def slices_of(split: Split, wanted: Ints, touched: Ints) -> Slices:
    """Slices of a split.

    `wanted` is the column of each entry to be found, -1 for none, and `touched` how often each column was touched in
    training, with a 0 at its end. Slices that would be empty are not there.
    """
    test = split.test
    rows = columns_of(split.given.viewer_ids, test.viewer_ids)
    lengths = np.append(np.diff(split.given.values.indptr), 0)[rows]
    bounds = np.searchsorted(HISTORIES, lengths, side="left")
    viewers = {name: bounds == index for index, name in enumerate(_names())}
    often = touched[wanted]
    head = touched >= _head(touched)
    titles = {
        "titles: untouched": often == 0,
        f"titles: cold, under {COLD}": (often > 0) & (often < COLD),
        "titles: tail": (often >= COLD) & ~head[wanted],
        "titles: head": (often >= COLD) & head[wanted],
    }
    owners = np.repeat(np.arange(test.viewer_ids.size), np.diff(test.values.indptr))
    return Slices(
        {name: one for name, one in viewers.items() if one.any()},
        {name: one for name, one in titles.items() if one.any()},
        owners,
    )


def _head(touched: Ints) -> int:
    """How often the least of the head is touched: the most popular titles that make up half of all there is."""
    most = np.sort(touched)[::-1]
    half = np.searchsorted(np.cumsum(most), most.sum() / 2)
    return int(most[min(half, most.size - 1)])


def _names() -> list[str]:
    ranges = [f"{low + 1} to {high}" for low, high in pairwise(HISTORIES)]
    return [f"viewers: {one}" for one in ("no history", *ranges, f"over {HISTORIES[-1]}")]
