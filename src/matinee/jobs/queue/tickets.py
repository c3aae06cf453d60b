"""The queue of jobs: which agent runs which job next, kept by DBOS in the database where the jobs are.

A *ticket* is a place in that queue: one for each attempt of a job. It is put there in the transaction that writes the
job, so that there is never one without the other. An agent that takes a ticket is done with it in the transaction
that says what came of the job; if the agent dies before, the ticket goes back into the queue for another, whom the
job's own row tells what had happened.

DBOS (https://docs.dbos.dev) keeps the queue, and claims with SKIP LOCKED on PostgreSQL and under the write lock on
SQLite. A ticket is a row of its table of workflows. What it has to run workflows of several steps is not used: a job is
one step, that bookkeeping took an agent as long as all else that it does for a job, and DBOS looks for work at fixed
times. It does not notice a dead agent without a paid server; `matinee.jobs.agents.agent` does that.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer, Queue
from dbos._schemas.system_database import SystemSchema
from sqlalchemy import Connection, Engine, bindparam, event, select

from matinee.base.clock import now_ms
from matinee.base.tables import LOCK_S, Tables
from matinee.jobs.queue import bell
from matinee.jobs.queue.together import LANE

_NAME, _QUEUE, _WORKFLOW, _VERSION = "matinee-jobs", "matinee-jobs", "matinee.jobs.run", "1"
_LEAST_URGENT = 1_000
_AT_ONCE = 500
_EVER = 1_000
"""More tickets than one agent ever has at once."""
_SKEW_MS = 10_000
"""How much the clocks of two machines may differ."""

logging.getLogger("dbos").addHandler(logging.NullHandler())  # or else DBOS prints to the terminal


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue."""

    name: str
    priority: int = 0
    """More is taken first."""
    delay_s: float = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket that an agent has taken."""

    name: str
    token: str
    """Says in the queue that it is still this agent's, from this time that it was taken."""


