"""Objects on their way into a folder: written beside it in the same file system, synced, then renamed into place.

A file being written is locked; one that a killed process left is not, and is swept away by the next that opens the
folder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from matinee.base.disk import make_folder, sync_folder

_FRESH_S = 60.0
"""A file this young may belong to a process that has not locked it yet."""
_ATTEMPTS = 20


def store(incoming: Path, target: Path, write: Callable[[int], None]) -> None:
    """Put at `target` what `write` writes into an open file, whole or not at all, durable on return."""
    make_folder(incoming)
    temporary = incoming / uuid.uuid4().hex
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        write(fd)
        # The time in full resolution, which is part of the etag; file systems count in ticks of some milliseconds.
        now_ns = time.time_ns()
        os.utime(fd, ns=(now_ns, now_ns))
        os.fsync(fd)
        _rename(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    with suppress(FileNotFoundError):  # deleted by somebody since, and its folder with it
        sync_folder(target.parent)


def _rename(temporary: Path, target: Path) -> None:
    """Move into place; the folder may vanish meanwhile because its last object was deleted."""
    for attempt in range(_ATTEMPTS):
        try:
            make_folder(target.parent)
            temporary.replace(target)
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1 or not temporary.exists():
                raise
        else:
            return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target))


def sweep(incoming: Path) -> None:
    """Remove what killed processes left."""
    for path in incoming.iterdir() if incoming.is_dir() else ():
        try:
            fd = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(fd).st_mtime > _FRESH_S:
                path.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(fd)
