"""The console's page on jobs by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from matinee.jobs.queue.schedules import Planned
from matinee.server.api.jobs_schedules import ScheduleId
from matinee.server.context import Here
from matinee.server.session import Operator, Visit
from matinee.server.site.accounts import to
from matinee.server.site.job_views import job_href
from matinee.server.site.job_words import moment
from matinee.server.site.render import page

router = APIRouter(prefix="/console/jobs/schedules")
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One schedule in the table."""

    id: str
    name: str
    user: str
    cron: str
    timezone: str
    next: str
    last: str
    jobs: list[tuple[str, str]]
    """Names and addresses of the jobs that it submitted last."""
    more: int
    href: str
    """All that it ever submitted."""
    message: str
    paused: bool

    @classmethod
    def of(cls, planned: Planned) -> ScheduleLine:
        """The line of a schedule."""
        one = planned.schedule
        jobs = [(name, job_href(id_)) for name, id_ in planned.last_jobs.items()]
        return cls(
            id=one.id or "",
            name=one.name,
            user=one.user,
            cron=one.cron,
            timezone=one.timezone,
            next=moment(planned.next_ms)[:16],
            last=moment(planned.last_ms)[:16],
            jobs=jobs[:_SHOWN],
            more=max(0, len(jobs) - _SHOWN),
            href="/console/jobs?" + urlencode({"tag": f"schedule:{one.id}"}),
            message=planned.message,
            paused=one.paused,
        )


@router.get("")
def schedules(request: Request, account: Operator, visit: Visit, here: Here) -> Response:
    """All schedules, the soonest first."""
    lines = [ScheduleLine.of(one) for one in here.jobs.schedules()]
    return page(
        request,
        "console/job_schedules.html",
        visit,
        section="jobs",
        tab="schedules",
        lines=lines,
        data="/api/v3/schedules",
        account=account,
    )


@router.post("/{id}")
def change(
    account: Operator, id_: ScheduleId, here: Here, *, do: Annotated[Literal["pause", "resume", "run"], Form()]
) -> Response:
    """Pause a schedule, resume it, or submit its jobs now."""
    del account
    if do == "run":
        here.jobs.run_schedule(id_)
    else:
        one = here.jobs.schedule(id_).schedule
        here.jobs.save_schedule(one.model_copy(update={"paused": do == "pause"}))
    return to("/console/jobs/schedules")
