"""For operators: what jobs come to: how many stand where, who runs them, and what they cost. Genie has none of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from matinee.jobs.records import JobStatus
from matinee.jobs.views.census import Heartbeat
from matinee.jobs.views.costs import Cost
from matinee.jobs.views.history import Day
from matinee.server.context import Here
from matinee.server.errors import documented_to_genie
from matinee.server.session import OPERATORS_ONLY

router = APIRouter(
    prefix="/api/v3",
    tags=["jobs"],
    dependencies=[OPERATORS_ONLY],
    responses=documented_to_genie(401, 403, 412, 503),
)
LATEST_MS = 2**42
"""In the year 2109."""
Milliseconds = Annotated[int, Query(ge=0, le=LATEST_MS, description="since 1970")]


@router.get("/agents")
def agents(here: Here) -> list[Heartbeat]:
    """Agents of every machine, and when each last said that it lives."""
    return here.jobs.agents()


@router.get("/counts")
def counts(here: Here, since: Milliseconds) -> dict[JobStatus, int]:
    """How many jobs have each status: of active ones all, of final ones those that ended since a time."""
    return here.jobs.counts(since)


@router.get("/costs")
def costs(here: Here, since: Milliseconds, until: Milliseconds) -> list[Cost]:
    """What the attempts that ended in a time have taken, by owner, the dearest first."""
    return here.jobs.costs(since, until)


@router.get("/history")
def history(here: Here, since: Milliseconds, until: Milliseconds) -> list[Day]:
    """On each day of a time, in UTC: how many jobs ended how, and the hours of processors by owner."""
    return here.jobs.history(since, until)
