"""Signing in and out, choosing who is watching, and looking at the site as somebody else."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from matinee.base.errors import NotFound
from matinee.catalog.records import Account, Viewer
from matinee.server.context import Here
from matinee.server.errors import documented
from matinee.server.session import GrownUp, Operator, Visit, drop_cookies, set_cookies, set_viewer_cookie
from matinee.server.session_store import Session
from matinee.server.sign_in import WrongPassword, sign_in

router = APIRouter(prefix="/api", tags=["session"], responses=documented(400, 401, 403, 404, 408, 409, 413, 422, 503))

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Secret = Annotated[str, Field(max_length=1000)]


class SignIn(BaseModel):
    """E-mail address and password."""

    email: Annotated[str, Field(max_length=254)]
    password: Secret


class Choice(BaseModel):
    """A viewer, or none."""

    viewer_id: Id | None


class NewPassword(BaseModel):
    """The password of today and the one of tomorrow."""

    current: Secret
    new: Secret


class SessionAnswer(BaseModel):
    """Who is signed in and who is watching."""

    account: Account
    viewer: Viewer | None = Field(description="the chosen profile")
    viewing_as: Viewer | None = Field(description="the viewer as whom an operator looks at the site")
    expires_ms: int


class SignedInAnswer(SessionAnswer):
    """A new session."""

    token: str = Field(description="send it as `Authorization: Bearer TOKEN`; browsers keep it as a cookie")
    viewers: list[Viewer] = Field(description="the profiles to choose from")


@router.post("/session", status_code=201, responses=documented(429), openapi_extra={"security": []})
async def begin(body: SignIn, request: Request, response: Response, here: Here) -> SignedInAnswer:
    """Sign in. An account with one profile need not choose it."""
    token, session = await sign_in(request, body.email, body.password)
    set_cookies(request, response, token, session)
    response.headers["Cache-Control"] = "no-store"
    viewers = await run_sync(here.catalog.viewers, session.account.id)
    return SignedInAnswer(token=token, viewers=viewers, **_fields(session))


@router.get("/session")
async def current(visit: Visit) -> SessionAnswer:
    """Who is signed in and who is watching."""
    return SessionAnswer(**_fields(visit))


@router.delete("/session", status_code=204)
async def end(visit: Visit, request: Request, response: Response, here: Here) -> None:
    """Sign out on this device."""
    await run_sync(here.sessions.end, visit)
    drop_cookies(request, response)


@router.delete("/sessions", status_code=204)
async def end_all(visit: Visit, request: Request, response: Response, here: Here) -> None:
    """Sign out on every device."""
    await run_sync(here.sessions.end_all, visit.account.id)
    drop_cookies(request, response)


@router.put("/session/viewer")
async def choose(choice: Choice, visit: Visit, request: Request, response: Response, here: Here) -> SessionAnswer:
    """Choose who is watching."""
    viewer = None
    if choice.viewer_id is not None:
        viewer = await run_sync(own_viewer, here, visit.account, choice.viewer_id)
    session = await run_sync(here.sessions.choose, visit, viewer)
    set_viewer_cookie(request, response, session)
    return SessionAnswer(**_fields(session))


@router.put("/session/password", status_code=204, responses=documented(429))
async def change_password(body: NewPassword, account: GrownUp, visit: Visit, request: Request, here: Here) -> None:
    """Change the password, and sign out on every other device."""
    here.attempts.count(request.client.host if request.client else "", account.email)
    checked = await run_sync(here.catalog.check_password, account.email, body.current, limiter=here.attempts.hashing)
    if checked is None:
        raise WrongPassword
    await run_sync(here.catalog.set_password, account.id, body.new, limiter=here.attempts.hashing)
    await run_sync(here.sessions.keep, visit)


@router.post("/view-as")
async def view_as(
    choice: Choice, _: Operator, visit: Visit, request: Request, response: Response, here: Here
) -> SessionAnswer:
    """For operators: see the site as any viewer sees it, until none is named.

    Nothing that is done meanwhile counts as that viewer's: pages and playing are not recorded, and the list,
    thumbs and stars cannot be changed.
    """
    viewer = None if choice.viewer_id is None else await run_sync(here.catalog.viewer, choice.viewer_id)
    session = await run_sync(here.sessions.view_as, visit, viewer)
    set_viewer_cookie(request, response, session)
    return SessionAnswer(**_fields(session))


def own_viewer(here: Here, account: Account, viewer_id: int) -> Viewer:
    """A viewer of the account. Raises `NotFound`, for those of other accounts too."""
    for viewer in here.catalog.viewers(account.id):
        if viewer.id == viewer_id:
            return viewer
    raise NotFound(f"There is no profile {viewer_id} in your account.", next_step="GET /api/viewers lists them.")


def _fields(session: Session) -> dict[str, object]:
    return {
        "account": session.account,
        "viewer": session.viewer,
        "viewing_as": session.viewing_as,
        "expires_ms": session.expires_ms,
    }
