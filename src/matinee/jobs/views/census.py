"""How many jobs stand where, and which agents serve them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from matinee.base.clock import SECOND_MS
from matinee.jobs.queue.store import ACTIVE, QUEUED
from matinee.jobs.records import JobStatus, Noun
from matinee.jobs.tables import job_agents, jobs

QUIET_MS = 30 * SECOND_MS
"""An agent that has said nothing for so long is not counted on."""


class Heartbeat(Noun):
    """An agent, and when it last said that it lives."""

    agent: str
    host: str
    pid: int
    slots: int
    """Jobs that it runs at once."""
    busy: int
    """Jobs that it has."""
    started_ms: int
    beat_ms: int


def heartbeats(connection: Connection) -> list[Heartbeat]:
    """Agents that nobody has struck off, the eldest first."""
    busy = (
        select(jobs.c.agent, func.count().label("busy")).where(jobs.c.status.in_(QUEUED)).group_by(jobs.c.agent)
    ).subquery()
    found = (
        select(job_agents, func.coalesce(busy.c.busy, 0).label("busy"))
        .outerjoin(busy, busy.c.agent == job_agents.c.id)
        .order_by(job_agents.c.started_ms, job_agents.c.id)
    )
    return [
        Heartbeat(
            agent=row.id,
            host=row.host.partition(" ")[0],
            pid=row.pid,
            slots=row.slots,
            busy=row.busy,
            started_ms=row.started_ms,
            beat_ms=row.beat_ms,
        )
        for row in connection.execute(found)
    ]


def awake(agents: Sequence[Heartbeat], now_ms: int) -> list[Heartbeat]:
    """Agents that live, as far as one can tell."""
    # What was said an hour from now was said before the clock was put back.
    return [one for one in agents if abs(now_ms - one.beat_ms) < QUIET_MS]


def counts(connection: Connection, since_ms: int) -> dict[JobStatus, int]:
    """How many jobs have each status: of active ones all, of final ones those that ended since a time."""
    return _counted(connection, jobs.c.status.in_(ACTIVE)) | _counted(connection, jobs.c.finished_ms >= since_ms)


def stamp(connection: Connection) -> tuple[int, int, int]:
    """Something that changes whenever a job does, and costs little however many have ended."""
    # The sum, since the latest change may be an earlier time than the one before: clocks are put back.
    active = select(func.count(), func.coalesce(func.sum(jobs.c.updated_ms), 0)).where(jobs.c.status.in_(ACTIVE))
    latest = select(func.coalesce(func.max(jobs.c.created_ms), 0))
    count, updated_ms = connection.execute(active).one()
    return int(count), int(updated_ms), int(connection.execute(latest).scalar_one())


def _counted(connection: Connection, condition: ColumnElement[bool]) -> dict[JobStatus, int]:
    query = select(jobs.c.status, func.count()).where(condition).group_by(jobs.c.status)
    return {JobStatus(status): count for status, count in connection.execute(query)}
