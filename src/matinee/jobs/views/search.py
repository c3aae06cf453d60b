"""Looking for jobs and resources, page by page, and everything that is known of one job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, select

from matinee.base.errors import InvalidInput
from matinee.jobs.queue import resources, store
from matinee.jobs.records import Job, JobRequest, Noun, Usable
from matinee.jobs.tables import job_attempts, job_edges, job_resources, jobs

T = TypeVar("T")
R = TypeVar("R", bound=Usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of what is found is wanted, and in which order."""

    number: int = 0
    size: int = 64
    sort: Sequence[tuple[str, bool]] = ()
    """Names of fields, each with whether the greatest comes first."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A page of what was found."""

    items: Sequence[T]
    total: int
    """On all pages together."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[R]):
    """A resource, and when it was stored."""

    resource: R
    created_ms: int
    updated_ms: int

    @property
    def tags(self) -> list[str]:
        """Its tags as they are told: with its id and its name among them."""
        own = self.resource
        return sorted({*own.tags, f"genie.id:{own.id}", f"genie.name:{own.name}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFilter:
    """What resources have to be; what is empty does not matter. In a name, % stands for any letters."""

    name: str = ""
    user: str = ""
    statuses: Sequence[str] = ()
    tags: Sequence[str] = ()
    type: str = ""
    min_updated_ms: int | None = None
    max_updated_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What jobs have to be; what is empty does not matter. In ids and names, % stands for any letters.

    Of times the least is included, the most is not.
    """

    id: str = ""
    name: str = ""
    user: str = ""
    statuses: Sequence[str] = ()
    tags: Sequence[str] = ()
    cluster_id: str = ""
    cluster_name: str = ""
    command_id: str = ""
    command_name: str = ""
    grouping: str = ""
    grouping_instance: str = ""
    min_started_ms: int | None = None
    max_started_ms: int | None = None
    min_finished_ms: int | None = None
    max_finished_ms: int | None = None


class Attempt(Noun):
    """One time that a job was begun."""

    attempt: int
    agent: str
    host: str
    started_ms: int
    finished_ms: int | None = None
    exit_code: int | None = None
    message: str = ""
    """Why it ended."""
    cpu_s: float | None = None
    peak_mb: float | None = None
    """Memory that all its processes took together, at most."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything that is known of a job."""

    job: Job
    request: JobRequest
    chosen: Mapping[str, Any] | None
    """``cluster``, ``command`` and ``applications`` as they were when it was resolved; None before that."""
    attempts: Sequence[Attempt] = ()
    after: Sequence[Job] = ()
    """Jobs that it comes after."""
    before: Sequence[Job] = ()
    """Jobs that come after it."""
    kill: str | None = None
    """Why it is to be killed, once somebody wants that."""


_JOB_SORTS: Mapping[str, ColumnElement[Any]] = {
    "id": jobs.c.id,
    "name": jobs.c.name,
    "user": jobs.c.owner,
    "status": jobs.c.status,
    "created": jobs.c.created_ms,
    "updated": jobs.c.updated_ms,
    "started": jobs.c.started_ms,
    "finished": jobs.c.finished_ms,
    "clusterName": jobs.c.chosen["cluster"]["name"].as_string(),
    "commandName": jobs.c.chosen["command"]["name"].as_string(),
}
_RESOURCE_SORTS: Mapping[str, Callable[[Kept[Any]], Any]] = {
    "id": lambda one: one.resource.id,
    "name": lambda one: one.resource.name,
    "user": lambda one: one.resource.user,
    "version": lambda one: one.resource.version,
    "status": lambda one: one.resource.status,
    "created": lambda one: one.created_ms,
    "updated": lambda one: one.updated_ms,
}


def find_jobs(connection: Connection, wanted: JobFilter, page: Page) -> Found[Whole]:
    """A page of jobs, the latest first where the page does not say; without attempts and neighbours.

    Raises `InvalidInput` where there is nothing to sort by of that name.
    """
    conditions = list(_job_conditions(wanted))
    total = connection.execute(select(func.count()).select_from(jobs).where(*conditions)).scalar_one()
    columns = [(_sorter(_JOB_SORTS, name), last) for name, last in page.sort or [("created", True)]]
    order = [column.desc() if last else column.asc() for column, last in columns]
    query = select(jobs.c.id).where(*conditions).order_by(*order, jobs.c.id.desc())
    ids = connection.execute(query.limit(page.size).offset(page.number * page.size)).scalars().all()
    found = {one.job.id: Whole(one.job, one.request, one.chosen) for one in store.found(connection, ids)}
    return Found([found[id_] for id_ in ids], total)


