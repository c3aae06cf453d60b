"""Progress in a file, for whoever runs a program and watches it from outside.

Each line is ``DONE TOTAL LABEL``, the last whole one counts, and TOTAL is ``-`` where it is unknown. A shell script
says ``echo "3 10 encoding shots" >>"$MATINEE_PROGRESS"``; our own commands write there by themselves where the variable
is set.
"""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "MATINEE_PROGRESS"
_EVERY_S = 0.5
_TAIL = 4096


@dataclass(frozen=True, slots=True)
class Told:
    """How far something has come."""

    label: str
    done: float
    total: float | None


def read(path: Path) -> Told | None:
    """What a file says last; None where it says nothing."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().decode(errors="replace").split("\n")[:-1]
    except OSError:
        return None
    for line in reversed(lines):
        done, _, rest = line.strip().partition(" ")
        total, _, label = rest.partition(" ")
        with suppress(ValueError):
            found = Told(label[:200], float(done), None if total in {"-", ""} else float(total))
            if math.isfinite(found.done) and math.isfinite(found.total or 0):  # JSON knows no other numbers
                return found
    return None


class ProgressFile:
    """A reporter (`matinee.base.progress`) that writes what was begun last into a file, twice a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def start(self, label: str, total: float | None, unit: str) -> _Task:  # noqa: ARG002
        """Begin a task."""
        return _Task(self, label, total)

    def write(self, told: Told) -> None:
        """Append a line. What cannot be written is left unsaid: the work itself matters more."""
        total = "-" if told.total is None else f"{told.total:g}"
        with self._lock, suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(f"{told.done:g} {total} {' '.join(told.label.split())}\n")


class _Task:
    def __init__(self, file: ProgressFile, label: str, total: float | None) -> None:
        self._file, self._label, self._total = file, label, total
        self._done = 0.0
        self._said = -_EVERY_S

    def advance(self, done: float) -> None:
        self._done += done
        if time.monotonic() - self._said >= _EVERY_S:
            self._say()

    def finish(self, error: BaseException | None) -> None:  # noqa: ARG002
        self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        self._file.write(Told(self._label, self._done, self._total))
