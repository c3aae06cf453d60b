"""What became of jobs day by day, in UTC."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, Select, func, select

from matinee.base.clock import DAY_MS, to_iso
from matinee.base.errors import InvalidInput
from matinee.jobs.records import JobStatus, Noun
from matinee.jobs.tables import job_attempts, jobs

_HOUR_S = 3600
MOST_DAYS = 3700


class Day(Noun):
    """One day."""

    day: str
    """As 2026-11-21."""
    ended: dict[JobStatus, int] = Field(default_factory=dict)
    """Jobs that ended on it, by what came of them."""
    cpu_hours: dict[str, float] = Field(default_factory=dict)
    """Of attempts that ended on it, by owner."""


def history(connection: Connection, since_ms: int, until_ms: int) -> list[Day]:
    """Each day that a time touches, the first first, also those on which nothing ended.

    Raises `InvalidInput` where there are more than `MOST_DAYS`.
    """
    days = range(since_ms // DAY_MS, -(-until_ms // DAY_MS))
    if len(days) > MOST_DAYS:
        raise InvalidInput(f"That is {len(days):,} days.", next_step=f"Ask for up to {MOST_DAYS:,} at once.")
    span = since_ms, until_ms
    ended: dict[int, dict[JobStatus, int]] = defaultdict(dict)
    for day, status, count in connection.execute(_by_day(jobs.c.finished_ms, jobs.c.status, func.count(), *span)):
        ended[day][JobStatus(status)] = count
    hours: dict[int, dict[str, float]] = defaultdict(dict)
    taken = _by_day(job_attempts.c.finished_ms, jobs.c.owner, func.coalesce(func.sum(job_attempts.c.cpu_s), 0), *span)
    both = jobs.join(job_attempts, job_attempts.c.job_id == jobs.c.id)
    for day, owner, cpu_s in connection.execute(taken.select_from(both)):
        hours[day][owner] = cpu_s / _HOUR_S
    return [Day(day=to_iso(day * DAY_MS)[:10], ended=ended[day], cpu_hours=hours[day]) for day in days]


def _by_day(
    at_ms: ColumnElement[int | None], key: ColumnElement[str], value: ColumnElement[Any], since_ms: int, until_ms: int
) -> Select[Any]:
    """Triples of a day since 1970, a key and what there is of it."""
    day = (at_ms // DAY_MS).label("day")
    return select(day, key.label("key"), value).where(at_ms >= since_ms, at_ms < until_ms).group_by("day", "key")
