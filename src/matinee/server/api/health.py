"""For machines that watch this one."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from ipaddress import ip_address
from time import perf_counter

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy import text

from matinee import __version__
from matinee.base import clock
from matinee.base.backends import Backends
from matinee.base.errors import NotAllowed
from matinee.base.work import rows as work_rows
from matinee.catalog.records import Role
from matinee.server.context import Context, Here
from matinee.server.errors import documented
from matinee.server.session import find_session, token_of

router = APIRouter(tags=["health"])
logger = logging.getLogger(__name__)

PATIENCE_S = 5.0


class Backend(BaseModel):
    """Whether a port can be read."""

    ok: bool
    ms: float
    """How long the answer took."""


class Health(BaseModel):
    """Whether this server can do its work."""

    ok: bool
    version: str
    backends: dict[str, Backend]
    error: str = ""
    """Which backends are down."""
    next_step: str = ""


@router.get(
    "/health",
    responses={503: {"model": Health, "description": "A backend cannot be read"}},
    openapi_extra={"security": []},
)
async def health(response: Response, here: Here) -> Health:
    """Whether this process lives and each backend can be read."""
    checks = _checks(here.backends)
    found = await asyncio.gather(*(_check(name, check) for name, check in checks.items()))
    backends = dict(zip(checks, found, strict=True))
    down = [name for name, one in backends.items() if not one.ok]
    response.headers["Cache-Control"] = "no-store"
    if not down:
        return Health(ok=True, version=__version__, backends=backends)
    response.status_code = 503
    return Health(
        ok=False,
        version=__version__,
        backends=backends,
        error=f"Cannot be read: {', '.join(down)}.",
        next_step="The server's log says why.",
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"description": "Prometheus text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **documented(403, 503),
    },
)
async def metrics(request: Request, here: Here) -> Response:
    """For Prometheus: from this machine, with the token `server.metrics_token`, or for an operator."""
    if not await _may_read_metrics(request, here):
        raise NotAllowed(
            "Metrics are for this machine only.", next_step="Set server.metrics_token and send it as a bearer token."
        )
    return Response(await run_sync(_exposition, here), media_type=CONTENT_TYPE_LATEST)


def _exposition(here: Context) -> bytes:
    now = clock.now_ms()
    here.metrics.sessions.set(here.sessions.count(now))
    here.metrics.work.set(sum(one.state == "running" for one in work_rows(here.backends.tables, now)))
    return here.metrics.text()


async def _may_read_metrics(request: Request, here: Context) -> bool:
    expected = here.settings.metrics_token
    if expected and secrets.compare_digest(token_of(request).encode(), expected.encode()):
        return True
    if request.client and _is_loopback(request.client.host):
        return True
    session = await find_session(request)
    return session is not None and session.account.role is Role.OPERATOR and not session.child


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _checks(backends: Backends) -> dict[str, Callable[[], object]]:
    def tables() -> None:
        with backends.tables.read() as connection:
            connection.execute(text("SELECT 1"))

    return {
        "tables": tables,
        "objects": lambda: backends.objects.exists("health"),
        "bus": lambda: backends.bus.end("viewing"),
        "compute": lambda: backends.compute.workers,
    }


async def _check(name: str, check: Callable[[], object]) -> Backend:
    begun = perf_counter()
    try:
        await asyncio.wait_for(run_sync(check, abandon_on_cancel=True), PATIENCE_S)
    except Exception as error:  # whatever a driver raises means the same here
        logger.warning("The backend %s cannot be read: %s", name, error or type(error).__name__)
        return Backend(ok=False, ms=_ms_since(begun))
    return Backend(ok=True, ms=_ms_since(begun))


def _ms_since(begun: float) -> float:
    return round((perf_counter() - begun) * 1000, 2)