class Tickets:
    """The queue."""

    def __init__(self, tables: Tables) -> None:
        self._tables, self._engine = tables, _own_engine(tables)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
            lazy=True,
            retry_connection_errors=False,
        )
        self._database = self._client._sys_db  # clients neither make tables nor take
        self._database.run_migrations()
        self._status = own_table(self._engine)
        self._say = _Statements(tables, self._status)

    def put(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Queue tickets, as part of the transaction of `connection`.

        One that is there already stays as it is.
        """
        if not tickets:
            return
        now = now_ms()
        rows = [
            {
                "workflow_uuid": one.name,
                "status": "DELAYED" if one.delay_s > 0 else "ENQUEUED",
                "delay_until_epoch_ms": now + round(1000 * one.delay_s) if one.delay_s > 0 else None,
                "priority": 1 + _LEAST_URGENT - max(-_LEAST_URGENT, min(_LEAST_URGENT, one.priority)),
                "now_ms": now,
            }
            for one in tickets
        ]
        connection.execute(self._say.put, rows)
        bell.ring(connection)

    def take(self, agent: str, most: int) -> list[Taken]:
        """Take the most urgent tickets for an agent, each of which no other agent has then."""
        token = str(uuid4())
        names, _ = self._database.start_queued_workflows(
            self._queue,
            agent,
            _VERSION,
            None,
            _EVER - most,
            owner_xid=token,
            is_latest_version=False,  # every ticket names its version
        )
        return [Taken(one, token) for one in names]

    def ripen(self) -> None:
        """Let tickets whose delay is over be taken."""
        self._database.transition_delayed_workflows()

    def held(self, connection: Connection, taken: Sequence[Taken]) -> set[Taken]:
        """Those of these that nobody has taken from their agent, and nobody will before the transaction ends."""
        return {Taken(name, token) for name, token in connection.execute(self._say.held, _keys(taken))}

    def done(self, connection: Connection, taken: Sequence[Taken]) -> None:
        """These are done with, those of them that nobody has taken from their agent."""
        if taken:
            connection.execute(self._say.done, {**_keys(taken), "now_ms": now_ms()})

    def give_back(self, agents: Collection[str]) -> int:
        """Put the tickets that dead agents had taken back into the queue; how many."""
        status = self._status
        mine = (status.c.status == "PENDING") & status.c.executor_id.in_(agents)
        values = {"status": "ENQUEUED", "owner_xid": None, "started_at_epoch_ms": None, "updated_at": now_ms()}
        with self._tables.write(LANE) as connection:
            return connection.execute(sa.update(status).where(mine).values(**values)).rowcount

    def recount(self, now_ms: int) -> int:
        """Let tickets that were put there later than now, since the clock was put back, wait from now on; how many."""
        status = self._status
        ours = (status.c.status == "DELAYED") & (status.c.queue_name == _QUEUE)
        ahead = ours & (status.c.created_at > now_ms + _SKEW_MS)
        due_ms = now_ms + status.c.delay_until_epoch_ms - status.c.created_at
        values = {"delay_until_epoch_ms": due_ms, "created_at": now_ms, "updated_at": now_ms}
        with self._tables.write(LANE) as connection:
            return connection.execute(sa.update(status).where(ahead).values(**values)).rowcount

    def tidy(self, before_ms: int) -> int:
        """Forget tickets that were done with before a time; how many."""
        done = select(self._status.c.workflow_uuid).where(self._status.c.completed_at < before_ms)
        with self._tables.write(LANE) as connection:
            ids = list(connection.execute(done.limit(_AT_ONCE)).scalars())
            if ids:
                connection.execute(sa.delete(self._status).where(self._status.c.workflow_uuid.in_(ids)))
        return len(ids)

    @cached_property
    def _queue(self) -> Queue:
        """As DBOS has it; how many tickets an agent takes is said each time, since each has slots of its own."""
        return self._client.register_queue(_QUEUE, worker_concurrency=_EVER, on_conflict="always_update")

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        if self._engine.dialect.name == "sqlite":
            self._engine.dispose()


def _own_engine(tables: Tables) -> Engine:
    """PostgreSQL's is shared; SQLite's needs writers that wait their turn rather than fail halfway."""
    if tables.engine.dialect.name != "sqlite":
        return tables.engine
    engine = sa.create_engine(tables.engine.url, connect_args={"timeout": LOCK_S}, pool_size=8)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine


def own_table(engine: Engine) -> sa.Table:
    """Where DBOS has workflows, which here are tickets."""
    schema: Any = None if engine.dialect.name == "sqlite" else "dbos"
    return SystemSchema.workflow_status.to_metadata(sa.MetaData(), schema=schema)


class _Statements:
    """What is said to the table of tickets, built once."""

    def __init__(self, tables: Tables, status: sa.Table) -> None:
        at: sa.BindParameter[int] = bindparam("now_ms")
        same = {"name": _WORKFLOW, "queue_name": _QUEUE, "application_name": _NAME, "application_version": _VERSION}
        own: dict[str, Any] = {
            key: bindparam(key) for key in ("workflow_uuid", "status", "delay_until_epoch_ms", "priority")
        }
        ticket = {**same, **own, "recovery_attempts": 0, "created_at": at, "updated_at": at}
        self.put = tables.insert(status).values(**ticket).on_conflict_do_nothing(index_elements=["workflow_uuid"])
        held = sa.and_(
            status.c.workflow_uuid.in_(bindparam("names", expanding=True)),
            status.c.owner_xid.in_(bindparam("tokens", expanding=True)),
            status.c.status == "PENDING",
        )
        self.held = select(status.c.workflow_uuid, status.c.owner_xid).where(held).with_for_update()
        ended = {"status": "SUCCESS", "owner_xid": None, "updated_at": at, "completed_at": at}
        self.done = sa.update(status).where(held).values(**ended)


def _keys(taken: Sequence[Taken]) -> dict[str, list[str]]:
    """Which these are."""
    return {"names": [one.name for one in taken], "tokens": list({one.token for one in taken})}
