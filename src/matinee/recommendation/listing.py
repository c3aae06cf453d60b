"""A list of titles for one viewer, within filters: what a program asks for, where a page would be too much."""

from __future__ import annotations

import numpy as np

from matinee.learning.model import top
from matinee.recommendation.library import Bools, Library, first
from matinee.recommendation.pages import Candidates, reasons_for
from matinee.recommendation.records import Filters, Item
from matinee.recommendation.taste import Taste


def allowed(library: Library, maturity: int, filters: Filters) -> Bools:
    """Which titles of the library the viewer may see and the filters let through, whether or not they were seen."""
    mask = library.age <= maturity
    if filters.playable:
        mask &= library.playable
    if filters.genres:
        wanted = {one.casefold() for one in filters.genres}
        rows = [row for row, name in enumerate(library.genres) if name.casefold() in wanted]
        mask &= library.of_genre[rows].any(axis=0)
    if filters.without:
        places = library.places(filters.without)
        mask[places[places >= 0]] = False
    _narrow(mask, library, filters)
    return mask


def _narrow(mask: Bools, library: Library, filters: Filters) -> None:
    """What has to be asked of each title by itself."""
    languages = {first(one) for one in filters.languages}
    earliest, latest = filters.years
    if not (filters.kinds or languages or earliest or latest or filters.longest_s is not None):
        return
    for place in np.flatnonzero(mask).tolist():
        title = library.titles[place]
        mask[place] = (
            (not filters.kinds or title.kind in filters.kinds)
            and (not languages or first(title.language) in languages)
            and (earliest is None or (title.year or 0) >= earliest)
            and (latest is None or (title.year or 10_000) <= latest)
            and (filters.longest_s is None or (title.runtime_s is not None and title.runtime_s <= filters.longest_s))
        )


def listed(
    library: Library, taste: Taste, candidates: Candidates, mask: Bools, n: int, *, seen: bool
) -> tuple[tuple[Item, ...], str, str]:
    """The best `n` titles of `mask`, why it is a fallback where it is one, and what to say where there are too few."""
    if not mask.any():
        return (
            (),
            candidates.fallback,
            "Nothing in the library passes these filters: ask for less, or for another genre.",
        )
    free = mask if seen else mask & ~taste.touched
    fallback, words = candidates.fallback, ""
    if not free.any():
        liked = np.zeros(mask.size, bool)
        liked[[one.place for one in taste.liked]] = True
        free = mask & liked
        fallback, words = "all-seen", "You have seen everything that passes; these you liked, and may like again."
        if not free.any():
            return (
                (),
                fallback,
                "You have seen everything that passes, and liked none of it well enough to offer again.",
            )
    scores = np.where(free, candidates.filled(), -np.inf)
    places = top(scores[None], n)[0]
    places = places[scores[places] > -np.inf]
    reasons = reasons_for(taste, candidates, places)
    items = tuple(
        Item(
            title=library.titles[place],
            position=position,
            reason=reason,
            model=candidates.personal_model,
            fallback=fallback,
        )
        for position, (place, reason) in enumerate(zip(places.tolist(), reasons, strict=True))
    )
    return items, fallback, words
