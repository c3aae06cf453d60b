"""What every route needs: the workspace, its services, and what this server keeps in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from matinee.base.backends import Backends
from matinee.base.clock import DAY_MS
from matinee.base.workspace import Workspace
from matinee.server.attempts import Attempts
from matinee.server.impressions import EventWriter
from matinee.server.metrics import Metrics
from matinee.server.session_store import SessionStore
from matinee.server.settings import ServerSettings
from matinee.server.static import StaticFiles

if TYPE_CHECKING:
    from matinee.catalog.service import Service as Catalog
    from matinee.encoding.service import Service as Encoding
    from matinee.events.service import Service as Events
    from matinee.jobs.service import Service as Jobs
    from matinee.recommendation.service import Service as Recommendation


RNG = Random()  # noqa: S311  no secret
"""For ids and for chance on pages; single draws may be made from any thread. Secrets come from `secrets`."""


@dataclass(frozen=True)
class Context:
    """One per application."""

    workspace: Workspace
    settings: ServerSettings
    sessions: SessionStore
    static: StaticFiles
    """``static.url("css/site.css")`` is the address of a file."""
    writer: EventWriter
    """``writer.shown(page, visit)`` records the impressions of a home page."""
    attempts: Attempts
    metrics: Metrics
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server begins to stop: what streams for ever ends."""
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Whose turn it is to make a home page: pages are pure computation, and several at once would only fight for the
    interpreter lock."""

    @property
    def backends(self) -> Backends:
        """The open ports."""
        return self.workspace.backends

    @property
    def catalog(self) -> Catalog:
        """What the service knows."""
        return cast("Catalog", self.workspace.service("catalog"))

    @property
    def events(self) -> Events:
        """What viewers did."""
        return cast("Events", self.workspace.service("events"))

    @property
    def recommendation(self) -> Recommendation:
        """Which titles for whom."""
        return cast("Recommendation", self.workspace.service("recommendation"))

    @property
    def encoding(self) -> Encoding:
        """From films to streams."""
        return cast("Encoding", self.workspace.service("encoding"))

    @property
    def jobs(self) -> Jobs:
        """What is to be run, and what came of it."""
        return cast("Jobs", self.workspace.service("jobs"))


def make_context(workspace: Workspace) -> Context:
    """The context of a new application over `workspace`."""
    settings = workspace.settings.table("server", ServerSettings)
    metrics = Metrics()
    return Context(
        workspace=workspace,
        settings=settings,
        sessions=SessionStore(
            workspace.backends.tables, lambda: workspace.service("catalog"), round(settings.session_days * DAY_MS)
        ),
        static=StaticFiles(),
        writer=EventWriter(
            lambda: workspace.service("events"),
            queued=settings.impressions_queued,
            written=metrics.written,
            dropped=metrics.dropped,
        ),
        attempts=Attempts(settings),
        metrics=metrics,
    )


def context_of(request: Request) -> Context:
    """The context of the application that received `request`."""
    return cast("Context", request.app.state.context)


async def _context(request: Request) -> Context:
    return context_of(request)


Here = Annotated[Context, Depends(_context)]
"""The context, as a parameter of a route."""
