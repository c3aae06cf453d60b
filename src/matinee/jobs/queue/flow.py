"""How jobs move from one status to the next. Every step is made in its caller's transaction, for many jobs at once.

A job waits (RESERVED) for those that it comes after, for its hour, and for room among the jobs of its owner. Then its
cluster and command are chosen, and its ticket is queued (ACCEPTED). An agent that takes the ticket begins an attempt
(INIT, RUNNING) and says what came of it; the job is then final, or queued again. Those that come after it move on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from matinee.base.errors import MatineeError
from matinee.jobs.queue import resources, store
from matinee.jobs.queue.selection import choose
from matinee.jobs.queue.tickets import Ticket, Tickets
from matinee.jobs.records import Application, Cluster, ClusterStatus, Command, JobRequest, JobStatus, Usable
from matinee.jobs.settings import JobsSettings
from matinee.jobs.verdict import Verdict

LONGEST_WAIT_S = 3600


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt of a job has ended."""

    one: store.Stored
    """As it was when its agent began the attempt."""
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queued:
    """A job's next attempt may be made."""

    message: str = ""
    delay_s: float = 0
    chosen: dict[str, Any] | None = None
    """Cluster, command and applications; those of before where it is None."""


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
        if (stamp := resources.stamp(connection)) != self.stamp:
            self.stamp, self._told = stamp, {}
            self.clusters, self.commands = resources.all_of(connection, Cluster), resources.all_of(connection, Command)
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
        hopeless = {
            id_: _hopeless(before.name, before.status) for id_, before in store.add(connection, requests, now_ms)
        }
        self._end(connection, [(one, hopeless[one.job.id]) for one in store.found(connection, hopeless)], now_ms)
        self.owners.update(one.user for one in requests.values())

    def settle(self, connection: Connection, now_ms: int) -> None:
        """Queue what may run now; to be called at the end of every transaction in which jobs came, ended or are due."""
        while self.owners:
            self._admit(connection, self.owners.pop(), now_ms)

    def begin(
        self, connection: Connection, tickets: Sequence[str], runner: store.Runner, now_ms: int
    ) -> list[store.Stored | None]:
        """An agent has taken tickets: the job to run of each, or None where there is nothing to do any more."""
        taken = [parts(one) for one in tickets]
        stored = {one.job.id: one for one in store.found(connection, [id_ for id_, _ in taken])}
        self.known.read(connection)
        begun = [self._begun(connection, stored.get(id_), attempt, runner, now_ms) for id_, attempt in taken]
        store.begin_attempts(connection, [one.job for one in begun if one], runner, now_ms)
        return begun

    def run(self, connection: Connection, ids: Sequence[str], now_ms: int) -> None:
        """The programs of these jobs have been started."""
        values = {"status": JobStatus.RUNNING.value, "started_ms": now_ms, "message": "It runs."}
        store.change(connection, [{"id_": one, **values} for one in ids], now_ms)

    def finish(self, connection: Connection, ended: Sequence[Ended], now_ms: int) -> None:
        """Attempts have ended; where a job is no longer that agent's, nothing is changed."""
        standing = store.standing(connection, [told.one.job.id for told in ended])
        mine = []
        for told in ended:
            now = standing.get(told.one.job.id)
            if now and (now.agent, now.attempt) == (told.one.agent, told.one.job.attempt):
                mine.append((replace(told.one, kill=now.kill), told.verdict))
        store.end_attempts(connection, [(one.job, told.message, told.outcome) for one, told in mine], now_ms)
        nexts = [(one, _next(one, verdict)) for one, verdict in mine]
        self._queue(connection, [(one, found) for one, found in nexts if isinstance(found, _Queued)], now_ms)
        self._end(connection, [(one, found) for one, found in nexts if isinstance(found, Verdict)], now_ms)

    def kill(self, connection: Connection, reasons: Mapping[str, str], now_ms: int) -> None:
        """Somebody wants jobs to end, by id and why; what runs is ended by its agent. A final one stays as it is."""
        waiting, held = [], []
        for one in store.found(connection, reasons):
            why = reasons[one.job.id]
            if one.job.status in _BEFORE_AN_AGENT:
                waiting.append((one, Verdict(status=JobStatus.KILLED, message=why)))
            elif not one.job.status.final:
                held.append({"id_": one.job.id, "kill": one.kill or why})
        self._end(connection, waiting, now_ms)
        store.change(connection, held, now_ms)

    def _begun(
        self, connection: Connection, one: store.Stored | None, attempt: int, runner: store.Runner, now_ms: int
    ) -> store.Stored | None:
        if one is None or one.job.status.final or one.job.attempt > attempt:
            return None
        if one.job.attempt == attempt:  # another agent had begun it, and its ticket came back
            if one.agent not in {None, runner.id}:
                verdict = Verdict(status=JobStatus.FAILED, message="Its agent died while it ran.", lost=True)
                self.finish(connection, [Ended(one, verdict)], now_ms)
            return None
        if one.kill:
            self._end(connection, [(one, Verdict(status=JobStatus.KILLED, message=one.kill))], now_ms)
            return None
        if (placed := self._placed(connection, one, now_ms)) is None:
            return None
        return replace(placed, job=placed.job.model_copy(update={"attempt": attempt}), agent=runner.id)

    def _placed(self, connection: Connection, one: store.Stored, now_ms: int) -> store.Stored | None:
        """The job with a cluster that is still up, another where its own is gone; None where nothing takes it now."""
        assert one.chosen is not None
        if one.chosen["cluster"]["id"] in {
            found.id for found in self.known.clusters if found.status == ClusterStatus.UP
        }:
            return one
        try:
            chosen = self._choose(connection, one.request, self.known)
        except MatineeError as error:
            gone = f"Its cluster {one.chosen['cluster']['name']!r} is gone. {error}"
            self._end(connection, [(one, Verdict(status=JobStatus.FAILED, message=gone))], now_ms)
            return None
        store.change(connection, [{"id_": one.job.id, **_columns(chosen)}], now_ms)
        return replace(one, chosen=chosen)

    def _admit(self, connection: Connection, owner: str, now_ms: int) -> None:
        """Queue as many of an owner's jobs as there is room for."""
        if not store.admissible(connection, owner, 1, now_ms):  # sooner seen than how many are queued
            return
        limit = self.settings.owner_limits.get(owner, self.settings.active_limit)
        room = limit - store.queued(connection, owner)
        free = {tag: limit - store.tagged(connection, tag) for tag, limit in self.settings.tag_limits.items()}
        full = [tag for tag, count in free.items() if count <= 0]
        found = store.admissible(connection, owner, room, now_ms, without=full) if room > 0 else ()
        waiting = within(found, free)
        if len(waiting) < len(found):
            self.owners.add(owner)  # a tag is full now, and others of this owner may go before
        known = self.known.read(connection) if waiting else self.known
        ready, hopeless = [], []
        for one in waiting:
            try:
                ready.append((one, _Queued(chosen=self._choose(connection, one.request, known))))
            except MatineeError as error:
                hopeless.append((one, Verdict(status=JobStatus.FAILED, message=str(error))))
        self._queue(connection, ready, now_ms)
        self._end(connection, hopeless, now_ms)

    def _choose(self, connection: Connection, request: JobRequest, known: Known) -> dict[str, Any]:
        """Cluster, command and applications as they are now."""
        busy = store.busy(connection) if len(known.clusters) > 1 else {}
        found = choose(request, known.clusters, known.commands, busy)
        wanted = request.applications or found.command.applications
        applications = [resources.find(connection, Application, one) for one in wanted]
        return {
            "cluster": known.told(found.cluster),
            "command": known.told(found.command),
            "applications": [known.told(one) for one in applications],
        }

    def _queue(self, connection: Connection, queued: Sequence[tuple[store.Stored, _Queued]], now_ms: int) -> None:
        """Put the tickets of next attempts into the queue."""
        changes = []
        for one, how in queued:
            values: dict[str, Any] = {
                "id_": one.job.id,
                "status": JobStatus.ACCEPTED.value,
                "message": how.message,
                "agent": None,
            }
            changes.append(values | _columns(how.chosen) if how.chosen else values)
        store.change(connection, changes, now_ms)
        self.tickets.put(
            connection,
            [Ticket(ticket(one.job.id, one.job.attempt + 1), one.request.priority, how.delay_s) for one, how in queued],
        )

    def _end(self, connection: Connection, ending: Sequence[tuple[store.Stored, Verdict]], now_ms: int) -> None:
        """Make jobs final; those after them that never can run, with them."""
        while ending:
            store.change(connection, [_final(one, verdict, now_ms) for one, verdict in ending], now_ms)
            self.owners.update(one.job.user for one, _ in ending)
            for tag in self.settings.tag_limits.keys() & {tag for one, _ in ending for tag in one.job.tags}:
                self.owners.update(store.waiting_with(connection, tag))
            ended = {one.job.id: (one.job.name, verdict.status) for one, verdict in ending}
            after = store.followers(connection, ended)
            freed = Counter(other for id_, other in after if ended[id_][1] == JobStatus.SUCCEEDED)
            self.owners.update(store.fewer(connection, freed))
            hopeless = {other: _hopeless(*ended[id_]) for id_, other in after if ended[id_][1] != JobStatus.SUCCEEDED}
            others = store.found(connection, hopeless)
            ending = [(one, hopeless[one.job.id]) for one in others if not one.job.status.final]


