"""The taste picker: a new profile says what it likes, and its first page is its own.

Posters are check boxes in one plain form, so everything works without JavaScript: tick, ask for more, be done. htmx
sends the form as it changes, and after every few picks hangs on a group chosen by what was picked. What stands on the
page never moves. Each pick is kept at once as a thumb up, and taken back where it is unticked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from matinee.base import clock
from matinee.base.errors import InvalidInput, NotAllowed
from matinee.base.ids import new_id
from matinee.catalog.records import Title, Viewer
from matinee.events.records import Event, Thumb
from matinee.events.state import ViewerState
from matinee.server.api.session import own_viewer
from matinee.server.context import RNG, Context, Here
from matinee.server.session import SignedIn, Visit, Watching, set_viewer_cookie
from matinee.server.session_store import Session
from matinee.server.site.accounts import ViewerId, to
from matinee.server.site.offers import offer, offered
from matinee.server.site.render import is_fragment, page
from matinee.server.site.views import Who
from matinee.server.visibility import visible

router = APIRouter()

FIRST, MORE = 12, 6
"""Titles in the first group and in each that follows."""
EVERY = 3
"""So many picks bring another group."""
MOST = 200
"""Titles that are offered in all; who wants more may browse."""
Ids = Annotated[list[int], Form(max_length=MOST)]


class _Form(NamedTuple):
    picks: set[int]
    offered: set[int]
    until: int
    """So many picks bring the next group."""


def _picked_for(viewer_id: ViewerId, account: SignedIn, visit: Visit, watching: Watching, here: Here) -> Viewer:
    """The profile that is picked for: one's own, or for grown-ups any of the account.

    It is shown nothing that whoever sits in front of the screen may not see.
    """
    viewer = own_viewer(here, account, viewer_id)
    if visit.viewing_as is not None:
        raise NotAllowed("You look at the site as somebody else.", next_step="Stop viewing as somebody else first.")
    if visit.child and watching.id != viewer.id:
        raise NotAllowed("A child's profile may not pick for others.", next_step="Choose another profile first.")
    return replace(viewer, maturity=min(viewer.maturity, watching.maturity))


PickedFor = Annotated[Viewer, Depends(_picked_for)]


@router.get("/taste")
def mine(watching: Watching) -> Response:
    """The picker of whoever is watching."""
    return to(f"/viewers/{watching.id}/taste")


@router.get("/viewers/{viewer_id}/taste")
def picker(
    request: Request,
    viewer: PickedFor,
    visit: Visit,
    here: Here,
    *,
    passed: Annotated[str, Query(max_length=2400, pattern=r"^[0-9,]*$")] = "",
) -> Response:
    """What was picked so far, and titles to pick from. `passed` were offered before and are not offered again."""
    state = here.events.state(viewer.id)
    picked = _picked(here, viewer, state)
    before = _numbers(passed)
    fresh = offer(here, viewer, state, {one.id for one in picked} | before, FIRST)
    groups = [offered(picked, on=True), offered(fresh)]
    return page(
        request,
        "taste.html",
        visit,
        section="taste",
        who=Who.of(viewer),
        own=visit.watching is not None and visit.watching.id == viewer.id,
        groups=[group for group in groups if group],
        fresh=(),
        picks=len(picked),
        until=len(picked) + EVERY,
        swap=False,
        passed=",".join(map(str, sorted(before))),
    )


@router.post("/viewers/{viewer_id}/taste")
def pick(
    request: Request,
    viewer: PickedFor,
    visit: Visit,
    here: Here,
    *,
    picks: Annotated[Ids, Form(alias="pick")] = [],  # noqa: B006  FastAPI copies it
    shown: Ids = [],  # noqa: B006
    until: Ids = [],  # noqa: B006
    passed: Annotated[str, Form(max_length=2400, pattern=r"^[0-9,]*$")] = "",
    then: Annotated[str, Form(max_length=10)] = "more",
) -> Response:
    """Keep what is ticked; then more to pick from, or home."""
    state = here.events.state(viewer.id)
    seen = {one.id for one in visible(viewer, here.catalog.titles(shown), here.catalog.snapshot().titles)}
    _keep(here, viewer, state, set(picks) & seen, seen)
    if is_fragment(request):
        form = _Form(set(picks) & seen, seen | _numbers(passed), max(until, default=EVERY))
        return _grown(request, here, visit, viewer, form)
    if then == "done":
        return _home(request, here, visit, viewer)
    before = sorted((_numbers(passed) | seen) - set(picks))[-MOST:]
    return to(f"/viewers/{viewer.id}/taste?passed={','.join(map(str, before))}")


def _picked(here: Context, viewer: Viewer, state: ViewerState) -> list[Title]:
    """What has a thumb up, the latest first."""
    liked = sorted((one for one in state.opinions if state.opinions[one].thumb == 1), key=lambda one: _late(state, one))
    return visible(viewer, here.catalog.titles(liked[:MOST]), here.catalog.snapshot().titles)


def _late(state: ViewerState, title_id: int) -> tuple[int, int]:
    return (-state.opinions[title_id].at_ms, title_id)


def _keep(here: Context, viewer: Viewer, state: ViewerState, picks: set[int], shown: set[int]) -> None:
    """Record what has changed since: thumbs up for new picks, none for those that were unticked."""
    liked = {one for one, opinion in state.opinions.items() if opinion.thumb == 1}
    now = clock.now_ms()
    events: list[Event] = [
        Thumb(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=one, value=1 if one in picks else 0)
        for one in sorted((picks - liked) | ((liked & shown) - picks))
    ]
    if events:
        here.events.record(events)


def _grown(request: Request, here: Context, visit: Session, viewer: Viewer, form: _Form) -> Response:
    """For htmx: the count, and where enough was picked since, another group."""
    found: Sequence[Title] = ()
    if len(form.picks) >= form.until and len(form.offered) < MOST:
        found = offer(here, viewer, here.events.state(viewer.id), form.offered, MORE)
    count = len(form.picks)
    return page(request, "taste_group.html", visit, fresh=offered(found), picks=count, until=count + EVERY, swap=True)


def _home(request: Request, here: Context, visit: Session, viewer: Viewer) -> RedirectResponse:
    session = here.sessions.choose(visit, here.catalog.viewer(viewer.id))
    response = to("/")
    set_viewer_cookie(request, response, session)
    return response


def _numbers(text: str) -> set[int]:
    found = [int(one) for one in text.split(",") if one]
    if len(found) > MOST:
        raise InvalidInput(f"More than {MOST} titles were passed over.", next_step="Begin the picker again.")
    return set(found)
