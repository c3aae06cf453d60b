"""Tables: SQLAlchemy Core over SQLite (embedded) or PostgreSQL, with Alembic migrations.

Both dialects share one class because SQLAlchemy already is the port; what differs is said here once: how a
transaction begins, how rows are upserted, and what a full disk is called.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from matinee.base import bulk
from matinee.base.errors import SettingsError, Unavailable

Insert = sqlite.Insert | postgresql.Insert

LOCK_S = 30
"""How long a writer queues behind another."""
_WRITERS = 7140218
"""First number of the advisory locks that PostgreSQL's writers queue for; any fixed one does."""


class Tables:
    """An open database.

    `read()` and `write()` give a connection in a transaction. A `read()` sees one state from its first statement
    on, whatever others write meanwhile. A `write()` is committed when its block ends and rolled back where it
    raises; writers queue, one at a time, so that what one has read still holds when it writes. Those who share no
    table with others may queue in a lane of their own, where the database has several. Do not open a `write()` inside
    another of the same thread: it would wait for itself.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.writes = 0
        """Counts what this process committed here, so that its copies in memory know when to look again."""

    @classmethod
    def open(cls, url: str, root: Path) -> Tables:
        """Open the database at `url`; a relative SQLite path is taken from `root`.

        ``?timeout=SECONDS`` says how long a writer queues (30). Raises `SettingsError` where the URL is malformed
        and `Unavailable` where nothing answers there.
        """
        try:
            parsed = make_url(url)
            timeout_s = float(str(parsed.query.get("timeout", LOCK_S)))
        except (ArgumentError, ValueError):
            raise _malformed(url, "that is no database address") from None
        parsed = parsed.difference_update_query(["timeout"])
        is_sqlite = parsed.get_backend_name() == "sqlite"
        tables = cls(_sqlite(parsed, root, timeout_s) if is_sqlite else _postgresql(parsed, timeout_s))
        try:
            with tables.read():
                return tables
        except BaseException:
            tables.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state; what it changes is not kept."""
        with _translated(self.engine), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # each statement would see a state of its own
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def write(self, lane: str = "all") -> Iterator[Connection]:
        """A connection whose changes are all kept or all dropped."""
        with _translated(self.engine), self.engine.connect() as connection:
            connection.execution_options(matinee_lane=lane)
            with connection.begin():
                yield connection
            self.writes += 1

    def insert(self, table: Table) -> Any:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update` in either dialect."""
        return sqlite.insert(table) if self.engine.dialect.name == "sqlite" else postgresql.insert(table)

    def upsert(self, table: Table, keys: Sequence[str], keep: Sequence[str] = ()) -> Any:
        """An INSERT that overwrites the row with the same `keys`, except for the columns in `keep`.

        Every other column is overwritten: one for which no value is given gets its default.
        """
        statement = self.insert(table)
        changed = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in {*keys, *keep} and not column.primary_key
        }
        if not changed:
            return statement.on_conflict_do_nothing(index_elements=list(keys))
        return statement.on_conflict_do_update(index_elements=list(keys), set_=changed)

    def append(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        keys: Sequence[str] = (),
        keep: Sequence[str] = (),
    ) -> int:
        """Insert or merge many rows at once, quickly: see `matinee.base.bulk.append`."""
        return bulk.append(connection, table, columns, rows, keys=keys, keep=keep)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _sqlite(url: URL, root: Path, timeout_s: float) -> Engine:
    if not url.database or url.database == ":memory:":
        raise _malformed(str(url), "it names no file")
    if url.query:
        raise _malformed(str(url), f"there is no option {min(url.query)!r}")
    path = root / url.database
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": timeout_s}, pool_size=8)

    # pysqlite's own transaction handling begins late and only for DML; SQLAlchemy's documented remedy is to
    # switch it off and emit BEGIN ourselves.
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            "mmap_size=268435456",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = "matinee_lane" in connection.get_execution_options()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


NOTICED: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""So that a server whose network is gone is noticed within half a minute, and not after a quarter of an hour."""


def _postgresql(url: URL, timeout_s: float) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, pool_size=8, connect_args=NOTICED)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if (lane := connection.get_execution_options().get("matinee_lane")) is not None:
            until = f"set_config('lock_timeout', '{max(1, round(timeout_s * 1000))}', true)"
            lock = f"pg_advisory_xact_lock({_WRITERS}, {crc32(lane.encode()) - 2**31})"
            connection.exec_driver_sql(f"SELECT {until}, {lock}")

    return engine


def _malformed(url: str, reason: str) -> SettingsError:
    return SettingsError(
        f"backends.tables = {url!r}: {reason}.",
        next_step="Write sqlite:///matinee.db or postgresql+psycopg://USER@HOST/DATABASE.",
    )


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    """Failures of the database server or its disk become `Unavailable`; faults in our SQL pass through."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, PoolTimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(error, DBAPIError) and not _is_outage(error, cause):
            raise
        where = engine.url.render_as_string(hide_password=True)
        reason = (str(cause).splitlines() or [type(cause).__name__])[0].rstrip(".")
        raise Unavailable(f"The database {where} failed: {reason}.", next_step=_next_step(reason)) from error


def _is_outage(error: DBAPIError, cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        # SQLITE_ERROR is a fault in the statement; a broken constraint is the caller's to handle.
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return code not in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
    return isinstance(error, OperationalError) or error.connection_invalidated


def _next_step(cause: str) -> str:
    if "full" in cause or "No space" in cause:
        return "Free some space on its disk and run this again; what was stored before is intact."
    if "locked" in cause or "lock timeout" in cause:
        return "Another process is writing; try again when it has finished."
    if "unable to open" in cause or "readonly" in cause:
        return "Check that the folder exists and that you may write to it."
    if "not a database" in cause or "malformed" in cause:
        return "The file is damaged or not a database; restore it from a backup."
    if "QueuePool" in cause:
        return "All connections are in use: too much is asked at once, or something holds one for long."
    return "Check that the server is running and that the address is right."
