"""Jobs for a workspace: what commands and clusters there are, and what is to be run on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from random import SystemRandom
from typing import TypeVar

from matinee.base.backends import Backends
from matinee.base.clock import now_ms
from matinee.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from matinee.base.ids import new_id
from matinee.jobs import store
from matinee.jobs.agent import Agent
from matinee.jobs.durable import Tickets
from matinee.jobs.flow import Flow
from matinee.jobs.graph import ordered
from matinee.jobs.records import Job, JobRequest, Usable
from matinee.jobs.settings import JobsSettings

R = TypeVar("R", bound=Usable)


class Service:
    """What can be asked of jobs. Methods may be called from any thread."""

    def __init__(self, backends: Backends, settings: JobsSettings) -> None:
        self._tables, self._settings = backends.tables, settings
        self._work = backends.work / "jobs"
        self._rng = SystemRandom()
        self._made: Flow | None = None
        self._lock = threading.Lock()

    def save(self, one: R) -> R:
        """Store a resource, over what had its id; as it is stored, with an id."""
        one = one if one.id else one.model_copy(update={"id": self._new_id()})
        with self._tables.write() as connection:
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
        with self._tables.write() as connection:
            store.drop_resource(connection, kind, id_)

    def submit(self, request: JobRequest) -> Job:
        """Have a request run; the job as it stands now.

        Raises `NothingMatches` where no cluster and command take it, `Conflict` where there is a job of its id, and
        `NotFound` where it comes after one that there is not.
        """
        id_, flow = request.id or self._new_id(), self._flow()
        with self._tables.write() as connection:
            flow.submit(connection, {id_: request}, now_ms())
            flow.settle(connection, now_ms())
            return store.find(connection, id_).job

    def submit_graph(self, requests: Mapping[str, JobRequest]) -> dict[str, Job]:
        """Have several requests run, each `after` those of the others that it names; all are taken in, or none.

        Raises what `submit` raises, and `InvalidInput` where they wait for each other or for one that is not there.
        """
        order = ordered({name: one.after for name, one in requests.items()})
        ids, flow = {name: requests[name].id or self._new_id() for name in order}, self._flow()
        made = {
            ids[name]: requests[name].model_copy(update={"after": tuple(ids[one] for one in requests[name].after)})
            for name in order
        }
        if len(made) < len(order):
            raise Conflict("Two jobs of the graph have one id.", next_step="Leave their ids out.")
        with self._tables.write() as connection:
            flow.submit(connection, made, now_ms())
            flow.settle(connection, now_ms())
            jobs = {one.job.id: one.job for one in store.found(connection, made.keys())}
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
        flow = self._flow()
        with self._tables.write() as connection:
            flow.kill(connection, id_, why, now_ms())
            flow.settle(connection, now_ms())

    def wait(self, id_: str, timeout_s: float = float("inf"), every_s: float = 0.2) -> Job:
        """The job once it is final. Raises `Unavailable` after `timeout_s`."""
        end = time.monotonic() + timeout_s
        while not (job := self.job(id_)).status.final:
            if time.monotonic() > end:
                raise Unavailable(f"The job {id_} is still {job.status}.", next_step="Wait longer.")
            time.sleep(every_s)
        return job

    def output(self, id_: str, name: str = "stdout", attempt: int | None = None) -> Path:
        """A file of a job's folder, of its latest attempt. Raises `NotFound`."""
        number = self.job(id_).attempt if attempt is None else attempt
        folder = (self._work / id_ / str(number)).resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise InvalidInput(f"{name!r} is outside of the job's folder.", next_step="Name a file in it.")
        if not path.is_file():
            raise NotFound(f"The job {id_} has no file {name}.", next_step="It may not have begun; ask again later.")
        return path

    def agent(self) -> Agent:
        """An agent for this machine, to be served by a process of its own."""
        return Agent(self._tables, self._settings, self._work)

    def close(self) -> None:
        """Let go of the queue."""
        with self._lock:
            if self._made is not None:
                self._made.tickets.close()
                self._made = None

    def _flow(self) -> Flow:
        """The rules; to be had before a transaction, since DBOS may have to make its tables first."""
        with self._lock:
            if self._made is None:
                self._made = Flow(Tickets(self._tables), self._settings)
            return self._made

    def _new_id(self) -> str:
        return new_id(now_ms(), self._rng)
