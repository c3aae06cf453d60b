"""Rows of jobs: read and written in transactions that others have begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Update,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from matinee.base.errors import Conflict, NotFound
from matinee.jobs.records import Job, JobRequest, JobStatus
from matinee.jobs.tables import job_attempts, job_edges, jobs
from matinee.jobs.verdict import Outcome

ACTIVE = tuple(one.value for one in JobStatus if not one.final)
_FAILED = frozenset(one for one in JobStatus if one.final and one != JobStatus.SUCCEEDED)
_AT_ONCE = 500
WAITING = (JobStatus.RESERVED.value, JobStatus.RESOLVED.value)
QUEUED = tuple(one.value for one in JobStatus if not one.final and one.value not in WAITING)
"""Active, and not waiting for anything but an agent."""
# Statements of the way that every job takes are built once: to build one takes longer than to run it.
_FIND = select(jobs).where(jobs.c.id == bindparam("id_"))
_THESE = jobs.c.id.in_(bindparam("ids", expanding=True))
_FOUND = select(jobs).where(_THESE)
_STANDING = select(jobs.c.id, jobs.c.agent, jobs.c.attempt, jobs.c.kill).where(_THESE, jobs.c.finished_ms.is_(None))
_FOLLOWERS = select(job_edges.c.after_id, job_edges.c.job_id).where(
    job_edges.c.after_id.in_(bindparam("ids", expanding=True))
)
_FEWER = update(jobs).where(jobs.c.id == bindparam("id_")).values(waits_for=jobs.c.waits_for - bindparam("fewer"))
_FREE = select(jobs.c.owner).where(_THESE, jobs.c.waits_for == 0).distinct()
_QUEUED_OF = select(func.count()).where(jobs.c.owner == bindparam("owner_"), jobs.c.status.in_(QUEUED))
_ADMISSIBLE = (
    select(jobs)
    .where(
        jobs.c.owner == bindparam("owner_"),
        jobs.c.status.in_(WAITING),
        jobs.c.waits_for == 0,
        or_(jobs.c.not_before_ms.is_(None), jobs.c.not_before_ms <= bindparam("now_ms")),
    )
    .order_by(jobs.c.priority.desc(), jobs.c.created_ms, jobs.c.id)
    .limit(bindparam("room"))
)
_KEEP = update(jobs).where(jobs.c.id == bindparam("id_")).values(archive=bindparam("archive"))
_END_ATTEMPT = (
    update(job_attempts)
    .where(job_attempts.c.job_id == bindparam("job_id_"), job_attempts.c.attempt == bindparam("attempt_"))
    .values({key: bindparam(key) for key in ("finished_ms", "message", "exit_code", "cpu_s", "peak_mb")})
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A job as its row holds it."""

    job: Job
    request: JobRequest
    chosen: Mapping[str, Any] | None
    kill: str | None
    agent: str | None
    archive: str | None
    """Where it is archived, empty where it is not to be, None where that is still to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has a job, at which attempt, and why it is to end, where it is."""

    agent: str | None
    attempt: int
    kill: str | None


@dataclass(frozen=True, slots=True)
class Runner:
    """An agent, and where it is."""

    id: str
    host: str


