"""For operators: what the catalogue holds, who watches, and what is going on now."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from matinee.base import clock
from matinee.base.work import Work
from matinee.catalog.records import Account, Viewer
from matinee.server.context import Here
from matinee.server.errors import documented
from matinee.server.live import Live, Rate
from matinee.server.session import Operator

router = APIRouter(prefix="/api/console", tags=["console"], responses=documented(401, 403, 422, 503))


async def _live(request: Request) -> Live:
    return cast("Live", request.app.state.live)


Watched = Annotated[Live, Depends(_live)]
"""Live figures, as a parameter of a route."""


class Overview(BaseModel):
    """Counts of everything."""

    counts: dict[str, int]
    """Titles of each kind, people, viewers, accounts."""
    sessions: int
    to_encode: int
    """Titles with a source and no stream of it."""


@router.get("/overview")
def overview(_: Operator, here: Here) -> Overview:
    """How much there is of everything."""
    return Overview(
        counts=dict(here.catalog.counts()),
        sessions=here.sessions.count(clock.now_ms()),
        to_encode=len(here.encoding.pending()),
    )


@router.get("/work")
def work(_: Operator, live: Watched) -> list[Work]:
    """Work under way in every process of this workspace, then what ended lately."""
    return live.work()


@router.get("/events-rate")
async def events_rate(_: Operator, live: Watched, seconds: Annotated[int, Query(ge=1, le=3600)] = 300) -> list[Rate]:
    """Events of each of the last seconds, oldest first, since this server started."""
    return live.rates(seconds)


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    },
)
async def stream(_: Operator, live: Watched) -> StreamingResponse:
    """Once a second, as an event ``live``: ``{"now_ms", "rate", "work", "jobs"}``.

    Two are what the routes above give; `jobs` is other than before whenever any job has changed.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(live.watch(), media_type="text/event-stream", headers=headers)


@router.get("/viewers")
def viewers(
    _: Operator,
    here: Here,
    q: Annotated[str, Query(max_length=200, description="part of a name, or SOURCE:KEY as movielens:42")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> list[Viewer]:
    """Viewers of all accounts, imported ones too."""
    return here.catalog.find_viewers(q, limit)


@router.get("/accounts")
def accounts(_: Operator, here: Here) -> list[Account]:
    """Everybody who can sign in, oldest first."""
    return here.catalog.accounts()
