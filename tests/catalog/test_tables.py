"""The migration makes exactly the tables that the code describes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from matinee.base import migrations
from matinee.base.tables import Tables
from matinee.catalog.tables import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    url = "sqlite:///new.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    tables = Tables.open(url, tmp_path)
    migrations.upgrade(tables, ["matinee.catalog"])
    yield tables
    tables.close()


def test_the_migration_makes_the_tables_of_the_code(migrated: Tables) -> None:
    with migrated.read() as connection:
        # SQLite tells the default of a column as it was written, which the comparison takes for a change.
        opts = {"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
        context = MigrationContext.configure(connection, opts=opts)
        assert [one for one in compare_metadata(context, metadata) if "alembic_version" not in str(one)] == []


def test_sqlite_never_gives_a_deleted_id_again(tmp_path: Path) -> None:
    """Autogenerate does not compare AUTOINCREMENT."""
    tables = Tables.open("sqlite:///new.db", tmp_path)
    migrations.upgrade(tables, ["matinee.catalog"])
    with tables.read() as connection:
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        migrated = set(found.scalars())
    tables.close()
    wanted = {table.name for table in metadata.tables.values() if table.dialect_options["sqlite"]["autoincrement"]}
    assert migrated == wanted == {"titles", "assets", "accounts", "viewers"}
