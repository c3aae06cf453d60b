"""The queue of jobs: which agent runs which job next, kept by DBOS in the database where the jobs are.

A *ticket* is a place in that queue: one for each attempt of a job. It is put there in the transaction that writes the
job, so that there is never one without the other. An agent that takes a ticket runs one asynchronous workflow for it;
if the agent dies, the ticket goes back into the queue for another, whom the job's own row tells what had happened.

DBOS (https://docs.dbos.dev) claims with SKIP LOCKED on PostgreSQL and under the write lock on SQLite. It does not
notice a dead agent without a paid server; `matinee.jobs.agent` does that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, Queue
from dbos._context import current_owner_xid
from dbos._core import execute_dequeued_workflow
from dbos._sys_db import SystemDatabase
from dbos._utils import GlobalParams, generate_uuid
from sqlalchemy import Connection, Engine, bindparam, event, select

from matinee.base.clock import now_ms
from matinee.base.tables import LOCK_S, Tables
from matinee.jobs import bell
from matinee.jobs.together import LANE, Together

logger = logging.getLogger(__name__)
T = TypeVar("T")

NAME, QUEUE, WORKFLOW, VERSION = "matinee-jobs", "matinee-jobs", "matinee.jobs.run", "1"
_LOOK_S = 1.0
"""How long an agent waits before it looks for tickets again, where nothing calls it."""
PACE_S = 0.05
"""The least time between two looks, or two writes, of an agent that is busy: so more is done at once."""
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
        self._tables, self._engine = tables, _engine(tables)
        _migrate(self._engine)
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
        status = _table(self._engine, "workflow_status")
        mine = (status.c.status == "PENDING") & status.c.executor_id.in_(agents)
        values = {"status": "ENQUEUED", "owner_xid": None, "started_at_epoch_ms": None, "updated_at": now_ms()}
        with self._tables.write(LANE) as connection:
            return connection.execute(sa.update(status).where(mine).values(**values)).rowcount

    def recount(self, now_ms: int) -> int:
        """Let tickets that were put there later than now, since the clock was put back, wait from now on; how many."""
        status = _table(self._engine, "workflow_status")
        ours = (status.c.status == "DELAYED") & (status.c.queue_name == QUEUE)
        ahead = ours & (status.c.created_at > now_ms + _SKEW_MS)
        due_ms = now_ms + status.c.delay_until_epoch_ms - status.c.created_at
        values = {"delay_until_epoch_ms": due_ms, "created_at": now_ms, "updated_at": now_ms}
        with self._tables.write(LANE) as connection:
            return connection.execute(sa.update(status).where(ahead).values(**values)).rowcount

    def tidy(self, before_ms: int) -> int:
        """Forget tickets that were done with before a time; how many."""
        status = _table(self._engine, "workflow_status")
        done = select(status.c.workflow_uuid).where(status.c.completed_at < before_ms)
        with self._tables.write(LANE) as connection:
            ids = list(connection.execute(done.limit(_AT_ONCE)).scalars())
            for name in ("workflow_input", "workflow_output", "operation_outputs", "workflow_status") if ids else ():
                table = _table(self._engine, name)
                connection.execute(sa.delete(table).where(table.c.workflow_uuid.in_(ids)))
        return len(ids)

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        if self._engine.dialect.name == "sqlite":
            self._engine.dispose()


class Executor:
    """The queue as an agent sees it; there is one in a process.

    DBOS itself looks for work at fixed times, which is either slow or busy. Tickets are taken here instead, by the same
    steps, as soon as the database says that something was put there.
    """

    def __init__(
        self,
        tables: Tables,
        writer: Together,
        agent: str,
        *,
        slots: int,
        run: Callable[[str], Awaitable[T]],
        note: Callable[[T], Awaitable[None]],
    ) -> None:
        """`run` is awaited for every ticket that is taken, at most `slots` of them at once; then `note` for its result.

        The ticket is done with once both have returned.
        """
        self._engine, self._writer, self._slots = _engine(tables), writer, slots
        self._held: set[str] = set()
        """Tickets that have a slot."""
        self._stopping, self._freed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs queue", daemon=True)
        _migrate(self._engine)
        self._dbos = DBOS(
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
        DBOS.listen_queues([])

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        async def workflow(ticket: str) -> None:
            try:
                result = await run(ticket)
            finally:
                self._held.discard(ticket)
                self._freed.set()
            await note(result)

    def start(self) -> None:
        """Begin to take tickets."""
        DBOS.launch()
        database: Any = self._dbos._sys_db
        self._done = _done(_table(self._engine, "workflow_status"))
        self._single, database.update_workflow_outcome = database.update_workflow_outcome, self._outcome
        self._database = database
        DBOS.register_queue(QUEUE, worker_concurrency=self._slots, on_conflict="always_update")
        self._thread.start()

    def pause(self) -> None:
        """Take no more tickets."""
        self._stopping.set()
        self._freed.set()
        self._thread.join()

    def stop(self) -> None:
        """Let go of what is under way, once paused."""
        DBOS.destroy()
        if self._engine.dialect.name == "sqlite":
            self._engine.dispose()

    def _work(self) -> None:
        queue = DBOS.retrieve_queue(QUEUE)
        assert queue is not None
        with bell.listening(self._engine) as heard:
            while not self._stopping.is_set():
                began = time.monotonic()
                try:
                    more = self._take(queue)
                except Exception as error:  # the database may be away for a while; nothing is lost by that
                    logger.warning("no tickets can be taken: %s", error)
                    more = False
                if more:  # none can be taken before a job ends
                    self._freed.wait()
                    self._freed.clear()
                else:
                    heard.wait(_LOOK_S, self._stopping)
                self._stopping.wait(max(0, began + PACE_S - time.monotonic()))

    def _take(self, queue: Queue) -> bool:
        """Take as many tickets as there are and there is room for; whether there may be more of them."""
        room = self._slots - len(self._held)
        if room <= 0:
            return True
        token = generate_uuid()
        ids, _ = self._database.start_queued_workflows(
            queue,
            GlobalParams.executor_id,
            GlobalParams.app_version,
            None,
            self._slots - room,
            owner_xid=token,
            is_latest_version=False,  # every ticket names its version
        )
        for status in self._database.get_workflow_statuses(ids) if ids else ():
            if status["status"] == "PENDING":  # or else somebody has taken it from us
                self._held.add(status["workflow_uuid"])
                execute_dequeued_workflow(self._dbos, status, token)
        return len(ids) == room

    def _outcome(self, workflow_id: str, status: str, **how: Any) -> bool:
        """Takes the place of DBOS's own, which gives each outcome a transaction of its own: here many share one.

        Nobody waits for it: a ticket whose end was not noted is taken again once its agent is gone, and its job is
        found to be final.
        """
        if status != "SUCCESS":
            return bool(self._single(workflow_id, status, **how))
        self._writer.write(self._record, (workflow_id, current_owner_xid(workflow_id))).add_done_callback(_report)
        return True

    def _record(self, connection: Connection, done: Sequence[tuple[str, str | None]]) -> None:
        """Note that workflows have ended well, those of them that are still ours."""
        ids, owners = zip(*done, strict=True)
        connection.execute(self._done, {"ids": ids, "owners": owners, "now_ms": now_ms()})


def _report(noted: Future[None]) -> None:
    if error := noted.exception():
        logger.warning("it is not noted that a ticket is done with: %s", error)


def _table(engine: Engine, name: str) -> sa.Table:
    """One of DBOS's own."""
    schema = None if engine.dialect.name == "sqlite" else _SCHEMA
    return sa.Table(name, sa.MetaData(schema=schema), autoload_with=engine)


def _done(status: sa.Table) -> sa.Update:
    """What DBOS writes of workflows that have ended well and returned nothing."""
    return (
        sa.update(status)
        .where(
            status.c.workflow_uuid.in_(bindparam("ids", expanding=True)),
            status.c.owner_xid.in_(bindparam("owners", expanding=True)),
            status.c.status == "PENDING",
        )
        .values(
            status="SUCCESS",
            owner_xid=None,
            deduplication_id=None,
            updated_at=bindparam("now_ms"),
            completed_at=bindparam("now_ms"),
        )
    )


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
