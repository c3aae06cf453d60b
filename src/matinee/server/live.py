"""What the console shows live: events per second and work under way, sampled once a second for all who watch."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import orjson
from anyio.to_thread import run_sync

from matinee.base import clock
from matinee.base.clock import SECOND_MS
from matinee.base.errors import MatineeError, Unavailable
from matinee.base.work import Work
from matinee.base.work import rows as work_rows
from matinee.server.context import Context
from matinee.server.metrics import Metrics

logger = logging.getLogger(__name__)

TOPICS = ("viewing", "impressions", "quality")
KEPT_S = 3600
LIFETIME_S = 900
"""A stream ends after this; browsers come back by themselves, and what leaks does so only for a while."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Events that the bus took in one second, in all processes together."""

    at_ms: int
    """End of the second."""
    events: dict[str, float]
    """By topic: ``viewing``, ``impressions``, ``quality``."""


@dataclass
class Live:
    """Samples the bus, and wakes those who watch."""

    context: Context
    metrics: Metrics
    _ends: dict[str, int] = field(default_factory=dict)
    _at_ms: int = 0
    _rates: deque[Rate] = field(default_factory=lambda: deque(maxlen=KEPT_S))
    _message: bytes = b""
    _tick: asyncio.Event = field(default_factory=asyncio.Event)
    _watchers: int = 0
    _failing: bool = False

    async def run(self) -> None:
        """Sample once a second until the server stops."""
        while not self.context.stopping.is_set():
            try:
                await run_sync(self._sample)
                self._failing = False
            except MatineeError as error:
                if not self._failing:
                    logger.warning("The console has no live figures: %s", error)
                self._failing = True
            tick, self._tick = self._tick, asyncio.Event()
            tick.set()
            await asyncio.sleep(1)
        self._tick.set()

    def rates(self, seconds: int) -> list[Rate]:
        """Events of each of the last `seconds`, oldest first; fewer where the server has not run that long."""
        since = clock.now_ms() - seconds * SECOND_MS
        return [rate for rate in self._rates if rate.at_ms > since]

    def work(self) -> list[Work]:
        """Work under way in every process, and what ended lately."""
        return work_rows(self.context.backends.tables, clock.now_ms())

    def watch(self) -> AsyncIterator[bytes]:
        """Server-sent events, one a second. Raises `Unavailable` where too many watch already."""
        if self._watchers >= self.context.settings.max_streams:
            raise Unavailable(
                f"{self._watchers} consoles watch live already.", next_step="Close one, or raise server.max_streams."
            )
        return self._stream()

    async def _stream(self) -> AsyncIterator[bytes]:
        self._watch(1)
        try:
            yield b"retry: 2000\n\n"
            for _ in range(LIFETIME_S):
                if self._message:
                    yield self._message
                await self._tick.wait()
                if self.context.stopping.is_set():
                    return
        finally:
            self._watch(-1)

    def _watch(self, more: int) -> None:
        self._watchers += more
        if not self._watchers:
            self._message = b""  # it would be old for the next to come
        self.metrics.streams.set(self._watchers)

    def _sample(self) -> None:
        now = clock.now_ms()
        ends = {topic: self.context.backends.bus.end(topic) for topic in TOPICS}
        if self._at_ms:
            self._rates.append(Rate(now, _rates(self._ends, ends, now - self._at_ms)))
        self._ends, self._at_ms = ends, now
        if self._watchers:
            rate = self._rates[-1] if self._rates else None
            data = {"now_ms": now, "rate": rate, "work": self.work(), "jobs": self.context.jobs.stamp()}
            self._message = b"event: live\ndata: " + orjson.dumps(data) + b"\n\n"


def _rates(before: Mapping[str, int], now: Mapping[str, int], elapsed_ms: int) -> dict[str, float]:
    seconds = max(1, elapsed_ms) / 1000
    return {topic: round((now[topic] - before[topic]) / seconds, 1) for topic in now}