def whole(connection: Connection, id_: str) -> Whole:
    """Everything that is known of a job. Raises `NotFound`."""
    one = store.find(connection, id_)
    attempts = select(job_attempts).where(job_attempts.c.job_id == id_).order_by(job_attempts.c.attempt)
    rows = (dict(row) for row in connection.execute(attempts).mappings())
    earlier = select(job_edges.c.after_id).where(job_edges.c.job_id == id_)
    later = select(job_edges.c.job_id).where(job_edges.c.after_id == id_)
    return Whole(
        one.job,
        one.request,
        one.chosen,
        [Attempt(**{key: value for key, value in row.items() if key != "job_id"}) for row in rows],
        _jobs(connection, connection.execute(earlier).scalars().all()),
        _jobs(connection, connection.execute(later).scalars().all()),
        one.kill,
    )


def find_resources(connection: Connection, kind: type[R], wanted: ResourceFilter, page: Page) -> Found[Kept[R]]:
    """A page of resources of a kind, the latest first where the page does not say.

    Raises `InvalidInput` where there is nothing to sort by of that name. There are few resources, so that what
    stands inside their records is looked at here rather than in the database.
    """
    query = _of_kind(kind).where(*_resource_conditions(wanted)).order_by(job_resources.c.id)
    kept = [_kept(kind, row) for row in connection.execute(query)]
    found = [one for one in kept if _meets(one, wanted)]
    for name, last in reversed(page.sort or [("updated", True)]):
        found.sort(key=_sorter(_RESOURCE_SORTS, name), reverse=last)
    start = page.number * page.size
    return Found(found[start : start + page.size], len(found))


def exists(connection: Connection, kind: type[R], id_: str) -> bool:
    """Whether there is a resource of a kind with an id."""
    return connection.execute(_of_kind(kind).where(job_resources.c.id == id_)).first() is not None


def resource(connection: Connection, kind: type[R], id_: str) -> Kept[R]:
    """A resource with its times. Raises `NotFound`."""
    one = resources.find(connection, kind, id_)
    row = connection.execute(_of_kind(kind).where(job_resources.c.id == id_)).one()
    return Kept(one, row.created_ms, row.updated_ms)


def _of_kind(kind: type[R]) -> Select[Any]:
    return select(job_resources).where(job_resources.c.kind == resources.KINDS[kind])


def _kept(kind: type[R], row: Any) -> Kept[R]:
    return Kept(kind.model_validate(row.record), row.created_ms, row.updated_ms)


def _jobs(connection: Connection, ids: Sequence[str]) -> list[Job]:
    found = (one.job for one in store.found(connection, ids))
    return sorted(found, key=lambda one: (one.created_ms, one.id))


def _job_conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    equal = {
        jobs.c.owner: wanted.user,
        jobs.c.cluster_id: wanted.cluster_id,
        jobs.c.command_id: wanted.command_id,
        jobs.c.request["grouping"].as_string(): wanted.grouping,
        jobs.c.request["groupingInstance"].as_string(): wanted.grouping_instance,
    }
    like = {
        jobs.c.id: wanted.id,
        jobs.c.name: wanted.name,
        _JOB_SORTS["clusterName"]: wanted.cluster_name,
        _JOB_SORTS["commandName"]: wanted.command_name,
    }
    found = [column == value for column, value in equal.items() if value]
    found += [_like(column, value) for column, value in like.items() if value]
    found += [jobs.c.status.in_(wanted.statuses)] if wanted.statuses else []
    found += [jobs.c.tags.contains(f"\n{tag}\n", autoescape=True) for tag in wanted.tags]
    found += _between(jobs.c.started_ms, wanted.min_started_ms, wanted.max_started_ms)
    return found + _between(jobs.c.finished_ms, wanted.min_finished_ms, wanted.max_finished_ms)


def _resource_conditions(wanted: ResourceFilter) -> list[ColumnElement[bool]]:
    found = [_like(job_resources.c.name, wanted.name)] if wanted.name else []
    found += [job_resources.c.status.in_(wanted.statuses)] if wanted.statuses else []
    return found + _between(job_resources.c.updated_ms, wanted.min_updated_ms, wanted.max_updated_ms)


def _meets(one: Kept[Any], wanted: ResourceFilter) -> bool:
    tags, own = one.tags, one.resource
    return (
        all(tag in tags for tag in wanted.tags)
        and wanted.user in {"", own.user}
        and wanted.type in {"", getattr(own, "type", "")}
    )


def _like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    if "%" not in pattern:
        return column == pattern
    return column.like(pattern.replace("\\", "\\\\").replace("_", "\\_"), escape="\\")


def _between(column: ColumnElement[Any], least: int | None, most: int | None) -> list[ColumnElement[bool]]:
    return [*([column >= least] if least is not None else []), *([column < most] if most is not None else [])]


def _sorter(known: Mapping[str, T], name: str) -> T:
    if name not in known:
        raise InvalidInput(f"There is nothing to sort by called {name!r}.", next_step=f"Known: {', '.join(known)}.")
    return known[name]
