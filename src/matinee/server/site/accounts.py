"""Signing in and out, and choosing, adding and changing profiles, all by plain forms."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from matinee.base.errors import Conflict, InvalidInput, MatineeError
from matinee.catalog.records import Role, Viewer
from matinee.server.api.session import own_viewer
from matinee.server.api.viewers import MOST
from matinee.server.context import Here
from matinee.server.errors import status_of
from matinee.server.session import (
    GrownUp,
    MaybeVisit,
    SignedIn,
    Visit,
    drop_cookies,
    set_cookies,
    set_viewer_cookie,
)
from matinee.server.sign_in import sign_in
from matinee.server.site.render import THEME_COOKIE, THEMES, page
from matinee.server.site.views import Who

router = APIRouter()

ViewerId = Annotated[int, Path(ge=1, le=2**31 - 1)]
AGES = ((0, "all ages"), (6, "up to 6"), (12, "up to 12"), (16, "up to 16"), (18, "grown-ups too"))
COLOURS = (
    ("#a3262f", "Velvet"),
    ("#e8b04a", "Brass"),
    ("#1f6f78", "Petrol"),
    ("#4a6391", "Dusk"),
    ("#7a4a78", "Aubergine"),
    ("#2f7d57", "Bottle"),
    ("#b0582c", "Rust"),
    ("#5f6b2d", "Moss"),
)


@router.get("/sign-in")
async def sign_in_page(request: Request, visit: MaybeVisit, next: str = "/") -> Response:  # noqa: A002
    """The door."""
    if visit is not None:
        return to(next)
    return page(request, "sign_in.html", None, next=local(next), email="", wrong="")


@router.post("/sign-in")
async def enter(
    request: Request,
    *,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Sign in; what is wrong is said on the form, with the address still in it."""
    try:
        token, session = await sign_in(request, email, password)
    except MatineeError as error:
        status = status_of(error)
        if status not in {401, 422, 429}:
            raise
        return page(request, "sign_in.html", None, status=status, next=local(next), email=email, wrong=str(error))
    operator_only = session.viewer is None and session.account.role is Role.OPERATOR and local(next) == "/console"
    response = to(next) if session.viewer or operator_only else to("/viewers", next)
    set_cookies(request, response, token, session)
    return response


@router.post("/sign-out")
async def leave(request: Request, visit: MaybeVisit, here: Here) -> Response:
    """Sign out on this device."""
    if visit is not None:
        await run_sync(here.sessions.end, visit)
    response = to("/sign-in")
    drop_cookies(request, response)
    return response


@router.get("/viewers")
def picker(request: Request, account: SignedIn, visit: Visit, here: Here, next: str = "/") -> Response:  # noqa: A002
    """Who is watching?"""
    viewers = [Who.of(viewer) for viewer in here.catalog.viewers(account.id)]
    operator = account.role is Role.OPERATOR and not visit.child
    return page(
        request, "viewers.html", visit, viewers=viewers, next=local(next), may_change=not visit.child, operator=operator
    )


