"""What jobs leave: the folder of each attempt as one ZIP among the objects, for every machine to read.

Left out is what was only fetched: the files of clusters, applications and commands. Each machine archives the attempts
that it has made; an empty file ``.ATTEMPT.kept`` beside a folder stands for its archive.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from matinee.base.disk import disk_errors
from matinee.base.objects import Objects

_FETCHED = ("genie/applications", "genie/cluster", "genie/command")


class Archive:
    """Folders of jobs, here and among the objects."""

    def __init__(self, objects: Objects, work: Path) -> None:
        self._objects, self._work = objects, work

    def keep(self, job_id: str) -> str:
        """Store the folders of a job's attempts that are here and in no archive; the beginning of their keys."""
        with disk_errors(self._work / job_id):
            for folder in self._left(job_id):
                self._keep(folder, _key(job_id, folder.name))
                _mark(folder).touch()
        return f"jobs/{job_id}"

    def lacks(self, job_id: str) -> bool:
        """Whether the folder of an attempt of a job is here and in no archive."""
        try:
            return bool(self._left(job_id))
        except OSError:
            return True  # `keep` says why

    def is_here(self, job_id: str, name: str) -> bool:
        """Whether a folder of a job is on this machine."""
        return (self._work / job_id / name).is_dir()

    def lay(self, job_id: str, name: str) -> Path:
        """A folder of a job as it is here, or brought here. Raises `NotFound` where it is nowhere."""
        folder = self._work / job_id / name
        if not self.is_here(job_id, name):
            with self._objects.stream(_key(job_id, name)) as stream, disk_errors(folder), replacing(folder) as new:
                with zipfile.ZipFile(stream) as archive:
                    archive.extractall(new)
                _mark(folder).touch()
        return folder

    def _left(self, job_id: str) -> list[Path]:
        folders = [self._work / job_id / str(one) for one in attempts(self._work / job_id)]
        return [one for one in folders if not _mark(one).exists()]

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


def attempts(job: Path) -> list[int]:
    """Attempts of a job whose folders are in a folder."""
    return sorted(int(one.name) for one in job.iterdir() if one.name.isdecimal()) if job.is_dir() else []


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of one, once it is whole."""
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    yield new
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _mark(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.kept")


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
