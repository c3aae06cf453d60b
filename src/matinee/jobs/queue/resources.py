"""Rows of applications, commands and clusters: read and written in transactions that others have begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import Connection, and_, delete, func, select

from matinee.base.errors import NotFound
from matinee.base.tables import Tables
from matinee.jobs.records import Application, Cluster, Command, Usable
from matinee.jobs.tables import job_resources

R = TypeVar("R", bound=Usable)
KINDS: Mapping[type[Usable], str] = {Application: "application", Command: "command", Cluster: "cluster"}
_STAMP = select(func.count(), func.coalesce(func.max(job_resources.c.updated_ms), 0))


def put(tables: Tables, connection: Connection, one: Usable, now_ms: int) -> None:
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


def all_of(connection: Connection, kind: type[R]) -> list[R]:
    """All resources of a kind, the latest first."""
    order = (job_resources.c.updated_ms.desc(), job_resources.c.id)
    query = select(job_resources.c.record).where(job_resources.c.kind == KINDS[kind]).order_by(*order)
    return [kind.model_validate(record) for record in connection.execute(query).scalars()]


def stamp(connection: Connection) -> tuple[int, int]:
    """Something that changes whenever a resource does."""
    count, latest = connection.execute(_STAMP).one()
    return int(count), int(latest)


def find(connection: Connection, kind: type[R], id_: str) -> R:
    """One of them. Raises `NotFound`."""
    name = KINDS[kind]
    query = select(job_resources.c.record).where(job_resources.c.kind == name, job_resources.c.id == id_)
    record = connection.execute(query).scalar()
    if record is None:
        raise NotFound(f"No {name} with id {id_} exists.", next_step=f"`matinee jobs resources {name}` lists them.")
    return kind.model_validate(record)


def drop(connection: Connection, kind: type[R], id_: str) -> None:
    """Remove one; one that is not there is no error."""
    mine = and_(job_resources.c.kind == KINDS[kind], job_resources.c.id == id_)
    connection.execute(delete(job_resources).where(mine))
