"""Jobs for a workspace: what commands and clusters there are, and what is to be run on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from matinee.base.backends import Backends
from matinee.base.clock import now_ms
from matinee.base.errors import Conflict
from matinee.base.ids import new_id
from matinee.jobs.agents.agent import Agent
from matinee.jobs.attempts import attachments
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.attempts.elsewhere import AnyOutput
from matinee.jobs.attempts.whereabouts import Whereabouts
from matinee.jobs.queue import resources, schedules, store
from matinee.jobs.queue.flow import Flow
from matinee.jobs.queue.graph import named
from matinee.jobs.queue.schedules import Planned, Schedule
from matinee.jobs.queue.tickets import Tickets
from matinee.jobs.queue.together import LANE, Together
from matinee.jobs.records import Job, JobRequest, JobStatus, Usable
from matinee.jobs.secrets import Secrets
from matinee.jobs.settings import JobsSettings
from matinee.jobs.views import census, search
from matinee.jobs.views.census import Heartbeat
from matinee.jobs.views.connected import Graph, connected
from matinee.jobs.views.costs import Cost, costs
from matinee.jobs.views.history import Day, history
from matinee.jobs.views.search import Found, JobFilter, Kept, Page, ResourceFilter, Whole
from matinee.jobs.views.waiting import until_final

R = TypeVar("R", bound=Usable)


class _Opened(NamedTuple):
    flow: Flow
    writer: Together


class Service:
    """What can be asked of jobs. Methods may be called from any thread."""

    def __init__(self, backends: Backends, settings: JobsSettings) -> None:
        self._tables, self._objects, self._settings = backends.tables, backends.objects, settings
        self._work = backends.work / "jobs"
        self.secrets = Secrets(backends.work.parent / settings.secrets)
        self._archive = Archive(backends.objects, self._work)
        self._whereabouts = Whereabouts(backends.tables, self._archive)
        self._rng = SystemRandom()
        self._made: _Opened | None = None
        self._lock = threading.Lock()

    def save(self, one: R) -> R:
        """Store a resource, over what had its id; as it is stored, with an id."""
        one = one if one.id else one.model_copy(update={"id": self._new_id()})
        with self._tables.write(LANE) as connection:
            resources.put(self._tables, connection, one, now_ms())
        return one

    def add(self, one: R) -> R:
        """Store a new resource; as it is stored, with an id. Raises `Conflict` where its id is taken."""
        one = one if one.id else one.model_copy(update={"id": self._new_id()})
        with self._tables.write(LANE) as connection:
            if search.exists(connection, type(one), one.id or ""):
                told = f"The {resources.KINDS[type(one)]} {one.id} exists already."
                raise Conflict(told, next_step="Change that one, or leave the id out.")
            resources.put(self._tables, connection, one, now_ms())
        return one

    def change(self, kind: type[R], id_: str, how: Callable[[R], R]) -> R:
        """A resource as `how` has changed it, in one transaction. Raises `NotFound`, and what `how` raises."""
        with self._tables.write(LANE) as connection:
            one = how(resources.find(connection, kind, id_))
            resources.put(self._tables, connection, one, now_ms())
        return one

    def resources(self, kind: type[R]) -> list[R]:
        """All of a kind, the latest first."""
        with self._tables.read() as connection:
            return resources.all_of(connection, kind)

    def resource(self, kind: type[R], id_: str) -> R:
        """One of them. Raises `NotFound`."""
        with self._tables.read() as connection:
            return resources.find(connection, kind, id_)

    def find_resources(self, kind: type[R], wanted: ResourceFilter, page: Page) -> Found[Kept[R]]:
        """A page of those that are so; see `matinee.jobs.views.search.find_resources`."""
        with self._tables.read() as connection:
            return search.find_resources(connection, kind, wanted, page)

    def kept(self, kind: type[R], id_: str) -> Kept[R]:
        """One of them with its times. Raises `NotFound`."""
        with self._tables.read() as connection:
            return search.resource(connection, kind, id_)

    def remove(self, kind: type[R], id_: str) -> None:
        """Remove one; jobs that had been resolved to it keep it as it was."""
        with self._tables.write(LANE) as connection:
            resources.drop(connection, kind, id_)

    def submit(self, request: JobRequest, files: Sequence[Path] = ()) -> Job:
        """Have a request run, with copies of these files beside it; the job as it stands now.

        Raises `NothingMatches` where no cluster and command take it, `Conflict` where there is a job of its id,
        `NotFound` where it comes after one that there is not, and `InvalidInput` where a file cannot be attached.
        """
        id_ = request.id or self._new_id()
        with attachments.kept(self._objects, id_, self._new_id(), files) as addresses:
            whole = request.model_copy(update={"dependencies": (*request.dependencies, *addresses)})
            return self._submitted({id_: whole})[id_]

    def submit_graph(self, requests: Mapping[str, JobRequest]) -> dict[str, Job]:
        """Have several requests run, each `after` those of the others that it names; all are taken in, or none.

        Raises what `submit` raises, and `InvalidInput` where they wait for each other or for one that is not there.
        """
        ids, made = named(requests, self._new_id)
        jobs = self._submitted(made)
        return {name: jobs[id_] for name, id_ in ids.items()}

    def rerun(self, id_: str) -> Job:
        """A new job of the same request, see `JobRequest.anew`. Raises `NotFound`, and what `submit` raises."""
        return self.submit(self.whole(id_).request.anew(now_ms()))

    def job(self, id_: str) -> Job:
        """A job. Raises `NotFound`."""
        with self._tables.read() as connection:
            return store.find(connection, id_).job

    def whole(self, id_: str) -> Whole:
        """A job with its request, its attempts, and the jobs that it waits for and that wait for it.

        Raises `NotFound`.
        """
        with self._tables.read() as connection:
            return search.whole(connection, id_)

    def graph(self, id_: str) -> Graph:
        """Everything that a job is connected with by what comes after what. Raises `NotFound`."""
        with self._tables.read() as connection:
            return connected(connection, id_)

    def find_jobs(self, wanted: JobFilter, page: Page) -> Found[Whole]:
        """A page of jobs that are so; see `matinee.jobs.views.search.find_jobs`."""
        with self._tables.read() as connection:
            return search.find_jobs(connection, wanted, page)

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
        return until_final(lambda: self.job(id_), timeout_s, every_s)

    def output(self, id_: str, name: str = "stdout", attempt: int | None = None) -> Path:
        """A file of a job's folder, of its latest attempt; a copy where that lies elsewhere, which goes with `close`.

        Raises what `folder` raises.
        """
        return self.folder(id_, attempt).path(name)

    def folder(self, id_: str, attempt: int | None = None) -> AnyOutput:
        """What an attempt of a job, the latest where none is named, has left: here, brought here, or where it runs.

        Raises `NotFound`, and `Unavailable` where it lies on a machine that does not answer.
        """
        return self._whereabouts.folder(id_, attempt)

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

    def history(self, since_ms: int, until_ms: int) -> list[Day]:
        """What became of jobs on each day of a time. Raises `InvalidInput` where that is too long."""
        with self._tables.read() as connection:
            return history(connection, since_ms, until_ms)

    def counts(self, since_ms: int) -> dict[JobStatus, int]:
        """How many jobs have each status: of active ones all, of final ones those that ended since a time."""
        with self._tables.read() as connection:
            return census.counts(connection, since_ms)

    def stamp(self) -> tuple[int, int, int]:
        """Something that changes whenever a job does."""
        with self._tables.read() as connection:
            return census.stamp(connection)

    def agents(self) -> list[Heartbeat]:
        """Agents of every machine, and when each last said that it lives."""
        with self._tables.read() as connection:
            return census.heartbeats(connection)

    def agent(self) -> Agent:
        """An agent for this machine, to be served by a process of its own."""
        return Agent(
            self._tables,
            self._settings,
            self._work,
            objects=self._objects,
            secrets=self.secrets,
            archive=self._archive,
        )

    def close(self) -> None:
        """Let go of the queue, and of copies of files."""
        self._whereabouts.close()
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
