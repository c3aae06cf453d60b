"""For operators: jobs by the clock, below ``/api/v3/schedules``. Genie has nothing like it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from matinee.base.errors import InvalidInput
from matinee.jobs.fields import Id
from matinee.jobs.queue.schedules import Planned, Schedule
from matinee.server.context import Here
from matinee.server.errors import documented_to_genie
from matinee.server.session import OPERATORS_ONLY

router = APIRouter(
    prefix="/api/v3/schedules",
    tags=["jobs"],
    dependencies=[OPERATORS_ONLY],
    responses=documented_to_genie(401, 403, 404, 412, 503),
)
ScheduleId = Annotated[Id, Path(alias="id")]


@router.get("")
def schedules(here: Here) -> list[Planned]:
    """All schedules, the soonest first."""
    return here.jobs.schedules()


@router.get("/{id}")
def schedule(id_: ScheduleId, here: Here) -> Planned:
    """A schedule, when it is due, and what came of it last."""
    return here.jobs.schedule(id_)


@router.put("/{id}")
def save_schedule(id_: ScheduleId, one: Schedule, here: Here) -> Planned:
    """Store a schedule, over what had its id."""
    if one.id not in {None, id_}:
        raise InvalidInput(f"The id of {id_} cannot be changed.", next_step="Leave it out, or store a new one.")
    return here.jobs.save_schedule(one.model_copy(update={"id": id_}))


@router.delete("/{id}", status_code=204, response_class=Response)
def remove_schedule(id_: ScheduleId, here: Here) -> None:
    """Remove one; the jobs that it has submitted stay. Nothing happens where there is none."""
    here.jobs.remove_schedule(id_)


@router.post("/{id}/run", status_code=202)
def run_schedule(id_: ScheduleId, here: Here) -> Planned:
    """Submit its jobs now, beside its hours; what came of it."""
    return here.jobs.run_schedule(id_)
