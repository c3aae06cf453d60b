"""What pages showed, written beside the requests: a bounded queue and one thread.

A page is drawn first and its impressions are written after. Where they come faster than they can be written, whole
pages are dropped and counted: a late page would be worse. Stopping the server writes what still waits.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import orjson
from prometheus_client import Counter

from matinee.base.bus import Bus
from matinee.base.errors import MatineeError
from matinee.events.records import Event
from matinee.events.service import IMPRESSIONS
from matinee.server.session_store import Session

if TYPE_CHECKING:
    from matinee.events.service import Service as Events
    from matinee.recommendation.records import HomePage, Item

logger = logging.getLogger(__name__)

BATCH = 10
"""Pages written at once: each batch waits for the disk, and a long one would keep requests from the processor."""
LINGER_S = 0.1
"""How long the first of a batch waits for others."""
Made = Callable[[], Iterable[Event]]


class EventWriter:
    """Records what this server itself observes, off the path of requests."""

    def __init__(
        self, events: Callable[[], Events], bus: Bus, *, queued: int, written: Counter, dropped: Counter
    ) -> None:
        self._events, self._bus, self._written, self._dropped = events, bus, written, dropped
        self._queue: queue.Queue[HomePage | Made | None] = queue.Queue(queued)
        self._thread = threading.Thread(target=self._run, name="impressions", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def shown(self, page: HomePage, session: Session) -> None:
        """Note that a home page was shown; nothing is noted where an operator looks at it as somebody else."""
        if session.viewing_as is None:
            self._put(page)

    def put(self, made: Made) -> None:
        """Record the events that `made` returns, soon."""
        self._put(made)

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

    def _put(self, one: HomePage | Made) -> None:
        try:
            self._queue.put_nowait(one)
        except queue.Full:
            self._dropped.inc()

    def _run(self) -> None:
        while self._write(self._take()):
            pass

    def _take(self) -> list[HomePage | Made | None]:
        taken = [self._queue.get()]
        until = time.monotonic() + LINGER_S
        while len(taken) < BATCH and taken[-1] is not None:
            try:
                taken.append(self._queue.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return taken

    def _write(self, taken: Sequence[HomePage | Made | None]) -> bool:
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

    def _record(self, taken: Sequence[HomePage | Made | None]) -> None:
        events: list[Event] = []
        messages: list[tuple[str, bytes]] = []
        for one in taken:
            if callable(one):
                events += one()
            elif one is not None:
                messages += impressions(one)
        if messages:
            self._written.inc(self._bus.publish(IMPRESSIONS, messages).accepted)
        if events:
            self._events().record(events)


def impressions(page: HomePage) -> list[tuple[str, bytes]]:
    """Ids and bodies of a page's impressions, as `matinee.events.codec` reads them; the same page gives the same.

    The hero counts as row ``hero`` in place 0, the rows below it from place 1.
    They are written straight as JSON: a busy server makes some 20,000 a second, and a record each would double
    their cost.
    """
    places = [("hero", 0, page.hero)] if page.hero else []
    places += [(row.slug, above, item) for above, row in enumerate(page.rows, 1) for item in row.items]
    return [_impression(page, slug, above, item) for slug, above, item in places]


def _impression(page: HomePage, row: str, row_position: int, item: Item) -> tuple[str, bytes]:
    name = f"{page.id}-{row_position}-{item.position}"
    fields = {
        "id": name,
        "viewer_id": page.viewer_id,
        "at_ms": page.at_ms,
        "session": "",
        "device": "",
        "version": 1,
        "title_id": item.title.id,
        "page": page.id,
        "row": row,
        "row_position": row_position,
        "position": item.position,
        "reason": item.reason,
        "model": item.model,
        "propensity": item.propensity,
        "kind": "impression",
    }
    return name, orjson.dumps(fields)
