"""Compute on a Spark cluster: each item is a task, and SQL is Spark's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pyspark.sql import SparkSession

from matinee.base import urls
from matinee.base.compute import Program
from matinee.base.compute.parquet import Source
from matinee.base.compute.spark import session as sessions
from matinee.base.compute.spark.faults import explained
from matinee.base.compute.spark.questions import ask
from matinee.base.compute.spark.session import Terms
from matinee.base.compute.spark.tasks import Tasks
from matinee.base.errors import SettingsError
from matinee.base.progress import track

T = TypeVar("T")
R = TypeVar("R")


class SparkCompute:
    """A Spark cluster, reached when it is first needed. Methods may be called from several threads."""

    def __init__(self, terms: Terms, workers: int) -> None:
        """Use the cluster of `terms`; `workers` is 0 where nobody said how many there are."""
        self._terms, self._workers = terms, workers
        self._session: SparkSession | None = None
        self._lock = threading.Lock()

    @classmethod
    def open(cls, url: str, root: Path) -> SparkCompute:
        """Open ``spark://HOST:PORT``.

        Options: `workers`, how many cores to take (else all that are free), `memory` of each process on the cluster
        (``1g``), `conf`, a folder with ``spark-defaults.conf``, inside `root`, and `wait_s` (60), how long to wait for
        the first worker. Nothing is started before it is needed. Raises `SettingsError` where this makes no sense.
        """
        address = urls.parse("backends.compute", url, ("workers", "memory", "conf", "wait_s"))
        if not address.place:
            raise SettingsError(f"backends.compute = {url!r} names no master.", next_step="Write spark://HOST:PORT.")
        workers, options = address.number("workers", 0), address.options
        settings = {"spark.cores.max": str(workers)} if workers else {}
        if "memory" in options:
            settings["spark.executor.memory"] = options["memory"]
        terms = Terms(
            master=f"spark://{address.place}",
            settings=settings,
            conf=root / options["conf"] if "conf" in options else None,
            wait_s=address.number("wait_s", 60.0),
            log=root / "work/spark/driver.log",
        )
        return cls(terms, workers)

    @property
    def workers(self) -> int:
        """How many items are worked on at once, as far as is known: 1 before the session, where the address says none.

        Begins no session. Raises `Unavailable` where no master answers.
        """
        session = self._session
        if session is not None and sessions.alive(session):
            return self._workers or session.sparkContext.defaultParallelism
        sessions.reach(self._terms.master)
        return self._workers or 1

    @property
    def session(self) -> SparkSession:
        """The session on the cluster, for what needs Spark itself; begun with the first use. Raises `Unavailable`."""
        with self._lock:
            if self._session is None or not sessions.alive(self._session):
                self._session = sessions.take(self._terms)
            return self._session

    def map(self, function: Callable[[T], R], items: Iterable[T], label: str = "") -> Iterator[R]:
        """``function(item)`` of each item, in order; see `matinee.base.compute.Compute.map`."""
        results: Iterator[R] = self._map(function, items)
        if not label:
            return results
        return track(results, label, len(items) if isinstance(items, Sized) else None)

    def sql(self, query: str, tables: Mapping[str, Source]) -> pa.Table:
        """The answer to a query over Parquet; see `matinee.base.compute.Compute.sql`."""
        with explained(self._terms.master, query=True):
            return ask(self.session, query, tables, self.workers)

    def run(self, program: Program[R]) -> R:
        """What the program comes to; see `matinee.base.compute.Compute.run`."""
        with explained(self._terms.master), sessions.cancelling(self.session):
            return program.on_spark(self.session, self.workers)

    def close(self) -> None:
        """Let go of the cluster."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            sessions.leave(session)

    def _map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        with explained(self._terms.master):
            tasks = Tasks(self.session.sparkContext, function, self.workers)
        try:
            yield from tasks.work(iter(items))
        finally:
            tasks.end()
