import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from matinee.base import migrations, workspace
from matinee.base.backends import BackendSettings, open_backends
from matinee.base.errors import Conflict, NotFound, SettingsError, Unavailable
from matinee.base.subsystem import load
from matinee.base.tables import Tables
from matinee.subsystems import SUBSYSTEMS, create_workspace, open_workspace

OWNERS = [one.tables for one in SUBSYSTEMS.values() if one.tables]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    create_workspace(tmp_path / "cinema").close()
    return tmp_path / "cinema"


def test_found_from_any_folder_below_or_by_name(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = made / "library" / "films"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert workspace.find(None, {}) == made
    monkeypatch.chdir(made.parent)
    with pytest.raises(NotFound, match="Make one with `matinee init`"):
        workspace.find(None, {})
    assert workspace.find(None, {"MATINEE_WORKSPACE": str(made)}) == made
    assert workspace.find(made, {"MATINEE_WORKSPACE": "/elsewhere"}) == made
    with pytest.raises(NotFound, match="is not a Matinee workspace"):
        workspace.find(made.parent, {})


def test_a_second_init_changes_nothing(made: Path) -> None:
    before = (made / "matinee.toml").read_bytes()
    with pytest.raises(Conflict, match="is a workspace already"):
        create_workspace(made)
    assert (made / "matinee.toml").read_bytes() == before


def test_init_where_a_file_stands(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises((Conflict, Unavailable)):
        create_workspace(tmp_path / "taken")


def test_every_service_opens(made: Path) -> None:
    with open_workspace(made) as opened:
        for name, subsystem in SUBSYSTEMS.items():
            if subsystem.service:
                assert isinstance(opened.service(name), load(subsystem.service))
                assert opened.service(name) is opened.service(name)
        with pytest.raises(NotFound, match="There is no service 'popcorn'"):
            opened.service("popcorn")


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = Tables.open("sqlite:///new.db", tmp_path)
    yield opened
    opened.close()


def test_migrations_make_what_the_code_declares(tables: Tables) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert migrations.upgrade(tables, OWNERS)
    assert not migrations.upgrade(tables, OWNERS)
    declared = MetaData()
    for owner in OWNERS:
        for table in load(f"{owner}.tables:metadata").tables.values():
            table.to_metadata(declared)
    for table in load("matinee.base.work:metadata").tables.values():
        if table.name not in declared.tables:
            table.to_metadata(declared)
    with tables.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), declared) == []


def test_each_script_calls_itself_by_the_rule(tables: Tables) -> None:
    migrations.upgrade(tables, OWNERS)
    with tables.read() as connection:
        assert migrations.applied(connection) == migrations.heads(OWNERS)


def test_database_of_a_newer_version(tables: Tables, tmp_path: Path) -> None:
    migrations.upgrade(tables, OWNERS)
    with sqlite3.connect(tmp_path / "new.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'catalog_9999' WHERE version_num = 'catalog_0001'")
    connection.close()
    with pytest.raises(Conflict, match="made by a newer Matinee"):
        migrations.upgrade(tables, OWNERS)


@pytest.mark.parametrize(
    ("port", "url", "error", "said"),
    [
        ("tables", "mysql://here", SettingsError, "Use one of sqlite://, postgresql+psycopg://"),
        ("objects", "objects", SettingsError, "nothing opens that"),
        ("bus", "kafka://here", SettingsError, "Use one of file://, nats://"),
        ("compute", "", SettingsError, "Use one of local://"),
        ("tables", "sqlite:////proc/nowhere/matinee.db", Unavailable, "Check that the folder exists"),
    ],
)
def test_backend_that_cannot_be_opened(tmp_path: Path, port: str, url: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        open_backends(BackendSettings(**{port: url}), tmp_path)
    assert said in str(caught.value)


def test_ports_opened_before_a_failure_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    monkeypatch.setattr(Tables, "close", lambda self: closed.append(self))  # noqa: PLW0108  a bare one would not bind
    with pytest.raises(SettingsError):
        open_backends(BackendSettings(compute="cloud://"), tmp_path)
    assert len(closed) == 1


def test_missing_package_is_named_with_its_install_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match=r"pip install 'matinee\[nats\]'"):
        open_backends(BackendSettings(bus="nats://127.0.0.1:4222"), tmp_path)
