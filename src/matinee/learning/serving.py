"""What is served of a shelf: the current version, made ready once, and swapped while requests go on.

Whoever asks gets the model that is ready. One of those who ask looks at the pointer now and then; where it has moved,
it alone loads the new version, while all others go on with the old one, and the swap is one assignment. So no request
waits for a model, sees half of one, or fails because of one: a version that cannot be read is told to whoever runs
the service, once, and the one before stays; where there is none yet, the newest one that can be read takes its place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from matinee.base.errors import MatineeError
from matinee.learning.shelf import Shelf, Version

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready(Generic[T]):
    """What was made of a version, and which that was."""

    version: str
    """Empty where nothing has been published yet."""
    value: T


class Serving(Generic[T]):
    """The current version of a shelf, made ready by `make`; asked from any thread.

    `make` gets None where nothing has been published. The pointer is read every `check_s` seconds at most.
    """

    def __init__(
        self,
        shelf: Shelf,
        make: Callable[[Version | None], T],
        check_s: float,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shelf, self._make = shelf, make
        self._check_s, self._clock_s = check_s, clock_s
        self._lock = threading.Lock()
        self._ready: Ready[T] | None = None
        self._due_s = float("-inf")
        self._complaint = ""

    def get(self) -> Ready[T]:
        """What is ready."""
        ready = self._ready
        if ready is None:
            with self._lock:
                return self._ready or self._first()
        if self._clock_s() >= self._due_s and self._lock.acquire(blocking=False):
            try:
                self._renew(ready)
            finally:
                self._lock.release()
        return self._ready or ready

    def look_again(self) -> None:
        """Have the next request look at the pointer, however lately that was done."""
        self._due_s = float("-inf")

    def _first(self) -> Ready[T]:
        self._due_s = self._clock_s() + self._check_s
        try:
            self._ready = self._current(held=None)
        except MatineeError as error:
            self._ready = self._readable()
            self._complain(self._ready, error)
        return self._ready

    def _readable(self) -> Ready[T]:
        """The newest version that can be read, or what is served where there is none."""
        with suppress(MatineeError):
            for version in reversed(self._shelf.versions()):
                with suppress(MatineeError):
                    return Ready(version, self._make(self._shelf.load(version)))
        return Ready("", self._make(None))

    def _renew(self, ready: Ready[T]) -> None:
        self._due_s = self._clock_s() + self._check_s
        try:
            self._ready = self._current(held=ready)
            self._complaint = ""
        except MatineeError as error:
            self._complain(ready, error)

    def _complain(self, ready: Ready[T], error: MatineeError) -> None:
        if str(error) != self._complaint:
            log.error("Served is %s: %s", f"version {ready.version}" if ready.version else "nothing trained", error)
            self._complaint = str(error)

    def _current(self, held: Ready[T] | None) -> Ready[T]:
        version = self._shelf.current() or ""
        if held is not None and held.version == version:
            return held
        try:
            return Ready(version, self._make(self._shelf.load(version) if version else None))
        except MatineeError:
            if (self._shelf.current() or "") == version:
                raise
            return self._current(held)  # it was replaced, and tidied away, while it was being read
