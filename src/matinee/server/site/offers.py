"""What the taste picker offers: titles to say yes to, chosen so that each answer tells much."""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import chain, zip_longest

from markupsafe import Markup

from matinee.base import clock
from matinee.catalog.records import Title, Viewer
from matinee.events.state import ViewerState
from matinee.server.context import RNG, Context
from matinee.server.site import tiles
from matinee.server.site.views import Pick
from matinee.server.visibility import visible


def offer(here: Context, viewer: Viewer, state: ViewerState, known: Set[int], n: int) -> list[Title]:
    """Up to `n` titles that the viewer may see, none of `known` and none touched; other picks, other offers."""
    made = here.recommendation.page(viewer, clock.now_ms(), RNG, state)
    rows = [[item.title for item in row.items] for row in made.rows if row.slug not in {"continue-watching", "my-list"}]
    # In turn from every row: what is popular, what is new and several genres, instead of twelve of one kind.
    if made.hero is not None:
        rows.insert(0, [made.hero.title])
    mixed = (one for one in chain.from_iterable(zip_longest(*rows)) if one is not None)
    touched = known | state.opinions.keys() | state.watching.keys()
    found = {one.id: one for one in mixed if one.id not in touched}
    return visible(viewer, found.values(), here.catalog.snapshot().titles)[:n]


def offered(titles: Iterable[Title], *, on: bool = False) -> list[Pick]:
    """How titles stand in the picker."""
    return [_pick(one, on=on) for one in titles]


def _pick(title: Title, *, on: bool) -> Pick:
    about = ", ".join(part for part in (str(title.year or ""), *title.genres[:2]) if part)
    picture = Markup(tiles.picture(title, "tall", lazy=False))  # noqa: S704  escaped where it is made
    return Pick(title.id, picture, about, on)
