"""Jobs by the clock: crontab lines in a time zone, and what is submitted at their hours.

Every agent looks for schedules that are due; which of them submits the jobs is decided in the transaction that also
sets the next hour, so that one does. An hour that was slept through is made up for once. Around changes to and from
summer time they behave as Debian's cron does (https://github.com/cuu508/cronsim).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field
from sqlalchemy import Connection, Row, bindparam, delete, or_, select, update

from matinee.base.errors import MatineeError, NotFound
from matinee.base.tables import Tables
from matinee.jobs.fields import Id, Name
from matinee.jobs.queue import store
from matinee.jobs.queue.flow import Flow
from matinee.jobs.queue.graph import named, ordered
from matinee.jobs.records import JobRequest, Noun
from matinee.jobs.tables import job_schedules


def _cron(text: str) -> str:
    try:
        next(CronSim(text, datetime.now(UTC)))
    except CronSimError as error:
        raise ValueError(f"{text!r} is no line of a crontab: {error}") from None
    except StopIteration:
        raise ValueError(f"{text!r} never comes") from None
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin") from None
    return name


class Schedule(Noun):
    """What is to be submitted, and when."""

    id: Id | None = None
    """Given where it is null."""
    name: Name
    user: Name
    cron: Annotated[str, AfterValidator(_cron)]
    """Minute, hour, day of the month, month, day of the week."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    requests: dict[str, JobRequest] = Field(min_length=1)
    """A graph of jobs by name, each `after` those that it names."""
    overlap: bool = False
    """Whether it begins though jobs that it began before have not ended."""
    paused: bool = False


class Planned(Noun):
    """A schedule, and what comes of it."""

    schedule: Schedule
    next_ms: int | None
    """When it is due; null while it is paused."""
    last_ms: int | None = None
    last_jobs: dict[str, str] = Field(default_factory=dict)
    """Ids of the jobs that were submitted last, by name."""
    message: str = ""
    """What came of it last, where that was not jobs."""


def hour_after(schedule: Schedule, after_ms: int) -> int | None:
    """When a schedule is due next; None where it is paused."""
    if schedule.paused:
        return None
    after = datetime.fromtimestamp(after_ms / 1000, ZoneInfo(schedule.timezone))
    return round(next(CronSim(schedule.cron, after)).timestamp() * 1000)


def save(tables: Tables, connection: Connection, one: Schedule, now_ms: int) -> None:
    """Write a schedule, or write it over; its next hour is set anew. Raises what `ordered` raises."""
    ordered({name: request.after for name, request in one.requests.items()})
    row = {"id": one.id, "record": one.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
    keep = ("last_ms", "last_jobs", "message")
    connection.execute(tables.upsert(job_schedules, ["id"], keep), {**row, "next_ms": hour_after(one, now_ms)})


def planned(connection: Connection) -> list[Planned]:
    """All schedules, the soonest first."""
    order = (job_schedules.c.next_ms.is_(None), job_schedules.c.next_ms, job_schedules.c.id)
    return [_planned(row) for row in connection.execute(select(job_schedules).order_by(*order))]


def find(connection: Connection, id_: str) -> Planned:
    """One of them. Raises `NotFound`."""
    row = connection.execute(select(job_schedules).where(job_schedules.c.id == id_)).one_or_none()
    if row is None:
        raise NotFound(f"No schedule with id {id_} exists.", next_step="`matinee jobs schedule list` lists them.")
    return _planned(row)


def remove(connection: Connection, id_: str) -> None:
    """Remove one; what it has submitted stays. One that is not there is no error."""
    connection.execute(delete(job_schedules).where(job_schedules.c.id == id_))


def due(connection: Connection, now_ms: int) -> list[str]:
    """Ids of schedules that `keep` has something to do for."""
    return list(connection.execute(_DUE, {"now_ms": now_ms}).scalars())


def keep(connection: Connection, flow: Flow, ids: Iterable[str], now_ms: int, new_id: Callable[[], str]) -> None:
    """Submit what is due, and set the next hours. Where a clock was put back, only the hours are set."""
    for one in [_planned(row) for row in connection.execute(_THESE, {"ids": list(ids)})]:
        put_back = one.last_ms is not None and one.last_ms > now_ms
        if put_back:
            _change(connection, one.schedule, last_ms=now_ms)
        elif one.next_ms is None or one.next_ms > now_ms:
            continue  # somebody else was quicker
        elif not one.schedule.overlap and store.active(connection, one.last_jobs.values()):
            _change(connection, one.schedule, message="It was due, but jobs that it began before had not ended.")
        else:
            submit(connection, flow, one.schedule, now_ms, new_id)
        _change(connection, one.schedule, next_ms=hour_after(one.schedule, now_ms))


def submit(connection: Connection, flow: Flow, one: Schedule, now_ms: int, new_id: Callable[[], str]) -> None:
    """Submit the jobs of a schedule now; where they are refused, it says why."""
    tags = (f"schedule:{one.id}",)
    requests = {
        name: request.model_copy(update={"id": None, "tags": (*request.tags, *tags)})
        for name, request in one.requests.items()
    }
    try:
        with connection.begin_nested():
            ids, made = named(requests, new_id)
            flow.submit(connection, made, now_ms)
    except MatineeError as error:
        _change(connection, one, last_ms=now_ms, message=f"Its jobs were refused: {error}")
    else:
        _change(connection, one, last_ms=now_ms, last_jobs=ids, message="")


def _change(connection: Connection, one: Schedule, **values: object) -> None:
    connection.execute(update(job_schedules).where(job_schedules.c.id == one.id).values(**values))


_DUE = select(job_schedules.c.id).where(
    or_(job_schedules.c.next_ms <= bindparam("now_ms"), job_schedules.c.last_ms > bindparam("now_ms"))
)
_THESE = select(job_schedules).where(job_schedules.c.id.in_(bindparam("ids", expanding=True)))


def _planned(row: Row[Any]) -> Planned:
    return Planned(
        schedule=Schedule.model_validate(row.record),
        next_ms=row.next_ms,
        last_ms=row.last_ms,
        last_jobs=row.last_jobs or {},
        message=row.message,
    )
