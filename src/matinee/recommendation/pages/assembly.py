"""The page put together: which rows, in which order."""

from __future__ import annotations

from random import Random

import numpy as np

from matinee.base.clock import DAY_MS
from matinee.recommendation.library import Bools, Library
from matinee.recommendation.moment import Lifts, Moment
from matinee.recommendation.pages import rows as makes
from matinee.recommendation.pages.draft import Candidates, Draft, Knobs
from matinee.recommendation.records import Item, Row
from matinee.recommendation.taste import Taste

SHARE = 5
"""A row of picks takes at most this part of what may be shown."""
FEWEST = 4
"""A row of picks may hold at least this many, however small the library."""
STALE_MS = 14 * DAY_MS
"""Who has not gone on with anything for so long has other plans: continue watching moves down."""
LOOKED_AT = 5
"""Titles at the head of a row by which it is judged."""
WORTH = {"my-list": 1.2, "because": 1.0, "trending": 0.8, "genre": 0.6, "new": 0.5, "continue-watching": 0.9}
"""What a row is worth by its kind, in standard deviations of own scores, before its titles are looked at."""
AGAIN = 0.7
"""What a row is worth less for each row of its kind above it."""


def assemble(
    library: Library,
    taste: Taste,
    candidates: Candidates,
    *,
    maturity: int,
    now_ms: int,
    knobs: Knobs,
    rng: Random | None = None,
    moment: tuple[Moment, Lifts] | None = None,
) -> tuple[Item | None, tuple[Row, ...]]:
    """The hero and the rows for a viewer with this taste and maturity limit.

    With `rng`, some slots are left to chance as ``knobs.exploration`` says; with a `moment`, part of the day and
    device may have a row of their own.
    """
    draft = _draft(library, taste, candidates, maturity, knobs)
    draft.now_ms, draft.rng = now_ms, rng
    hero = makes.hero(draft)
    # Whoever chooses first has most to choose from. A title that no model knows yet has a place in what is trending and
    # what is new and nowhere else, so these choose before the rows that models fill.
    picks, now = makes.picks(draft), makes.for_the_moment(draft, *moment) if moment else None
    trending, new = makes.trending(draft), makes.new(draft)
    begun, listed = makes.continue_watching(draft), makes.my_list(draft)
    rest = [listed, trending, new, *makes.because(draft), *makes.genres(draft)]
    going_on = any(now_ms - one.at_ms < STALE_MS for one in taste.begun)
    first = [begun, picks, now] if going_on else [picks, now]
    if not going_on:
        rest.append(begun)
    order = [*first, *_by_worth(draft, [row for row in rest if row.items])]
    return hero, tuple(row for row in order if row is not None and row.items)[: knobs.rows]


def _draft(library: Library, taste: Taste, candidates: Candidates, maturity: int, knobs: Knobs) -> Draft:
    visible = library.age <= maturity
    free = visible & ~taste.touched
    fresh = bool(free.any())
    if not fresh:
        free = visible & _liked_mask(library, taste)
    length = min(knobs.row_length, max(FEWEST, -(-int(np.count_nonzero(free)) // SHARE)))
    fewest = min(FEWEST, max(1, length // 2))
    return Draft(library, taste, candidates, 0, free, length, fewest, fresh, knobs)


def _liked_mask(library: Library, taste: Taste) -> Bools:
    mask = np.zeros(len(library.titles), bool)
    mask[[one.place for one in taste.liked]] = True
    return mask


def _by_worth(draft: Draft, rows: list[Row]) -> list[Row]:
    """Rows by what they are worth to the viewer: their kind, the scores of their first titles, and what stands above.

    The next row is always the one worth most; three rows of genres in sequence would be one too many.
    """
    worth = {row.slug: WORTH[_kind(row)] + _appeal(draft, row) for row in rows}
    ordered: list[Row] = []
    while rows:
        best = max(rows, key=lambda row: worth[row.slug])  # of equal worth the first
        rows.remove(best)
        ordered.append(best)
        for row in rows:
            if _kind(row) == _kind(best):
                worth[row.slug] -= AGAIN
    return ordered


def _kind(row: Row) -> str:
    return row.slug if row.slug in WORTH else row.slug.partition("-")[0]


def _appeal(draft: Draft, row: Row) -> float:
    """Mean own score of the row's first titles, held within -1 and 1: scores are in standard deviations."""
    if row.slug in {"my-list", "continue-watching"} or draft.candidates.fallback:
        return 0.0
    places = [draft.library.shown_as[item.title.id] for item in row.items[:LOOKED_AT]]
    return float(np.clip(draft.candidates.personal[places], -1.0, 1.0).mean())
