"""The console's page on what jobs have cost, by owner, and what became of them day by day."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from matinee.base import clock
from matinee.base.clock import DAY_MS
from matinee.server.context import Here
from matinee.server.session import Operator, Visit
from matinee.server.site.job_words import STATES
from matinee.server.site.render import page

router = APIRouter(prefix="/console/jobs/costs")


@router.get("")
def costs(
    request: Request, account: Operator, visit: Visit, here: Here, *, days: Literal["1", "7", "30", "90"] = "30"
) -> Response:
    """Costs and history of the last days, today included."""
    until = (clock.now_ms() // DAY_MS + 1) * DAY_MS
    since = until - int(days) * DAY_MS
    found = here.jobs.costs(since, until)
    span = f"since={since}&until={until}"
    final = [one for one in STATES if all(status.final for status in one.statuses)]
    return page(
        request,
        "console/job_costs.html",
        visit,
        section="jobs",
        tab="costs",
        days=int(days),
        choices=(1, 7, 30, 90),
        costs=found,
        priced=any(one.price for one in found),
        most=max((one.cpu_hours for one in found), default=0) or 1,
        states=",".join(f"{one.statuses[0].value}:{one.word}" for one in final),
        data=f"/api/v3/costs?{span}",
        history=f"/api/v3/history?{span}",
        account=account,
    )
