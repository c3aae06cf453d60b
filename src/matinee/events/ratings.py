"""Ratings in columns: a million rows become events without a million records in between.

The bytes are those that `codec.encode` would write for the same `Rating`; a test compares them. An event's id is made
of what it says, so the same rating read from the same file again is the same event.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Ratings(NamedTuple):
    """Columns of equal length."""

    viewer_ids: Ints
    title_ids: Ints
    stars: Floats
    at_ms: Ints

    def take(self, which: slice | NDArray[Any]) -> Ratings:
        """The rows that a slice, mask or index array selects."""
        return Ratings(self.viewer_ids[which], self.title_ids[which], self.stars[which], self.at_ms[which])

    @property
    def rows(self) -> int:
        """How many ratings."""
        return int(self.viewer_ids.size)

    @property
    def pairs(self) -> Ints:
        """Viewer and title in one number, to sort and compare by."""
        return self.viewer_ids << 32 | self.title_ids


def checked(viewer_ids: object, title_ids: object, stars: object, at_ms: object) -> Ratings:
    """The columns, sorted by viewer, title and time.

    Raises `InvalidInput` where their lengths differ or a value lies outside what `events.records.Rating` allows.
    """
    ratings = Ratings(
        np.asarray(viewer_ids, np.int64),
        np.asarray(title_ids, np.int64),
        np.asarray(stars, np.float64),
        np.asarray(at_ms, np.int64),
    )
    if len({column.shape for column in ratings}) > 1 or ratings.viewer_ids.ndim != 1:
        raise InvalidInput(
            "Columns of ratings differ in length.", next_step="Give one value of each column per rating."
        )
    wrong = (
        (ratings.viewer_ids < 1)
        | (ratings.viewer_ids >= 2**31)
        | (ratings.title_ids < 1)
        | (ratings.title_ids >= 2**31)
        | ~((ratings.stars >= 0.5) & (ratings.stars <= 5))
        | (ratings.at_ms < 0)
        | (ratings.at_ms > 253_402_300_799_999)
    )
    if wrong.any():
        raise InvalidInput(
            f"Rating {int(wrong.argmax())} of {ratings.rows} is out of range.",
            next_step="Stars lie between 0.5 and 5, ids between 1 and 2147483647, times in milliseconds since 1970.",
        )
    return ratings.take(np.lexsort((ratings.stars, ratings.at_ms, ratings.title_ids, ratings.viewer_ids)))


def news(ratings: Ratings, known: Ratings) -> Ratings:
    """Those of `ratings` that are later than what is `known` of the same viewer and title.

    Both are sorted by viewer and title, and `known` has one row for each.
    """
    if not known.rows:
        return ratings
    pairs = ratings.pairs
    place = np.minimum(np.searchsorted(known.pairs, pairs), known.rows - 1)
    same = known.pairs[place] == pairs
    held_ms, held = known.at_ms[place], known.stars[place]
    older = (ratings.at_ms < held_ms) | ((ratings.at_ms == held_ms) & (ratings.stars <= held))
    return ratings.take(~(same & older))


def latest(ratings: Ratings) -> Ratings:
    """Of rows sorted by viewer, title and time, the last of each viewer and title."""
    pairs = ratings.pairs
    last = np.ones(ratings.rows, bool)
    last[:-1] = pairs[1:] != pairs[:-1]
    return ratings.take(last)


def messages(ratings: Ratings) -> list[tuple[str, bytes]]:
    """Id and body of each rating, for the bus."""
    result = []
    for viewer, title, stars, at_ms in zip(*(column.tolist() for column in ratings), strict=True):
        key = f"rating-{viewer}-{title}-{at_ms}-{stars * 1000:.0f}"
        result.append(
            (
                key,
                (
                    f'{{"id":"{key}","viewer_id":{viewer},"at_ms":{at_ms},"session":"","device":"",'
                    f'"title_id":{title},"stars":{stars},"version":1,"kind":"rating"}}'
                ).encode(),
            )
        )
    return result
