"""Errors as answers: the one place where the error tree becomes HTTP statuses.

Programs get ``{"error": "...", "next_step": "..."}``; people in a browser get a page, or are led to where they can
go on (signing in, choosing a profile).
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from matinee.base.errors import Conflict, InvalidInput, MatineeError, NotAllowed, NotFound, SettingsError, Unavailable

STATUSES: dict[type[MatineeError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
    NotAllowed: 403,
    SettingsError: 500,
    MatineeError: 500,
}
GENIE = "/api/v3/"
"""Routes that speak as Genie does: what is refused is a failed precondition, and errors have its names too."""
FOR_PROGRAMS = ("/api/", "/media/", "/pictures/", "/static/", "/health", "/metrics")


class HttpError(MatineeError):
    """What only a web server has a name for; `status` says it in HTTP."""

    status = 500

    def __init__(self, message: str, *, next_step: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.headers = headers or {}


class Unreadable(HttpError):
    """The request is not what HTTP or JSON allows."""

    status = 400


class NotSignedIn(HttpError):
    """Nobody is signed in."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "You are not signed in.",
            next_step="Sign in, or send `Authorization: Bearer TOKEN`.",
            headers={"WWW-Authenticate": 'Bearer realm="matinee"'},
        )


class NoViewer(HttpError):
    """Somebody is signed in, and nobody is in front of the screen."""

    status = 409

    def __init__(self) -> None:
        super().__init__("No profile is chosen.", next_step="Choose who is watching.")


class TooLarge(HttpError):
    """The request is larger than is read."""

    status = 413


class TooSlow(HttpError):
    """The request did not arrive in time."""

    status = 408


class TooMany(HttpError):
    """Too many attempts."""

    status = 429


class ErrorAnswer(BaseModel):
    """What every error looks like to a program."""

    error: str = Field(description="what was wrong and where, in one sentence")
    next_step: str = Field(description="what to do about it; may be empty")


class GenieErrorAnswer(ErrorAnswer):
    """What every error looks like to a client of Genie."""

    errorCode: int = Field(description="the status, once more")  # noqa: N815  Genie's name
    message: str = Field(description="the same as `error`")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error statuses of a route, for its `responses`."""
    return {one: {"model": ErrorAnswer, "description": HTTPStatus(one).phrase} for one in sorted(set(statuses))}


def documented_to_genie(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for routes below `GENIE`, whose errors are plain JSON even where their answers are not."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{GenieErrorAnswer.__name__}"}}}
    told: dict[str, Any] = {"model": GenieErrorAnswer, "content": content}
    found: dict[int | str, Any] = {
        one: {**told, "description": HTTPStatus(one).phrase} for one in sorted(set(statuses))
    }
    return {**found, "4XX": {**told, "description": "The request is refused"}}


def status_of(error: MatineeError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, HttpError):
        return error.status
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def answer(scope: Scope, error: MatineeError) -> Response:
    """The response to an error, for a program or for a person."""
    status = status_of(error)
    headers = error.headers if isinstance(error, HttpError) else {}
    path: str = scope["path"]
    if path.startswith(FOR_PROGRAMS):
        body: dict[str, Any] = {"error": error.message, "next_step": error.next_step}
        if path.startswith(GENIE):
            status = 412 if status == 422 else status
            body |= {"errorCode": status, "message": error.message}
        return JSONResponse(body, status, headers={**headers, "Cache-Control": "no-store"})
    request = Request(scope)
    if isinstance(error, NotSignedIn | NoViewer):
        return _lead_on(request, "/sign-in" if isinstance(error, NotSignedIn) else "/viewers")
    page = getattr(request.app.state, "error_page", plain_page)
    response: Response = page(request, status, error.message, error.next_step)
    response.headers.update({**headers, "Cache-Control": "no-store"})
    return response


def plain_page(_request: Request, status: int, message: str, next_step: str) -> Response:
    """An error page that needs no template."""
    title = HTTPStatus(status).phrase
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{escape(message)}</h1><p>{escape(next_step)}</p>"
    )
    return HTMLResponse(text, status)


def install(app: FastAPI) -> None:
    """Answer every error of `app` in words."""

    async def matinee(request: Request, error: Exception) -> Response:
        assert isinstance(error, MatineeError)
        return answer(request.scope, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request.scope, _in_words(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(request.scope, _named(request, error))

    app.add_exception_handler(MatineeError, matinee)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def unexpected() -> MatineeError:
    """What is said of a fault of ours; the log tells the rest."""
    return MatineeError("Something went wrong on our side.", next_step="Try again; the operator's log has the details.")


def _lead_on(request: Request, to: str) -> Response:
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = request.headers.get("hx-current-url") is None and request.method == "GET" and back != "/"
    where = f"{to}?next={quote(back, safe='/')}" if asked else to
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": where, "Cache-Control": "no-store"})
    return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})


def _in_words(error: RequestValidationError) -> MatineeError:
    first = error.errors()[0]
    where, *names = first["loc"] or ("request",)
    name = ".".join(str(one) for one in names)
    if first["type"] == "json_invalid":
        return Unreadable(
            "The request is not valid JSON.", next_step="Mend it; the API's description is at /api/openapi.json."
        )
    if where == "path":
        return NotFound(
            f"There is nothing at this address: {first['msg'].lower()}.", next_step="Check what stands in it."
        )
    what = {"query": "parameter", "header": "header", "cookie": "cookie"}.get(str(where), "field")
    subject = f"The {what} {name!r} is refused" if name else "The request is refused"
    return InvalidInput(f"{subject}: {first['msg'].lower()}.", next_step="Mend it and send it again.")


def _named(request: Request, error: HTTPException) -> MatineeError:
    """What the framework raises, in our words."""
    if error.status_code == 404:
        return NotFound(f"There is nothing at {request.url.path[:200]}.", next_step="Check the address.")
    words = {
        400: "The request cannot be understood.",
        405: f"{request.method} is not possible here.",
        413: "The request is too large.",
    }
    named = HttpError(
        words.get(error.status_code, HTTPStatus(error.status_code).phrase + "."), headers=dict(error.headers or {})
    )
    named.status = error.status_code
    return named
