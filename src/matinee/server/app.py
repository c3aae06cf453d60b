"""The application: every route over one workspace.

Pages are `matinee.server.site`, an `APIRouter` called `router`; its `error_page(request, status, message, next_step)`
draws errors for people. Everything under ``/api`` answers in JSON and stands in ``/api/openapi.json``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from matinee import __version__
from matinee.base.workspace import Workspace
from matinee.server import errors, licences, media, site
from matinee.server.api import (
    console,
    console_encoding,
    console_taste,
    health,
    home,
    jobs,
    jobs_commands,
    jobs_output,
    jobs_reports,
    jobs_resources,
    jobs_schedules,
    playback,
    session,
    titles,
    viewers,
    watching,
    why,
)
from matinee.server.context import Context, make_context
from matinee.server.live import Live
from matinee.server.metrics import Measured
from matinee.server.middleware.body import BodyLimit
from matinee.server.middleware.guard import Guard
from matinee.server.middleware.head import HeadAsGet
from matinee.server.middleware.headers import SecurityHeaders
from matinee.server.middleware.origin import SameOrigin
from matinee.server.session import COOKIE

# Ranges and entity tags speak of bytes as they are stored; these texts are small anyway.
_NOT_ZIPPED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "text/vtt", "application/vnd.apple.mpegurl", "application/dash+xml")
TAGS = [
    {"name": "session", "description": "Signing in and out, and choosing who is watching."},
    {"name": "viewers", "description": "Profiles of an account."},
    {"name": "titles", "description": "Films and series: browsing, searching, people, what is alike."},
    {"name": "watching", "description": "The home page, playback, the list, opinions, and events."},
    {"name": "media", "description": "Streams and pictures."},
    {"name": "console", "description": "For operators."},
    {"name": "jobs", "description": "For operators: what is to be run, in the words of Genie."},
    {"name": "health", "description": "For machines that watch this one."},
]


def create_app(workspace: Workspace) -> FastAPI:
    """The site, the console and the API over `workspace`, which stays the caller's to close."""
    context = make_context(workspace)
    app = FastAPI(
        title="Matinee",
        version=__version__,
        summary="The API of a film and series service.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # these two draw on scripts of other hosts
        redoc_url=None,
        openapi_tags=TAGS,
        lifespan=_lifespan,
        middleware=_middleware(context),
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.context = context
    app.state.live = Live(context, context.metrics)
    errors.install(app)
    _mount(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    context.writer.start()
    sampling = asyncio.create_task(app.state.live.run())
    yield
    context.stopping.set()
    await sampling
    await run_sync(context.writer.stop, context.settings.shutdown_timeout_s)


def _middleware(context: Context) -> list[Middleware]:
    settings = context.settings
    return [
        Middleware(HeadAsGet),
        Middleware(Measured, metrics=context.metrics),
        Middleware(SecurityHeaders),
        Middleware(Guard),
        Middleware(GZipMiddleware, minimum_size=1024, compresslevel=2, exclude_content_types=_NOT_ZIPPED),
        Middleware(SameOrigin),
        Middleware(
            BodyLimit,
            limit_bytes=settings.max_body_bytes,
            timeout_s=settings.request_timeout_s,
            files_bytes=settings.max_files_bytes,
        ),
    ]


def _mount(app: FastAPI) -> None:
    # Routes are tried in this order, and pages are asked most.
    app.include_router(site.router, include_in_schema=False)
    for router in (
        session.router,
        viewers.router,
        titles.router,
        watching.router,
        why.router,
        home.router,
        playback.router,
        licences.router,  # before the files, which take any address below a title
        media.router,
        console.router,
        console_taste.router,
        console_encoding.router,
        jobs.router,
        jobs_output.router,
        jobs_commands.router,
        jobs_schedules.router,
        jobs_reports.router,
        jobs_resources.router,  # after those with names of their own
        health.router,
    ):
        app.include_router(router)
    app.state.error_page = site.error_page


def _operation_id(route: APIRoute) -> str:
    return "-".join([*map(str, route.tags[:1]), route.name.replace("_", "-")])


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description, made once, with the two ways to show who one is."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes, tags=TAGS)
        schema["components"]["schemas"].update(watching.event_schemas())
        schema["components"]["securitySchemes"] = {
            "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            "bearer": {"type": "http", "scheme": "bearer"},
        }
        schema["security"] = [{"cookie": []}, {"bearer": []}]
        app.openapi_schema = schema
    return app.openapi_schema
