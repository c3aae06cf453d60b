"""Writes of many tasks in one transaction: what waits while one is committed goes into the next."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection

from matinee.base.tables import Tables

R = TypeVar("R")
_MOST = 200


class Together:
    """A thread that writes for others, until it is closed."""

    def __init__(self, tables: Tables, last: Callable[[Connection], None]) -> None:
        """`last` is called at the end of every transaction."""
        self._tables, self._last = tables, last
        self._waiting: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="jobs writer", daemon=True)
        self._thread.start()

    def write(self, change: Callable[[Connection], R]) -> Future[R]:
        """Have `change` made; the result is there once it is committed. It may be called twice."""
        result: Future[R] = Future()
        self._waiting.put((change, result))
        return result

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, last = [first], False
            while len(batch) < _MOST and not self._waiting.empty():
                if (one := self._waiting.get()) is None:
                    last = True
                    break
                batch.append(one)
            self._make(batch)
            if last:
                return

    def _make(self, batch: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        """All in one transaction; where one fails, each in its own, so that it fails alone."""
        try:
            with self._tables.write() as connection:
                results = [change(connection) for change, _ in batch]
                self._last(connection)
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for one in batch:
                self._make([one])
        else:
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)
