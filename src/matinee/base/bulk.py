"""Rows by the hundred thousand: appended or merged at the speed of the database, without an object for each.

SQLite takes them with ``executemany``. PostgreSQL takes them with ``COPY``, which knows no conflicts: rows that may
meet others go through a temporary table and one ``INSERT ... SELECT ... ON CONFLICT``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]

_BATCH = 20_000
_numbers = itertools.count(1)


def append(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    keys: Sequence[str] = (),
    keep: Sequence[str] = (),
) -> int:
    """Insert rows of plain Python values in the order of `columns`; returns how many were given.

    With `keys`, the columns of a primary key or unique constraint, a row that meets one with the same keys
    overwrites its other `columns`, except those in `keep`; the last of several with the same keys counts. Without,
    a row that is there already raises SQLAlchemy's `IntegrityError`. Values are given to the driver as they are:
    NumPy numbers must be made plain first.
    """
    statement = _Statement(connection, table, columns, keys, keep)
    if connection.dialect.name == "sqlite":
        return sum(_execute_many(connection, statement.insert(), batch) for batch in _batches(rows))
    return _copy(connection, statement, rows) if not keys else _merge(connection, statement, rows)


class _Statement:
    """The texts, with every name quoted as the dialect wants."""

    def __init__(
        self, connection: Connection, table: Table, columns: Sequence[str], keys: Sequence[str], keep: Sequence[str]
    ) -> None:
        for name in (*columns, *keys, *keep):
            if name not in table.columns:
                raise KeyError(f"{table.name} has no column {name}")
        quote = connection.dialect.identifier_preparer
        self.table = quote.format_table(table)
        self.width = len(columns)
        self.columns = ", ".join(map(quote.quote, columns))
        self.keys = ", ".join(map(quote.quote, keys))
        self._changed = [quote.quote(name) for name in columns if name not in {*keys, *keep}]

    def insert(self) -> str:
        marks = ", ".join("?" * self.width)
        return f"INSERT INTO {self.table} ({self.columns}) VALUES ({marks}){self._conflict()}"  # noqa: S608

    def copy(self, table: str) -> str:
        return f"COPY {table} ({self.columns}) FROM STDIN"

    def stage(self, name: str) -> str:
        return (
            f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS "  # noqa: S608
            f"SELECT {self.columns} FROM {self.table} WITH NO DATA; "
            f"ALTER TABLE {name} ADD COLUMN given_as bigserial"
        )

    def merge(self, name: str) -> str:
        return (
            f"INSERT INTO {self.table} ({self.columns}) "  # noqa: S608
            f"SELECT DISTINCT ON ({self.keys}) {self.columns} FROM {name} ORDER BY {self.keys}, given_as DESC"
            f"{self._conflict()}"
        )

    def _conflict(self) -> str:
        if not self.keys:
            return ""
        changes = ", ".join(f"{name} = excluded.{name}" for name in self._changed)
        return f" ON CONFLICT ({self.keys}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while batch := [tuple(row) for row in itertools.islice(remaining, _BATCH)]:
        yield list(batch)


def _execute_many(connection: Connection, statement: str, batch: list[Any]) -> int:
    connection.exec_driver_sql(statement, batch)
    return len(batch)


def _copy(connection: Connection, statement: _Statement, rows: Iterable[Row], into: str = "") -> int:
    import psycopg

    driver: Any = connection.connection.driver_connection
    text = statement.copy(into or statement.table)
    count = 0
    try:
        with driver.cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
    except psycopg.Error as error:
        raise DBAPIError.instance(text, None, error, psycopg.Error, dialect=connection.dialect) from error
    return count


def _merge(connection: Connection, statement: _Statement, rows: Iterable[Row]) -> int:
    name = f"appended_{next(_numbers)}"
    for text in statement.stage(name).split("; "):
        connection.exec_driver_sql(text)
    count = _copy(connection, statement, rows, into=name)
    connection.exec_driver_sql(statement.merge(name))
    connection.exec_driver_sql(f"DROP TABLE {name}")
    return count
