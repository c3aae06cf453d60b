"""Why a title is for the viewer, and ways to correct what is thought of one's taste."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from matinee.base import clock
from matinee.base.ids import new_id
from matinee.catalog.records import Title, Viewer
from matinee.events.records import Event, Stop
from matinee.recommendation.records import Explanation
from matinee.server import device
from matinee.server.api.titles import TitleId
from matinee.server.api.watching import Own
from matinee.server.context import RNG, Context, Here
from matinee.server.errors import documented
from matinee.server.session import Watching
from matinee.server.visibility import seen_by, visible

router = APIRouter(prefix="/api", tags=["watching"], responses=documented(400, 401, 403, 404, 409, 422, 503))


class Shared(BaseModel):
    """What a title has in common with one that the viewer knows."""

    title_id: int
    genres: list[str]
    keywords: list[str]
    people: list[str]


class Why(BaseModel):
    """An explanation, and what the titles in it share with the one explained."""

    explanation: Explanation
    shared: list[Shared] = Field(description="one for each title of the viewer's history in `explanation.evidence`")


@router.get("/titles/{title_id}/why")
def why(request: Request, title_id: TitleId, viewer: Watching, here: Here) -> Why:
    """What speaks for the title, greatest first: titles that the viewer touched, genres, what others play."""
    return explained(request, here, viewer, title_id)


@router.put("/titles/{title_id}/seen", status_code=204)
def put_seen(title_id: TitleId, viewer: Own, here: Here) -> None:
    """Say that one has seen it, here or elsewhere: it is not recommended again."""
    seen(here, viewer, title_id)


def explained(request: Request, here: Context, viewer: Viewer, title_id: int) -> Why:
    """Why the title is for the viewer, here and now. Raises `NotFound` where the viewer may not see it."""
    titles = here.catalog.snapshot().titles
    seen_by(viewer, title_id, titles)
    context = device.context(request, clock.now_ms())
    found = here.recommendation.explain(viewer, title_id, context)
    own = [one.title for one in found.evidence if one.title is not None]
    people = _people(here, found.title)
    return Why(
        explanation=found,
        shared=[_shared(here, found.title, people, one) for one in visible(viewer, own, titles)],
    )


def seen(here: Context, viewer: Viewer, title_id: int) -> Title:
    """Record that the viewer has seen a title. Raises `NotFound` where the viewer may not see it."""
    title = seen_by(viewer, title_id, here.catalog.snapshot().titles)
    now, length_s = clock.now_ms(), title.runtime_s or 1.0
    whole: Event = Stop(
        id=new_id(now, RNG),
        viewer_id=viewer.id,
        at_ms=now,
        title_id=title.id,
        play=new_id(now, RNG),
        position_s=length_s,
        duration_s=length_s,
    )
    here.events.record([whole])
    return title


def _people(here: Context, title: Title) -> dict[int, str]:
    return {one.person_id: one.name for one in here.catalog.credits(title.id)}


def _shared(here: Context, title: Title, people: dict[int, str], other: Title) -> Shared:
    return Shared(
        title_id=other.id,
        genres=[one for one in title.genres if one in other.genres],
        keywords=[one for one in title.keywords if one in other.keywords][:6],
        people=[people[one] for one in _people(here, other) if one in people][:6],
    )
