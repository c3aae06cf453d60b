"""Waiting for a job to end, wherever it is asked after."""

from __future__ import annotations

import time
from collections.abc import Callable

from matinee.base.errors import Unavailable
from matinee.jobs.records import Job


def until_final(ask: Callable[[], Job], timeout_s: float, every_s: float) -> Job:
    """What `ask` says of a job once that is final. Raises `Unavailable` after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not (job := ask()).status.final:
        if time.monotonic() > end:
            raise Unavailable(f"The job {job.id} is still {job.status}.", next_step="Wait longer.")
        time.sleep(every_s)
    return job
