"""Requests that are too large or never end."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matinee.base.errors import MatineeError
from matinee.server.errors import TooLarge, TooSlow, Unreadable, answer

TAKING_FILES = frozenset({"/api/v3/jobs"})


class _Refused(HTTPException):
    """Ends the reading of a body: frameworks let this kind of exception through."""


class BodyLimit:
    """Refuses bodies above `limit_bytes`, with 413, and those that stop coming for `timeout_s`, with 408.

    A body without a declared length is counted as it comes. Forms with files are given `files_bytes` at addresses
    that take files; their routes read them only from those who may send any.
    """

    def __init__(self, app: ASGIApp, limit_bytes: int, timeout_s: float, files_bytes: int = 0) -> None:
        self._app, self._limit_bytes, self._timeout_s = app, limit_bytes, timeout_s
        self._files_bytes = files_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            declared = _declared(scope)
        except Unreadable as error:
            await self._refuse(scope, receive, send, error)
            return
        limit_bytes = self._files_bytes if self._files_bytes and _files(scope) else self._limit_bytes
        if declared is not None and declared > limit_bytes:
            await self._refuse(scope, receive, send, _too_large(limit_bytes))
        elif declared == 0 or (declared is None and not _chunked(scope)):
            await self._app(scope, receive, send)
        else:
            await self._counted(scope, receive, send, limit_bytes)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit_bytes: int) -> None:
        taken, ended, started = 0, False, False
        refusal: MatineeError | None = None

        async def counted() -> Message:
            nonlocal taken, ended, refusal
            if ended:  # from here on only a hang-up can come, whenever it likes
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._timeout_s)
            except TimeoutError:
                refusal = TooSlow("The request did not arrive in time.", next_step="Send it again.")
                raise _Refused(408) from None
            taken += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if taken > limit_bytes:
                refusal = _too_large(limit_bytes)
                raise _Refused(413)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            if refusal is None or started:
                started = True
                await send(message)

        with contextlib.suppress(_Refused):
            await self._app(scope, counted, watched)
        if refusal is not None and not started:
            await self._refuse(scope, receive, send, refusal)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: MatineeError) -> None:
        response = answer(scope, error)
        response.headers["Connection"] = "close"  # what is left of the body is not worth reading
        await response(scope, receive, send)


def _too_large(limit_bytes: int) -> MatineeError:
    return TooLarge(f"The request is larger than {limit_bytes:,} bytes.", next_step="Send it in smaller parts.")


def _files(scope: Scope) -> bool:
    kinds = (value for name, value in scope["headers"] if name == b"content-type")
    return scope["path"] in TAKING_FILES and any(kind.lower().startswith(b"multipart/form-data") for kind in kinds)


def _declared(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise Unreadable("The header Content-Length is not a number.", next_step="Mend it.")
            return int(value[:20])
    return None


def _chunked(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])
