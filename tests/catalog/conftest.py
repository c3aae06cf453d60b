"""A catalogue over SQLite, and over PostgreSQL where a test asks for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from matinee.base.backends import Backends
from matinee.base.tables import Tables
from matinee.catalog.service import Service
from matinee.catalog.tables import metadata


@dataclass(frozen=True)
class Ports:
    """As much of the backends as the catalogue uses."""

    tables: Tables
    objects: Any = None


def open_catalog(url: str, root: Path, objects: Any = None) -> Service:
    """A catalogue whose tables exist."""
    tables = Tables.open(url, root)
    metadata.create_all(tables.engine)
    return Service(cast("Backends", Ports(tables, objects)))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Service]:
    """An empty catalogue over SQLite."""
    service = open_catalog("sqlite:///catalog.db", tmp_path)
    yield service
    service._tables.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """An empty catalogue over each database."""
    if request.param == "sqlite":
        service = open_catalog("sqlite:///catalog.db", tmp_path)
    else:
        service = open_catalog(request.getfixturevalue("postgres_url"), tmp_path)
    yield service
    service._tables.close()
