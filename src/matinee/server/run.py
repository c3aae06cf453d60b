"""Starting and stopping the server."""

from __future__ import annotations

import errno
import gc
import logging
import os
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from matinee.base.errors import NotFound, Unavailable
from matinee.base.subsystem import load
from matinee.base.workspace import Workspace
from matinee.server.app import create_app
from matinee.server.context import Context
from matinee.server.settings import ServerSettings

logger = logging.getLogger(__name__)

ALONE = {"recommendation": "matinee.server.sidecar:create_sidecar"}
"""Subsystems that can be served without the others, and what makes their application."""

_COLLECT = (20_000, 20, 50)
"""A page makes some thousand small objects that reference counts free: Python's own thresholds would walk the whole
catalogue for them many times a second."""


class _Server(uvicorn.Server):
    """A server that tells what streams for ever to end, before it waits for requests under way."""

    def __init__(self, config: uvicorn.Config, context: Context, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._context, self._ready = context, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.stopping.set()
        await super().shutdown(sockets)


def serve(
    workspace: Workspace,
    host: str | None = None,
    port: int | None = None,
    *,
    only: str = "",
    ready: Callable[[str, Callable[[], None]], None] | None = None,
) -> None:
    """Serve `workspace` until the process is told to stop; requests under way are finished first.

    `host` and `port` are those of the settings unless given; port 0 takes a free one. `only` names a subsystem that
    is served without the others. `ready` is called once requests are answered, with the address and a function that
    stops the server, from any thread. Raises `Unavailable` where the address cannot be listened on, and `NotFound`
    for a subsystem that is not served alone.
    """
    create = _creator(only)
    settings = workspace.settings.table("server", ServerSettings)
    host, port = host or settings.host, settings.port if port is None else port
    with _listen(host, port) as listening:
        address = url_of(host, listening.getsockname()[1])
        app = create(workspace)
        gc.set_threshold(*_COLLECT)
        server: _Server

        def stop() -> None:
            server.should_exit = True

        def tell() -> None:
            logger.info("Serving %s", address)
            if ready is not None:
                ready(address, stop)

        server = _Server(_config(app, settings), app.state.context, tell)
        _run(server, listening)


def _creator(only: str) -> Callable[[Workspace], FastAPI]:
    if only and only not in ALONE:
        raise NotFound(f"{only!r} is not served alone.", next_step=f"Serve everything, or one of {', '.join(ALONE)}.")
    found: Callable[[Workspace], FastAPI] = load(ALONE[only]) if only else create_app
    return found


def url_of(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _config(app: object, settings: ServerSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=round(settings.shutdown_timeout_s),
        ws="none",
    )


def _run(server: _Server, listening: socket.socket) -> None:
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn raises the signal again once it has stopped; it did what was asked
        logger.info("Stopped")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise _refused(host, port, error) from None
    listening.settimeout(0)
    return listening


def _refused(host: str, port: int, error: OSError) -> Unavailable:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"Port {port} of {host} is in use.", next_step="Choose another with `--port`; 0 takes a free one."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unavailable(f"You may not listen on port {port}.", next_step="Choose one above 1023 with `--port`.")
    cause = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return Unavailable(f"{host} cannot be listened on: {cause.lower()}.", next_step="Check `--host`.")
