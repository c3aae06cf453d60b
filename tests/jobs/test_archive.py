"""What jobs leave: archived, brought back, cleared away; and how far they say they have come."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.jobs.conftest import Agents, request, until

from matinee.base.errors import NotFound
from matinee.base.progress_file import ProgressFile, Told, read
from matinee.base.workspace import Workspace
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


def test_output_outlives_its_folder(service: Service, workspace: Workspace, agents: Agents) -> None:
    agents()
    text = "echo kept; head -c 3000000 /dev/urandom >noise; mkfifo pipe; ln -s /etc link; mkdir d; echo in >d/f; "
    text += r"touch $'d/\xff'"  # no text
    done = service.wait(service.submit(request(text)).id, 30)
    secret = service.wait(service.submit(request("echo gone", disable_log_archival=True)).id, 30)
    until(lambda: service.job(done.id).archive_location)
    folder = service.output(done.id).parent
    noise = (folder / "noise").read_bytes()
    shutil.rmtree(workspace.backends.work / "jobs")
    assert service.output(done.id).read_text() == "kept\n"
    assert service.output(done.id, "d/f").read_text() == "in\n"
    assert service.output(done.id, "noise").read_bytes() == noise
    assert sorted(one.name for one in folder.iterdir()) == ["d", "genie", "noise", "run", "stderr", "stdout"]
    assert os.access(folder / "run", os.R_OK)
    assert service.job(secret.id).archive_location is None
    with pytest.raises(NotFound):
        service.output(secret.id)


def test_a_second_attempt_goes_on_where_the_first_was(service: Service, workspace: Workspace, agents: Agents) -> None:
    agents()
    text = 'cat "$MATINEE_STATE"/at 2>/dev/null; echo 7 >"$MATINEE_STATE"/at; echo "7 10 shots" >>"$MATINEE_PROGRESS"; '
    job = service.submit(
        request(text + "sleep 1.5; [ $GENIE_JOB_DIR != ${GENIE_JOB_DIR%2} ]", retries=1, retry_wait_s=0.1)
    )
    until(lambda: service.job(job.id).progress)
    told = service.job(job.id).progress
    assert told is not None
    assert (told.label, told.done, told.total) == ("shots", 7, 10)
    done = service.wait(job.id, 30)
    assert (done.status, done.attempt) == (JobStatus.SUCCEEDED, 2)
    assert service.output(job.id).read_text() == "7\n"
    assert not list((workspace.backends.work / "jobs" / job.id).glob(".state*")), "all share this disk"


def test_a_full_disk_is_waited_for(service: Service, agents: Agents, workspace: Workspace) -> None:
    """A job has ended all the same, its folder stays, and its archive is made once there is room."""
    kept = Archive(workspace.backends.objects, workspace.backends.work / "jobs")
    blocked = workspace.root / "objects/jobs"
    blocked.write_text("not a folder: nothing can be written below it")
    agents()
    done = service.wait(service.submit(request("echo kept")).id, 30)
    assert done.status == JobStatus.SUCCEEDED
    log = workspace.root / "agent-0.log"
    until(lambda: "cannot be archived yet" in log.read_text())
    assert service.job(done.id).archive_location is None
    assert service.output(done.id).read_text() == "kept\n"
    blocked.unlink()
    kept.keep(done.id)
    shutil.rmtree(workspace.backends.work / "jobs" / done.id)
    assert kept.lay(done.id, "1").joinpath("stdout").read_text() == "kept\n"


def test_progress_files(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    assert read(path) is None
    path.write_text("junk\n1 2 old\nnot a number\n5 - some work\n6 10 half a li")
    assert read(path) == Told("some work", 5, None)
    path.write_text("1 2 old\nnan 3 x\n1 inf x\n-inf - x\n")
    assert read(path) == Told("old", 1, 2)
    path.write_bytes(b"\xff\xfe\n")
    assert read(path) is None
    task = ProgressFile(path).start("two\nlines", 3, "")
    task.advance(1)
    task.advance(2)
    assert read(path) == Told("two lines", 1, 3)
    task.finish(None)
    assert read(path) == Told("two lines", 3, 3)
