"""SQLite and PostgreSQL against one suite."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.base.tables import Tables
from matinee.testing.tables import TablesContract


class TestSqlite(TablesContract):
    @pytest.fixture
    def open_tables(self, tmp_path: Path) -> Callable[[], Tables]:
        return lambda: Tables.open("sqlite:///films.db", tmp_path)


@pytest.mark.server
class TestPostgres(TablesContract):
    @pytest.fixture
    def open_tables(self, postgres_url: str, tmp_path: Path) -> Callable[[], Tables]:
        return lambda: Tables.open(postgres_url, tmp_path)
