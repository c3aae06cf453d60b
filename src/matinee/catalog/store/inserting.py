"""Many new rows at once, and the ids that they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text


def insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows into a table whose `id` counts up, and return their ids in the same order.

    All rows have the same columns. On SQLite, whose RETURNING would take a statement for each row, the ids are counted
    here: a write transaction has the database for itself, and AUTOINCREMENT tables remember the highest id.
    """
    if not rows:
        return []
    if connection.dialect.name != "sqlite":
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(connection.scalars(statement, rows))
    first = _highest(connection, table) + 1
    connection.execute(insert(table), [row | {"id": first + at} for at, row in enumerate(rows)])
    return list(range(first, first + len(rows)))


def _highest(connection: Connection, table: Table) -> int:
    present = connection.scalar(select(func.max(table.c.id))) or 0
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return int(present)
    once = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}) or 0
    return max(int(present), int(once))
