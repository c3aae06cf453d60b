"""Jobs for a workspace: what commands and clusters there are, and what is to be run on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from matinee.base.backends import Backends
from matinee.base.clock import now_ms
from matinee.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from matinee.base.ids import new_id
from matinee.jobs import schedules, store
from matinee.jobs.agent import Agent
from matinee.jobs.archive import Archive
from matinee.jobs.costs import Cost, costs
from matinee.jobs.durable import Tickets
from matinee.jobs.flow import Flow
from matinee.jobs.graph import named
from matinee.jobs.records import Job, JobRequest, Usable
from matinee.jobs.schedules import Planned, Schedule
from matinee.jobs.secrets import Secrets
from matinee.jobs.settings import JobsSettings
from matinee.jobs.together import LANE, Together

R = TypeVar("R", bound=Usable)


class _Opened(NamedTuple):
    flow: Flow
    writer: Together


class Service:
    """What can be asked of jobs. Methods may be called from any thread."""

    def __init__(self, backends: Backends, settings: JobsSettings) -> None:
        self._tables, self._settings = backends.tables, settings
        self._work = backends.work / "jobs"
        self.secrets = Secrets(backends.work.parent / settings.secrets)
        self._archive = Archive(backends.objects, self._work)
        self._rng = SystemRandom()
        self._made: _Opened | None = None
        self._lock = threading.Lock()

    def save(self, one: R) -> R:
        """Store a resource, over what had its id; as it is stored, with an id."""
        one = one if one.id else one.model_copy(update={"id": self._new_id()})
        with self._tables.write(LANE) as connection:
            store.put_resource(self._tables, connection, one, now_ms())
        return one

    def resources(self, kind: type[R]) -> list[R]:
        """All of a kind, the latest first."""
        with self._tables.read() as connection:
            return store.resources(connection, kind)

    def resource(self, kind: type[R], id_: str) -> R:
        """One of them. Raises `NotFound`."""
        with self._tables.read() as connection:
            return store.resource(connection, kind, id_)

    def remove(self, kind: type[R], id_: str) -> None:
        """Remove one; jobs that had been resolved to it keep it as it was."""
        with self._tables.write(LANE) as connection:
            store.drop_resource(connection, kind, id_)

    def submit(self, request: JobRequest) -> Job:
        """Have a request run; the job as it stands now.

        Raises `NothingMatches` where no cluster and command take it, `Conflict` where there is a job of its id, and
        `NotFound` where it comes after one that there is not.
        """
        id_ = request.id or self._new_id()
        return self._submitted({id_: request})[id_]

    def submit_graph(self, requests: Mapping[str, JobRequest]) -> dict[str, Job]:
        """Have several requests run, each `after` those of the others that it names; all are taken in, or none.

        Raises what `submit` raises, and `InvalidInput` where they wait for each other or for one that is not there.
        """
        ids, made = named(requests, self._new_id)
        jobs = self._submitted(made)
        return {name: jobs[id_] for name, id_ in ids.items()}

    def job(self, id_: str) -> Job:
        """A job. Raises `NotFound`."""
        with self._tables.read() as connection:
            return store.find(connection, id_).job

    def jobs(
        self, *, statuses: Collection[str] = (), owner: str = "", tags: Collection[str] = (), limit: int = 50
    ) -> list[Job]:
        """Jobs, the latest first: of these statuses, of this owner, with all of these tags."""
        with self._tables.read() as connection:
            return store.listed(connection, statuses=statuses, owner=owner, tags=tags, limit=limit)

    def kill(self, id_: str, why: str = "Job was killed by user.") -> None:
        """Have a job ended, soon; a final one stays as it is. Raises `NotFound`."""
        self._opened().writer.write(self._kill, (id_, why)).result()

    def wait(self, id_: str, timeout_s: float = float("inf"), every_s: float = 0.2) -> Job:
        """The job once it is final. Raises `Unavailable` after `timeout_s`."""
        end = time.monotonic() + timeout_s
        while not (job := self.job(id_)).status.final:
            if time.monotonic() > end:
                raise Unavailable(f"The job {id_} is still {job.status}.", next_step="Wait longer.")
            time.sleep(every_s)
        return job

    def output(self, id_: str, name: str = "stdout", attempt: int | None = None) -> Path:
        """A file of a job's folder, of its latest attempt, brought here where it lies elsewhere. Raises `NotFound`."""
        number = self.job(id_).attempt if attempt is None else attempt
        folder = self._archive.lay(id_, str(number)).resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise InvalidInput(f"{name!r} is outside of the job's folder.", next_step="Name a file in it.")
        if not path.is_file():
            raise NotFound(f"The job {id_} has no file {name}.", next_step="It may not have begun; ask again later.")
        return path

    def save_schedule(self, one: Schedule) -> Planned:
        """Store a schedule, over what had its id; as it is planned now.

        Raises `InvalidInput` where its jobs wait for each other.
        """
        one = one if one.id else one.model_copy(update={"id": self._new_id()})
        with self._tables.write(LANE) as connection:
            schedules.save(self._tables, connection, one, now_ms())
            return schedules.find(connection, one.id or "")

    def schedules(self) -> list[Planned]:
        """All schedules, the soonest first."""
        with self._tables.read() as connection:
            return schedules.planned(connection)

    def schedule(self, id_: str) -> Planned:
        """One of them. Raises `NotFound`."""
        with self._tables.read() as connection:
            return schedules.find(connection, id_)

    def remove_schedule(self, id_: str) -> None:
        """Remove a schedule; the jobs that it has submitted stay."""
        with self._tables.write(LANE) as connection:
            schedules.remove(connection, id_)

    def run_schedule(self, id_: str) -> Planned:
        """Submit the jobs of a schedule now; what came of it. Raises `NotFound`."""
        self._opened().writer.write(self._run, id_).result()
        return self.schedule(id_)

    def costs(self, since_ms: int, until_ms: int) -> list[Cost]:
        """What the attempts that ended in a time have taken, by owner, the dearest first."""
        with self._tables.read() as connection:
            return costs(connection, self._settings, since_ms, until_ms)

    def agent(self) -> Agent:
        """An agent for this machine, to be served by a process of its own."""
        return Agent(self._tables, self._settings, self._work, secrets=self.secrets, archive=self._archive)

    def close(self) -> None:
        """Let go of the queue."""
        with self._lock:
            if self._made is not None:
                self._made.writer.close()
                self._made.flow.tickets.close()
                self._made = None

    def _submitted(self, requests: Mapping[str, JobRequest]) -> dict[str, Job]:
        return self._opened().writer.write(self._submit, requests).result()

    def _submit(self, connection: Connection, graphs: Sequence[Mapping[str, JobRequest]]) -> list[dict[str, Job]]:
        """Take in what several callers have submitted."""
        flow = self._opened().flow
        requests = {id_: one for graph in graphs for id_, one in graph.items()}
        if len(requests) < sum(map(len, graphs)):
            raise Conflict("Two jobs have one id.", next_step="Leave the id out, or choose another.")
        flow.submit(connection, requests, now_ms())
        flow.settle(connection, now_ms())
        jobs = {one.job.id: one.job for one in store.found(connection, requests)}
        return [{id_: jobs[id_] for id_ in graph} for graph in graphs]

    def _kill(self, connection: Connection, unwanted: Sequence[tuple[str, str]]) -> None:
        flow = self._opened().flow
        for id_, _ in unwanted:
            store.find(connection, id_)
        flow.kill(connection, dict(unwanted), now_ms())
        flow.settle(connection, now_ms())

    def _run(self, connection: Connection, ids: Sequence[str]) -> None:
        flow = self._opened().flow
        for id_ in ids:
            schedules.submit(connection, flow, schedules.find(connection, id_).schedule, now_ms(), self._new_id)
        flow.settle(connection, now_ms())

    def _opened(self) -> _Opened:
        """The rules and who writes; to be had before a transaction, since DBOS may have to make its tables first."""
        with self._lock:
            if self._made is None:
                self._made = _Opened(Flow(Tickets(self._tables), self._settings), Together(self._tables))
            return self._made

    def _new_id(self) -> str:
        return new_id(now_ms(), self._rng)
