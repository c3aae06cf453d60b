"""The migrations make the tables that the code declares."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from matinee.base.backends import Backends
from matinee.base.tables import Tables
from matinee.events.tables import metadata


def test_the_migrated_tables_are_the_declared_ones(backends: Backends) -> None:
    with backends.tables.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_on_sqlite_rows_are_clustered_as_declared(backends: Backends, tmp_path: Path) -> None:
    if backends.tables.engine.dialect.name != "sqlite":
        return
    (tmp_path / "declared").mkdir()
    declared = Tables.open("sqlite:///declared.db", tmp_path / "declared")
    metadata.create_all(declared.engine)
    query = "SELECT name FROM pragma_table_list WHERE wr = 1 ORDER BY name"
    found = []
    for tables in (backends.tables, declared):
        with tables.read() as connection:
            found.append(connection.exec_driver_sql(query).scalars().all())
    declared.close()
    assert found[0] == found[1] == ["listed", "opinions", "watching"]
