"""What attempts share, handed over between machines: a folder of work for each, and the same objects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from matinee.base.objects import Objects
from matinee.base.objects.folder import FolderObjects
from matinee.base.objects.s3 import S3Objects
from matinee.jobs.attempts.handover import Handover
from matinee.jobs.records import Job, JobStatus


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.server)])
def objects(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Objects]:
    if request.param == "folder":
        yield FolderObjects(tmp_path / "objects")
    else:
        made = S3Objects.open(request.getfixturevalue("s3_url"), tmp_path)
        yield made
        made.close()


class Machine:
    def __init__(self, objects: Objects, work: Path) -> None:
        self.handover, self.work = Handover(objects, work), work

    def begin(self, attempt: int) -> Path:
        """The folder that an attempt here finds."""
        folder = self.handover.take(job(attempt))
        (self.work / "x" / str(attempt)).mkdir()
        return folder

    def end(self, attempt: int) -> None:
        self.handover.give(job(attempt))


@pytest.fixture
def machines(objects: Objects, tmp_path: Path) -> list[Machine]:
    return [Machine(objects, tmp_path / str(number)) for number in range(3)]


def job(attempt: int) -> Job:
    known = {"id": "x", "name": "job", "user": "ilse", "version": "1", "status": JobStatus.INIT, "statusMsg": ""}
    return Job.model_validate({**known, "attempt": attempt, "createdMs": 0, "updatedMs": 0})


def keys(objects: Objects) -> list[str]:
    return [one.key for one in objects.list()]


def test_files_arrive_as_they_were(machines: list[Machine]) -> None:
    here, there = machines[:2]
    folder = here.begin(1)
    (folder / "deep/empty").mkdir(parents=True)
    (folder / "deep/file").write_bytes(bytes(range(256)) * 1000)
    (folder / "deep/file").chmod(0o750)
    os.utime(folder / "deep/file", (1000, 1000.5))
    (folder / "last").symlink_to("deep/file")
    (folder / "out").symlink_to("/etc/nothing")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch()
    os.mkfifo(folder / "pipe")
    here.end(1)
    found = there.begin(2)
    assert sorted(one.name for one in found.iterdir()) == ["deep", "last", "out", "pipe", "\udcff"]
    assert (found / "last").read_bytes() == (folder / "deep/file").read_bytes()
    assert ((found / "last").stat().st_mtime, (found / "last").stat().st_mode & 0o777) == (1000.5, 0o750)
    assert (found / "out").readlink() == Path("/etc/nothing")
    assert (found / "deep/empty").is_dir()


def test_the_newest_counts(machines: list[Machine], objects: Objects) -> None:
    one, two, three = machines
    (one.begin(1) / "at").write_text("1")
    one.end(1)
    (two.begin(2) / "at").write_text("2")
    two.end(2)
    assert keys(objects) == ["jobs/x/state-2.tar"]
    (one.begin(3) / "at").write_text("3, of an agent that was killed")
    assert three.begin(4).joinpath("at").read_text() == "2"
    three.end(4)
    assert two.begin(5).joinpath("at").read_text() == "2"
    (two.work / "x/state/at").write_text("5, not handed over")
    assert two.begin(6).joinpath("at").read_text() == "5, not handed over"
    (two.work / "x/state/at").unlink()
    two.end(6)
    assert list(one.begin(7).iterdir()) == [], "what was removed does not come back"
    one.handover.forget("x")
    assert keys(objects) == []


def test_nothing_is_handed_over_of_nothing(machines: list[Machine], objects: Objects) -> None:
    for attempt, one in enumerate(machines, 1):
        assert list(one.begin(attempt).iterdir()) == []
        one.end(attempt)
    (machines[0].work / "x/state").rmdir()  # jobs may
    machines[0].end(4)
    assert keys(objects) == []


def test_what_cannot_be_stored_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    objects = FolderObjects(tmp_path / "objects")
    one, two = (Machine(objects, tmp_path / name) for name in "ab")
    (one.begin(1) / "at").write_text("1")
    one.end(1)
    (objects.folder / "jobs").rename(objects.folder / "away")
    (objects.folder / "jobs").write_text("not a folder: nothing can be stored below it")
    one.begin(2)
    one.end(2)
    assert "the job x share cannot be handed over" in caplog.records.pop().message
    (objects.folder / "jobs").unlink()
    (objects.folder / "away").rename(objects.folder / "jobs")
    assert two.begin(3).joinpath("at").read_text() == "1"
    assert not one.handover.busy
