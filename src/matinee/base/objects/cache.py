"""Local copies of remote objects for programs that need a path: bounded, and never half a file."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from matinee.base.disk import disk_errors, make_folder
from matinee.base.objects import ObjectInfo

_IN_USE_S = 3600.0
"""A copy handed out this lately is kept: a program may be about to open it."""


class Copies:
    """A folder of copies, each under a name made of its place, key and etag; the longest unused go first."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self._limit_bytes = limit_bytes
        self._trimming = threading.Lock()

    def get(self, place: str, info: ObjectInfo, download: Callable[[Path], None]) -> Path:
        """The copy of that very content, made by `download` where it is not there; `Unavailable` on a full disk."""
        name = hashlib.blake2b(f"{place}\n{info.key}\n{info.etag}".encode(), digest_size=16).hexdigest()
        path = self.folder / (name + PurePosixPath(info.key).suffix)  # programs go by the suffix
        with disk_errors(path):
            if _size(path) != info.size_bytes:  # absent, or emptied by a power cut
                make_folder(self.folder)
                self._fetch(path, download)
                self._trim(keep=path)
            with suppress(FileNotFoundError):
                os.utime(path)
        return path

    def _fetch(self, path: Path, download: Callable[[Path], None]) -> None:
        temporary = self.folder / f".{uuid.uuid4().hex}.tmp"
        try:
            download(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _trim(self, keep: Path) -> None:
        with self._trimming:
            found = []
            for path in self.folder.iterdir():
                with suppress(FileNotFoundError):
                    found.append((path.stat().st_mtime, path.stat().st_size, path))
            over = sum(size for _, size, _ in found) - self._limit_bytes
            for used_s, size, path in sorted(found):
                if over <= 0 or used_s > time.time() - _IN_USE_S:
                    return
                if path != keep:
                    path.unlink(missing_ok=True)
                    over -= size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
