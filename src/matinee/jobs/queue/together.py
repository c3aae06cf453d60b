"""Writes of many callers in one transaction: what waits while one is committed goes into the next.

What waits for the same change is handed to it as one list, so that many jobs take as many statements as one.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from matinee.base.errors import Unavailable
from matinee.base.tables import Tables

T = TypeVar("T")
R = TypeVar("R")
Change = Callable[[Connection, Sequence[T]], Sequence[R] | None]
"""Makes a change of each of the items, and gives back what came of each, where there is something to tell."""
LANE = "jobs"
"""Of writers, which nobody else queues in."""
_MOST = 500


@dataclass(frozen=True, slots=True)
class _Asked:
    change: Change[Any, Any]
    item: Any
    result: Future[Any] = field(default_factory=Future)


class Together:
    """A thread that writes for others, until it is closed."""

    def __init__(self, tables: Tables, pace_s: float = 0) -> None:
        """`pace_s` is the least time between two transactions, so that more goes into each."""
        self._tables, self._pace_s = tables, pace_s
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="jobs writer", daemon=True)
        self._thread.start()

    def write(self, change: Change[T, R], item: T) -> Future[R]:
        """Have `change` made of an item, unless the result is cancelled before; it is there once it is committed.

        `change` may be called twice.
        """
        asked = _Asked(change, item)
        self._waiting.put(asked)
        return asked.result

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        again = time.monotonic()
        while (first := self._waiting.get()) is not None:
            time.sleep(max(0, again - time.monotonic()))
            batch: list[_Asked | None] = [first]
            while len(batch) < _MOST and batch[-1] is not None and not self._waiting.empty():
                batch.append(self._waiting.get())
            wanted = [one for one in batch if one is not None and one.result.set_running_or_notify_cancel()]
            if wanted:
                self._make(wanted)
                again = time.monotonic() + self._pace_s
            if batch[-1] is None:
                return

    def _make(self, batch: Sequence[_Asked]) -> None:
        """All in one transaction; where one fails, each in its own, so that it fails alone."""
        changes: dict[Change[Any, Any], list[_Asked]] = {}
        for one in batch:
            changes.setdefault(one.change, []).append(one)
        try:
            with self._tables.write(LANE) as connection:
                results = [change(connection, [one.item for one in asked]) for change, asked in changes.items()]
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Unavailable):
                for one in batch:
                    one.result.set_exception(error)
            else:
                for one in batch:
                    self._make([one])
        else:
            for asked, found in zip(changes.values(), results, strict=True):
                for one, result in zip(asked, found or [None] * len(asked), strict=True):
                    one.result.set_result(result)
