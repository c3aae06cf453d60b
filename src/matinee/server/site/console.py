"""The console: what there is, what is going on, and who watches. Every state of a table stands in its address."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from matinee.base import clock
from matinee.catalog.records import Kind, Title
from matinee.server.api.console import Watched
from matinee.server.context import Here
from matinee.server.session import Operator, Visit, set_viewer_cookie
from matinee.server.site.accounts import to
from matinee.server.site.console_views import (
    COLUMNS,
    AccountLine,
    Column,
    Figure,
    TitleLine,
    address,
    work_lines,
)
from matinee.server.site.render import page
from matinee.server.site.views import Who

router = APIRouter(prefix="/console")

PAGE = 100
PATH = "/console/catalogue"
Name = Annotated[str, Query(max_length=200)]


@router.get("")
def overview(request: Request, account: Operator, visit: Visit, here: Here, live: Watched) -> Response:
    """How the house stands tonight."""
    counts = here.catalog.counts()
    pending = len(here.encoding.pending())
    playable = sum(title.playable for title in here.catalog.snapshot().titles.values())
    figures = [
        Figure("Films", counts["film"], "/console/catalogue?kind=film"),
        Figure("Series", counts["series"], "/console/catalogue?kind=series"),
        Figure("Can be played", playable, "/console/catalogue?playable=yes"),
        Figure("Wait to be encoded", pending, "/console/work"),
        Figure("Viewers", counts["viewers"], "/console/viewers"),
        Figure("Signed in", here.sessions.count(clock.now_ms()), "/console/accounts"),
    ]
    return page(
        request,
        "console/overview.html",
        visit,
        section="overview",
        figures=figures,
        pending=pending,
        work=work_lines(live.work(), clock.now_ms())[:6],
        empty=not here.catalog.snapshot().titles,
        account=account,
    )


@router.get("/catalogue")
def catalogue(
    request: Request,
    account: Operator,
    visit: Visit,
    here: Here,
    *,
    q: Name = "",
    kind: Literal["", "film", "series", "season", "episode"] = "",
    playable: Literal["", "yes", "no"] = "",
    sort: Literal["id", "name", "kind", "year", "runtime", "maturity", "added"] = "added",
    order: Literal["up", "down"] = "down",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Every title, sorted and filtered."""
    titles = here.catalog.snapshot().titles
    found = [one for one in titles.values() if _matches(one, q, kind, playable)]
    found.sort(key=COLUMNS[sort].key, reverse=order == "down")
    state = {"q": q, "kind": kind, "playable": playable, "sort": sort, "order": order}
    pages = max(1, -(-len(found) // PAGE))
    shown = found[(number - 1) * PAGE : number * PAGE]
    return page(
        request,
        "console/catalogue.html",
        visit,
        section="catalogue",
        lines=[TitleLine.of(one, titles) for one in shown],
        columns=[
            Column.of(PATH, state, key, one.label, figures=one.figures, down=one.figures or key == "added")
            for key, one in COLUMNS.items()
        ],
        q=q,
        kind=kind,
        kinds=[one.value for one in Kind],
        playable=playable,
        sort=sort,
        order=order,
        total=len(found),
        all=len(titles),
        number=number,
        pages=pages,
        before=address(PATH, state, page=number - 1) if number > 1 else "",
        after=address(PATH, state, page=number + 1) if number < pages else "",
        account=account,
    )


@router.get("/work")
def work(request: Request, account: Operator, visit: Visit, here: Here, live: Watched) -> Response:
    """Long work of every process, with its progress."""
    lines = work_lines(live.work(), clock.now_ms())
    pending = [here.catalog.title(one) for one in here.encoding.pending()[:50]]
    return page(request, "console/work.html", visit, section="work", work=lines, pending=pending, account=account)


@router.get("/events")
def events(
    request: Request,
    account: Operator,
    visit: Visit,
    live: Watched,
    *,
    seconds: Literal["60", "300", "3600"] = "300",
) -> Response:
    """Events per second, as they come."""
    rates = live.rates(60)
    topics = {
        topic: round(sum(rate.events[topic] for rate in rates) / len(rates), 1)
        for topic in (rates[0].events if rates else {})
    }
    return page(
        request, "console/events.html", visit, section="events", seconds=int(seconds), topics=topics, account=account
    )


@router.get("/viewers")
def viewers(request: Request, account: Operator, visit: Visit, here: Here, *, q: Name = "") -> Response:
    """Viewers of all accounts, and the way to see the site as one of them."""
    found = [(viewer, Who.of(viewer)) for viewer in here.catalog.find_viewers(q.strip(), 60)]
    total = here.catalog.counts()["viewers"]
    return page(
        request, "console/viewers.html", visit, section="viewers", q=q, viewers=found, total=total, account=account
    )


@router.get("/accounts")
def accounts(request: Request, account: Operator, visit: Visit, here: Here) -> Response:
    """Everybody who can sign in."""
    lines = [AccountLine.of(one, here.catalog.viewers(one.id)) for one in here.catalog.accounts()]
    return page(request, "console/accounts.html", visit, section="accounts", accounts=lines, account=account)


@router.post("/view-as")
def view_as(
    request: Request,
    account: Operator,
    visit: Visit,
    here: Here,
    *,
    viewer_id: Annotated[int, Form(ge=1, le=2**31 - 1)],
) -> Response:
    """See the site as a viewer sees it."""
    del account
    session = here.sessions.view_as(visit, here.catalog.viewer(viewer_id))
    response = to("/")
    set_viewer_cookie(request, response, session)
    return response


@router.post("/view-as/end")
def end_view_as(request: Request, visit: Visit, here: Here) -> Response:
    """Be oneself again."""
    session = here.sessions.view_as(visit, None)
    response = to("/console/viewers")
    set_viewer_cookie(request, response, session)
    return response


def _matches(title: Title, q: str, kind: str, playable: str) -> bool:
    return (
        (not kind or title.kind.value == kind)
        and (not playable or title.playable is (playable == "yes"))
        and (not q or q.casefold() in title.name.casefold() or q == str(title.id))
    )
