"""The queue of jobs: which agent runs which job next, kept by DBOS in the database where the jobs are.

A *ticket* is a place in that queue: one for each attempt of a job. It is put there in the transaction that writes the
job, so that there is never one without the other. An agent that takes a ticket runs one asynchronous workflow for it;
if the agent dies, the ticket goes back into the queue for another, whom the job's own row tells what had happened.

DBOS (https://docs.dbos.dev) claims with SKIP LOCKED on PostgreSQL and under the write lock on SQLite. It does not
notice a dead agent without a paid server; `matinee.jobs.agents` does that.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy import Connection, Engine, event

from matinee.base.clock import now_ms
from matinee.base.tables import LOCK_S, Tables

NAME, QUEUE, WORKFLOW, VERSION = "matinee-jobs", "matinee-jobs", "matinee.jobs.run", "1"
POLL_S = 0.05
"""How often an agent with room looks for a ticket."""
LEAST_URGENT = 1_000
_SCHEMA = "dbos"

logging.getLogger("dbos").addHandler(logging.NullHandler())  # or else DBOS prints to the terminal


class Tickets:
    """The queue as whoever submits jobs sees it."""

    def __init__(self, tables: Tables) -> None:
        self._engine = _engine(tables)
        _migrate(self._engine)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=NAME,
            retry_connection_errors=False,
        )

    def put(self, connection: Connection, ticket: str, *, priority: int = 0, delay_s: float = 0) -> None:
        """Queue a ticket, as part of the transaction of `connection`; more `priority` is taken first.

        One that is there already stays as it is.
        """
        options: Any = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": ticket,
            "app_version": VERSION,
            "priority": 1 + LEAST_URGENT - max(-LEAST_URGENT, min(LEAST_URGENT, priority)),
        }
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(connection, options, ticket)

    def drop(self, ticket: str) -> None:
        """Take a ticket out of the queue where nobody has taken it yet."""
        self._client.cancel_workflow(ticket)

    def give_back(self, agents: Collection[str]) -> int:
        """Put the tickets that dead agents had taken back into the queue; how many."""
        status = self._table("workflow_status")
        mine = (status.c.status == "PENDING") & status.c.executor_id.in_(agents)
        values = {"status": "ENQUEUED", "owner_xid": None, "started_at_epoch_ms": None, "updated_at": now_ms()}
        with self._engine.begin() as connection:
            return connection.execute(sa.update(status).where(mine).values(**values)).rowcount

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        if self._engine.dialect.name == "sqlite":
            self._engine.dispose()

    def _table(self, name: str) -> sa.Table:
        schema = None if self._engine.dialect.name == "sqlite" else _SCHEMA
        return sa.Table(name, sa.MetaData(schema=schema), autoload_with=self._engine)


class Executor:
    """The queue as an agent sees it; there is one in a process."""

    def __init__(self, tables: Tables, agent: str, slots: int, run: Callable[[str], Awaitable[None]]) -> None:
        """`run` is awaited for every ticket that is taken, at most `slots` of them at once."""
        self._engine, self._slots = _engine(tables), slots
        _migrate(self._engine)
        DBOS(
            config={
                "name": NAME,
                "system_database_engine": self._engine,
                "application_version": VERSION,
                "executor_id": agent,
                "serializer": DBOSPortableJSONSerializer(),
                "max_executor_threads": 8,
                "use_listen_notify": False,
                "run_migrations": False,
                "log_level": "WARNING",
            }
        )

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        async def workflow(ticket: str) -> None:
            await run(ticket)

    def start(self) -> None:
        """Begin to take tickets."""
        DBOS.launch()
        DBOS.register_queue(
            QUEUE, worker_concurrency=self._slots, polling_interval_sec=POLL_S, on_conflict="always_update"
        )

    def stop(self, patience_s: int = 0) -> None:
        """Take no more; wait up to `patience_s` for what is under way."""
        DBOS.destroy(workflow_completion_timeout_sec=patience_s)
        if self._engine.dialect.name == "sqlite":
            self._engine.dispose()


def _engine(tables: Tables) -> Engine:
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


def _migrate(engine: Engine) -> None:
    """Make DBOS's own tables, or bring them up to date."""
    from dbos._sys_db import SystemDatabase

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
