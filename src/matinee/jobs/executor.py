"""The queue of jobs as an agent sees it: it takes tickets, runs them, and notes that they are done with.

DBOS itself looks for work at fixed times, which is either slow or busy, and gives the outcome of each workflow a
transaction of its own. Tickets are taken here instead, by the same steps, as soon as the database says that something
was put there, and many outcomes share a transaction.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSPortableJSONSerializer, Queue
from dbos._context import current_owner_xid
from dbos._core import execute_dequeued_workflow
from dbos._utils import GlobalParams, generate_uuid
from sqlalchemy import Connection, bindparam

from matinee.base.clock import now_ms
from matinee.base.tables import Tables
from matinee.jobs import bell
from matinee.jobs.durable import NAME, QUEUE, VERSION, WORKFLOW, migrate, own_engine, own_table
from matinee.jobs.together import Together

logger = logging.getLogger(__name__)
T = TypeVar("T")

_LOOK_S = 1.0
"""How long an agent waits before it looks for tickets again, where nothing calls it."""
PACE_S = 0.05
"""The least time between two looks, or two writes, of an agent that is busy: so more is done at once."""


class Executor:
    """The queue of an agent; there is one in a process."""

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
        self._engine, self._writer, self._slots = own_engine(tables), writer, slots
        self._held: set[str] = set()
        """Tickets that have a slot."""
        self._stopping, self._freed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs queue", daemon=True)
        migrate(self._engine)
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
        self._done = _done(own_table(self._engine, "workflow_status"))
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
                    self._freed.wait(_LOOK_S)  # none may be held where all that were taken were lost again
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
