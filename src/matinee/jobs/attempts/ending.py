"""What the end of the processes of an attempt means."""

from __future__ import annotations

import os
import re
from pathlib import Path

from matinee.jobs.attempts.script import ENVIRONMENT
from matinee.jobs.records import JobStatus
from matinee.jobs.verdict import STOPPED, Outcome, Verdict

_TAIL, _WORDS = 4096, 300


def verdict_of(outcome: Outcome, folder: Path) -> Verdict:
    """What the end of the processes in the folder of an attempt means."""
    if outcome.why:
        status, message = JobStatus.KILLED, outcome.why
    elif outcome.exit_code == 0:
        status, message = JobStatus.SUCCEEDED, "Job finished successfully."
    else:
        status, message = JobStatus.FAILED, _failure(outcome.exit_code, folder)
    return Verdict(status=status, message=message, outcome=outcome, lost=outcome.why == STOPPED)


def _failure(exit_code: int, folder: Path) -> str:
    if not (folder / ENVIRONMENT).exists():
        return "Job script failed during setup. See genie/logs/setup.log."
    how = f"It was ended by signal {-exit_code}" if exit_code < 0 else f"It ended with exit code {exit_code}"
    script = rf"{re.escape(str(folder / 'run'))}: line \d+: (exec: )?"  # what it says of itself helps nobody
    words = re.sub(rf"^{script}", "", _last_words(folder / "stderr"))
    return f"{how}: {words}" if words else f"{how}."


def _last_words(path: Path) -> str:
    """The last line that says anything, cut short; programs say there why they ended."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return "".join(one if one.isprintable() else " " for one in said)[:_WORDS]
