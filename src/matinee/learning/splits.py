"""Splits: what a model may learn from, what it is told of the viewers who test it, and what it has to find.

    leave_last_out   each viewer's newest entries are to be found: what next?
    by_time          the newest entries of all are to be found, whoever's: what would have happened had we gone live?
    strong           some viewers are not trained on at all; part of their history is told, the rest to be found
    folds, holdout   entries drawn at random, for ratings
    cold_titles      some titles are not trained on at all: what can be said of a title that nobody has touched?
    cold_viewers     viewers who are not trained on and of whom only the first few entries are told

Only `by_time` never trains on what lies in the future of what it tests (Ji et al. 2023, "A critical study on data
leakage in recommender system offline evaluation"); the others are there because they answer other questions, and
because published figures use them. `strong` follows Liang et al. (2018, "Variational autoencoders for
collaborative filtering").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Interactions in three parts; nothing in `test` is in either of the others."""

    train: Interactions
    """What a model is fitted on."""
    given: Interactions
    """What is known of viewers when they are asked; a tested viewer who is not in it has no history."""
    test: Interactions
    """What is to be found."""


def leave_last_out(known: Interactions, last: int = 1) -> Split:
    """Each viewer's `last` newest entries to be found; viewers with no more than that are only learnt from.

    >>> known = Interactions.from_columns([1, 1, 1, 2], [7, 8, 9, 7], at_ms=[30, 10, 20, 10])
    >>> split = leave_last_out(known)
    >>> split.test.title_ids.tolist(), split.train.count
    ([7], 3)
    """
    if last < 1:
        raise InvalidInput("Nothing is left out.", next_step="Give 1 or more for the entries to leave out.")
    lengths = np.repeat(np.diff(known.values.indptr), np.diff(known.values.indptr))
    return _two(known, (known.order >= lengths - last) & (lengths > last), "Every viewer has one entry only.")


def by_time(known: Interactions, share: float = 0.1) -> Split:
    """The newest `share` of all entries to be found, and everything before to learn from.

    Entries of one moment stay together, so the share is met as nearly as they allow. Raises `InvalidInput` where times
    are not known.
    """
    _check_share(share)
    ordered = np.sort(known.times)
    if not known.count or ordered[0] == ordered[-1]:
        raise InvalidInput(
            "The interactions carry no times to split by.", next_step="Use the protocol leave-last-out or strong."
        )
    cut = ordered[min(known.count - 1, round(known.count * (1 - share)))]
    # A cut at the very first moment would leave nothing to learn from.
    return _two(known, known.times >= max(cut, ordered[0] + 1), "")


def strong(known: Interactions, viewers: int, held: float, rng: np.random.Generator) -> Split:
    """`viewers` drawn at random are not trained on; of each the share `held` of entries is to be found.

    Each of them has at least one entry given and one to find; viewers with a single entry are not drawn.
    """
    _check_share(held)
    lengths = np.diff(known.values.indptr)
    chosen = _drawn(np.flatnonzero(lengths > 1), viewers, known.viewer_ids.size, rng)
    tested = np.zeros(known.viewer_ids.size, bool)
    tested[chosen] = True
    rows = _rows(known)
    wanted = np.clip(np.rint(lengths * held), 1, np.maximum(lengths - 1, 1))
    found = _places_at_random(known, rng) < wanted[rows]
    return _three(known, tested[rows], found)


def cold_viewers(known: Interactions, viewers: int, events: int, rng: np.random.Generator) -> Split:
    """`viewers` drawn at random are not trained on; their first `events` entries are given, the rest to be found."""
    chosen = _drawn(np.flatnonzero(np.diff(known.values.indptr) > events), viewers, known.viewer_ids.size, rng)
    tested = np.zeros(known.viewer_ids.size, bool)
    tested[chosen] = True
    return _three(known, tested[_rows(known)], known.order >= events)


def cold_titles(known: Interactions, share: float, rng: np.random.Generator) -> Split:
    """A `share` of the titles is not trained on; who touched them is to be found."""
    _check_share(share)
    size = known.title_ids.size
    cold = np.zeros(size, bool)
    cold[rng.permutation(size)[: max(1, round(size * share))]] = True
    return _two(known, cold[known.values.indices], "There are too few titles to hold some out.")


def holdout(known: Interactions, share: float, rng: np.random.Generator) -> Split:
    """A `share` of the entries, drawn at random, to be found."""
    _check_share(share)
    found = np.zeros(known.count, bool)
    found[rng.permutation(known.count)[: round(known.count * share)]] = True
    return _two(known, found, "There are too few interactions to hold some out.")


def newest(known: Interactions, share: float) -> Split:
    """Each viewer's newest `share` of entries to be found; at least one stays to be learnt from."""
    _check_share(share)
    rows, lengths = _rows(known), np.diff(known.values.indptr)
    wanted = np.minimum(np.ceil(lengths * share), lengths - 1)
    return _two(known, known.order >= (lengths - wanted)[rows], "Every viewer has one entry only.")


def folds(known: Interactions, k: int, rng: np.random.Generator) -> Iterator[Split]:
    """`k` splits in each of which another k-th of the entries, drawn at random, is to be found."""
    if not 2 <= k <= known.count:
        raise InvalidInput(
            f"{known.count} interactions cannot be cut into {k} folds.", next_step="Ask for at least 2 and fewer folds."
        )
    fold = rng.permutation(known.count) % k
    for one in range(k):
        yield _two(known, fold == one, "")


def predefined(train: Interactions, test: Interactions) -> Split:
    """A split that somebody else made, as u1.base and u1.test of MovieLens."""
    return Split(train, train, test)


def _two(known: Interactions, found: Bools, complaint: str) -> Split:
    if not found.any() or found.all():
        raise InvalidInput(
            f"{complaint or 'One side of the split is empty.'} There is nothing to test with.",
            next_step="Give more interactions, or split them in another way.",
        )
    train = known.where(~found)
    return Split(train, train, known.where(found))


def _three(known: Interactions, tested: Bools, found: Bools) -> Split:
    return Split(known.where(~tested), known.where(tested & ~found), known.where(tested & found))


def _rows(known: Interactions) -> NDArray[np.int64]:
    return np.repeat(np.arange(known.viewer_ids.size), np.diff(known.values.indptr))


def _places_at_random(known: Interactions, rng: np.random.Generator) -> NDArray[np.int64]:
    """For each entry its place in an order of its viewer's entries that is drawn at random."""
    rows = _rows(known)
    shuffled = np.lexsort((rng.random(known.count), rows))
    places = np.empty(known.count, np.int64)
    places[shuffled] = np.arange(known.count) - known.values.indptr[:-1][rows]
    return places


def _drawn(able: NDArray[np.int64], viewers: int, of: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if not 1 <= viewers <= able.size or viewers >= of:
        raise InvalidInput(
            f"{viewers} test viewers cannot be drawn: {able.size} of {of} have entries enough.",
            next_step="Ask for fewer test viewers.",
        )
    return rng.permutation(able)[:viewers]


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise InvalidInput(f"The share {share} to hold out is not between 0 and 1.", next_step="Give one, as 0.1.")
