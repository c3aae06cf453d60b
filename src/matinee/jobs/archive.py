"""What jobs leave: the folder of each attempt as one ZIP among the objects, for every machine to read.

Left out is what was only fetched: the files of clusters, applications and commands. So that a long job that is tried
again can go on where it was, its folder ``state`` is kept as well, and laid out anew on the machine of the next
attempt.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from matinee.base.disk import disk_errors
from matinee.base.errors import NotFound
from matinee.base.objects import Objects
from matinee.jobs.records import Job

STATE = "state"
"""A folder of the job, beside those of its attempts."""
_FETCHED = ("genie/applications", "genie/cluster", "genie/command")


class Archive:
    """Folders of jobs, here and among the objects."""

    def __init__(self, objects: Objects, work: Path) -> None:
        self._objects, self._work = objects, work

    def keep(self, job_id: str) -> str:
        """Store every folder of a job that is here; the beginning of their keys."""
        job = self._work / job_id
        with disk_errors(job):
            for folder in sorted(job.iterdir()) if job.is_dir() else ():
                if folder.is_dir():
                    self._keep(folder, _key(job_id, folder.name))
        return f"jobs/{job_id}"

    def is_here(self, job_id: str, name: str) -> bool:
        """Whether a folder of a job is on this machine."""
        return (self._work / job_id / name).is_dir()

    def lay(self, job_id: str, name: str) -> Path:
        """A folder of a job as it is here, or brought here. Raises `NotFound` where it is nowhere."""
        folder = self._work / job_id / name
        if not self.is_here(job_id, name):
            with self._objects.stream(_key(job_id, name)) as stream, disk_errors(folder):
                new = folder.with_name(f".{name}.new")
                shutil.rmtree(new, ignore_errors=True)
                with zipfile.ZipFile(stream) as archive:
                    archive.extractall(new)
                new.rename(folder)
        return folder

    def state(self, job: Job) -> Path:
        """The folder that all attempts of a job share; what an attempt elsewhere has left is brought here."""
        with suppress(NotFound):
            if job.attempt > 1:
                return self.lay(job.id, STATE)
        folder = self._work / job.id / STATE
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _keep(self, folder: Path, key: str) -> None:
        with NamedTemporaryFile(
            dir=folder.parent, prefix=f".{folder.name}.", suffix=".zip"
        ) as new:  # others may try too
            with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive:
                for path in _files(folder):
                    archive.write(path, _name(path.relative_to(folder)))
                count = len(archive.namelist())
            new.flush()
            if count:
                self._objects.put_file(key, Path(new.name))


def _key(job_id: str, name: str) -> str:
    return f"jobs/{job_id}/{name}.zip"


def _name(path: Path) -> str:
    """As a ZIP can hold it: bytes that are no text are written out."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _files(folder: Path) -> Iterator[Path]:
    """Plain files; links may lead anywhere, and pipes never end."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        fetched = any(inside.is_relative_to(one) for one in _FETCHED)
        if path.is_file() and not path.is_symlink() and not fetched:
            yield path