def add(connection: Connection, requests: Mapping[str, JobRequest], now_ms: int) -> list[tuple[str, Job]]:
    """New jobs by id, which wait; pairs of one of them and a job before it that has failed already.

    Raises `Conflict` where there is one of an id, and `NotFound` where there is none that one comes after.
    """
    if there := found(connection, [one.id for one in requests.values() if one.id]):
        raise Conflict(
            f"A job with id {there[0].job.id} already exists.", next_step="Leave the id out, or choose another."
        )
    edges = [(id_, other) for id_, one in requests.items() for other in sorted(set(one.after))]
    before = {one.job.id: one.job for one in found(connection, {other for _, other in edges} - requests.keys())}
    for id_, other in edges:
        if other not in before and other not in requests:
            name = requests[id_].name
            raise NotFound(f"No job with id {other} exists, which {name!r} comes after.", next_step="Submit it first.")
    waits = Counter(id_ for id_, other in edges if other in requests or before[other].status != JobStatus.SUCCEEDED)
    rows = [
        {
            "id": id_,
            "name": one.name,
            "owner": one.user,
            "status": JobStatus.RESERVED.value,
            "tags": "".join(f"\n{tag}" for tag in one.tags) + "\n" if one.tags else "",
            "request": one.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "priority": one.priority,
            "waits_for": waits[id_],
            "not_before_ms": _ms(one.not_before),
            "deadline_ms": _ms(one.deadline),
            "created_ms": now_ms,
            "updated_ms": now_ms,
        }
        for id_, one in requests.items()
    ]
    connection.execute(insert(jobs), rows)
    if edges:
        connection.execute(insert(job_edges), [{"job_id": id_, "after_id": other} for id_, other in edges])
    return [(id_, before[other]) for id_, other in edges if other in before and before[other].status in _FAILED]


def find(connection: Connection, id_: str) -> Stored:
    """A job. Raises `NotFound`."""
    row = connection.execute(_FIND, {"id_": id_}).one_or_none()
    if row is None:
        raise NotFound(f"No job with id {id_} exists.", next_step="`matinee jobs list` lists them.")
    return _stored(row)


def found(connection: Connection, ids: Iterable[str]) -> list[Stored]:
    """Those of these jobs that there are."""
    return [_stored(row) for some in _batched(ids) for row in connection.execute(_FOUND, {"ids": some})]


def standing(connection: Connection, ids: Iterable[str]) -> dict[str, Standing]:
    """Of those of these jobs that are not final, what others may have changed while an agent had them."""
    rows = (row for some in _batched(ids) for row in connection.execute(_STANDING, {"ids": some}))
    return {row.id: Standing(row.agent, row.attempt, row.kill) for row in rows}


def change(connection: Connection, changes: Sequence[Mapping[str, Any]], now_ms: int) -> None:
    """Change rows of jobs, each by its ``id_``; what is final already is left as it is."""
    by_columns: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for one in changes:
        by_columns.setdefault(tuple(one), []).append({**one, "updated_ms": now_ms})
    for columns, rows in by_columns.items():
        connection.execute(_change(columns), rows)


@cache
def _change(columns: tuple[str, ...]) -> Update:
    changed: dict[str, Any] = {key: bindparam(key) for key in ("updated_ms", *columns) if key != "id_"}
    return update(jobs).where(jobs.c.id == bindparam("id_"), jobs.c.finished_ms.is_(None)).values(**changed)


def keep(connection: Connection, archives: Mapping[str, str]) -> None:
    """Note where final jobs are archived."""
    connection.execute(_KEEP, [{"id_": id_, "archive": where} for id_, where in archives.items()])


