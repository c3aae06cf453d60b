"""`matinee serve recommendation`: the recommendations alone, for a media server that keeps its own site and people."""

from __future__ import annotations

import secrets
from functools import partial
from ipaddress import ip_address
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.responses import Response

from matinee import __version__
from matinee.base.workspace import Workspace
from matinee.recommendation.api import router
from matinee.recommendation.sidecar import Sidecar
from matinee.server import errors
from matinee.server.api import health
from matinee.server.context import make_context
from matinee.server.errors import HttpError, documented
from matinee.server.middleware.body import BodyLimit
from matinee.server.middleware.guard import Guard
from matinee.server.middleware.head import HeadAsGet
from matinee.server.middleware.headers import SecurityHeaders
from matinee.server.middleware.origin import SameOrigin


class NoToken(HttpError):
    """Whoever asks has not shown the token."""

    status = 401

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message, next_step=next_step, headers={"WWW-Authenticate": 'Bearer realm="matinee"'})


def create_sidecar(workspace: Workspace) -> FastAPI:
    """The routes of `matinee.recommendation.api` and ``/health`` over `workspace`; it stays the caller's to close."""
    context = make_context(workspace)
    app = FastAPI(
        title="Matinee recommendation",
        version=__version__,
        summary="Recommendations beside another media server: ids of your own, events in, recommendations out.",
        docs_url=None,  # these two draw on scripts of other hosts
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(HeadAsGet),
            Middleware(SecurityHeaders),
            Middleware(Guard),
            Middleware(SameOrigin),
            Middleware(
                BodyLimit, limit_bytes=context.settings.max_body_bytes, timeout_s=context.settings.request_timeout_s
            ),
        ],
    )
    app.state.context = context
    app.state.error_page = _for_programs
    errors.install(app)
    services = [workspace.service(name) for name in ("catalog", "events", "recommendation")]
    sidecar = Sidecar(*services)
    app.include_router(
        router(_giving(sidecar)),
        dependencies=[Depends(partial(_check, context.settings.sidecar_token))],
        responses=documented(400, 401, 404, 408, 413, 422, 503),
    )
    app.include_router(health.router)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return app


def _giving(sidecar: Sidecar) -> Any:
    async def give() -> Sidecar:
        return sidecar

    return give


async def _check(token: str, request: Request) -> None:
    """Let in who shows the token or, where none is set, programs of this machine."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if token:
        if scheme.lower() != "bearer" or not secrets.compare_digest(shown.encode(), token.encode()):
            raise NoToken("The token is missing or wrong.", "Send `Authorization: Bearer TOKEN`.")
    elif not _is_here(request):
        raise NoToken(
            "Without a token only programs of this machine are answered.",
            "Set server.sidecar_token, and send it as `Authorization: Bearer TOKEN`.",
        )


def _is_here(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _for_programs(_request: Request, status: int, message: str, next_step: str) -> Response:
    return JSONResponse({"error": message, "next_step": next_step}, status)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schema["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"bearer": []}]
        app.openapi_schema = schema
    return app.openapi_schema
