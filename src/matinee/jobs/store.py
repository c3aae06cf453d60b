"""Rows of jobs: read and written in transactions that others have begun."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from matinee.base.errors import Conflict, NotFound
from matinee.base.tables import Tables
from matinee.jobs.process import Outcome
from matinee.jobs.records import Application, Cluster, Command, Job, JobRequest, JobStatus, Usable
from matinee.jobs.tables import job_attempts, job_edges, job_resources, jobs

R = TypeVar("R", bound=Usable)
KINDS: Mapping[type[Usable], str] = {Application: "application", Command: "command", Cluster: "cluster"}
ACTIVE = tuple(one.value for one in JobStatus if not one.final)
QUEUED = tuple(one.value for one in JobStatus if not one.final and one not in {JobStatus.RESERVED, JobStatus.RESOLVED})
"""Active, and not waiting for anything but an agent."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A job as its row holds it."""

    job: Job
    request: JobRequest
    chosen: Mapping[str, Any] | None
    kill: str | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class Runner:
    """An agent, and where it is."""

    id: str
    host: str


def put_resource(tables: Tables, connection: Connection, one: Usable, now_ms: int) -> None:
    """Write a resource, or write it over."""
    row = {
        "kind": KINDS[type(one)],
        "id": one.id,
        "name": one.name,
        "status": one.status.value,
        "record": one.model_dump(mode="json", by_alias=True),
        "created_ms": now_ms,
        "updated_ms": now_ms,
    }
    connection.execute(tables.upsert(job_resources, ["kind", "id"], ["created_ms"]), row)


def resources(connection: Connection, kind: type[R]) -> list[R]:
    """All resources of a kind, the latest first."""
    order = (job_resources.c.updated_ms.desc(), job_resources.c.id)
    query = select(job_resources.c.record).where(job_resources.c.kind == KINDS[kind]).order_by(*order)
    return [kind.model_validate(record) for record in connection.execute(query).scalars()]


def resource(connection: Connection, kind: type[R], id_: str) -> R:
    """One of them. Raises `NotFound`."""
    name = KINDS[kind]
    query = select(job_resources.c.record).where(job_resources.c.kind == name, job_resources.c.id == id_)
    record = connection.execute(query).scalar()
    if record is None:
        raise NotFound(f"No {name} with id {id_} exists.", next_step=f"`matinee jobs {name}s` lists them.")
    return kind.model_validate(record)


def drop_resource(connection: Connection, kind: type[R], id_: str) -> None:
    """Remove one; one that is not there is no error."""
    mine = and_(job_resources.c.kind == KINDS[kind], job_resources.c.id == id_)
    connection.execute(delete(job_resources).where(mine))


def add(connection: Connection, id_: str, request: JobRequest, now_ms: int) -> None:
    """A new job, which waits.

    Raises `Conflict` where there is one of that id, and `NotFound` where there is none that it comes after.
    """
    if connection.execute(select(jobs.c.id).where(jobs.c.id == id_)).scalar() is not None:
        raise Conflict(f"A job with id {id_} already exists.", next_step="Leave the id out, or choose another.")
    known = select(jobs.c.id, jobs.c.status).where(jobs.c.id.in_(request.after))
    before = {one.id: one.status for one in connection.execute(known)}
    if missing := [one for one in request.after if one not in before]:
        raise NotFound(f"No job with id {missing[0]} exists, which the job comes after.", next_step="Submit it first.")
    connection.execute(
        insert(jobs),
        {
            "id": id_,
            "name": request.name,
            "owner": request.user,
            "status": JobStatus.RESERVED.value,
            "tags": "".join(f"\n{one}" for one in request.tags) + "\n" if request.tags else "",
            "request": request.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "priority": request.priority,
            "waits_for": sum(status != JobStatus.SUCCEEDED.value for status in before.values()),
            "not_before_ms": _ms(request.not_before),
            "deadline_ms": _ms(request.deadline),
            "created_ms": now_ms,
            "updated_ms": now_ms,
        },
    )
    if request.after:
        connection.execute(insert(job_edges), [{"job_id": id_, "after_id": one} for one in sorted(set(request.after))])


