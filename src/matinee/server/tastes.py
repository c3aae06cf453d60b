"""What a viewer's taste is made of, for an operator to read: titles with their strength, and mixtures of genres."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from pydantic import BaseModel, Field

from matinee.catalog.records import Kind, Title, Viewer
from matinee.events.state import ViewerState
from matinee.events.strength import UNKNOWN_SHARE, strength
from matinee.server.context import Context
from matinee.server.visibility import visible

LIKED = 3.5
"""Stars from which a title speaks for a taste."""


class Known(BaseModel):
    """A title that the viewer touched."""

    title: Title
    strength: float = Field(description="how much it was liked, 1 to 5 stars, from all that was said and done")
    at_ms: int
    liked: bool


class Share(BaseModel):
    """How much of a genre there is, 0 to 1 of all."""

    genre: str
    liked: float = Field(description="in what the viewer likes")
    page: float = Field(description="on the page")
    library: float = Field(description="in what the viewer may see")


def known_of(here: Context, state: ViewerState) -> list[Known]:
    """Titles that the viewer played or judged, newest first."""
    titles = here.catalog.snapshot().titles
    ids = [one for one in {**state.opinions, **state.watching} if one in titles]
    rows = [_touch(state, one) for one in ids]
    stars, thumb, share, _ = np.array(rows, np.float64).reshape(-1, 4).T
    strengths = strength(stars, thumb, share)
    found = [
        Known(title=titles[one], strength=round(float(value), 2), at_ms=int(row[3]), liked=bool(value >= LIKED))
        for one, row, value in zip(ids, rows, strengths, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.at_ms, one.title.id))


def mixtures(here: Context, viewer: Viewer, known: Sequence[Known], shown: Sequence[Title]) -> list[Share]:
    """Genres by how much the viewer likes, most first; a title's weight is shared by its genres."""
    titles = here.catalog.snapshot().titles
    library = visible(viewer, (one for one in titles.values() if one.kind in {Kind.FILM, Kind.SERIES}), titles)
    liked = _mixture(one.title for one in known if one.liked)
    page, all_ = _mixture(shown), _mixture(library)
    names = sorted({*liked, *page, *all_}, key=lambda one: (-liked.get(one, 0), -page.get(one, 0), one))
    return [Share(genre=one, liked=liked.get(one, 0), page=page.get(one, 0), library=all_.get(one, 0)) for one in names]


def _touch(state: ViewerState, title_id: int) -> tuple[float, float, float, float]:
    opinion, watching = state.opinions.get(title_id), state.watching.get(title_id)
    share = np.nan if watching is None else UNKNOWN_SHARE if watching.share is None else watching.share
    at_ms = max(opinion.at_ms if opinion else 0, watching.at_ms if watching else 0)
    stars, thumb = (opinion.stars, opinion.thumb) if opinion else (None, None)
    return (np.nan if stars is None else stars, np.nan if thumb is None else thumb, share, at_ms)


def _mixture(titles: Iterable[Title]) -> dict[str, float]:
    counts: dict[str, float] = defaultdict(float)
    for title in titles:
        for genre in title.genres:
            counts[genre] += 1 / len(title.genres)
    total = sum(counts.values()) or 1.0
    return {genre: round(count / total, 4) for genre, count in counts.items()}
