"""What a viewer may see: the maturity limit, through a series to its episodes, the same for every route.

A season or episode that nobody rated has its series' age, and none is milder than its series. What may not be seen
is answered as if it did not exist: a child learns nothing of it, not even that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matinee.base.errors import NotFound
from matinee.catalog.records import Title, Viewer

UNRATED = 18


def age(title: Title, titles: Mapping[int, Title]) -> int:
    """The age that a title is meant for, its series considered."""
    ages = [] if title.maturity is None else [title.maturity]
    parent = titles.get(title.parent_id) if title.parent_id is not None else None
    while parent is not None:
        if parent.maturity is not None:
            ages.append(parent.maturity)
        parent = titles.get(parent.parent_id) if parent.parent_id is not None else None
    return max(ages, default=UNRATED)


def may_see(viewer: Viewer, title: Title, titles: Mapping[int, Title]) -> bool:
    """Whether `title` lies within the viewer's limit."""
    return viewer.maturity >= age(title, titles)


def visible(viewer: Viewer, found: Iterable[Title], titles: Mapping[int, Title]) -> list[Title]:
    """Those of `found` that the viewer may see, in their order."""
    return [title for title in found if may_see(viewer, title, titles)]


def seen_by(viewer: Viewer, title_id: int, titles: Mapping[int, Title]) -> Title:
    """The title, if it exists for this viewer. Raises `NotFound`, in the same words for both reasons."""
    title = titles.get(title_id)
    if title is None or not may_see(viewer, title, titles):
        raise NotFound(f"There is no title {title_id}.", next_step="Look for it by name.")
    return title
