"""Progress of long work: silent in the library, a bar in the command line, a panel in the console.

>>> list(track([1, 2, 3], "counting"))
[1, 2, 3]

Whoever wants to show progress installs a `Reporter` for a while with `reporting_to`; work that nobody
watches costs one attribute look-up per step. Reporters are process-wide and not per context because
long work fans out to threads, which would lose a context variable.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Task(Protocol):
    """One piece of work under way, as a reporter sees it. Methods may be called from any thread."""

    def advance(self, done: float) -> None:
        """Add `done` units to what is finished."""

    def finish(self, error: BaseException | None) -> None:
        """End the task; `error` is what stopped it, if anything did."""


class Reporter(Protocol):
    """Something that shows work under way."""

    def start(self, label: str, total: float | None, unit: str) -> Task:
        """Show a new task. `total` is its size in `unit`, None where unknown."""


_reporters: tuple[Reporter, ...] = ()
_lock = threading.Lock()


@contextmanager
def reporting_to(reporter: Reporter) -> Iterator[None]:
    """Send the progress of all work in this process to `reporter` while the block runs."""
    global _reporters  # noqa: PLW0603  one list per process is the point
    with _lock:
        _reporters = (*_reporters, reporter)
    try:
        yield
    finally:
        with _lock:
            _reporters = tuple(one for one in _reporters if one is not reporter)


class _Tasks:
    """The same task in every reporter."""

    def __init__(self, label: str, total: float | None, unit: str) -> None:
        self._tasks = [reporter.start(label, total, unit) for reporter in _reporters]

    def advance(self, done: float) -> None:
        for task in self._tasks:
            task.advance(done)

    def finish(self, error: BaseException | None) -> None:
        for task in self._tasks:
            task.finish(error)


@contextmanager
def working(label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
    """A task whose progress the block reports itself, for work that is not a loop over items."""
    task = _Tasks(label, total, unit)
    try:
        yield task
    except BaseException as error:
        task.finish(error)
        raise
    task.finish(None)


def track(items: Iterable[T], label: str, total: float | None = None, unit: str = "") -> Iterator[T]:
    """Yield the items, reporting one unit after each has been worked on."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with working(label, total, unit) as task:
        for item in items:
            yield item
            task.advance(1)
