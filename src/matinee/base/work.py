"""The journal of work: progress of long work in every process of a workspace, kept in one small table.

The command line and the server install a `WorkJournal` as a reporter (`matinee.base.progress.reporting_to`); the
console reads `rows`. A thread writes what changed twice a second, so that reporting a step costs an addition, and
work that ends sooner than that leaves no row unless it failed. A process that was killed cannot say so: its rows
are "lost" once it is gone, or has not written for half a minute.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from types import TracebackType
from typing import Any, Self

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String, Table, delete, select, update

from matinee.base import clock
from matinee.base.clock import DAY_MS, SECOND_MS
from matinee.base.errors import Unavailable
from matinee.base.ids import new_id
from matinee.base.progress import Task
from matinee.base.tables import Tables

logger = logging.getLogger(__name__)

WRITE_EVERY_S = 0.5
HEARTBEAT_MS = 5 * SECOND_MS
LOST_MS = 30 * SECOND_MS
KEPT_MS = 7 * DAY_MS

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

work = Table(
    "work",
    metadata,
    Column("id", String, primary_key=True),
    Column("label", String, nullable=False),
    Column("unit", String, nullable=False, server_default=""),
    Column("done", Float, nullable=False, server_default="0"),
    Column("total", Float),
    Column("state", String, nullable=False),
    Column("error", String, nullable=False, server_default=""),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One piece of work, as it stood when it last wrote."""

    id: str
    label: str
    unit: str
    done: float
    total: float | None
    """Its size in `unit`; None where unknown."""
    state: str
    """``running``, ``done``, ``failed``, ``stopped`` (by whoever ran it) or ``lost`` (its process is gone)."""
    error: str
    """Why it failed, in one line."""
    host: str
    pid: int
    started_ms: int
    updated_ms: int


class _Entry:
    """One task of this process, and whether its row is behind."""

    def __init__(self, journal: WorkJournal, row: dict[str, Any]) -> None:
        self._journal = journal
        self.row = row
        self.stored = False
        self.changed = True

    def advance(self, done: float) -> None:
        with self._journal.lock:
            self.row["done"] += done
            self.changed = True

    def finish(self, error: BaseException | None) -> None:
        self._journal.finish(self, error)


class _Nothing:
    """The task of a forked child: its journal's thread lives in the parent."""

    def advance(self, done: float) -> None: ...

    def finish(self, error: BaseException | None) -> None: ...


class WorkJournal:
    """A `Reporter` that keeps the progress of this process's work in the workspace's tables.

    Use it as a context: leaving it writes what is still unwritten. A database that fails is logged once and never
    stops the work itself.
    """

    def __init__(self, tables: Tables, now_ms: Callable[[], int] = clock.now_ms) -> None:
        self.lock = threading.Lock()
        self._tables, self._now_ms = tables, now_ms
        self._rng = SystemRandom()
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._entries: list[_Entry] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    def start(self, label: str, total: float | None, unit: str) -> Task:
        """Begin to keep a piece of work."""
        if os.getpid() != self._pid or self._stop.is_set():
            return _Nothing()
        now = self._now_ms()
        entry = _Entry(
            self,
            {
                "id": new_id(now, self._rng),
                "label": label,
                "unit": unit,
                "done": 0.0,
                "total": total,
                "state": "running",
                "error": "",
                "host": self._host,
                "pid": self._pid,
                "started_ms": now,
                "updated_ms": now,
            },
        )
        with self.lock:
            self._entries.append(entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="work journal", daemon=True)
                self._thread.start()
        return entry

    def finish(self, entry: _Entry, error: BaseException | None) -> None:
        """End a piece of work; called by its task."""
        with self.lock:
            stopped = isinstance(error, KeyboardInterrupt | GeneratorExit)
            entry.row["state"] = "done" if error is None else "stopped" if stopped else "failed"
            entry.row["error"] = "" if error is None or stopped else _one_line(error)
            entry.changed = True
            if entry.row["state"] != "failed" and not entry.stored:
                self._entries.remove(entry)

    def flush(self) -> None:
        """Write what changed since the last time."""
        now = self._now_ms()
        with self.lock:
            entries = [one for one in self._entries if one.changed or now - one.row["updated_ms"] >= HEARTBEAT_MS]
            rows = [{**one.row, "updated_ms": now} for one in entries]
            for one in entries:
                one.changed = False
        if not rows or not self._write(rows):
            return
        with self.lock:
            for one, row in zip(entries, rows, strict=True):
                one.stored = True
                one.row["updated_ms"] = now
                if row["state"] != "running":
                    self._entries.remove(one)

    def close(self) -> None:
        """Write what is unwritten and stop the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _write(self, rows: list[dict[str, Any]]) -> bool:
        try:
            with self._tables.write() as connection:
                connection.execute(self._tables.upsert(work, ["id"]), rows)
        except Unavailable as error:
            if not self._failing:
                logger.warning("The console cannot show this work: %s", error)
            self._failing = True
            return False
        self._failing = False
        return True

    def _run(self) -> None:
        try:
            sweep(self._tables, self._now_ms())
        except Unavailable as error:
            logger.warning("The journal of work was not tidied: %s", error)
        while not self._stop.wait(WRITE_EVERY_S):
            self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def rows(tables: Tables, now_ms: int, limit: int = 50) -> list[Work]:
    """The newest work of every process: what runs first, then what ended, newest first."""
    order = (work.c.state != "running", work.c.updated_ms.desc(), work.c.id)
    with tables.read() as connection:
        found = connection.execute(select(work).order_by(*order).limit(limit)).mappings().all()
    return [Work(**{**row, "state": _state(row["state"], row, now_ms)}) for row in found]


def sweep(tables: Tables, now_ms: int) -> int:
    """Mark work whose process is gone as lost, and drop what ended a week ago; how many were marked."""
    with tables.read() as connection:
        running = connection.execute(select(work).where(work.c.state == "running")).mappings().all()
    lost = [row["id"] for row in running if _state("running", row, now_ms) == "lost"]
    with tables.write() as connection:
        if lost:
            connection.execute(update(work).where(work.c.id.in_(lost)).values(state="lost"))
        connection.execute(delete(work).where(work.c.state != "running", work.c.updated_ms < now_ms - KEPT_MS))
    return len(lost)


def _state(state: str, row: Any, now_ms: int) -> str:
    if state != "running":
        return state
    gone = row["host"] == socket.gethostname() and not _alive(row["pid"])
    return "lost" if gone or now_ms - row["updated_ms"] > LOST_MS else "running"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives and is somebody else's
        return True
    return True


def _one_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:500]