def followers(connection: Connection, ids: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of one of these and a job that comes right after it."""
    rows = (row for some in _batched(ids) for row in connection.execute(_FOLLOWERS, {"ids": some}))
    return [(row.after_id, row.job_id) for row in rows]


def fewer(connection: Connection, freed: Mapping[str, int]) -> set[str]:
    """Each of these waits for so many jobs fewer; owners of those that wait for none any more."""
    if not freed:
        return set()
    connection.execute(_FEWER, [{"id_": id_, "fewer": count} for id_, count in freed.items()])
    return {owner for some in _batched(freed) for owner in connection.execute(_FREE, {"ids": some}).scalars()}


def active(connection: Connection, ids: Iterable[str]) -> bool:
    """Whether any of these has not ended."""
    return any(not one.job.status.final for one in found(connection, ids))


def admissible(
    connection: Connection, owner: str, room: int, now_ms: int, without: Collection[str] = ()
) -> list[Stored]:
    """Jobs of an owner that wait for nothing but room, as many as there is, most urgent first; none with these tags."""
    query = _ADMISSIBLE.where(*(~_has(tag) for tag in without)) if without else _ADMISSIBLE
    rows = connection.execute(query, {"owner_": owner, "now_ms": now_ms, "room": room})
    return [_stored(row) for row in rows]


def tagged(connection: Connection, tag: str) -> int:
    """How many jobs with a tag are queued or run."""
    query = select(func.count()).where(jobs.c.status.in_(QUEUED), _has(tag))
    return int(connection.execute(query).scalar_one())


def waiting_with(connection: Connection, tag: str) -> set[str]:
    """Owners of jobs with a tag that wait."""
    return set(
        connection.execute(select(jobs.c.owner).where(jobs.c.status.in_(WAITING), _has(tag)).distinct()).scalars()
    )


def queued(connection: Connection, owner: str) -> int:
    """How many jobs of an owner are queued or run."""
    return int(connection.execute(_QUEUED_OF, {"owner_": owner}).scalar_one())


def busy(connection: Connection) -> dict[str, int]:
    """How many jobs each cluster has."""
    query = select(jobs.c.cluster_id, func.count()).where(jobs.c.status.in_(QUEUED)).group_by(jobs.c.cluster_id)
    return {id_: count for id_, count in connection.execute(query) if id_ is not None}


def listed(
    connection: Connection,
    *,
    statuses: Collection[str] = (),
    owner: str = "",
    tags: Iterable[str] = (),
    limit: int = 50,
) -> list[Job]:
    """Jobs, the latest first."""
    query = select(jobs).order_by(jobs.c.created_ms.desc(), jobs.c.id.desc()).limit(limit)
    if statuses:
        query = query.where(jobs.c.status.in_(statuses))
    if owner:
        query = query.where(jobs.c.owner == owner)
    for tag in tags:
        query = query.where(_has(tag))
    return [_stored(row).job for row in connection.execute(query)]


def begin_attempts(connection: Connection, begun: Sequence[Job], runner: Runner, now_ms: int) -> None:
    """Note that an agent begins the attempts that these jobs are at."""
    if not begun:
        return
    where = {"agent": runner.id, "host": runner.host, "started_ms": now_ms}
    connection.execute(insert(job_attempts), [{"job_id": one.id, "attempt": one.attempt, **where} for one in begun])
    taken = {"status": JobStatus.INIT.value, "agent": runner.id}
    change(connection, [{"id_": one.id, "attempt": one.attempt, **taken} for one in begun], now_ms)


def end_attempts(connection: Connection, ended: Sequence[tuple[Job, str, Outcome | None]], now_ms: int) -> None:
    """Note what came of the attempts that these jobs are at, in words and in costs."""
    rows = [
        {
            "job_id_": job.id,
            "attempt_": job.attempt,
            "finished_ms": now_ms,
            "message": message,
            "exit_code": outcome.exit_code if outcome else None,
            "cpu_s": outcome.cpu_s if outcome else None,
            "peak_mb": outcome.peak_mb if outcome else None,
        }
        for job, message, outcome in ended
    ]
    if rows:
        connection.execute(_END_ATTEMPT, rows)


def _has(tag: str) -> ColumnElement[bool]:
    return jobs.c.tags.contains(f"\n{tag}\n", autoescape=True)


def _batched(ids: Iterable[str]) -> Iterator[list[str]]:
    """In parts that fit into one statement."""
    rest = iter(ids)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def _stored(row: Row[Any]) -> Stored:
    chosen = row.chosen or {}
    request = JobRequest.model_validate(row.request)
    job = Job(
        id=row.id,
        name=row.name,
        user=row.owner,
        version=request.version,
        status=JobStatus(row.status),
        status_msg=row.message,
        tags=request.tags,
        cluster_name=chosen.get("cluster", {}).get("name"),
        command_name=chosen.get("command", {}).get("name"),
        attempt=row.attempt,
        exit_code=row.exit_code,
        archive_location=row.archive or None,
        progress=row.progress,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        started_ms=row.started_ms,
        finished_ms=row.finished_ms,
    )
    return Stored(job, request, row.chosen, row.kill, row.agent, row.archive)


def _ms(moment: Any) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