def find(connection: Connection, id_: str) -> Stored:
    """A job. Raises `NotFound`."""
    row = connection.execute(select(jobs).where(jobs.c.id == id_)).one_or_none()
    if row is None:
        raise NotFound(f"No job with id {id_} exists.", next_step="`matinee jobs list` lists them.")
    return _stored(row)


def found(connection: Connection, ids: Collection[str]) -> list[Stored]:
    """Those of these jobs that there are."""
    return [_stored(row) for row in connection.execute(select(jobs).where(jobs.c.id.in_(ids)))] if ids else []


def change(connection: Connection, id_: str, now_ms: int, **values: Any) -> None:
    """Change a job's row; what is final already is left as it is."""
    open_ = and_(jobs.c.id == id_, jobs.c.status.in_(ACTIVE))
    connection.execute(update(jobs).where(open_).values(updated_ms=now_ms, **values))


def followers(connection: Connection, id_: str) -> list[str]:
    """Jobs that come right after one."""
    return list(connection.execute(select(job_edges.c.job_id).where(job_edges.c.after_id == id_)).scalars())


def one_less(connection: Connection, ids: Collection[str]) -> set[str]:
    """Each of these waits for one job less; owners of those that wait for none any more."""
    if not ids:
        return set()
    mine = jobs.c.id.in_(ids)
    connection.execute(update(jobs).where(mine).values(waits_for=jobs.c.waits_for - 1))
    return set(connection.execute(select(jobs.c.owner).where(mine, jobs.c.waits_for == 0)).scalars())


def admissible(connection: Connection, owner: str, room: int, now_ms: int) -> list[str]:
    """Jobs of an owner that wait for nothing but room, as many as there is, most urgent first."""
    waiting = and_(
        jobs.c.owner == owner,
        jobs.c.status.in_((JobStatus.RESERVED.value, JobStatus.RESOLVED.value)),
        jobs.c.waits_for == 0,
        (jobs.c.not_before_ms.is_(None)) | (jobs.c.not_before_ms <= now_ms),
    )
    query = select(jobs.c.id).where(waiting).order_by(jobs.c.priority.desc(), jobs.c.created_ms, jobs.c.id)
    return list(connection.execute(query.limit(room)).scalars())


def queued(connection: Connection, owner: str) -> int:
    """How many jobs of an owner are queued or run."""
    query = select(func.count()).where(jobs.c.owner == owner, jobs.c.status.in_(QUEUED))
    return int(connection.execute(query).scalar_one())


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
        query = query.where(jobs.c.tags.contains(f"\n{tag}\n", autoescape=True))
    return [_stored(row).job for row in connection.execute(query)]


def begin_attempt(connection: Connection, id_: str, attempt: int, runner: Runner, now_ms: int) -> None:
    """Note that an agent begins an attempt."""
    row = {"job_id": id_, "attempt": attempt, "agent": runner.id, "host": runner.host, "started_ms": now_ms}
    connection.execute(insert(job_attempts), row)
    change(connection, id_, now_ms, status=JobStatus.INIT.value, attempt=attempt, agent=runner.id)


def end_attempt(connection: Connection, job: Job, now_ms: int, message: str, outcome: Outcome | None) -> None:
    """Note what came of the attempt that a job is at."""
    mine = and_(job_attempts.c.job_id == job.id, job_attempts.c.attempt == job.attempt)
    costs = {"exit_code": outcome.exit_code, "cpu_s": outcome.cpu_s, "peak_mb": outcome.peak_mb} if outcome else {}
    connection.execute(update(job_attempts).where(mine).values(finished_ms=now_ms, message=message, **costs))


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
        archive_location=row.archive,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        started_ms=row.started_ms,
        finished_ms=row.finished_ms,
    )
    return Stored(job, request, row.chosen, row.kill, row.agent)


def _ms(moment: Any) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
