"""Signing in."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import Request

from matinee.base import clock
from matinee.catalog.records import Account
from matinee.server.context import context_of
from matinee.server.errors import HttpError
from matinee.server.session import find_session
from matinee.server.session_store import Session


class WrongPassword(HttpError):
    """E-mail address and password do not belong together."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "There is no account with this e-mail address and password.", next_step="Check both and try again."
        )


async def sign_in(request: Request, email: str, password: str) -> tuple[str, Session]:
    """Check a password and begin a session; the token is the caller's to hand over.

    Raises `WrongPassword` and `TooMany`. The session that the browser had before ends.
    """
    context = context_of(request)
    attempts = context.attempts
    attempts.count(request.client.host if request.client else "", email)
    account: Account | None = await run_sync(context.catalog.check_password, email, password, limiter=attempts.hashing)
    if account is None:
        raise WrongPassword
    attempts.forgive(email)
    before = await find_session(request)
    if before is not None:
        await run_sync(context.sessions.end, before)
    device = request.headers.get("user-agent", "")
    return await run_sync(context.sessions.start, account, clock.now_ms(), device)
