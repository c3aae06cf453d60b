"""An agent: a process that takes tickets from the queue and runs the jobs they stand for, on this machine.

It says twice a second that it lives. One that has not been heard of for `LEASE_S` is dead for the others, who put its
tickets back into the queue; and one that could not say so for nearly as long ends its jobs itself, so that none runs
twice. Its folder holds one folder for every attempt of every job.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar

import psutil
from sqlalchemy import Connection, Select, and_, delete, insert, select, update

from matinee.base import clock
from matinee.base.clock import DAY_MS
from matinee.base.errors import MatineeError, Unavailable
from matinee.base.ids import new_id
from matinee.base.tables import Tables
from matinee.jobs import folder, minder, process, store
from matinee.jobs.durable import Executor, Tickets
from matinee.jobs.flow import Flow, Verdict
from matinee.jobs.process import Limits, Outcome, Running
from matinee.jobs.records import JobStatus
from matinee.jobs.settings import JobsSettings
from matinee.jobs.tables import job_agents, jobs
from matinee.jobs.together import Together

logger = logging.getLogger(__name__)
R = TypeVar("R")

TICK_S = 0.5
LEASE_S = 15.0
TIDY_S = 60.0
FENCE_S = 10.0
"""After so long without the database an agent ends its jobs: before others may run them."""
_STOPPED = "Its agent was stopped."
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "TMPDIR", "JAVA_HOME")
"""Variables of the agent that its jobs see."""


class Agent:
    """An agent, of which a process has one."""

    def __init__(self, tables: Tables, settings: JobsSettings, work: Path) -> None:
        self.id = new_id(clock.now_ms(), SystemRandom())
        self._tables, self._settings, self._work = tables, settings, work
        self._host, self._slots = socket.gethostname(), settings.slots or 2 * len(os.sched_getaffinity(0))
        self._runner = store.Runner(self.id, self._host)
        self._tickets = Tickets(tables)
        self._flow = Flow(self._tickets, settings)
        self._writer = Together(tables, lambda connection: self._flow.settle(connection, _now()))
        self._executor = Executor(tables, self.id, self._slots, self._run)
        self._running: dict[str, Running] = {}
        self._under_way = 0
        """Attempts whose end is not written yet."""
        self._others: dict[str, tuple[int, float]] = {}
        """Of each other agent the last that was heard, and when that was new."""
        self._heard = self._tidied = time.monotonic()

    def serve(self, stop: threading.Event) -> None:
        """Run jobs until `stop` is set; what runs then is ended, and may be run by others where it says so."""
        self._sweep_host()
        with self._tables.write() as connection:
            row = {"id": self.id, "host": self._host, "pid": os.getpid(), "slots": self._slots}
            now = clock.now_ms()
            connection.execute(insert(job_agents), {**row, "started_ms": now, "beat_ms": now})
        self._minder = minder.start(self.id)
        self._executor.start()
        try:
            while not stop.wait(TICK_S) and self._tick():
                pass
        finally:
            self._close()

    def _close(self) -> None:
        self._executor.pause()  # what is given back is for others
        self._end_all()
        end = time.monotonic() + process.GRACE_S + 2
        while self._under_way and time.monotonic() < end:
            time.sleep(0.05)
        self._executor.stop()
        self._writer.close()
        self._minder.communicate()
        self._tickets.give_back([self.id])
        with self._tables.write() as connection:
            connection.execute(delete(job_agents).where(job_agents.c.id == self.id))
        self._tickets.close()

    async def _run(self, ticket: str) -> None:
        """One attempt of one job."""
        one = await self._write(lambda connection: self._flow.begin(connection, ticket, self._runner, _now()))
        if one is None:
            return
        self._under_way += 1
        try:
            verdict = await self._verdict(one)
            await self._write(lambda connection: self._flow.finish(connection, one.job.id, self.id, verdict, _now()))
        finally:
            self._under_way -= 1

    async def _verdict(self, one: store.Stored) -> Verdict:
        """What comes of an attempt, whatever happens."""
        try:
            return await self._attempt(one)
        except MatineeError as error:
            return Verdict(status=JobStatus.FAILED, message=str(error))
        except Exception as error:
            logger.exception("the job %s met a fault of ours", one.job.id)
            return Verdict(status=JobStatus.FAILED, message=f"The agent met a fault of its own: {error!r}.")

    async def _attempt(self, one: store.Stored) -> Verdict:
        place = self._work / one.job.id / str(one.job.attempt)
        await asyncio.to_thread(folder.make, place, one)
        running_now = {"status": JobStatus.RUNNING.value, "started_ms": _now(), "message": "It runs."}
        await self._write(lambda connection: store.change(connection, one.job.id, _now(), **running_now))
        limits = Limits(
            seconds=one.request.timeout or self._settings.timeout_s,
            memory_mb=folder.memory_mb(one) or self._settings.memory_mb or float("inf"),
        )
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {process.AGENT: self.id}
        running = Running(one.job.id, place, environment, limits)
        self._running[one.job.id] = running
        try:
            outcome = await running.outcome()
        finally:
            del self._running[one.job.id]
        return _told(outcome, place)

    async def _write(self, change: Callable[[Connection], R]) -> R:
        """What has happened is written, however long the database is away."""
        while True:
            try:
                return await asyncio.wrap_future(self._writer.write(change))
            except Unavailable as error:
                logger.warning("What came of a job cannot be written yet: %s", error)
                await asyncio.sleep(TICK_S)

    def _tick(self) -> bool:
        """Say that we live, hear who wants what killed, and look after the others; False where we were given up."""
        flow = replace(self._flow, owners=set())  # the writer's thread has its own
        try:
            with self._tables.write() as connection:
                beat = update(job_agents).where(job_agents.c.id == self.id).values(beat_ms=clock.now_ms())
                known = connection.execute(beat).rowcount
                mine = and_(jobs.c.agent == self.id, jobs.c.kill.is_not(None), jobs.c.status.in_(store.ACTIVE))
                unwanted = connection.execute(select(jobs.c.id, jobs.c.kill).where(mine)).all()
                late = connection.execute(_late()).scalars().all()
                for id_ in late:
                    flow.kill(connection, id_, "Its deadline has passed.", clock.now_ms())
                dead = self._dead(connection)
                flow.owners.update(self._due(connection))
                flow.settle(connection, clock.now_ms())
        except Unavailable as error:
            logger.warning("The agent cannot say that it lives: %s", error)
            if time.monotonic() - self._heard > FENCE_S:
                self._end_all()
            return True
        self._heard = time.monotonic()
        for id_, why in unwanted:
            if id_ in self._running:
                self._running[id_].kill(why)
        if dead:
            logger.warning("agents that are gone: %s; %d jobs go back", dead, self._tickets.give_back(dead))
        process.bury()
        if time.monotonic() - self._tidied > TIDY_S:
            self._tickets.tidy(clock.now_ms() - DAY_MS)
            self._tidied = time.monotonic()
        return bool(known)

    def _dead(self, connection: Connection) -> list[str]:
        """Agents not heard of for `LEASE_S` by our own steady clock, whatever time theirs tell; they are struck off."""
        now, found = time.monotonic(), list[str]()
        rows = connection.execute(select(job_agents).where(job_agents.c.id != self.id)).all()
        for row in rows:
            beat, since = self._others.get(row.id, (-1, now))
            if beat != row.beat_ms:
                self._others[row.id] = row.beat_ms, now
            elif now - since > LEASE_S or (row.host == self._host and not psutil.pid_exists(row.pid)):
                found.append(row.id)
        connection.execute(delete(job_agents).where(job_agents.c.id.in_(found)))
        return found

    def _sweep_host(self) -> None:
        """Kill what a dead agent of this machine has left, before its jobs can be run again."""
        with self._tables.write() as connection:
            rows = connection.execute(select(job_agents).where(job_agents.c.host == self._host)).all()
            gone = [row.id for row in rows if not psutil.pid_exists(row.pid)]
            for id_ in gone:
                process.sweep(id_)
            connection.execute(delete(job_agents).where(job_agents.c.id.in_(gone)))
        if gone:
            self._tickets.give_back(gone)

    def _due(self, connection: Connection) -> list[str]:
        """Owners of jobs whose hour has come."""
        waiting = jobs.c.status.in_((JobStatus.RESERVED.value, JobStatus.RESOLVED.value))
        due = and_(waiting, jobs.c.waits_for == 0, jobs.c.not_before_ms <= clock.now_ms())
        return list(connection.execute(select(jobs.c.owner).where(due).distinct()).scalars())

    def _end_all(self) -> None:
        for one in list(self._running.values()):
            one.kill(_STOPPED)


def _late() -> Select[Any]:
    late = and_(jobs.c.deadline_ms < clock.now_ms(), jobs.c.status.in_(store.ACTIVE), jobs.c.kill.is_(None))
    return select(jobs.c.id).where(late)


def _told(outcome: Outcome, place: Path) -> Verdict:
    """What the end of the processes means."""
    status, message = JobStatus.FAILED, f"It ended with exit code {outcome.exit_code}."
    if outcome.why:
        status, message = JobStatus.KILLED, outcome.why
    elif outcome.exit_code == 0:
        status, message = JobStatus.SUCCEEDED, "Job finished successfully."
    elif (place / "genie/setup_failed.txt").exists():
        message = "Job script failed during setup. See genie/logs/setup.log."
    elif outcome.exit_code < 0:
        message = f"It was ended by signal {-outcome.exit_code}."
    return Verdict(status=status, message=message, outcome=outcome, lost=outcome.why == _STOPPED)


def _now() -> int:
    return clock.now_ms()
