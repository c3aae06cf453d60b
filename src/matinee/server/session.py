"""Who is asking: parameters for routes, and the cookies behind them.

    def page(viewer: Watching): ...        # the profile in front of the screen
    def profiles(account: SignedIn): ...   # whoever signed in
    def console(account: Operator): ...    # only an operator, and not through a child's profile
    def anything(visit: Visit): ...        # the whole session

A browser sends a cookie, a program ``Authorization: Bearer TOKEN``; both carry the same token. A second cookie names
the chosen viewer and is trusted for nothing: answers that depend on the viewer say ``Vary: Cookie``, and with it a
browser never shows one viewer what it kept for another.
"""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from starlette.responses import Response

from matinee.base import clock
from matinee.base.errors import NotAllowed
from matinee.catalog.records import Account, Role, Viewer
from matinee.server.context import context_of
from matinee.server.errors import NotSignedIn, NoViewer
from matinee.server.session_store import Session

COOKIE = "matinee_session"
VIEWER_COOKIE = "matinee_viewer"
LONGEST_S = 400 * 86_400  # the longest that browsers keep a cookie; the server decides when a session ends


async def find_session(request: Request) -> Session | None:
    """The session of a request; None where nobody is signed in."""
    token = token_of(request)
    if not token:
        return None
    now_ms, store = clock.now_ms(), context_of(request).sessions
    return store.cached(token, now_ms) or await run_sync(store.find, token, now_ms)


async def _visit(request: Request) -> Session:
    session = await find_session(request)
    if session is None:
        raise NotSignedIn
    return session


MaybeVisit = Annotated[Session | None, Depends(find_session)]
"""The session, or None where nobody is signed in."""
Visit = Annotated[Session, Depends(_visit)]
"""The session; `NotSignedIn` where there is none."""


async def _account(visit: Visit) -> Account:
    return visit.account


async def _watching(visit: Visit) -> Viewer:
    if visit.watching is None:
        raise NoViewer
    return visit.watching


async def _operator(visit: Visit) -> Account:
    if visit.child or visit.account.role is not Role.OPERATOR:
        raise NotAllowed("This is for operators.", next_step="Sign in with an operator's account.")
    return visit.account


async def _grown_up(visit: Visit) -> Account:
    if visit.child:
        raise NotAllowed("A child's profile may not change this.", next_step="Choose another profile first.")
    return visit.account


SignedIn = Annotated[Account, Depends(_account)]
Watching = Annotated[Viewer, Depends(_watching)]
Operator = Annotated[Account, Depends(_operator)]
OPERATORS_ONLY = Depends(_operator)
"""For a whole router."""
GrownUp = Annotated[Account, Depends(_grown_up)]
"""The account, unless a child's profile is chosen."""


def token_of(request: Request) -> str:
    """The token that a request carries, empty where it carries none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.cookies.get(COOKIE, "")


def set_cookies(request: Request, response: Response, token: str, session: Session) -> None:
    """Let the browser keep a new session."""
    _set(request, response, COOKIE, token, LONGEST_S)
    set_viewer_cookie(request, response, session)


def set_viewer_cookie(request: Request, response: Response, session: Session) -> None:
    """Tell the browser's cache apart by viewer."""
    viewer = session.watching
    _set(request, response, VIEWER_COOKIE, str(viewer.id) if viewer else "", LONGEST_S)


def drop_cookies(request: Request, response: Response) -> None:
    """Let the browser forget the session."""
    for name in (COOKIE, VIEWER_COOKIE):
        _set(request, response, name, "", 0)


def _set(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure, path="/")