_BEFORE_AN_AGENT = frozenset({JobStatus.RESERVED, JobStatus.RESOLVED, JobStatus.ACCEPTED})


def within(waiting: Sequence[store.Stored], free: Mapping[str, int]) -> list[store.Stored]:
    """Those of these jobs, the first first, for whose tags there is room."""
    left, found = Counter(free), []
    for one in waiting:
        tags = left.keys() & set(one.job.tags)
        if all(left[tag] > 0 for tag in tags):
            left.subtract(tags)
            found.append(one)
    return found


def ticket(id_: str, attempt: int) -> str:
    """The ticket of an attempt."""
    return f"{id_}/{attempt}"


def parts(ticket: str) -> tuple[str, int]:
    """The job and attempt of a ticket."""
    id_, _, attempt = ticket.rpartition("/")
    return id_, int(attempt)


def again(one: store.Stored, verdict: Verdict) -> bool:
    """Whether another attempt of a job may follow one, as far as its agent knows."""
    return isinstance(_next(one, verdict), _Queued)


def _next(one: store.Stored, verdict: Verdict) -> _Queued | Verdict:
    """What becomes of a job after an attempt: another, or its end."""
    if one.kill:
        return replace(verdict, status=JobStatus.KILLED, message=one.kill)
    if verdict.lost and one.request.rerunnable:
        return _Queued(message=f"{verdict.message} It is run again.")
    if verdict.lost:
        return replace(verdict, message=f"{verdict.message} It does not say that it may run twice (rerunnable).")
    if verdict.status == JobStatus.FAILED and one.job.attempt <= one.request.retries:
        wait_s = min(one.request.retry_wait_s * 2 ** (one.job.attempt - 1), LONGEST_WAIT_S)
        return _Queued(message=f"{verdict.message} It is tried again in {wait_s:g} s.", delay_s=wait_s)
    return verdict


def _columns(chosen: dict[str, Any]) -> dict[str, Any]:
    """The columns of a job that say what was chosen for it."""
    return {"chosen": chosen, "cluster_id": chosen["cluster"]["id"], "command_id": chosen["command"]["id"]}


def _final(one: store.Stored, verdict: Verdict, now_ms: int) -> dict[str, Any]:
    outcome = verdict.outcome
    return {
        "id_": one.job.id,
        "status": verdict.status.value,
        "message": verdict.message,
        "exit_code": outcome.exit_code if outcome else None,
        "started_ms": outcome.started_ms if outcome else one.job.started_ms,
        "finished_ms": now_ms,
    }


def _hopeless(name: str, status: JobStatus) -> Verdict:
    message = f"It never ran: {name!r}, which it comes after, is {status}."
    return Verdict(status=JobStatus.INVALID, message=message)
