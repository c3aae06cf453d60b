"""Stars as the models of explicit ratings see them: entries by viewer and by title, and the range they lie in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored
from matinee.recommendation.methods.regression import threads

Doubles = NDArray[np.float64]

_FEW = 8
"""Below this many histories threads cost more than they save."""


@dataclass(frozen=True, slots=True, eq=False)
class Stars:
    """Who gave what how many stars, ready for loops over viewers and over titles."""

    starts: Ints
    """Viewer ``u`` has entries ``starts[u]`` to ``starts[u + 1]``."""
    rows: Ints
    """The viewer of each entry."""
    columns: Ints
    """The title of each entry."""
    values: Doubles
    title_starts: Ints
    by_title: Ints
    """The entries title by title; title ``i`` has places ``title_starts[i]`` to ``title_starts[i + 1]`` of these."""
    times: Ints
    """Milliseconds since 1970 of each entry."""
    order: Ints
    """Place of each entry in its viewer's history."""

    @classmethod
    def of(cls, known: Interactions) -> Stars:
        """Raises `InvalidInput` where there are none, and where one is no number."""
        if not known.count:
            raise InvalidInput("There are no ratings to learn from.", next_step="Give a file that has some.")
        values = known.values.data.astype(np.float64)
        if not np.isfinite(values).all():
            raise InvalidInput("A rating is no finite number.", next_step="Remove such rows from the file.")
        starts, columns = known.values.indptr.astype(np.int64), known.values.indices.astype(np.int64)
        rows = np.repeat(np.arange(starts.size - 1), np.diff(starts))
        title_starts = np.zeros(known.title_ids.size + 1, np.int64)
        np.cumsum(np.bincount(columns, minlength=known.title_ids.size), out=title_starts[1:])
        by_title = np.argsort(columns, kind="stable")
        return cls(starts, rows, columns, values, title_starts, by_title, known.times, known.order)

    @property
    def shape(self) -> tuple[int, int]:
        """How many viewers and titles."""
        return self.starts.size - 1, self.title_starts.size - 1

    def touched(self) -> csr_array:
        """Who rated what, shape (viewers, titles), scaled so that each row has length 1."""
        counts = np.maximum(np.diff(self.starts), 1)
        return csr_array((1.0 / np.sqrt(counts[self.rows]), self.columns, self.starts), shape=self.shape)

    def touched_by(self) -> csr_array:
        """Who was rated by whom, shape (titles, viewers), in the same manner."""
        counts = np.maximum(np.diff(self.title_starts), 1)
        columns = self.columns[self.by_title]
        shares, shape = 1.0 / np.sqrt(counts[columns]), self.shape[::-1]
        return csr_array((shares, self.rows[self.by_title], self.title_starts), shape=shape)


def asked(
    histories: Sequence[History], columns: Sequence[Ints], stars: Callable[[History, Ints], Doubles]
) -> list[Floats]:
    """What `stars` says of each history and the columns asked for; many are worked on at once."""

    def work(history: History, wanted: Ints) -> Floats:
        return stars(history, np.asarray(wanted, np.int64)).astype(np.float32)

    if len(histories) < _FEW:
        return [work(*pair) for pair in zip(histories, columns, strict=True)]
    with threads() as pool:
        return list(pool.map(work, histories, columns))


def of_all(histories: Sequence[History], titles: int, stars: Callable[[History, Ints], Doubles]) -> Floats:
    """What `stars` says of each history and every title, shape (histories, titles)."""
    found = asked(histories, [np.arange(titles)] * len(histories), stars)
    return np.array(found, np.float32).reshape(len(histories), titles)


def restore(model: Any, stored: Stored, knobs: Sequence[str], shapes: Mapping[str, tuple[int | str, ...]]) -> None:
    """Fill the fitted fields of a model from what was saved.

    `shapes` names its arrays and their sizes: a number, or a letter for a size that several share (`T` for titles).
    Raises `InvalidInput` where anything is missing or does not fit.
    """
    broken = InvalidInput(f"The stored model is no {model.kind}, or damaged.", next_step="Train again.")
    try:
        if stored.kind != model.kind:
            raise broken
        for knob in knobs:
            setattr(model, knob, stored.facts[knob])
        arrays = {name: stored.arrays[name] for name in shapes}
    except KeyError:
        raise broken from None
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        array = arrays[name]
        if array.ndim != len(shape):
            raise broken
        for size, wanted in zip(array.shape, shape, strict=True):
            expected = sizes.setdefault(wanted, size) if isinstance(wanted, str) else wanted
            if size != expected:
                raise broken
        setattr(model, name, array)
