"""What pages showed, written beside the requests: a bounded queue and one thread.

A page is drawn first and its impressions are written after. Where they come faster than they can be written, whole
pages are dropped and counted: a late page would be worse. Stopping the server writes what still waits.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import Counter

from matinee.base.errors import MatineeError
from matinee.events.records import Event, Impression
from matinee.server.session_store import Session

if TYPE_CHECKING:
    from matinee.events.service import Service as Events
    from matinee.recommendation.records import HomePage

logger = logging.getLogger(__name__)

BATCH_PAGES = 20
_Work = Callable[[], Iterable[Event]]


class EventWriter:
    """Records events of this server's own making, off the path of requests."""

    def __init__(self, events: Callable[[], Events], queued: int, written: Counter, dropped: Counter) -> None:
        self._events, self._written, self._dropped = events, written, dropped
        self._queue: queue.Queue[_Work | None] = queue.Queue(queued)
        self._thread = threading.Thread(target=self._run, name="impressions", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def shown(self, page: HomePage, session: Session) -> None:
        """Note that a home page was shown; nothing is noted where an operator looks at it as somebody else."""
        if session.viewing_as is None:
            self.put(lambda: impressions(page))

    def put(self, make: _Work) -> None:
        """Record the events that `make` returns, soon."""
        try:
            self._queue.put_nowait(make)
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

    def _take(self) -> list[_Work | None]:
        taken = [self._queue.get()]
        while len(taken) < BATCH_PAGES and taken[-1] is not None:
            try:
                taken.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return taken

    def _write(self, taken: Sequence[_Work | None]) -> bool:
        try:
            events = [event for make in taken if make is not None for event in make()]
            if events:
                self._written.inc(self._events().record(events).accepted)
        except MatineeError as error:
            self._dropped.inc(len(taken))
            logger.warning("Impressions of %d pages were not written: %s", len(taken), error)
        except Exception:
            self._dropped.inc(len(taken))
            logger.exception("Impressions of %d pages were not written", len(taken))
        return taken[-1] is not None


def impressions(page: HomePage) -> list[Event]:
    """The impressions of a page; the same page gives the same ids."""
    return [
        Impression(
            id=f"{page.id}-{above}-{item.position}",
            viewer_id=page.viewer_id,
            at_ms=page.at_ms,
            title_id=item.title.id,
            page=page.id,
            row=row.slug,
            row_position=above,
            position=item.position,
            reason=item.reason,
            model=item.model,
            propensity=item.propensity,
        )
        for above, row in enumerate(page.rows)
        for item in row.items
    ]
