"""Why this? For every title: what brought it, which model chose it, and how to correct that.

A link on every tile leads to a page of its own; with JavaScript the same words open over the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from matinee.base import clock
from matinee.catalog.records import Title, Viewer
from matinee.events.state import ViewerState
from matinee.recommendation.records import Explanation
from matinee.server.api.watching import Own
from matinee.server.api.why import Shared, Why, explained, seen
from matinee.server.context import Context, Here
from matinee.server.session import Visit, Watching
from matinee.server.session_store import Session
from matinee.server.site import films, tiles, words
from matinee.server.site.accounts import to
from matinee.server.site.model_words import ago, chosen_by, fallback_of, split_model
from matinee.server.site.pages import TitleId
from matinee.server.site.render import is_fragment, page
from matinee.server.site.views import Choice

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Influence:
    """One of the viewer's own titles, and what it has to do with the one explained."""

    title: Title
    picture: Markup
    words: str
    shared: str
    share: int
    """Per cent of all influence; below 0 where it speaks against."""
    choice: Choice


@router.get("/why/{title_id}")
def why(request: Request, title_id: TitleId, visit: Visit, viewer: Watching, here: Here) -> Response:
    """What brought this title to this viewer."""
    return _told(request, here, visit, viewer, title_id)


@router.post("/why/{title_id}/seen")
def change_seen(request: Request, title_id: TitleId, visit: Visit, viewer: Own, here: Here) -> Response:
    """I have seen it."""
    seen(here, viewer, title_id)
    return _told(request, here, visit, viewer, title_id) if is_fragment(request) else to(f"/why/{title_id}")


def _told(request: Request, here: Context, visit: Session, viewer: Viewer, title_id: int) -> Response:
    found = explained(request, here, viewer, title_id)
    state, told = here.events.state(viewer.id), found.explanation
    return page(
        request,
        "why_panel.html" if is_fragment(request) else "why.html",
        visit,
        level="h2" if is_fragment(request) else "h1",
        title=told.title,
        picture=Markup(tiles.picture(told.title, "wide")),  # noqa: S704  escaped where it is made
        facts=words.facts(told.title),
        reason=told.reason,
        influences=list(_influences(found, state)),
        others=[one.words for one in told.evidence if one.title is None],
        particulars=_particulars(told, clock.now_ms()),
        choice=films.choice_of(told.title, state),
        known=told.title.id in state.watching,
        may_change=visit.viewing_as is None,
    )


def _influences(found: Why, state: ViewerState) -> Iterator[Influence]:
    shared = {one.title_id: one for one in found.shared}
    for one in found.explanation.evidence:
        if one.title is None or one.title.id not in shared:
            continue
        yield Influence(
            title=one.title,
            picture=Markup(tiles.picture(one.title, "wide")),  # noqa: S704  escaped where it is made
            words=one.words,
            shared=_said(shared[one.title.id]),
            share=round(100 * one.weight),
            choice=films.choice_of(one.title, state),
        )


def _said(shared: Shared) -> str:
    """What two titles have in common, as one line.

    >>> _said(Shared(title_id=1, genres=["Drama", "War"], keywords=[], people=["Ilse Brandt"]))
    'Drama and War, with Ilse Brandt'
    """
    about = words.listing([*shared.genres, *shared.keywords][:4])
    people = words.listing(shared.people[:3])
    return ", ".join(part for part in (about, f"with {people}" if people else "") if part)


def _particulars(told: Explanation, now_ms: int) -> list[tuple[str, str]]:
    _, trained_ms = split_model(told.model)
    rank = f"Number {told.rank:,} of {told.among:,} that you have not seen" if told.rank else "Not recommended now"
    instead = fallback_of(told.fallback)
    rows = (
        ("Its place for you", rank),
        ("Chosen by", chosen_by(told.model) + (f", because {instead}" if instead else "")),
        ("Model", told.model),
        ("Learned", f"{ago(trained_ms, now_ms)}; what you did since counts at once" if trained_ms else ""),
    )
    return [(name, value) for name, value in rows if value]
