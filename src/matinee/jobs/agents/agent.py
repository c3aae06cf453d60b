"""An agent: a process that takes tickets from the queue and runs the jobs they stand for, on this machine.

The tickets of a dead agent are put back into the queue by others; and one that could not say for long that it lives
ends its jobs itself, so that none runs twice. Its folder holds one folder for every attempt of every job.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar

from sqlalchemy import Connection

from matinee.base import clock, progress_file
from matinee.base.clock import DAY_MS
from matinee.base.errors import MatineeError, Unavailable
from matinee.base.ids import new_id
from matinee.base.objects import Objects
from matinee.base.progress_file import Told
from matinee.base.tables import Tables
from matinee.jobs.agents import minder
from matinee.jobs.agents.answers import Answers
from matinee.jobs.agents.executor import PACE_S, Executor
from matinee.jobs.agents.keeper import Keeper
from matinee.jobs.agents.lease import Lease
from matinee.jobs.agents.lookout import Seen, look
from matinee.jobs.attempts import folder, handover, process
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.attempts.ending import verdict_of
from matinee.jobs.attempts.handover import Handover
from matinee.jobs.attempts.process import Limits, Running
from matinee.jobs.queue import schedules, store
from matinee.jobs.queue.flow import Ended, Flow, again
from matinee.jobs.queue.tickets import Taken, Tickets
from matinee.jobs.queue.together import Change, Together
from matinee.jobs.records import JobStatus
from matinee.jobs.secrets import Secrets
from matinee.jobs.settings import JobsSettings
from matinee.jobs.verdict import STOPPED, Verdict

logger = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")

TICK_S = 0.5
TIDY_S = 60.0
SAY_S = 2.0
"""How long a stopped agent takes for the words that its jobs have ended."""
SHORT_S = 0.1
"""A job that is over by then is not said to run."""
PROGRESS = "genie/progress"
STATE = "MATINEE_STATE"
"""The variable that names the folder which all attempts of a job share."""
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "TMPDIR", "JAVA_HOME")
"""Variables of the agent that its jobs see."""


class Agent:
    """An agent, of which a process has one."""

    def __init__(
        self,
        tables: Tables,
        settings: JobsSettings,
        work: Path,
        *,
        objects: Objects,
        secrets: Secrets,
        archive: Archive,
    ) -> None:
        self.id = new_id(clock.now_ms(), SystemRandom())
        self._tables, self._settings, self._work, self._secrets = tables, settings, work, secrets
        self._objects, self._rng = objects, SystemRandom()
        self._handover = Handover(objects, work)
        self._one_disk = tables.engine.dialect.name == "sqlite"
        self._slots = settings.slots or 2 * len(os.sched_getaffinity(0))
        self._runner, self._lease = store.Runner(self.id, socket.gethostname()), Lease(tables, self.id, self._bury)
        self._tickets = Tickets(tables)
        self._flow = Flow(self._tickets, settings)
        self._writer = Together(tables, PACE_S)
        self._executor = Executor(tables, self._tickets, self.id, slots=self._slots, run=self._run, note=self._note)
        self._keeper = Keeper(
            tables, objects, archive, work, agent=self.id, keep_days=settings.keep_days, kept=self._kept
        )
        self._answers = Answers(tables, work, self.id)
        self._running: dict[str, Running] = {}
        self._told: dict[str, Told | None] = {}
        """How far each running job has come, as it was written last."""
        self._under_way = 0
        """Attempts whose end is not written yet."""
        self._tidied = time.monotonic()
        self._closed = threading.Event()

    def serve(self, stop: threading.Event) -> None:
        """Run jobs until `stop` is set; what runs then is ended, and may be run by others where it says so."""
        self._lease.begin(self._slots)
        self._minder = minder.start(self.id)
        self._executor.start()
        self._keeper.start()
        self._answers.start()
        fence = threading.Thread(target=self._fence, name="jobs fence", daemon=True)
        fence.start()
        try:
            while not stop.wait(TICK_S):
                if not self._tick():
                    raise Unavailable(
                        "Others have taken this agent for dead, since it was silent for so long.",
                        next_step="Start it again.",
                    )
        finally:
            self._close()
            fence.join()

    def _fence(self) -> None:
        """End our jobs before others may run them, however long the database keeps everybody else here waiting."""
        while not self._closed.wait(TICK_S):
            if self._lease.lost:
                self._end_all()

    def _close(self) -> None:
        self._closed.set()
        self._executor.pause()  # what is given back is for others
        self._end_all()
        self._await_ends()
        self._executor.stop()
        self._keeper.stop()
        self._answers.stop()
        self._writer.close()
        self._minder.communicate()
        self._lease.end()
        self._tickets.close()

    def _await_ends(self) -> None:
        """Wait until what has run is handed over and its end is written; we live meanwhile."""
        end = time.monotonic() + process.GRACE_S + SAY_S
        last = end + handover.LONGEST_S
        while self._under_way and time.monotonic() < end:
            if self._handover.busy:
                end = max(end, min(time.monotonic() + SAY_S, last))
                with suppress(Unavailable):
                    self._lease.beat()
            time.sleep(0.05)

    async def _run(self, ticket: Taken) -> tuple[Taken, Ended] | None:
        """One attempt of one job; what came of it, where there was something to do."""
        one = await self._write(self._begin, ticket)
        if one is None:
            return None
        self._under_way += 1
        verdict = await self._verdict(one)
        if verdict.outcome and again(one, verdict) and not self._one_disk:
            await asyncio.to_thread(self._handover.give, one.job)  # before another machine may begin
        return ticket, Ended(one, verdict)

    async def _note(self, ended: tuple[Taken, Ended] | None) -> None:
        """Write what came of an attempt."""
        if ended is not None:
            try:
                await self._write(self._finish, ended)
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
        secrets = self._secrets.values(one.request.secrets)
        environment = await asyncio.to_thread(self._lay, place, one)
        limits = Limits(
            seconds=one.request.timeout or self._settings.timeout_s,
            memory_mb=folder.memory_mb(one) or self._settings.memory_mb or float("inf"),
            output_mb=self._settings.output_mb,
        )
        if self._lease.lost:
            return Verdict(status=JobStatus.FAILED, message="Its agent lost the database.", lost=True)
        running = Running(one.job.id, place, environment, limits, secrets)
        self._running[one.job.id] = running
        if self._closed.is_set():  # it may have begun after all others were ended
            running.kill(STOPPED)
        told = asyncio.ensure_future(self._tell_of_start(one.job.id))
        try:
            outcome = await running.outcome()
        finally:
            told.cancel()
            del self._running[one.job.id]
            self._told.pop(one.job.id, None)
        return verdict_of(outcome, place)

    async def _tell_of_start(self, id_: str) -> None:
        await asyncio.sleep(SHORT_S)
        await self._write(self._started, id_)

    def _lay(self, place: Path, one: store.Stored) -> dict[str, str]:
        """Make the folder of an attempt; the variables of its environment."""
        shared = self._handover.take(one.job)
        folder.make(place, one, self._objects)
        return {name: os.environ[name] for name in KEPT if name in os.environ} | {
            process.AGENT: self.id,
            progress_file.VARIABLE: str(place / PROGRESS),
            STATE: str(shared),
        }

    async def _write(self, change: Change[T, R], item: T) -> R:
        """What has happened is written, however long the database is away."""
        while True:
            try:
                return await asyncio.wrap_future(self._writer.write(change, item))
            except Unavailable as error:
                logger.warning("What came of a job cannot be written yet: %s", error)
                await asyncio.sleep(TICK_S)

    def _begin(self, connection: Connection, tickets: Sequence[Taken]) -> list[store.Stored | None]:
        if self._closed.is_set():  # they are given back as they are
            return [None for _ in tickets]
        held = self._tickets.held(connection, tickets)
        ours = [one for one in tickets if one in held]
        found = self._flow.begin(connection, [one.name for one in ours], self._runner, clock.now_ms())
        begun = dict(zip(ours, found, strict=True))
        self._flow.settle(connection, clock.now_ms())
        self._tickets.done(connection, [ticket for ticket, one in begun.items() if one is None])
        return [begun.get(one) for one in tickets]

    def _started(self, connection: Connection, ids: Sequence[str]) -> None:
        self._flow.run(connection, ids, clock.now_ms())

    def _finish(self, connection: Connection, ended: Sequence[tuple[Taken, Ended]]) -> None:
        self._flow.finish(connection, [one for _, one in ended], clock.now_ms())
        self._flow.settle(connection, clock.now_ms())
        self._tickets.done(connection, [ticket for ticket, _ in ended])

    def _tick(self) -> bool:
        """Say that we live, hear who wants what killed, and look after the others; False where we were given up."""
        try:
            known = self._lease.beat()
            seen = self._look()
            self._lease.strike(seen.dead)
            if seen.late or seen.due or seen.hours:
                self._writer.write(self._heed, seen).result()
            self._tidy()
        except Unavailable as error:
            logger.warning("The agent cannot say that it lives: %s", error)
            return True
        for id_, why in seen.unwanted:
            if id_ in self._running:
                self._running[id_].kill(why)
        self._tell()
        process.bury()
        return known

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > TIDY_S:
            self._tickets.tidy(clock.now_ms() - DAY_MS)
            self._tickets.recount(clock.now_ms())
            self._tidied = time.monotonic()

    def _look(self) -> Seen:
        with self._tables.read() as connection:
            return look(connection, self.id, self._lease.dead(connection), clock.now_ms())

    def _heed(self, connection: Connection, seen: Sequence[Seen]) -> None:
        for one in seen:
            self._flow.kill(connection, dict.fromkeys(one.late, "Its deadline has passed."), clock.now_ms())
            self._flow.owners.update(one.due)
            schedules.keep(connection, self._flow, one.hours, clock.now_ms(), lambda: new_id(clock.now_ms(), self._rng))
        self._flow.settle(connection, clock.now_ms())

    def _tell(self) -> None:
        """Pass on how far our jobs say that they have come."""
        for id_, running in list(self._running.items()):
            told = progress_file.read(running.folder / PROGRESS)
            if told != self._told.get(id_):
                self._told[id_] = told
                self._writer.write(self._advance, {"id_": id_, "progress": told and asdict(told)})

    def _advance(self, connection: Connection, told: Sequence[Mapping[str, Any]]) -> None:
        store.change(connection, told, clock.now_ms())

    def _kept(self, archives: Mapping[str, str]) -> None:
        self._writer.write(self._keep, archives).result()

    def _keep(self, connection: Connection, kept: Sequence[Mapping[str, str]]) -> None:
        for archives in kept:
            store.keep(connection, archives)

    def _bury(self, agents: list[str]) -> None:
        count = self._tickets.give_back(agents)
        if agents != [self.id]:
            logger.warning("agents that are gone: %s; %d jobs go back", ", ".join(agents), count)

    def _end_all(self) -> None:
        for one in list(self._running.values()):
            one.kill(STOPPED)
