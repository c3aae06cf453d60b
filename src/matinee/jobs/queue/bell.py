"""A bell at the database: whoever puts something there rings it, and who waits for that hears it at once.

PostgreSQL has NOTIFY. SQLite counts the changes that other connections have committed, and to read that count costs
next to nothing (https://www.sqlite.org/pragma.html#pragma_data_version).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, text

from matinee.base.tables import NOTICED

CHANNEL = "matinee_jobs"
_LOOK_S = 0.02


class Heard(Protocol):
    """Somebody who listens."""

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Whether the bell may have rung since the last time: as soon as it has, or `stop` is set, or time is over."""


def ring(connection: Connection, channel: str = CHANNEL) -> None:
    """Ring once the transaction of `connection` is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


@contextmanager
def listening(engine: Engine, channel: str = CHANNEL) -> Iterator[Heard]:
    """Listen until the block ends; over SQLite there is one channel, which everything rings."""
    listener = _Changes(engine) if engine.dialect.name == "sqlite" else _Notified(engine, channel)
    try:
        yield listener
    finally:
        listener.close()


class _Changes:
    """SQLite: any change counts."""

    def __init__(self, engine: Engine) -> None:
        self._connection = sqlite3.connect(str(engine.url.database), check_same_thread=False)
        self._seen = -1

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not stop.is_set():
            (now,) = self._connection.execute("PRAGMA data_version").fetchone()
            if now != self._seen:
                self._seen = now
                return True
            stop.wait(_LOOK_S)
        return False

    def close(self) -> None:
        self._connection.close()


class _Notified:
    """PostgreSQL: a connection of its own, made again where it was lost."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._connection: Any = None

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        import psycopg

        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._address, autocommit=True, **NOTICED)
                self._connection.execute(f'LISTEN "{self._channel}"')
                return True  # it may have rung before
            return next(self._connection.notifies(timeout=seconds, stop_after=1), None) is not None
        except psycopg.Error:
            self.close()
            stop.wait(seconds)
            return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
