"""Databases that are damaged, locked, full, gone or wrongly addressed."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.disks import small_disk
from tests.servers import Server, free_port, new_database, running_postgres

from matinee.base.errors import SettingsError, Unavailable
from matinee.base.tables import Tables
from matinee.testing.tables import films, metadata

__all__ = ["small_disk"]


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = Tables.open("sqlite:///films.db", tmp_path)
    with opened.write() as connection:
        metadata.create_all(connection)
    yield opened
    opened.close()


def add(tables: Tables, start: int, stop: int, size: int = 0) -> None:
    rows = [(f"film {number}", "x" * size) for number in range(start, stop)]
    with tables.write() as connection:
        tables.append(connection, films, ["name", "order"], rows)


def count(tables: Tables) -> int:
    with tables.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM films")).scalar_one())


@pytest.mark.parametrize(
    "url",
    [
        "sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///films.db?mode=ro",
        "sqlite:///films.db?timeout=soon",
        "postgresql+psycopg://host:port/films",
        "",
    ],
)
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.tables"):
        Tables.open(url, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="unable to open") as caught:
        Tables.open("sqlite:///absent/films.db", tmp_path)
    assert "Check that the folder exists" in caught.value.next_step


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    Tables.open(f"sqlite:///{tmp_path}/films.db", Path("/nowhere")).close()
    assert (tmp_path / "films.db").exists()


def test_a_file_that_is_no_database_is_told_and_left(tmp_path: Path) -> None:
    (tmp_path / "films.db").write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(Unavailable, match="not a database") as caught:
        Tables.open("sqlite:///films.db", tmp_path)
    assert "restore it from a backup" in caught.value.next_step
    assert (tmp_path / "films.db").read_bytes() == b"Dear diary, " * 1000


def test_a_damaged_file_is_told(tmp_path: Path, tables: Tables) -> None:
    add(tables, 0, 5000, 100)
    tables.close()
    with (tmp_path / "films.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    with pytest.raises(Unavailable, match="malformed"):
        count(tables)


def test_a_locked_database_is_told(tmp_path: Path, tables: Tables) -> None:
    other = Tables.open("sqlite:///films.db?timeout=0.05", tmp_path)
    with tables.write() as connection:
        connection.execute(films.insert(), {"name": "Sintel"})
        with pytest.raises(Unavailable, match="locked") as caught:
            add(other, 0, 1)
    assert "Another process is writing" in caught.value.next_step
    add(other, 0, 1)
    assert count(tables) == 2
    other.close()


def test_too_many_connections_at_once_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = Tables.open("sqlite:///films.db", tmp_path)
    monkeypatch.setattr(tables.engine.pool, "_timeout", 0.01)
    with ExitStack() as held:
        for _ in range(18):
            held.enter_context(tables.read())
        with pytest.raises(Unavailable, match="QueuePool limit") as caught:
            count(tables)
    assert "All connections are in use" in caught.value.next_step
    tables.close()


def test_several_open_a_new_database_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def open_it(_: int) -> None:
        together.wait()
        one = Tables.open("sqlite:///films.db", tmp_path)
        with one.write() as connection:
            metadata.create_all(connection)
        one.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_it, range(8)))


def test_a_full_disk_is_told_and_loses_nothing(small_disk: Path) -> None:
    tables = Tables.open("sqlite:///films.db", small_disk)
    with tables.write() as connection:
        metadata.create_all(connection)
    stored, refusal = 0, None
    while refusal is None:
        try:
            add(tables, stored, stored + 20, 1000)
            stored += 20
        except Unavailable as error:
            refusal = error
    assert "full" in refusal.message
    assert "Free some space" in refusal.next_step
    assert stored >= 200
    assert count(tables) == stored
    tables.close()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    again = Tables.open("sqlite:///films.db", small_disk)
    assert count(again) == stored
    add(again, stored, stored + 20, 1000)
    assert count(again) == stored + 20
    with again.read() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    again.close()


def test_a_read_only_disk_is_told(small_disk: Path) -> None:
    Tables.open("sqlite:///films.db", small_disk).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Unavailable) as caught:
        add(Tables.open("sqlite:///films.db", small_disk), 0, 1)
    assert "Check that the folder exists and that you may write" in caught.value.next_step


def test_what_was_committed_survives_kill_9(tmp_path: Path, tables: Tables) -> None:
    code = f"""
from pathlib import Path
from matinee.base.tables import Tables
from matinee.testing.tables import films
tables = Tables.open("sqlite:///films.db", Path({str(tmp_path)!r}))
number = 0
while True:
    with tables.write() as connection:
        tables.append(connection, films, ["name"], [(f"film {{number + n}}",) for n in range(20)])
    number += 20
    print(number, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    for _ in range(25):
        child.stdout.readline()
    child.kill()
    said = child.stdout.read().split()
    child.stdout.close()
    child.wait()
    acknowledged = int(said[-1]) if said else 500
    assert count(tables) in {acknowledged, acknowledged + 20}
    assert count(tables) % 20 == 0


# PostgreSQL


@pytest.mark.server
def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(Unavailable, match=r"postgresql\+psycopg://someone:\*\*\*@127\.0\.0\.1") as caught:
        Tables.open(f"postgresql+psycopg://someone:secret@127.0.0.1:{free_port()}/films", tmp_path)
    assert "Check that the server is running" in caught.value.next_step
    assert "secret" not in str(caught.value)


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Server]:
    """One that may be killed."""
    with running_postgres() as server:
        yield server


@pytest.mark.server
def test_a_missing_database_is_told(tmp_path: Path, own_postgres: Server) -> None:
    with pytest.raises(Unavailable, match="does not exist"):
        Tables.open(f"postgresql+psycopg://matinee@127.0.0.1:{own_postgres.port}/absent", tmp_path)


@pytest.mark.server
def test_a_server_that_goes_and_comes_back(tmp_path: Path, own_postgres: Server) -> None:
    tables = Tables.open(new_database(own_postgres), tmp_path)
    with tables.write() as connection:
        metadata.create_all(connection)
    add(tables, 0, 10)

    def write_while_it_goes() -> None:
        with tables.write() as connection:
            connection.execute(films.insert(), {"name": "lost"})
            own_postgres.kill()
            connection.execute(films.insert(), {"name": "lost too"})

    with pytest.raises(Unavailable, match="failed"):
        write_while_it_goes()
    with pytest.raises(Unavailable, match="refused"):
        count(tables)
    own_postgres.start()
    assert count(tables) == 10
    add(tables, 10, 20)
    assert count(tables) == 20
    tables.close()


@pytest.mark.server
def test_a_writer_that_waits_too_long_is_told(tmp_path: Path, own_postgres: Server) -> None:
    url = new_database(own_postgres)
    first, second = Tables.open(url, tmp_path), Tables.open(f"{url}?timeout=0.05", tmp_path)
    with first.write() as connection:
        metadata.create_all(connection)
        with pytest.raises(Unavailable, match="lock timeout") as caught:
            add(second, 0, 1)
    assert "Another process is writing" in caught.value.next_step
    add(second, 0, 1)
    first.close()
    second.close()
