"""How jobs are told to people: states in words, with a sign each, and times as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matinee.base.clock import DAY_MS, SECOND_MS, to_iso, took_ms
from matinee.jobs.records import Job, JobStatus
from matinee.server.site import words


@dataclass(frozen=True, slots=True)
class State:
    """What some statuses come to for people. The word is also the name of its colour in the style sheet."""

    word: str
    icon: str
    """In ``icons.svg``: states are told apart without colour too."""
    statuses: tuple[JobStatus, ...]


STATES = (
    State("waiting", "clock", (JobStatus.RESERVED, JobStatus.RESOLVED)),
    State("queued", "queue", (JobStatus.ACCEPTED,)),
    State("starting", "play", (JobStatus.CLAIMED, JobStatus.INIT)),
    State("running", "play", (JobStatus.RUNNING,)),
    State("succeeded", "check", (JobStatus.SUCCEEDED,)),
    State("failed", "close", (JobStatus.FAILED,)),
    State("killed", "stop", (JobStatus.KILLED,)),
    State("invalid", "ban", (JobStatus.INVALID,)),
)
GROUPS: Mapping[str, tuple[JobStatus, ...]] = {
    "active": tuple(one for one in JobStatus if not one.final),
    "ended": tuple(one for one in JobStatus if one.final),
}
"""Words for several states at once."""
_OF: Mapping[JobStatus, State] = {status: one for one in STATES for status in one.statuses}


def state_of(status: JobStatus) -> State:
    """The state of a job with a status.

    >>> state_of(JobStatus.RESERVED).word
    'waiting'
    """
    return _OF[status]


def statuses_of(word: str) -> tuple[str, ...]:
    """The statuses that a word of `STATES` or `GROUPS` stands for; none for any other word.

    >>> statuses_of("starting"), statuses_of("shoes")
    (('CLAIMED', 'INIT'), ())
    """
    found = GROUPS.get(word) or next((one.statuses for one in STATES if one.word == word), ())
    return tuple(status.value for status in found)


@dataclass(frozen=True, slots=True)
class Span:
    """How long something took, or takes: then since when, and the page counts on."""

    text: str
    since_ms: int | None = None

    @classmethod
    def of(cls, start_ms: int | None, end_ms: int | None, now_ms: int) -> Span:
        """From a time to another, or until now where that is None; empty where it has not begun."""
        if start_ms is None:
            return cls("")
        return cls(elapsed(took_ms(start_ms, end_ms or now_ms) / SECOND_MS), None if end_ms else start_ms)


def elapsed(seconds: float) -> str:
    """A stretch of time, also a short one; `fresh.js` says it in the same words.

    >>> elapsed(0.04), elapsed(8.25), elapsed(59.7), elapsed(3725)
    ('40 ms', '8.2 s', '1 min', '1 h 2 min')
    """
    if seconds < 1:
        return f"{max(0.0, 1000 * seconds):.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if round(seconds) < 60 else words.duration(max(60, seconds))


def moment(time_ms: int | None) -> str:
    """A time in UTC, to the second.

    >>> moment(1_500)
    '1970-01-01 00:00:01'
    """
    return "" if time_ms is None else to_iso(time_ms)[:19].replace("T", " ")


def lately(time_ms: int, now_ms: int) -> str:
    """The same in short: the time of today, or the day and the minute.

    >>> lately(1_500, 5_000), lately(1_500, 10**12)
    ('00:00:01', '1970-01-01 00:00')
    """
    return moment(time_ms)[11:] if time_ms // DAY_MS == now_ms // DAY_MS else moment(time_ms)[:16]


def size(size_bytes: int) -> str:
    """The size of a file.

    >>> size(0), size(1536), size(5 << 30)
    ('0 B', '1.5 KB', '5.0 GB')
    """
    if size_bytes < 1024:
        return f"{size_bytes} B"
    power = min((size_bytes.bit_length() - 1) // 10, 4)
    return f"{size_bytes / 1024**power:.1f} {' KMGT'[power]}B"


def memory(megabytes: float | None) -> str:
    """Memory of a job; empty where nobody knows.

    >>> memory(220), memory(2048), memory(None)
    ('220 MB', '2.0 GB', '')
    """
    return "" if not megabytes else f"{megabytes:,.0f} MB" if megabytes < 1024 else f"{megabytes / 1024:,.1f} GB"


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a job says that it has come."""

    text: str
    share: int | None
    """In percent."""

    @classmethod
    def of(cls, job: Job) -> Advance | None:
        """That of a job that says so, and has not ended well: what has is done."""
        told = job.progress
        if told is None or job.status == JobStatus.SUCCEEDED:
            return None
        share = None if not told.total else round(100 * min(1.0, max(0.0, told.done / told.total)))
        of = f" of {told.total:,g}" if told.total else ""
        return cls(f"{told.done:,g}{of} {told.label}".strip(), share)
