"""What Prometheus reads at ``/metrics``: one registry per application."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Everything that is counted."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "matinee_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "matinee_http_request_seconds",
            "From the request to the end of the answer",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.pages = Histogram(
            "matinee_page_seconds", "Time to draw a page for people", ["route"], buckets=_SECONDS, registry=registry
        )
        self.under_way = Gauge("matinee_http_requests_under_way", "Requests being answered", registry=registry)
        self.events = Counter("matinee_events", "Events sent by clients", ["outcome"], registry=registry)
        self.written = Counter("matinee_pages_recorded", "Pages shown and searches, recorded", registry=registry)
        self.dropped = Counter("matinee_pages_dropped", "Pages shown and searches, not recorded", registry=registry)
        self.sessions = Gauge("matinee_sessions", "Sessions that have not expired", registry=registry)
        self.work = Gauge("matinee_work_in_progress", "Pieces of work under way in all processes", registry=registry)
        self.streams = Gauge("matinee_console_streams", "Consoles that watch live", registry=registry)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)


class Measured:
    """Counts and times every request by its route's template, never by its address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, page = perf_counter(), 0, False

        async def watched(message: Message) -> None:
            nonlocal status, page
            if message["type"] == "http.response.start":
                status = message["status"]
                page = any(
                    name == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"]
                )
            await send(message)

        with self._metrics.under_way.track_inprogress():
            try:
                await self._app(scope, receive, watched)
            finally:
                self._note(scope, status, perf_counter() - begun, page=page)

    def _note(self, scope: Scope, status: int, seconds: float, *, page: bool) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status or "gone")).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if page:
            self._metrics.pages.labels(route).observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
