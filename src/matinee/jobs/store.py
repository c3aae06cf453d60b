"""Rows of jobs: read and written in transactions that others have begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from matinee.base.errors import Conflict, NotFound
from matinee.base.tables import Tables
from matinee.jobs.process import Outcome
from matinee.jobs.records import Application, Cluster, Command, Job, JobRequest, JobStatus, Usable
from matinee.jobs.tables import job_attempts, job_edges, job_resources, jobs

R = TypeVar("R", bound=Usable)
KINDS: Mapping[type[Usable], str] = {Application: "application", Command: "command", Cluster: "cluster"}
ACTIVE = tuple(one.value for one in JobStatus if not one.final)
_FAILED = frozenset(one for one in JobStatus if one.final and one != JobStatus.SUCCEEDED)
_AT_ONCE = 500
QUEUED = tuple(one.value for one in JobStatus if not one.final and one not in {JobStatus.RESERVED, JobStatus.RESOLVED})
"""Active, and not waiting for anything but an agent."""
# Statements of the way that every job takes are built once: to build one takes longer than to run it.
_FIND = select(jobs).where(jobs.c.id == bindparam("id_"))
_FOLLOWERS = select(job_edges.c.job_id).where(job_edges.c.after_id == bindparam("id_"))
_THESE = jobs.c.id.in_(bindparam("ids", expanding=True))
_ONE_LESS = update(jobs).where(_THESE).values(waits_for=jobs.c.waits_for - 1)
_FREE = select(jobs.c.owner).where(_THESE, jobs.c.waits_for == 0)
_QUEUED_OF = select(func.count()).where(jobs.c.owner == bindparam("owner_"), jobs.c.status.in_(QUEUED))
_ADMISSIBLE = (
    select(jobs)
    .where(
        jobs.c.owner == bindparam("owner_"),
        jobs.c.status.in_((JobStatus.RESERVED.value, JobStatus.RESOLVED.value)),
        jobs.c.waits_for == 0,
        or_(jobs.c.not_before_ms.is_(None), jobs.c.not_before_ms <= bindparam("now_ms")),
    )
    .order_by(jobs.c.priority.desc(), jobs.c.created_ms, jobs.c.id)
    .limit(bindparam("room"))
)
_END_ATTEMPT = (
    update(job_attempts)
    .where(job_attempts.c.job_id == bindparam("job_id_"), job_attempts.c.attempt == bindparam("attempt_"))
    .values({key: bindparam(key) for key in ("finished_ms", "message", "exit_code", "cpu_s", "peak_mb")})
)
_STAMP = select(func.count(), func.coalesce(func.max(job_resources.c.updated_ms), 0))
_CHANGES: dict[tuple[str, ...], Any] = {}


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


def stamp(connection: Connection) -> tuple[int, int]:
    """Something that changes whenever a resource does."""
    count, latest = connection.execute(_STAMP).one()
    return int(count), int(latest)


def resource(connection: Connection, kind: type[R], id_: str) -> R:
    """One of them. Raises `NotFound`."""
    name = KINDS[kind]
    query = select(job_resources.c.record).where(job_resources.c.kind == name, job_resources.c.id == id_)
    record = connection.execute(query).scalar()
    if record is None:
        raise NotFound(f"No {name} with id {id_} exists.", next_step=f"`matinee jobs resources {name}` lists them.")
    return kind.model_validate(record)


def drop_resource(connection: Connection, kind: type[R], id_: str) -> None:
    """Remove one; one that is not there is no error."""
    mine = and_(job_resources.c.kind == KINDS[kind], job_resources.c.id == id_)
    connection.execute(delete(job_resources).where(mine))


def add(connection: Connection, requests: Mapping[str, JobRequest], now_ms: int) -> list[tuple[str, Job]]:
    """New jobs by id, which wait; pairs of one of them and a job before it that has failed already.

    Raises `Conflict` where there is one of an id, and `NotFound` where there is none that one comes after.
    """
    if there := found(connection, requests.keys()):
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


def found(connection: Connection, ids: Collection[str]) -> list[Stored]:
    """Those of these jobs that there are."""
    rows = (row for some in _batched(ids) for row in connection.execute(select(jobs).where(jobs.c.id.in_(some))))
    return [_stored(row) for row in rows]


def change(connection: Connection, id_: str, now_ms: int, **values: Any) -> None:
    """Change a job's row; what is final already is left as it is."""
    statement = _CHANGES.get(keys := tuple(values))
    if statement is None:
        changed: dict[str, Any] = {key: bindparam(key) for key in ("updated_ms", *keys)}
        open_ = and_(jobs.c.id == bindparam("id_"), jobs.c.status.in_(ACTIVE))
        statement = _CHANGES[keys] = update(jobs).where(open_).values(**changed)
    connection.execute(statement, {"id_": id_, "updated_ms": now_ms, **values})


def followers(connection: Connection, id_: str) -> list[str]:
    """Jobs that come right after one."""
    return list(connection.execute(_FOLLOWERS, {"id_": id_}).scalars())


def one_less(connection: Connection, ids: Collection[str]) -> set[str]:
    """Each of these waits for one job less; owners of those that wait for none any more."""
    if not ids:
        return set()
    connection.execute(_ONE_LESS, {"ids": list(ids)})
    return set(connection.execute(_FREE, {"ids": list(ids)}).scalars())


def admissible(connection: Connection, owner: str, room: int, now_ms: int) -> list[Stored]:
    """Jobs of an owner that wait for nothing but room, as many as there is, most urgent first."""
    rows = connection.execute(_ADMISSIBLE, {"owner_": owner, "now_ms": now_ms, "room": room})
    return [_stored(row) for row in rows]


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
        query = query.where(jobs.c.tags.contains(f"\n{tag}\n", autoescape=True))
    return [_stored(row).job for row in connection.execute(query)]


def begin_attempt(connection: Connection, id_: str, attempt: int, runner: Runner, now_ms: int) -> None:
    """Note that an agent begins an attempt."""
    row = {"job_id": id_, "attempt": attempt, "agent": runner.id, "host": runner.host, "started_ms": now_ms}
    connection.execute(insert(job_attempts), row)
    change(connection, id_, now_ms, status=JobStatus.INIT.value, attempt=attempt, agent=runner.id)


def end_attempt(connection: Connection, job: Job, now_ms: int, message: str, outcome: Outcome | None) -> None:
    """Note what came of the attempt that a job is at."""
    costs = (outcome.exit_code, outcome.cpu_s, outcome.peak_mb) if outcome else (None, None, None)
    told = dict(zip(("exit_code", "cpu_s", "peak_mb"), costs, strict=True))
    which = {"job_id_": job.id, "attempt_": job.attempt}
    connection.execute(_END_ATTEMPT, {**which, "finished_ms": now_ms, "message": message, **told})


def _batched(ids: Collection[str]) -> Iterator[list[str]]:
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
        archive_location=row.archive,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        started_ms=row.started_ms,
        finished_ms=row.finished_ms,
    )
    return Stored(job, request, row.chosen, row.kill, row.agent)


def _ms(moment: Any) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
