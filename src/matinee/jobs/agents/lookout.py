"""What an agent finds to do beside running jobs, as it looks twice a second."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from matinee.jobs.queue import schedules, store
from matinee.jobs.tables import jobs

_ACTIVE = jobs.c.status.in_(store.ACTIVE)
_UNWANTED = select(jobs.c.id, jobs.c.kill).where(_ACTIVE, jobs.c.agent == bindparam("agent_"), jobs.c.kill.is_not(None))
_LATE = select(jobs.c.id).where(_ACTIVE, jobs.c.deadline_ms < bindparam("now_ms"), jobs.c.kill.is_(None))
_DUE = (
    select(jobs.c.owner)
    .where(jobs.c.status.in_(store.WAITING), jobs.c.waits_for == 0, jobs.c.not_before_ms <= bindparam("now_ms"))
    .distinct()
)


class Seen(NamedTuple):
    """What there is to do."""

    unwanted: list[tuple[str, str]]
    """Its jobs that somebody wants killed, and why."""
    late: list[str]
    """Jobs whose deadline has passed."""
    due: list[str]
    """Owners of jobs whose hour has come."""
    dead: list[str]
    """Agents."""
    hours: list[str]
    """Schedules that are due."""


def look(connection: Connection, agent: str, dead: list[str], now_ms: int) -> Seen:
    """What others want of an agent, and what they do no more."""
    now = {"now_ms": now_ms}
    return Seen(
        unwanted=[(one.id, one.kill) for one in connection.execute(_UNWANTED, {"agent_": agent})],
        late=list(connection.execute(_LATE, now).scalars()),
        due=list(connection.execute(_DUE, now).scalars()),
        dead=dead,
        hours=schedules.due(connection, now_ms),
    )
