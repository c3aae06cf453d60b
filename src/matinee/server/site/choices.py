"""The list and the thumbs, by plain forms; htmx gets the changed control alone."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from matinee.base import clock
from matinee.base.ids import new_id
from matinee.events.records import Event, ListChange, Thumb
from matinee.server.api.watching import Own
from matinee.server.context import RNG, Context, Here
from matinee.server.session import Visit
from matinee.server.site import films
from matinee.server.site.accounts import to
from matinee.server.site.pages import TitleId
from matinee.server.site.render import is_fragment, page
from matinee.server.visibility import seen_by

router = APIRouter()


@router.post("/list/{title_id}")
def change_list(
    request: Request, title_id: TitleId, visit: Visit, viewer: Own, here: Here, *, on: Annotated[bool, Form()] = True
) -> Response:
    """Put a title on the list or take it off."""
    now = clock.now_ms()
    event = ListChange(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=title_id, on=on)
    return _record(request, visit, here, event, "list_button.html")


@router.post("/thumb/{title_id}")
def change_thumb(
    request: Request,
    title_id: TitleId,
    visit: Visit,
    viewer: Own,
    here: Here,
    *,
    value: Annotated[Literal["-1", "0", "1"], Form()] = "0",
) -> Response:
    """Say whether one likes a title."""
    now = clock.now_ms()
    thumb: Literal[-1, 0, 1] = {"-1": -1, "0": 0, "1": 1}[value]  # type: ignore[assignment]
    event = Thumb(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=title_id, value=thumb)
    return _record(request, visit, here, event, "verdict.html" if "words" in request.query_params else "thumbs.html")


def _record(request: Request, visit: Visit, here: Context, event: ListChange | Thumb, template: str) -> Response:
    viewer = visit.watching
    assert viewer is not None
    title = seen_by(viewer, event.title_id, here.catalog.snapshot().titles)
    events: list[Event] = [event]
    here.events.record(events)
    if not is_fragment(request):
        return to(_came_from(request, f"/title/{title.id}"))
    choice = films.choice_of(title, here.events.state(viewer.id))
    return page(request, template, visit, choice=choice, glass="glass" in request.query_params)


def _came_from(request: Request, otherwise: str) -> str:
    """The page of this site that held the form."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host", "") or not came.path:
        return otherwise
    return f"{came.path}?{came.query}" if came.query else came.path
