"""Tables: SQLAlchemy Core over SQLite (embedded) or PostgreSQL, with Alembic migrations.

Both dialects share one class because SQLAlchemy already is the port; what differs is said here once: how a
write transaction begins, how rows are upserted, and what a full disk is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from matinee.base.errors import SettingsError, Unavailable

Insert = sqlite.Insert | postgresql.Insert


class Tables:
    """An open database.

    `read()` and `write()` give a connection in a transaction. A `write()` is committed when its block ends and
    rolled back where it raises; on SQLite it takes the write lock at once, so that two writers queue instead of
    failing half-way.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, root: Path) -> Tables:
        """Open the database at `url`; a relative SQLite path is taken from `root`.

        Raises `SettingsError` where the URL is malformed and `Unavailable` where nothing answers there.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise SettingsError(
                f"backends.tables = {url!r} is not a database address.", next_step="Write sqlite:///matinee.db."
            ) from None
        if parsed.get_backend_name() == "sqlite":
            path = root / (parsed.database or "matinee.db")
            tables = cls(_sqlite(path))
        else:
            tables = cls(create_engine(parsed, pool_pre_ping=True, pool_size=8))
        with tables.read():
            return tables

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state."""
        with _translated(self.engine), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection whose changes are all kept or all dropped."""
        with _translated(self.engine), self.engine.connect() as connection:
            connection.execution_options(matinee_write=True)
            with connection.begin():
                yield connection

    def insert(self, table: Table) -> Any:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update` in either dialect."""
        return sqlite.insert(table) if self.engine.dialect.name == "sqlite" else postgresql.insert(table)

    def upsert(self, table: Table, keys: Sequence[str], keep: Sequence[str] = ()) -> Any:
        """An INSERT that overwrites the row with the same `keys`, except for the columns in `keep`."""
        statement = self.insert(table)
        changed = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in {*keys, *keep} and not column.primary_key
        }
        if not changed:
            return statement.on_conflict_do_nothing(index_elements=list(keys))
        return statement.on_conflict_do_update(index_elements=list(keys), set_=changed)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, pool_size=8)

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
        writes = connection.get_execution_options().get("matinee_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    """Failures of the database server or its disk become `Unavailable`; faults in our SQL pass through."""
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        if not isinstance(error, OperationalError) and not error.connection_invalidated:
            raise
        cause = str(error.orig).splitlines()[0]
        if "no such table" in cause or "no such column" in cause or "syntax error" in cause:
            raise
        where = engine.url.render_as_string(hide_password=True)
        raise Unavailable(f"The database {where} failed: {cause}.", next_step=_next_step(cause)) from error


def _next_step(cause: str) -> str:
    if "full" in cause or "No space" in cause:
        return "Free some space on its disk and run this again; what was stored before is intact."
    if "locked" in cause:
        return "Another process is writing; try again when it has finished."
    if "unable to open" in cause or "readonly" in cause:
        return "Check that the folder exists and that you may write to it."
    if "not a database" in cause or "malformed" in cause:
        return "The file is damaged or not a database; restore it from a backup."
    return "Check that the server is running and that the address is right."
