"""What came of an attempt, of its processes and of its job."""

from __future__ import annotations

from dataclasses import dataclass

from matinee.jobs.records import JobStatus

STOPPED = "Its agent was stopped."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the processes of a job ended."""

    exit_code: int
    """Below zero where a signal ended it."""
    why: str
    """Why it was killed, where we did it."""
    started_ms: int
    cpu_s: float
    peak_mb: float
    """Of all its processes together, as weighed twice a second; 0 where it was quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of an attempt, or of a job that will have none."""

    status: JobStatus
    message: str
    outcome: Outcome | None = None
    """Of its processes; None where they were never begun, or their end was seen by nobody."""
    lost: bool = False
    """Whether it was broken off by no fault of its own, so that it may run again where it says so."""
