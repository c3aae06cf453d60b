"""The console's pages on jobs: all of them, one of them, and the graph that it is in."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from matinee.base import clock
from matinee.base.clock import DAY_MS
from matinee.base.errors import NotFound
from matinee.jobs.views.census import awake
from matinee.jobs.views.search import JobFilter, Page
from matinee.server.api.jobs import JobId
from matinee.server.context import Context, Here
from matinee.server.session import Operator, Visit
from matinee.server.site.accounts import to
from matinee.server.site.console import Name
from matinee.server.site.console_views import Column, address
from matinee.server.site.graph_views import sketch
from matinee.server.site.job_views import (
    JobLine,
    attempt_lines,
    data_href,
    facts,
    figures,
    job_href,
    tags,
    waits_for,
)
from matinee.server.site.job_words import GROUPS, STATES, moment, statuses_of
from matinee.server.site.left_views import Left, LogName
from matinee.server.site.render import page

router = APIRouter(prefix="/console/jobs")

PATH = "/console/jobs"
ON_A_PAGE = 50
COLUMNS = {"status": "State", "name": "Name", "user": "Owner", "commandName": "Runs"}
LATER_COLUMNS = {"created": "Created, UTC"}
Word = Annotated[str, Query(max_length=255)]
Sort = Literal["status", "name", "user", "commandName", "created"]


@router.get("")
def jobs(
    request: Request,
    account: Operator,
    visit: Visit,
    here: Here,
    *,
    q: Name = "",
    status: Annotated[str, Query(max_length=20)] = "",
    user: Word = "",
    tag: Word = "",
    sort: Sort = "created",
    order: Literal["up", "down"] = "down",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Every job, sorted and filtered."""
    if q and _is_job(here, q.strip()):
        return to(job_href(q.strip()))
    now = clock.now_ms()
    wanted = JobFilter(
        name=f"%{q.strip()}%" if q.strip() else "", user=user, statuses=statuses_of(status), tags=[tag] if tag else []
    )
    part = Page(number=number - 1, size=ON_A_PAGE, sort=[(sort, order == "down")])
    found = here.jobs.find_jobs(wanted, part)
    counts, agents = here.jobs.counts(now - DAY_MS), awake(here.jobs.agents(), now)
    state = {"q": q, "status": status, "user": user, "tag": tag, "sort": sort, "order": order}
    pages = max(1, -(-found.total // ON_A_PAGE))
    return page(
        request,
        "console/jobs.html",
        visit,
        section="jobs",
        tab="jobs",
        figures=figures(counts, agents),
        lines=[JobLine.of(one.job, now, waits_for(one, now)) for one in found.items],
        idle=not agents and any(not one.final for one in counts),
        columns=[Column.of(PATH, state, key, label) for key, label in COLUMNS.items()],
        later=[Column.of(PATH, state, key, label, figures=True, down=True) for key, label in LATER_COLUMNS.items()],
        words=[*GROUPS, *(one.word for one in STATES)],
        state=state,
        filtered=bool(q or status or user or tag),
        total=found.total,
        number=number,
        pages=pages,
        before=address(PATH, state, page=number - 1) if number > 1 else "",
        after=address(PATH, state, page=number + 1) if number < pages else "",
        data=_data(wanted, part),
        account=account,
    )


@router.get("/graph/{id}")
def graph(request: Request, account: Operator, id_: JobId, visit: Visit, here: Here) -> Response:
    """Everything that a job is connected with, as large as it is."""
    now = clock.now_ms()
    found = here.jobs.graph(id_)
    drawn = sketch(found, id_, now)
    lines = {one.id: JobLine.of(one, now) for one in found.nodes}
    return page(
        request,
        "console/job_graph.html",
        visit,
        section="jobs",
        job=lines[id_],
        graph=drawn,
        lines=[lines[one.id] for one in sorted(drawn.boxes, key=lambda box: (box.x, box.y))],
        data=data_href(id_, "graph"),
        account=account,
    )


@router.get("/{id}")
def job(
    request: Request,
    account: Operator,
    id_: JobId,
    visit: Visit,
    here: Here,
    *,
    log: LogName = "stdout",
    attempt: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> Response:
    """Everything about a job."""
    now = clock.now_ms()
    whole = here.jobs.whole(id_)
    shown = attempt or max((one.attempt for one in whole.attempts), default=0)
    found = here.jobs.graph(id_) if whole.after or whole.before else None
    return page(
        request,
        "console/job.html",
        visit,
        section="jobs",
        job=JobLine.of(whole.job, now, waits_for(whole, now)),
        final=whole.job.status.final,
        ending=whole.kill if not whole.job.status.final else None,
        facts=facts(whole),
        tags=tags(whole.job),
        attempts=attempt_lines(whole, now),
        until=moment(whole.job.finished_ms or now)[11:],
        left=Left.of(whole, here.jobs, shown, log),
        graph=sketch(found, id_, now) if found else None,
        request_json=whole.request.model_dump_json(by_alias=True, exclude_defaults=True, indent=2),
        data=data_href(id_),
        account=account,
    )


@router.get("/{id}/kill")
def ask_kill(request: Request, account: Operator, id_: JobId, visit: Visit, here: Here) -> Response:
    """Is it meant?"""
    whole = here.jobs.whole(id_)
    if whole.job.status.final:
        return to(job_href(id_))
    after = [one for one in whole.before if not one.status.final]
    now = clock.now_ms()
    return page(
        request,
        "console/job_kill.html",
        visit,
        section="jobs",
        job=JobLine.of(whole.job, now),
        after=[JobLine.of(one, now) for one in after],
        account=account,
    )


@router.post("/{id}/kill")
def kill(account: Operator, id_: JobId, here: Here, *, why: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Have a job ended."""
    here.jobs.kill(id_, f"{why.strip() or 'Job was killed by user.'} ({account.email})")
    return to(job_href(id_))


@router.post("/{id}/rerun")
def rerun(account: Operator, id_: JobId, here: Here) -> Response:
    """Have the same run once more."""
    del account
    return to(job_href(here.jobs.rerun(id_).id))


def _is_job(here: Context, text: str) -> bool:
    try:
        return here.jobs.job(text).id == text
    except NotFound:
        return False


def _data(wanted: JobFilter, part: Page) -> str:
    """The same jobs as JSON."""
    asked: dict[str, Any] = {"name": wanted.name, "user": wanted.user, "status": wanted.statuses, "tag": wanted.tags}
    ((name, last),) = part.sort
    asked |= {"page": part.number, "size": part.size, "sort": f"{name},{'desc' if last else 'asc'}"}
    return "/api/v3/jobs?" + urlencode({key: value for key, value in asked.items() if value}, doseq=True)
