"""Files that survive a power cut, and what a disk's refusals are called.

A file is durable only when its bytes and its name are: the name lies in the folder, which is synced by itself
(see Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014).
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from matinee.base.errors import Unavailable

_NEXT_STEPS = {
    errno.ENOSPC: "Free some space on that disk and run this again; what was stored before is intact.",
    errno.EDQUOT: "Free some of your quota on that disk and run this again; what was stored before is intact.",
    errno.EACCES: "Check who owns it and that you may read and write there.",
    errno.EPERM: "Check who owns it and that you may read and write there.",
    errno.EROFS: "The disk is mounted read-only; choose a folder on another one.",
    errno.ENOENT: "Check that the folder exists and that its disk is mounted.",
    errno.ENOTDIR: "A file lies where a folder should be; choose another folder.",
    errno.EEXIST: "A file lies where a folder should be; choose another folder.",
    errno.EMFILE: "Too many files are open; raise the limit (`ulimit -n`).",
}


def unavailable(where: Path, error: OSError) -> Unavailable:
    """The disk's refusal as a sentence that names the place."""
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    step = _NEXT_STEPS.get(error.errno or 0, "Check the disk; its system log tells more.")
    return Unavailable(f"{where} cannot be used: {reason}.", next_step=step)


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn every `OSError` of the block into `Unavailable` that names `where`."""
    try:
        yield
    except OSError as error:
        raise unavailable(where, error) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, durably; nothing happens where it exists."""
    absent = []
    while not folder.is_dir():
        absent.append(folder)
        folder = folder.parent
    for one in reversed(absent):
        with suppress(FileExistsError):
            one.mkdir()
        if not stat.S_ISDIR(one.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(one))
        sync_folder(one.parent)


def write_all(fd: int, data: bytes, position: int) -> None:
    """Write every byte at `position`; the system may take them in pieces."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, position)
        view, position = view[written:], position + written


def write_file(path: Path, data: bytes) -> None:
    """Write a file and sync its bytes; its name is not durable yet."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        write_all(fd, data, 0)
        os.fsync(fd)
    finally:
        os.close(fd)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all, durable on return."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        write_file(temporary, data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
