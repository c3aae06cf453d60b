"""A program that is kept up: started again where it ended, at first soon and then ever later."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from matinee.base.children import dies_with_us
from matinee.base.errors import Unavailable

logger = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
STEADY_S = 60.0
"""Who has run that long is started again soon when it ends."""


class Daemon:
    """One program. The kernel kills it when the thread that called `tend` first dies, however that dies."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._due = 0.0
        self._wait_s = FIRST_WAIT_S

    @property
    def pid(self) -> int | None:
        """Its process, where it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def tend(self) -> None:
        """Start it where it does not run and its time has come. Raises `Unavailable` where it cannot be started."""
        now = time.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            if now - self._began > STEADY_S:
                self._wait_s = FIRST_WAIT_S
            self._due, self._wait_s = now + self._wait_s, min(2 * self._wait_s, LONGEST_WAIT_S)
            how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            logger.warning("%s %s; it is started again in %.1f s (%s)", self.name, how, self._due - now, self.log)
        if self._process is None and now >= self._due:
            self._process, self._began = self._start(), now

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def end(self, timeout_s: float) -> None:
        """Wait for its end, and kill it with all of its group where that takes too long."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        return ""

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            with self.log.open("ab") as log:
                return subprocess.Popen(
                    [*dies_with_us(), *self._command],
                    env=dict(self._environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise Unavailable(f"{self.name} cannot be started: {error.strerror}.", next_step="Mend that.") from None
