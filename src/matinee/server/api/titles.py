"""Films and series, as far as the viewer in front of the screen may see them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from matinee.base import clock
from matinee.base.ids import new_id
from matinee.catalog.records import Credit, ExternalId, Kind, Title
from matinee.events.records import Search
from matinee.server.context import RNG, Here
from matinee.server.errors import documented
from matinee.server.session import Visit, Watching
from matinee.server.visibility import seen_by, visible

router = APIRouter(prefix="/api", tags=["titles"], responses=documented(400, 401, 404, 409, 422, 503))

TitleId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


class TitlePage(BaseModel):
    """A stretch of a longer list."""

    items: list[Title]
    total: int


@router.get("/titles")
def browse(
    viewer: Watching,
    here: Here,
    *,
    kind: Kind | None = None,
    genre: Annotated[str | None, Query(max_length=100)] = None,
    playable: bool | None = None,
    sort: Literal["added", "name", "year"] = "added",
    limit: Limit = 50,
    offset: Offset = 0,
) -> TitlePage:
    """Films and series, or titles of one kind."""
    found = here.catalog.browse(
        kind=kind,
        genre=genre,
        maturity=viewer.maturity,
        playable=playable,
        sort=sort,
        limit=limit,
        offset=offset,
    )
    items = visible(viewer, found.items, here.catalog.snapshot().titles)
    return TitlePage(items=items, total=found.total)


@router.get("/titles/{title_id}")
def one(title_id: TitleId, viewer: Watching, here: Here) -> Title:
    """One title."""
    return seen_by(viewer, title_id, here.catalog.snapshot().titles)


@router.get("/titles/{title_id}/children")
def children(title_id: TitleId, viewer: Watching, here: Here) -> list[Title]:
    """Seasons of a series, episodes of a season, by number."""
    titles = here.catalog.snapshot().titles
    seen_by(viewer, title_id, titles)
    return visible(viewer, here.catalog.children(title_id), titles)


@router.get("/titles/{title_id}/credits")
def credits(title_id: TitleId, viewer: Watching, here: Here) -> list[Credit]:  # noqa: A001
    """Who took part, by role and billing."""
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    return here.catalog.credits(title_id)


@router.get("/titles/{title_id}/external-ids")
def external_ids(title_id: TitleId, viewer: Watching, here: Here) -> list[ExternalId]:
    """What other services call it."""
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    found = here.catalog.external_ids("title", title_id)
    return [one for one in found if one.source != "path"]  # where files lie is nobody's business


@router.get("/titles/{title_id}/similar")
def similar(
    title_id: TitleId, viewer: Watching, here: Here, n: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[Title]:
    """Titles that people who liked this one liked too."""
    titles = here.catalog.snapshot().titles
    seen_by(viewer, title_id, titles)
    return visible(viewer, here.recommendation.similar(title_id, viewer, n), titles)


@router.get("/search")
def search(
    visit: Visit,
    viewer: Watching,
    here: Here,
    q: Annotated[str, Query(min_length=1, max_length=200, description="part of a name, a person; typos are forgiven")],
    limit: Limit = 20,
) -> list[Title]:
    """Titles whose names or people come close to the query, best first."""
    found = here.catalog.search(q, limit=limit, maturity=viewer.maturity)
    items = visible(viewer, found, here.catalog.snapshot().titles)
    if visit.viewing_as is None:
        now = clock.now_ms()
        event = Search(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, query=q, results=len(items))
        here.writer.put(lambda: [event])
    return items
