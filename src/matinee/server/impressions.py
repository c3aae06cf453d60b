"""What pages showed, written beside the requests: a bounded queue and one thread.

A page is drawn first and what it showed is written after. Where pages come faster than they can be written, whole
pages are dropped and counted: a late page would be worse. Stopping the server writes what still waits.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import Counter

from matinee.base.errors import MatineeError
from matinee.events.records import Event
from matinee.recommendation.service import shown
from matinee.server.session_store import Session

if TYPE_CHECKING:
    from matinee.events.service import Service as Events
    from matinee.recommendation.records import HomePage

logger = logging.getLogger(__name__)

BATCH = 50
"""Pages written at once: each batch waits for the disk, and a long one would keep requests from the processor."""
LINGER_S = 0.1
"""How long the first of a batch waits for others."""
Made = Callable[[], Iterable[Event]]


class EventWriter:
    """Records what this server itself observes, off the path of requests."""

    def __init__(self, events: Callable[[], Events], *, queued: int, written: Counter, dropped: Counter) -> None:
        self._events, self._written, self._dropped = events, written, dropped
        self._queue: queue.Queue[Made | None] = queue.Queue(queued)
        self._thread = threading.Thread(target=self._run, name="impressions", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def shown(self, page: HomePage, session: Session) -> None:
        """Note that a home page was shown; nothing is noted where an operator looks at it as somebody else."""
        if session.viewing_as is None:
            self.put(lambda: [shown(page)])

    def put(self, made: Made) -> None:
        """Record the events that `made` returns, soon."""
        try:
            self._queue.put_nowait(made)
        except queue.Full:
            self._dropped.inc()

    def stop(self, timeout_s: float) -> None:
        """Write what waits and end, within `timeout_s`."""
        if not self._thread.is_alive():
            return
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            logger.warning("Impressions of %d pages were not written in time.", self._queue.qsize())
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while self._write(self._take()):
            pass

    def _take(self) -> list[Made | None]:
        taken = [self._queue.get()]
        until = time.monotonic() + LINGER_S
        while len(taken) < BATCH and taken[-1] is not None:
            try:
                taken.append(self._queue.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return taken

    def _write(self, taken: Sequence[Made | None]) -> bool:
        """Write a batch; False where it was the last."""
        try:
            self._record(taken)
        except MatineeError as error:
            self._dropped.inc(len(taken))
            logger.warning("Impressions of %d pages were not written: %s", len(taken), error)
        except Exception:
            self._dropped.inc(len(taken))
            logger.exception("Impressions of %d pages were not written", len(taken))
        return taken[-1] is not None

    def _record(self, taken: Sequence[Made | None]) -> None:
        events = [event for made in taken if made is not None for event in made()]
        if events:
            self._written.inc(self._events().record(events).accepted)
