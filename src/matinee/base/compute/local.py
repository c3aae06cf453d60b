"""Compute on this machine: processes that are started once, kept, and given one item at a time; and DuckDB for SQL."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from matinee.base import urls
from matinee.base.compute.worker import FUNCTION, ITEM, Worker
from matinee.base.errors import SettingsError, Unavailable
from matinee.base.progress import track

if TYPE_CHECKING:
    import pyarrow as pa

    from matinee.base.compute import Program
    from matinee.base.compute.parquet import Source

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4
"""Items per worker that may be taken from the iterable before the oldest result has been asked for."""


class LocalCompute:
    """Worker processes. `map` may be called from several threads; each call has workers of its own."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._idle: list[Worker] = []
        self._lock = threading.Lock()

    @classmethod
    def open(cls, url: str, root: Path) -> LocalCompute:  # noqa: ARG003  every port opens alike
        """Open ``local://?workers=N``; without the option as many as there are CPUs for this process."""
        address = urls.parse("backends.compute", url, ("workers",))
        if address.place:
            raise SettingsError(
                f"backends.compute = {url!r}: local:// takes no place.", next_step="Write local://?workers=N."
            )
        return cls(address.number("workers", len(os.sched_getaffinity(0))))

    @property
    def workers(self) -> int:
        """How many items are worked on at once."""
        return self._workers

    def map(self, function: Callable[[T], R], items: Iterable[T], label: str = "") -> Iterator[R]:
        """``function(item)`` of each item, in order; see `matinee.base.compute.Compute.map`."""
        results: Iterator[R] = self._map(function, items)
        if not label:
            return results
        return track(results, label, len(items) if isinstance(items, Sized) else None)

    def sql(self, query: str, tables: Mapping[str, Source]) -> pa.Table:
        """The answer to a query over Parquet; see `matinee.base.compute.Compute.sql`."""
        from matinee.base.compute.duck import ask

        return ask(query, tables, self._workers)

    def run(self, program: Program[R]) -> R:
        """What the program comes to; see `matinee.base.compute.Compute.run`."""
        return program.locally(self._workers)

    def close(self) -> None:
        """Stop the workers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.kill()

    def _map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        crew = _Crew(FUNCTION + pickle.dumps(function, pickle.HIGHEST_PROTOCOL), self._workers, self._lease)
        try:
            yield from crew.work(iter(items))
        finally:
            self._take_back(crew.dismiss())

    def _lease(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.kill()
        return Worker()

    def _take_back(self, workers: list[Worker]) -> None:
        with self._lock:
            room = self._workers - len(self._idle)
            self._idle += workers[:room]
        for worker in workers[room:]:
            worker.kill()


class _Crew:
    """The workers of one `map`, hired as there are items for them."""

    def __init__(self, function: bytes, size: int, lease: Callable[[], Worker]) -> None:
        self._function = function
        self._size = size
        self._lease = lease
        self._workers: list[Worker] = []
        self._done: dict[int, tuple[bool, Any]] = {}
        self._given = 0
        self._last: int | None = None
        """Number of items, once that is known or an error stands."""

    def work(self, items: Iterator[Any]) -> Iterator[Any]:
        """Results in order."""
        number = 0
        while True:
            self._give(items, number)
            if number == self._last:
                return
            while number not in self._done:
                self._collect(None)
                self._give(items, number)
            good, value = self._done.pop(number)
            if not good:
                raise value
            number += 1
            self._collect(0)
            self._give(items, number)
            yield value

    def dismiss(self) -> list[Worker]:
        """Kill those still at work; returns the others."""
        for worker in self._workers:
            if worker.item is not None:
                worker.kill()
        return [worker for worker in self._workers if worker.item is None]

    def _give(self, items: Iterator[Any], oldest: int) -> None:
        """Give every free worker an item, as long as there are any and the results do not pile up."""
        while self._last is None and self._given < oldest + _AHEAD * self._size and (worker := self._free()):
            try:
                value = ITEM + pickle.dumps(next(items), pickle.HIGHEST_PROTOCOL)
            except StopIteration:
                self._last = self._given
            except Exception as error:
                self._finish(self._given, good=False, value=error)
            else:
                worker.start(self._given, value)
                self._given += 1

    def _free(self) -> Worker | None:
        for worker in self._workers:
            if worker.item is None:
                return worker
        if len(self._workers) == self._size:
            return None
        worker = self._lease()
        self._workers.append(worker)
        worker.take(self._function)
        return worker

    def _collect(self, timeout_s: float | None) -> None:
        """Take in the answers that have come; waits for one where `timeout_s` is None."""
        busy = {worker.pipe: worker for worker in self._workers if worker.item is not None}
        for pipe in wait(list(busy), timeout_s):
            worker = busy[pipe]  # type: ignore[index]
            number = worker.item
            assert number is not None
            try:
                good, value = worker.answer()
            except EOFError:
                good, value = False, self._bury(worker, number)
            self._finish(number, good=good, value=value)

    def _finish(self, number: int, *, good: bool, value: Any) -> None:
        self._done[number] = good, value
        if not good:
            self._last = min(number + 1, self._last if self._last is not None else number + 1)

    def _bury(self, worker: Worker, number: int) -> Unavailable:
        how = worker.how_it_died()
        self._workers.remove(worker)
        worker.kill()
        return Unavailable(
            f"A worker process {how} at item {number + 1}.",
            next_step="Memory may have run out: try local://?workers=1, or look at that item.",
        )
