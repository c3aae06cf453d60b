"""Workspaces for tests of events: a real bus, and tables in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from matinee.base import migrations
from matinee.base.backends import Backends, BackendSettings, open_backends


def opened(root: Path, url: str = "sqlite:///matinee.db") -> Backends:
    """Backends in a folder, their tables made."""
    backends = open_backends(BackendSettings(tables=url), root)
    migrations.upgrade(backends.tables, ["matinee.events"])
    return backends


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def tables_url(request: pytest.FixtureRequest) -> str:
    """The address of empty tables."""
    return "sqlite:///matinee.db" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def backends(tmp_path: Path, tables_url: str) -> Iterator[Backends]:
    """An empty workspace's backends."""
    with opened(tmp_path, tables_url) as found:
        yield found
