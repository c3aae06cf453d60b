"""The journal of work: written by any process, read by all, and honest about those that died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from matinee.base.clock import DAY_MS, SECOND_MS, now_ms
from matinee.base.progress import reporting_to, track, working
from matinee.base.tables import Tables
from matinee.base.work import LOST_MS, Work, WorkJournal, metadata, rows, sweep, work


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    found = Tables.open("sqlite:///work.db", tmp_path)
    metadata.create_all(found.engine)
    yield found
    found.close()


def eventually(tables: Tables, wanted: Callable[[list[Work]], bool]) -> list[Work]:
    for _ in range(500):
        found = rows(tables, now_ms())
        if wanted(found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"not in ten seconds: {found}")


def test_progress_is_seen_while_the_work_goes_on(tables: Tables) -> None:
    with WorkJournal(tables) as journal, reporting_to(journal), working("encoding Sintel", 10, "shots") as task:
        task.advance(3)
        found = eventually(tables, lambda found: bool(found and found[0].done == 3))
        assert (found[0].label, found[0].total, found[0].unit) == ("encoding Sintel", 10, "shots")
        assert (found[0].state, found[0].pid) == ("running", os.getpid())
    assert [one.state for one in rows(tables, now_ms())] == ["done"]


def test_what_ends_sooner_than_anybody_could_look_leaves_no_row(tables: Tables) -> None:
    with WorkJournal(tables) as journal, reporting_to(journal):
        for _ in range(50):
            list(track(range(20), "a moment"))
    assert rows(tables, now_ms()) == []


def test_a_failure_is_kept_with_its_first_line(tables: Tables) -> None:
    with (
        WorkJournal(tables) as journal,
        reporting_to(journal),
        pytest.raises(ValueError, match="broken"),
        working("encoding", 1),
    ):
        raise ValueError("broken clip\nand more")
    (found,) = rows(tables, now_ms())
    assert (found.state, found.error) == ("failed", "broken clip")


def test_work_that_was_interrupted_is_stopped_not_failed(tables: Tables) -> None:
    def interrupted() -> None:
        with working("x"):
            eventually(tables, bool)
            raise KeyboardInterrupt

    with WorkJournal(tables) as journal, reporting_to(journal), pytest.raises(KeyboardInterrupt):
        interrupted()
    (found,) = rows(tables, now_ms())
    assert (found.state, found.error) == ("stopped", "")


def test_many_threads_add_up(tables: Tables) -> None:
    with WorkJournal(tables) as journal, reporting_to(journal), working("scoring", 8000) as task:

        def run() -> None:
            for _ in range(1000):
                task.advance(1)

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(tables, lambda found: bool(found and found[0].done == 8000))


def test_a_process_that_was_killed_is_lost(tables: Tables, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from matinee.base.tables import Tables; from matinee.base.work import WorkJournal\n"
        "from matinee.base.progress import reporting_to, working\n"
        "journal = WorkJournal(Tables.open('sqlite:///work.db', Path(sys.argv[1])))\n"
        "with reporting_to(journal), working('elsewhere', 5) as task:\n"
        "    task.advance(2); time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        (found,) = eventually(tables, bool)
        assert (found.pid, found.state, found.done) == (process.pid, "running", 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (found,) = rows(tables, now_ms())
    assert found.state == "lost"
    assert sweep(tables, now_ms()) == 1
    assert sweep(tables, now_ms()) == 0


def test_work_on_another_machine_is_lost_when_it_stops_writing(tables: Tables) -> None:
    with WorkJournal(tables) as journal, reporting_to(journal), working("x"):
        eventually(tables, bool)
        journal.close()
        with tables.write() as connection:
            connection.execute(update(work).values(host="elsewhere", pid=1, updated_ms=now_ms()))
        assert rows(tables, now_ms())[0].state == "running"
        assert rows(tables, now_ms() + LOST_MS + SECOND_MS)[0].state == "lost"


def test_what_ended_a_week_ago_is_dropped(tables: Tables) -> None:
    with WorkJournal(tables) as journal, reporting_to(journal), working("x"):
        eventually(tables, bool)
    assert len(rows(tables, now_ms())) == 1
    sweep(tables, now_ms() + 6 * DAY_MS)
    assert len(rows(tables, now_ms())) == 1
    sweep(tables, now_ms() + 8 * DAY_MS)
    with tables.read() as connection:
        assert connection.execute(select(work)).all() == []


def test_a_database_that_fails_does_not_stop_the_work(tmp_path: Path) -> None:
    found = Tables.open("sqlite:///work.db", tmp_path)
    metadata.create_all(found.engine)
    with found.read() as reading, WorkJournal(found) as journal, reporting_to(journal):
        reading.exec_driver_sql("PRAGMA query_only=ON")
        found.engine.dispose()
        (tmp_path / "work.db").chmod(0o400)
        assert list(track(range(3), "going on")) == [0, 1, 2]
    found.close()


def test_a_forked_child_leaves_its_parents_journal_alone(tables: Tables) -> None:
    with WorkJournal(tables) as journal, reporting_to(journal), working("parent"):
        eventually(tables, bool)
        child = os.fork()
        if child == 0:
            with working("child") as task:
                task.advance(1)
            os._exit(0)
        os.waitpid(child, 0)
        journal.flush()
        assert [one.label for one in rows(tables, now_ms())] == ["parent"]
