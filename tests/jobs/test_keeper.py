"""What jobs left is archived one by one: what cannot be does not keep others waiting, and is not lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.jobs.conftest import request, until

from matinee.base.clock import now_ms
from matinee.base.workspace import Workspace
from matinee.jobs.agents import keeper
from matinee.jobs.agents.keeper import Keeper
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.queue import store
from matinee.jobs.service import Service
from matinee.jobs.tables import jobs

Kept = Callable[[], set[str]]
AGAIN_S = 0.2


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


@pytest.fixture
def work(workspace: Workspace) -> Path:
    return workspace.backends.work / "jobs"


@pytest.fixture
def kept(workspace: Workspace, work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """The keeper of the agent ``me`` and then which of its jobs are archived."""
    backends = workspace.backends

    def note(archives: dict[str, str]) -> None:
        with backends.tables.write() as connection:
            store.keep(connection, archives)

    def archived() -> set[str]:
        with backends.tables.read() as connection:
            return set(connection.execute(jobs.select().where(jobs.c.archive.is_not(None))).scalars())

    monkeypatch.setattr(keeper, "_EVERY_S", 0.02)
    monkeypatch.setattr(keeper, "_LOOK_S", 0.1)
    monkeypatch.setattr(keeper, "_REST", 0)
    monkeypatch.setattr(keeper, "_AGAIN_S", AGAIN_S)
    archive = Archive(backends.objects, work)
    made = Keeper(backends.tables, backends.objects, archive, work, agent="me", keep_days=0, kept=note)
    made.start()
    yield archived
    made.stop()


def ended(service: Service, work: Path, *ids: str) -> None:
    """Jobs that have ended at the agent ``me``, and left a file each."""
    service.submit_graph({id_: request("true", id=id_) for id_ in ids})
    for id_ in ids:
        (work / id_ / "1").mkdir(parents=True)
        (work / id_ / "1/stdout").write_text(id_)
    with service._tables.write() as connection:
        mine = update(jobs).where(jobs.c.id.in_(ids))
        connection.execute(mine.values(status="SUCCEEDED", agent="me", attempt=1, finished_ms=now_ms()))


def test_one_that_cannot_be_archived_lets_others_go_before(
    service: Service, workspace: Workspace, work: Path, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = {f"bad{i}" for i in range(2)}, {f"good{i}" for i in range(22)}
    blocked = [workspace.root / "objects/jobs" / one for one in bad]
    for one in blocked:
        one.parent.mkdir(exist_ok=True)
        one.write_text("not a folder: nothing can be stored below it")
    ended(service, work, *sorted(bad), *sorted(good))
    until(lambda: kept() == good)
    until(lambda: not any((work / one).exists() for one in good))  # they are cleared away, as settings say
    assert {one.name for one in work.iterdir()} == bad
    until(lambda: len(caplog.records) >= 6)
    tries = [one for one in caplog.records if "the job bad0 left" in one.message]
    assert all("another object lies at a part of that key" in one.message for one in tries)
    assert tries[1].created - tries[0].created >= AGAIN_S
    assert tries[2].created - tries[1].created >= 2 * AGAIN_S
    for one in blocked:
        one.unlink()
    until(lambda: kept() == good | bad)
    assert workspace.backends.objects.exists("jobs/bad0/1.zip")


def test_a_full_disk_is_not_asked_for_every_job(
    service: Service, workspace: Workspace, work: Path, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    ids, blocked = {f"job{i}" for i in range(12)}, workspace.root / "objects/jobs"
    blocked.write_text("not a folder: nothing can be stored below it")
    began = time.monotonic()
    ended(service, work, *ids)
    until(lambda: len(caplog.records) >= 6)
    assert len(caplog.records) <= 4 + (time.monotonic() - began) / AGAIN_S
    assert {one.name for one in work.iterdir()} == ids
    blocked.unlink()
    until(lambda: kept() == ids)


KILLED = """
import os, signal, sys
from pathlib import Path
from matinee.base.objects.folder import FolderObjects
from matinee.jobs.attempts.attachments import kept

with kept(FolderObjects(Path(sys.argv[1])), sys.argv[2], "killed", [Path(sys.argv[3])]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.usefixtures("kept")
def test_attachments_of_jobs_that_never_came_to_be_go_after_a_day(
    service: Service, workspace: Workspace, tmp_path: Path
) -> None:
    note, objects = tmp_path / "note", workspace.backends.objects
    note.write_text("attached")
    service.submit(request("true", id="there"), [note])
    assert list(objects.list("attaching/")) == []
    (stored,) = objects.list("jobs/there/")
    objects.put(f"attaching/there/{stored.key.split('/')[3]}", b"")  # as where it is killed only then
    for id_ in ("there", "never"):  # two asked for the id of the one
        command = [sys.executable, "-c", KILLED, str(workspace.root / "objects"), id_, str(note)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    left = [f"jobs/{id_}/attachments/killed/note" for id_ in ("never", "there")]
    time.sleep(0.3)  # the keeper looks around meanwhile
    assert all(map(objects.exists, left))
    for mark in objects.list("attaching/"):
        os.utime(objects.local(mark.key), (time.time() - 86_401,) * 2)
    until(lambda: not list(objects.list("attaching/")))
    assert not any(map(objects.exists, left))
    assert list(objects.list("jobs/")) == [stored]
