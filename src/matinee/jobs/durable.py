"""The queue of jobs: which agent runs which job next, kept by DBOS in the database where the jobs are.

A *ticket* is a place in that queue: one for each attempt of a job. It is put there in the transaction that writes the
job, so that there is never one without the other. An agent that takes a ticket runs one asynchronous workflow for it;
if the agent dies, the ticket goes back into the queue for another, whom the job's own row tells what had happened.

DBOS (https://docs.dbos.dev) claims with SKIP LOCKED on PostgreSQL and under the write lock on SQLite. It does not
notice a dead agent without a paid server; `matinee.jobs.agent` does that.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer
from dbos._sys_db import SystemDatabase
from sqlalchemy import Connection, Engine, event, select

from matinee.base.clock import now_ms
from matinee.base.tables import LOCK_S, Tables
from matinee.jobs import bell
from matinee.jobs.together import LANE

NAME, QUEUE, WORKFLOW, VERSION = "matinee-jobs", "matinee-jobs", "matinee.jobs.run", "1"
LEAST_URGENT = 1_000
_AT_ONCE = 500
_SKEW_MS = 10_000
"""How much the clocks of two machines may differ."""
_SCHEMA = "dbos"

logging.getLogger("dbos").addHandler(logging.NullHandler())  # or else DBOS prints to the terminal


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue."""

    name: str
    priority: int = 0
    """More is taken first."""
    delay_s: float = 0


class Tickets:
    """The queue as whoever submits jobs sees it."""

    def __init__(self, tables: Tables) -> None:
        self._tables, self._engine = tables, own_engine(tables)
        migrate(self._engine)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=NAME,
            retry_connection_errors=False,
        )

    def put(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Queue tickets, as part of the transaction of `connection`.

        One that is there already stays as it is.
        """
        for one in tickets:
            options: Any = {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": one.name,
                "app_version": VERSION,
                "priority": 1 + LEAST_URGENT - max(-LEAST_URGENT, min(LEAST_URGENT, one.priority)),
            }
            if one.delay_s > 0:
                options["delay_seconds"] = one.delay_s
            self._client.enqueue_in_transaction(connection, options, one.name)
        if tickets:
            bell.ring(connection)

    def give_back(self, agents: Collection[str]) -> int:
        """Put the tickets that dead agents had taken back into the queue; how many."""
        status = own_table(self._engine, "workflow_status")
        mine = (status.c.status == "PENDING") & status.c.executor_id.in_(agents)
        values = {"status": "ENQUEUED", "owner_xid": None, "started_at_epoch_ms": None, "updated_at": now_ms()}
        with self._tables.write(LANE) as connection:
            return connection.execute(sa.update(status).where(mine).values(**values)).rowcount

    def recount(self, now_ms: int) -> int:
        """Let tickets that were put there later than now, since the clock was put back, wait from now on; how many."""
        status = own_table(self._engine, "workflow_status")
        ours = (status.c.status == "DELAYED") & (status.c.queue_name == QUEUE)
        ahead = ours & (status.c.created_at > now_ms + _SKEW_MS)
        due_ms = now_ms + status.c.delay_until_epoch_ms - status.c.created_at
        values = {"delay_until_epoch_ms": due_ms, "created_at": now_ms, "updated_at": now_ms}
        with self._tables.write(LANE) as connection:
            return connection.execute(sa.update(status).where(ahead).values(**values)).rowcount

    def tidy(self, before_ms: int) -> int:
        """Forget tickets that were done with before a time; how many."""
        status = own_table(self._engine, "workflow_status")
        done = select(status.c.workflow_uuid).where(status.c.completed_at < before_ms)
        with self._tables.write(LANE) as connection:
            ids = list(connection.execute(done.limit(_AT_ONCE)).scalars())
            for name in ("workflow_input", "workflow_output", "operation_outputs", "workflow_status") if ids else ():
                table = own_table(self._engine, name)
                connection.execute(sa.delete(table).where(table.c.workflow_uuid.in_(ids)))
        return len(ids)

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        if self._engine.dialect.name == "sqlite":
            self._engine.dispose()


def own_engine(tables: Tables) -> Engine:
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


def migrate(engine: Engine) -> None:
    """Make DBOS's own tables, or bring them up to date."""
    sqlite = engine.dialect.name == "sqlite"
    database = SystemDatabase.create(
        system_database_url="sqlite:///own.sqlite" if sqlite else "postgresql://own@own/own",
        engine_kwargs={},
        engine=engine,
        schema=_SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        executor_id=None,
    )
    try:
        database.run_migrations()
    finally:
        database.destroy()


def own_table(engine: Engine, name: str) -> sa.Table:
    """One of DBOS's own."""
    schema = None if engine.dialect.name == "sqlite" else _SCHEMA
    return sa.Table(name, sa.MetaData(schema=schema), autoload_with=engine)
