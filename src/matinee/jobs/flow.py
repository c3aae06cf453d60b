"""How jobs move from one status to the next. Every step is made in the transaction of its caller.

A job waits (RESERVED) for those that it comes after, for its hour, and for room among the jobs of its owner. Then its
cluster and command are chosen, and its ticket is queued (ACCEPTED). An agent that takes the ticket begins an attempt
(INIT, RUNNING) and says what came of it; the job is then final, or queued again. Those that come after it move on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from matinee.base.errors import MatineeError
from matinee.jobs import store
from matinee.jobs.durable import Tickets
from matinee.jobs.process import Outcome
from matinee.jobs.records import Application, Cluster, Command, JobRequest, JobStatus, Usable
from matinee.jobs.selection import choose
from matinee.jobs.settings import JobsSettings

LONGEST_WAIT_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of an attempt."""

    status: JobStatus
    message: str
    outcome: Outcome | None = None
    """Of its processes; None where they were never begun, or their end was seen by nobody."""
    lost: bool = False
    """Whether it was broken off by no fault of its own, so that it may run again where it says so."""


@dataclass(slots=True)
class Known:
    """Clusters and commands as they were read last; they change far more rarely than jobs come."""

    stamp: object = None
    clusters: Sequence[Cluster] = ()
    commands: Sequence[Command] = ()
    _told: dict[tuple[type, str | None], dict[str, Any]] = field(default_factory=dict)

    def told(self, one: Usable) -> dict[str, Any]:
        """A resource as JSON."""
        key = type(one), one.id
        if key not in self._told:
            self._told[key] = one.model_dump(mode="json", by_alias=True)
        return self._told[key]

    def read(self, connection: Connection) -> Known:
        """These, read again where any has changed."""
        if (stamp := store.stamp(connection)) != self.stamp:
            self.stamp, self._told = stamp, {}
            self.clusters, self.commands = store.resources(connection, Cluster), store.resources(connection, Command)
        return self


