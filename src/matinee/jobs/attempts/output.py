"""What an attempt left in its folder, for readers outside: nothing that its job has linked elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from matinee.base.errors import InvalidInput, NotFound
from matinee.base.objects import ObjectInfo

MOST_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder."""

    name: str
    folder: bool
    size_bytes: int
    modified_ms: int


class Output:
    """The folder of an attempt. It may change while it is read: a job may still run.

    Reads as objects do (`matinee.base.objects.Objects`), by names below the folder. Methods raise `NotFound` where
    nothing lies there, and `InvalidInput` where a name leads out of the folder, by itself or through a link.
    """

    def __init__(self, folder: Path, whose: str) -> None:
        """`whose` is what messages call it: ``The job 42``."""
        self._folder, self._whose = Path(os.path.realpath(folder)), whose

    def path(self, name: str) -> Path:
        """A file, for whoever reads it on this machine."""
        path = self._inside(name)
        if not path.is_file():
            raise self._missing(name)
        return path

    def is_folder(self, name: str) -> bool:
        """Whether a folder lies there; the empty name is that of the attempt itself."""
        return self._inside(name).is_dir()

    def entries(self, name: str = "") -> list[Entry]:
        """Files and folders below a folder, by name, without links; of very many the first `MOST_ENTRIES`."""
        if not self.is_folder(name):
            raise self._missing(name)
        with os.scandir(self._inside(name)) as found:
            return sorted(islice(_entries(found), MOST_ENTRIES), key=lambda one: one.name)

    def info(self, key: str) -> ObjectInfo:
        """Size, time and etag of a file."""
        with self._open(key) as file:
            return _info(key, os.fstat(file.fileno()))

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes `start` (included) to `stop` (excluded), fewer where the file ends before."""
        with self._open(key) as file:
            file.seek(start)
            return file.read(stop - start)

    def stream(self, key: str) -> BinaryIO:
        """The file, readable and seekable; close it."""
        try:
            # A pipe would never open, and a link may have been put there since its name was looked at.
            fd = os.open(self._inside(key), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            raise self._missing(key) from None
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise self._missing(key)
        return os.fdopen(fd, "rb")

    @contextmanager
    def _open(self, key: str) -> Iterator[BinaryIO]:
        with self.stream(key) as file:
            yield file

    def _inside(self, name: str) -> Path:
        try:
            path = Path(os.path.realpath(self._folder / name))
            path.stat()
        except (OSError, ValueError):  # nothing there; a name too long; a NUL in it
            if ".." in name.split("/"):
                raise outside(name) from None
            raise self._missing(name) from None
        if not path.is_relative_to(self._folder):
            raise outside(name)
        return path

    def _missing(self, name: str) -> NotFound:
        return missing(self._whose, name)


def outside(name: str) -> InvalidInput:
    """What is said of a name that leads out of the folder."""
    return InvalidInput(f"{name[:200]!r} is outside of the job's folder.", next_step="Name a file in it.")


def missing(whose: str, name: str = "") -> NotFound:
    """What is said of a name where nothing lies, and of a folder that is nowhere."""
    told = f"{whose} has no file {name[:200]}." if name else f"{whose} has left nothing."
    return NotFound(told, next_step="It may not have begun; ask again later.")


def _entries(found: Iterator[os.DirEntry[str]]) -> Iterator[Entry]:
    for one in found:
        try:
            facts = one.stat(follow_symlinks=False)
        except OSError:
            continue  # it has just been removed
        folder = stat.S_ISDIR(facts.st_mode)
        if folder or stat.S_ISREG(facts.st_mode):
            yield Entry(one.name, folder, 0 if folder else facts.st_size, facts.st_mtime_ns // 1_000_000)


def _info(key: str, facts: os.stat_result) -> ObjectInfo:
    etag = f"{facts.st_mtime_ns:x}-{facts.st_size:x}-{facts.st_ino:x}"
    return ObjectInfo(key, facts.st_size, facts.st_mtime_ns // 1_000_000, etag)
