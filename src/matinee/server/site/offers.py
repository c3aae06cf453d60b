"""What the taste picker offers: titles to say yes to, chosen so that each answer tells much."""

from __future__ import annotations

from collections.abc import Iterable, Set

from markupsafe import Markup

from matinee.catalog.records import Title, Viewer
from matinee.events.state import ViewerState
from matinee.recommendation.picker import Answer
from matinee.recommendation.taste import LIKED
from matinee.server.context import Context
from matinee.server.site import tiles
from matinee.server.site.views import Pick
from matinee.server.visibility import visible


def offer(here: Context, viewer: Viewer, state: ViewerState, known: Set[int], n: int) -> list[Title]:
    """Up to `n` titles that the viewer may see, none of `known` and none touched; other picks, other offers."""
    # Who was asked and said nothing has passed it over.
    answers: dict[int, Answer] = dict.fromkeys(known | state.watching.keys(), 0)
    answers |= {
        one: 1 if opinion.thumb == 1 or (opinion.stars or 0) >= LIKED else -1 for one, opinion in state.opinions.items()
    }
    found = here.recommendation.offer(viewer, answers, n)
    return visible(viewer, found, here.catalog.snapshot().titles)


def offered(titles: Iterable[Title], *, on: bool = False) -> list[Pick]:
    """How titles stand in the picker."""
    return [_pick(one, on=on) for one in titles]


def _pick(title: Title, *, on: bool) -> Pick:
    about = ", ".join(part for part in (str(title.year or ""), *title.genres[:2]) if part)
    picture = Markup(tiles.picture(title, "tall", lazy=False))  # noqa: S704  escaped where it is made
    return Pick(title.id, picture, about, on)