@dataclass(frozen=True, slots=True)
class Flow:
    """The rules, over the tables and the queue."""

    tickets: Tickets
    settings: JobsSettings
    known: Known = field(default_factory=Known)
    owners: set[str] = field(default_factory=set)
    """Whose jobs may have room since `settle` was called last."""

    def submit(self, connection: Connection, requests: Mapping[str, JobRequest], now_ms: int) -> None:
        """Take in requests by the ids of their jobs; all, or none where it raises.

        Raises `NothingMatches` where nothing would take one of them now, and what `store.add` raises.
        """
        choices = {(one.cluster_criterias, one.command_criteria, one.applications): one for one in requests.values()}
        known = self.known.read(connection)
        for one in choices.values():
            self._choose(connection, one, known)
        for id_, before in store.add(connection, requests, now_ms):
            self._end(connection, store.find(connection, id_), _hopeless(before.name, before.status), now_ms)
        self.owners.update(one.user for one in requests.values())

    def settle(self, connection: Connection, now_ms: int) -> None:
        """Queue what may run now; to be called at the end of every transaction in which jobs came, ended or are due."""
        while self.owners:
            self._admit(connection, self.owners.pop(), now_ms)

    def _admit(self, connection: Connection, owner: str, now_ms: int) -> None:
        """Queue as many of an owner's jobs as there is room for."""
        room = self.settings.active_limit - store.queued(connection, owner)
        waiting = store.admissible(connection, owner, room, now_ms) if room > 0 else ()
        known = self.known.read(connection) if waiting else self.known
        for one in waiting:
            try:
                chosen = self._choose(connection, one.request, known)
            except MatineeError as error:
                self._end(connection, one, Verdict(status=JobStatus.FAILED, message=str(error)), now_ms)
                continue
            self._queue(connection, one, now_ms, chosen=chosen)

    def begin(self, connection: Connection, ticket: str, runner: store.Runner, now_ms: int) -> store.Stored | None:
        """An agent has taken a ticket: the job to run, or None where there is nothing to do any more."""
        id_, attempt = parts(ticket)
        one = store.find(connection, id_)
        if one.job.status.final or one.job.attempt >= attempt:
            if not one.job.status.final and one.job.attempt == attempt and one.agent not in {None, runner.id}:
                verdict = Verdict(status=JobStatus.FAILED, message="Its agent died while it ran.", lost=True)
                self.finish(connection, id_, one.agent or "", verdict, now_ms)
            return None
        if one.kill:
            self._end(connection, one, Verdict(status=JobStatus.KILLED, message=one.kill), now_ms)
            return None
        store.begin_attempt(connection, id_, attempt, runner, now_ms)
        return replace(one, job=one.job.model_copy(update={"attempt": attempt}), agent=runner.id)

    def finish(self, connection: Connection, id_: str, agent: str, verdict: Verdict, now_ms: int) -> None:
        """An attempt of an agent has ended; where the job is no longer that agent's, nothing is changed."""
        one = store.find(connection, id_)
        if one.job.status.final or one.agent != agent:
            return
        store.end_attempt(connection, one.job, now_ms, verdict.message, verdict.outcome)
        if one.kill:
            self._end(connection, one, replace(verdict, status=JobStatus.KILLED, message=one.kill), now_ms)
        elif verdict.lost and one.request.rerunnable:
            self._queue(connection, one, now_ms, message=f"{verdict.message} It is run again.")
        elif verdict.lost:
            told = f"{verdict.message} It does not say that it may run twice (rerunnable)."
            self._end(connection, one, replace(verdict, message=told), now_ms)
        elif verdict.status == JobStatus.FAILED and one.job.attempt <= one.request.retries:
            wait_s = min(one.request.retry_wait_s * 2 ** (one.job.attempt - 1), LONGEST_WAIT_S)
            message = f"{verdict.message} It is tried again in {wait_s:g} s."
            self._queue(connection, one, now_ms, delay_s=wait_s, message=message)
        else:
            self._end(connection, one, verdict, now_ms)

    def kill(self, connection: Connection, id_: str, why: str, now_ms: int) -> None:
        """Somebody wants a job to end; what runs is ended by its agent. A final one stays as it is."""
        one = store.find(connection, id_)
        if one.job.status in {JobStatus.RESERVED, JobStatus.RESOLVED, JobStatus.ACCEPTED}:
            self._end(connection, one, Verdict(status=JobStatus.KILLED, message=why), now_ms)
        elif not one.job.status.final:
            store.change(connection, id_, now_ms, kill=one.kill or why)

    def _choose(self, connection: Connection, request: JobRequest, known: Known) -> dict[str, Any]:
        """Cluster, command and applications as they are now."""
        busy = store.busy(connection) if len(known.clusters) > 1 else {}
        found = choose(request, known.clusters, known.commands, busy)
        wanted = request.applications or found.command.applications
        applications = [store.resource(connection, Application, one) for one in wanted]
        return {
            "cluster": known.told(found.cluster),
            "command": known.told(found.command),
            "applications": [known.told(one) for one in applications],
        }

    def _queue(
        self,
        connection: Connection,
        one: store.Stored,
        now_ms: int,
        *,
        chosen: dict[str, Any] | None = None,
        delay_s: float = 0,
        message: str = "",
    ) -> None:
        values: dict[str, Any] = {"status": JobStatus.ACCEPTED.value, "message": message, "agent": None}
        if chosen is not None:
            values |= {
                "chosen": chosen,
                "cluster_id": chosen["cluster"]["id"],
                "command_id": chosen["command"]["id"],
            }
        store.change(connection, one.job.id, now_ms, **values)
        next_one = ticket(one.job.id, one.job.attempt + 1)
        self.tickets.put(connection, next_one, priority=one.request.priority, delay_s=delay_s)

    def _end(self, connection: Connection, one: store.Stored, verdict: Verdict, now_ms: int) -> None:
        """Make a job final; those after it that never can run, with it."""
        ending = [(one, verdict)]
        while ending:
            one, verdict = ending.pop()
            store.change(
                connection,
                one.job.id,
                now_ms,
                status=verdict.status.value,
                message=verdict.message,
                exit_code=verdict.outcome.exit_code if verdict.outcome else None,
                finished_ms=now_ms,
            )
            self.owners.add(one.job.user)
            after = store.followers(connection, one.job.id)
            if verdict.status == JobStatus.SUCCEEDED:
                self.owners.update(store.one_less(connection, after))
            else:
                hopeless = _hopeless(one.job.name, verdict.status)
                ending += [(other, hopeless) for other in store.found(connection, after) if not other.job.status.final]


def ticket(id_: str, attempt: int) -> str:
    """The ticket of an attempt."""
    return f"{id_}/{attempt}"


def parts(ticket: str) -> tuple[str, int]:
    """The job and attempt of a ticket."""
    id_, _, attempt = ticket.rpartition("/")
    return id_, int(attempt)


def _hopeless(name: str, status: JobStatus) -> Verdict:
    message = f"It never ran: {name!r}, which it comes after, is {status}."
    return Verdict(status=JobStatus.INVALID, message=message)
