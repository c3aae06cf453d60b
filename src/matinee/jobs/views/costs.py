"""What jobs have cost, by owner: the time of processors and machines, and money where prices are known."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from matinee.jobs.records import Noun
from matinee.jobs.settings import JobsSettings
from matinee.jobs.tables import job_attempts, jobs

_HOUR_S = 3600
_HOUR_MS = 1000 * _HOUR_S


class Cost(Noun):
    """What the jobs of one owner have taken."""

    user: str
    jobs: int
    attempts: int
    failed: int
    """Attempts that did not go well."""
    cpu_hours: float
    """Of all processes, as the kernel counts them."""
    wall_hours: float
    memory_gb_hours: float
    """The peak of each attempt, for as long as it ran."""
    price: float
    """By `jobs.cpu_hour_price` and `jobs.gb_hour_price`."""


def costs(connection: Connection, settings: JobsSettings, since_ms: int, until_ms: int) -> list[Cost]:
    """Costs of the attempts that ended in a time, the dearest owner first."""
    span_ms = job_attempts.c.finished_ms - job_attempts.c.started_ms
    wall_ms = case((span_ms > 0, span_ms), else_=0)  # the clock may have been put back meanwhile
    query = (
        select(
            jobs.c.owner,
            func.count(jobs.c.id.distinct()).label("jobs"),
            func.count().label("attempts"),
            func.count().filter(func.coalesce(job_attempts.c.exit_code, -1) != 0).label("failed"),
            func.coalesce(func.sum(job_attempts.c.cpu_s), 0).label("cpu_s"),
            func.sum(wall_ms).label("wall_ms"),
            func.coalesce(func.sum(job_attempts.c.peak_mb * wall_ms), 0).label("mb_ms"),
        )
        .join(job_attempts, job_attempts.c.job_id == jobs.c.id)
        .where(job_attempts.c.finished_ms >= since_ms, job_attempts.c.finished_ms < until_ms)
        .group_by(jobs.c.owner)
    )
    found = [_cost(row, settings) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-one.price, -one.cpu_hours, one.user))


def _cost(row: Row[Any], settings: JobsSettings) -> Cost:
    cpu_hours, gb_hours = row.cpu_s / _HOUR_S, row.mb_ms / 1024 / _HOUR_MS
    return Cost(
        user=row.owner,
        jobs=row.jobs,
        attempts=row.attempts,
        failed=row.failed,
        cpu_hours=cpu_hours,
        wall_hours=row.wall_ms / _HOUR_MS,
        memory_gb_hours=gb_hours,
        price=cpu_hours * settings.cpu_hour_price + gb_hours * settings.gb_hour_price,
    )
