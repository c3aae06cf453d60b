"""Counters that tell a process when its copy in memory is old, and on which writers queue."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from matinee.base.tables import Tables
from matinee.catalog.tables import revisions

CATALOG = "catalog"
"""Every change of a title or of the assets it is shown with."""
NAMES = "names"
"""Every change that search must know: names, years, credits."""
PEOPLE = "viewers"
"""Accounts and viewers. Only a queue: nobody keeps copies of them."""


def read(connection: Connection, name: str) -> int:
    """The counter, 0 before the first change."""
    value = connection.execute(select(revisions.c.value).where(revisions.c.name == name)).scalar()
    return value or 0


def lock(tables: Tables, connection: Connection, name: str) -> int:
    """The counter, held so that no other writer changes what it guards before this transaction ends.

    SQLite's write transactions exclude each other anyway; PostgreSQL locks the row.
    """
    connection.execute(tables.insert(revisions).values(name=name, value=0).on_conflict_do_nothing())
    locked = select(revisions.c.value).where(revisions.c.name == name).with_for_update()
    return int(connection.execute(locked).scalar_one())


def bump(tables: Tables, connection: Connection, name: str) -> int:
    """The counter after counting up by one."""
    value = lock(tables, connection, name) + 1
    connection.execute(update(revisions).where(revisions.c.name == name).values(value=value))
    return value
