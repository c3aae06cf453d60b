"""Accounts and the viewers they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from matinee.base import bulk
from matinee.base.errors import Conflict, NotFound
from matinee.base.tables import Tables
from matinee.catalog.records import Account, Role, Viewer
from matinee.catalog.store import revisions
from matinee.catalog.store.among import among
from matinee.catalog.store.inserting import insert_many
from matinee.catalog.store.lookup import in_chunks
from matinee.catalog.tables import accounts, external_ids, viewers

_AVATARS = ("#c8553d", "#3d7ea6", "#6a994e", "#b5838d", "#e09f3e", "#5e548e", "#2a9d8f", "#bc4749")


def add_account(
    tables: Tables, connection: Connection, email: str, *, password: str, role: Role, now_ms: int
) -> Account:
    """Store an account whose password is hashed already. Raises `Conflict` where the address is taken."""
    revisions.lock(tables, connection, revisions.PEOPLE)
    if connection.scalar(select(accounts.c.id).where(accounts.c.email == email)) is not None:
        raise Conflict(f"There is an account {email} already.", next_step="Sign in, or take another e-mail address.")
    values = {"email": email, "password": password, "role": role.value, "created_ms": now_ms}
    id_ = connection.scalar(insert(accounts).values(values).returning(accounts.c.id))
    return Account(id=int(id_ or 0), email=email, role=role, created_ms=now_ms)


def find_accounts(connection: Connection, *where: ColumnElement[bool]) -> list[Account]:
    """Accounts by id; all of them without a condition."""
    query = select(accounts.c.id, accounts.c.email, accounts.c.role, accounts.c.created_ms).where(*where)
    return [
        Account(id=id_, email=email, role=Role(role), created_ms=created_ms)
        for id_, email, role, created_ms in connection.execute(query.order_by(accounts.c.id))
    ]


def find(connection: Connection, *where: ColumnElement[bool], limit: int | None = None) -> list[Viewer]:
    """Viewers by id; all of them without a condition."""
    query = select(viewers).where(*where).order_by(viewers.c.id).limit(limit)
    return [_viewer(row) for row in connection.execute(query)]


def get(connection: Connection, viewer_id: int) -> Viewer:
    """One viewer. Raises `NotFound`."""
    found = find(connection, viewers.c.id == viewer_id)
    if not found:
        raise NotFound(f"There is no viewer {viewer_id}.", next_step="Choose one of the viewers of your account.")
    return found[0]


def add(connection: Connection, values: dict[str, Any]) -> Viewer:
    """Store a new viewer."""
    id_ = connection.scalar(insert(viewers).values(values).returning(viewers.c.id))
    viewer = get(connection, int(id_ or 0))
    return viewer if viewer.avatar else change(connection, viewer.id, {"avatar": _AVATARS[viewer.id % len(_AVATARS)]})


def change(connection: Connection, viewer_id: int, values: dict[str, Any]) -> Viewer:
    """Store what is new of a viewer. Raises `NotFound`."""
    if values:
        connection.execute(update(viewers).where(viewers.c.id == viewer_id).values(values))
    return get(connection, viewer_id)


def remove(connection: Connection, viewer_id: int) -> None:
    """Forget a viewer and what others call it."""
    connection.execute(delete(viewers).where(viewers.c.id == viewer_id))
    connection.execute(delete(external_ids).where(external_ids.c.kind == "viewer", external_ids.c.id == viewer_id))


def imported(tables: Tables, connection: Connection, source: str, label: str, keys: Sequence[str]) -> dict[str, int]:
    """The viewer of each of a source's keys; those who are new are named ``label key``."""
    revisions.lock(tables, connection, revisions.PEOPLE)
    table, found = external_ids.c, dict[str, int]()
    for some in in_chunks(dict.fromkeys(keys), 10_000):
        query = select(table.key, table.id).where(
            table.kind == "viewer", table.source == source, among(connection, table.key, some)
        )
        found.update((key, id_) for key, id_ in connection.execute(query))
    new = [key for key in dict.fromkeys(keys) if key not in found]
    if new:
        rows = [
            {"name": f"{label} {key}", "child": False, "avatar": _AVATARS[at % len(_AVATARS)]}
            for at, key in enumerate(new)
        ]
        added = dict(zip(new, insert_many(connection, viewers, rows), strict=True))
        named = (("viewer", source, key, id_) for key, id_ in added.items())
        bulk.append(connection, external_ids, ("kind", "source", "key", "id"), named)
        found.update(added)
    return found


def _viewer(row: Row[Any]) -> Viewer:
    return Viewer(**row._mapping)
