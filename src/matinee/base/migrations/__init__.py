"""Migrations: each owner of tables ships numbered Alembic scripts; a workspace is brought up to date as it opens.

A script lies in its owner's package as ``migrations/0001_what.py`` and calls itself ``OWNER_0001``; owners are
separate branches, so that one can grow without touching another. Because names follow that rule, whether a
database is current is one SELECT, and Alembic is imported only where it is not.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from matinee.base.errors import Conflict
from matinee.base.tables import Tables

_SCRIPT = re.compile(r"(\d{4})_\w+\.py")


def heads(packages: Sequence[str]) -> set[str]:
    """The newest revision of each owner, as ``catalog_0001``; `packages` are such as ``matinee.catalog``."""
    found = set()
    for package in packages:
        numbers = [match[1] for path in _folder(package).iterdir() if (match := _SCRIPT.fullmatch(path.name))]
        found.add(f"{package.rpartition('.')[2]}_{max(numbers)}")
    return found


def applied(connection: Connection) -> set[str]:
    """The revisions that a database stands at; none where it is new."""
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def upgrade(tables: Tables, packages: Sequence[str]) -> bool:
    """Bring the database to the newest revision of every owner; True where anything changed.

    All or nothing, and safe where several processes open the same new workspace. Raises `Conflict` where the
    database was written by a newer Matinee.
    """
    wanted = heads(packages)
    with tables.read() as connection:
        if applied(connection) == wanted:
            return False
    with tables.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7140219)"))  # any fixed number: one upgrade at a time
        if applied(connection) == wanted:
            return False
        _run(connection, packages)
    return True


def _run(connection: Connection, packages: Sequence[str]) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(_folder(package)) for package in packages))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "heads")
    except CommandError as error:
        raise Conflict(
            f"The tables in {connection.engine.url.render_as_string()} were made by a newer Matinee: {error}.",
            next_step="Install that version, or open another workspace.",
        ) from error


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent / "migrations"
