"""Requests that another site made a browser send are refused (cross-site request forgery).

Browsers say where an unsafe request comes from: `Sec-Fetch-Site`, and older ones `Origin`. A request with neither
does not come from a browser that could be misled, and neither does one that carries a bearer token. Forms need no
hidden token, so pages work without JavaScript and can be cached.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from matinee.base.errors import NotAllowed
from matinee.server.errors import answer

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class SameOrigin:
    """Refuses unsafe requests from other sites, with 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] in SAFE or trusted(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        error = NotAllowed("This request comes from another site.", next_step="Do it on the site itself.")
        await answer(scope, error)(scope, receive, send)


def trusted(headers: Headers) -> bool:
    """Whether the headers of an unsafe request show no other site behind it.

    >>> trusted(Headers({"host": "kino.example", "origin": "https://evil.example"}))
    False
    >>> trusted(Headers({"host": "kino.example", "origin": "https://kino.example"}))
    True
    """
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")
