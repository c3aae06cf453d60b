"""Many new rows at once, and the ids that they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from matinee.base import bulk


def insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows into a table whose `id` counts up, and return their ids in the same order.

    All rows have the same columns. The ids are taken first and written with the rows: RETURNING would cost a statement
    for each row on SQLite, and keep PostgreSQL from taking them as one stream.
    """
    if not rows:
        return []
    ids = (
        _counted(connection, table, len(rows))
        if connection.dialect.name == "sqlite"
        else _taken(connection, table, len(rows))
    )
    names = list(rows[0])
    given = ((id_, *(row[name] for name in names)) for id_, row in zip(ids, rows, strict=True))
    bulk.append(connection, table, ("id", *names), given)
    return ids


def _taken(connection: Connection, table: Table, count: int) -> list[int]:
    """The next ids of PostgreSQL's sequence; they are never given to anybody else."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return list(connection.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count))))


def _counted(connection: Connection, table: Table, count: int) -> list[int]:
    """The ids after the highest that SQLite ever gave: a write transaction has the database for itself."""
    highest = connection.scalar(select(func.max(table.c.id))) or 0
    if table.dialect_options["sqlite"]["autoincrement"]:
        once = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        highest = max(highest, connection.scalar(once, {"name": table.name}) or 0)
    return list(range(highest + 1, highest + 1 + count))