@router.post("/viewers/{viewer_id}/choose")
def choose(
    request: Request,
    viewer_id: ViewerId,
    account: SignedIn,
    visit: Visit,
    here: Here,
    *,
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Hand the remote control to one of the account's viewers."""
    session = here.sessions.choose(visit, own_viewer(here, account, viewer_id))
    response = to(next)
    set_viewer_cookie(request, response, session)
    return response


@router.get("/viewers/new")
def new_page(request: Request, visit: Visit, account: GrownUp) -> Response:
    """The form for another profile."""
    del account
    return _form(request, visit, None)


@router.post("/viewers/new")
def new(
    request: Request,
    visit: Visit,
    account: GrownUp,
    here: Here,
    *,
    name: Annotated[str, Form(max_length=200)] = "",
    maturity: Annotated[int, Form()] = 18,
    child: Annotated[bool, Form()] = False,
    avatar: Annotated[str, Form(max_length=7)] = "",
) -> Response:
    """Make a profile, and ask what it likes."""
    try:
        if len(here.catalog.viewers(account.id)) >= MOST:
            raise Conflict(f"An account holds {MOST} profiles.", next_step="Delete one first.")
        fields = _fields(name, maturity, child=child, avatar=avatar)
        viewer = here.catalog.create_viewer(account_id=account.id, **fields)
    except (InvalidInput, Conflict) as error:
        return _form(request, visit, None, str(error), name=name, maturity=maturity, child=child)
    response = to(f"/viewers/{viewer.id}/taste")
    if visit.watching is None:  # nobody holds the remote control yet
        set_viewer_cookie(request, response, here.sessions.choose(visit, viewer))
    return response


@router.get("/viewers/{viewer_id}")
def change_page(request: Request, viewer_id: ViewerId, visit: Visit, account: GrownUp, here: Here) -> Response:
    """The form of a profile."""
    return _form(request, visit, own_viewer(here, account, viewer_id))


@router.post("/viewers/{viewer_id}")
def change(
    request: Request,
    viewer_id: ViewerId,
    visit: Visit,
    account: GrownUp,
    here: Here,
    *,
    name: Annotated[str, Form(max_length=200)] = "",
    maturity: Annotated[int, Form()] = 18,
    child: Annotated[bool, Form()] = False,
    avatar: Annotated[str, Form(max_length=7)] = "",
) -> Response:
    """Change a profile."""
    viewer = own_viewer(here, account, viewer_id)
    try:
        here.catalog.update_viewer(viewer_id, **_fields(name, maturity, child=child, avatar=avatar))
    except InvalidInput as error:
        return _form(request, visit, viewer, str(error))
    here.sessions.forget()
    return to("/viewers")


@router.post("/viewers/{viewer_id}/delete")
def delete(viewer_id: ViewerId, account: GrownUp, here: Here) -> Response:
    """Delete a profile."""
    own_viewer(here, account, viewer_id)
    here.catalog.delete_viewer(viewer_id)
    here.sessions.forget()
    return to("/viewers")


@router.post("/theme")
async def theme(
    request: Request,
    theme: Annotated[str, Form(max_length=10)] = "auto",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Choose light or dark; ``auto`` follows the system."""
    response = to(next)
    chosen = theme if theme in THEMES else "auto"
    secure = request.url.scheme == "https"
    response.set_cookie(THEME_COOKIE, chosen, max_age=400 * 86_400, httponly=True, samesite="lax", secure=secure)
    return response


def local(address: str) -> str:
    """An address on this site, to go on to; home where it leads elsewhere.

    >>> local("/title/7?a=b"), local("//evil.example"), local("https://evil.example")
    ('/title/7?a=b', '/', '/')
    """
    inside = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if inside else "/"


def to(address: str, after: str = "") -> RedirectResponse:
    """Lead on, with GET."""
    where = local(address)
    if after and local(after) != "/":
        where += f"?next={quote(local(after))}"
    return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})


def _fields(name: str, maturity: int, *, child: bool, avatar: str) -> dict[str, Any]:
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= 60:
        raise InvalidInput("A profile needs a name of 1 to 60 letters.", next_step="Type one.")
    if not 0 <= maturity <= 18:
        raise InvalidInput(f"{maturity} is no age between 0 and 18.", next_step="Choose one from the list.")
    colour = avatar if avatar in {value for value, _ in COLOURS} else ""
    return {"name": clean, "maturity": maturity, "child": child, "avatar": colour}


def _form(
    request: Request,
    visit: Visit,
    viewer: Viewer | None,
    wrong: str = "",
    *,
    name: str = "",
    maturity: int = 18,
    child: bool = False,
) -> Response:
    ages = (
        AGES
        if viewer is None or viewer.maturity in dict(AGES)
        else (*AGES, (viewer.maturity, f"up to {viewer.maturity}"))
    )
    return page(
        request,
        "viewer.html",
        visit,
        status=422 if wrong else 200,
        heading=f"Change {viewer.name}" if viewer else "Who else is watching?",
        action=f"/viewers/{viewer.id}" if viewer else "/viewers/new",
        name=viewer.name if viewer else name,
        maturity=viewer.maturity if viewer else maturity,
        child=viewer.child if viewer else child,
        avatar_colour=viewer.avatar if viewer else COLOURS[0][0],
        colours=COLOURS,
        ages=ages,
        wrong=wrong,
        deletable=viewer is not None,
    )
