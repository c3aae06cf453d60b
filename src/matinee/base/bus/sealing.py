"""Sealing a topic's full segments in the background, by one process at a time."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from matinee.base.bus.sealed import seal
from matinee.base.bus.segment import Segment
from matinee.base.disk import disk_errors
from matinee.base.errors import Unavailable

_log = logging.getLogger(__name__)
_LEFTOVER_S = 60.0


class Sealer:
    """Seals what `closed` names; `changed` is called after each, so that the topic looks at its folder again."""

    def __init__(self, folder: Path, closed: Callable[[], list[Segment]], changed: Callable[[], None]) -> None:
        self._folder = folder
        self._closed = closed
        self._changed = changed
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a thread, where there is anything to seal and none is at it."""
        if self._closed() and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run_quietly, name=f"sealing {self._folder.name}")
            self._thread.start()

    def run(self) -> None:
        """Seal all now, unless another process is at it."""
        self.wait()
        self._run()

    def finish(self) -> None:
        """Seal what is left, as far as it can be done."""
        self.wait()
        if self._closed():
            self._run_quietly()

    def wait(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()

    def _run_quietly(self) -> None:
        """Seal; what goes wrong loses nothing and is tried again when the next segment is full."""
        try:
            with disk_errors(self._folder):
                self._run()
        except Unavailable as error:
            _log.warning("Segments of %s could not be sealed and stay as they are: %s", self._folder, error)

    def _run(self) -> None:
        fd = os.open(self._folder / "sealing", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._seal_all()
        finally:
            os.close(fd)

    def _seal_all(self) -> None:
        sweep(self._folder)
        self._changed()
        while closed := self._closed():
            seal(closed[0])
            self._changed()


def sweep(folder: Path) -> None:
    """Remove what a killed sealing left: frames that are sealed already, and temporary files."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            sealed_twin = path.suffix == ".log" and path.with_suffix(".parquet").exists()
            if sealed_twin or (path.suffix == ".tmp" and time.time() - path.stat().st_mtime > _LEFTOVER_S):
                path.unlink()
