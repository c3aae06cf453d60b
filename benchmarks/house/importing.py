"""Importing ml-1m with the command that people run: seconds of wall clock, and memory at its highest.

python -m benchmarks.house.importing ML-1M.ZIP WORKSPACE
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Row, at_most


def measure(archive: Path, workspace: Path) -> list[Row]:
    """Make `workspace`, import into it and train; the import is measured, then once more with nothing new."""
    _matinee("init", str(workspace))
    seconds, kib = _matinee("import", "movielens", str(archive), workspace=workspace)
    again, _ = _matinee("import", "movielens", str(archive), workspace=workspace)
    train, _ = _matinee("train", workspace=workspace)
    found = (
        ("import", seconds, "s"),
        ("import, highest resident memory", kib / 1024, "MiB"),
        ("import again, nothing new", again, "s"),
        ("train", train, "s"),
    )
    return [Row(system="matinee", data="ml-1m", metric=name, value=value, unit=unit) for name, value, unit in found]


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Twenty seconds, one gigabyte."""
    return [
        at_most("import movielens of ml-1m", rows[0].value, 20, "s"),
        at_most("its resident memory", rows[1].value, 1024, "MiB"),
    ]


def _matinee(*args: str, workspace: Path | None = None) -> tuple[float, int]:
    """Run a command to its end; wall-clock seconds and highest resident memory in KiB."""
    where = ["--workspace", str(workspace)] if workspace else []
    start = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "matinee", *where, "--quiet", *args])
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, args
    return time.monotonic() - start, usage.ru_maxrss


if __name__ == "__main__":
    for row in measure(Path(sys.argv[1]), Path(sys.argv[2])):
        print(row)
