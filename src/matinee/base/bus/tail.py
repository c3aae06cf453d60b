"""A topic's tail: the lock that its writers hold, and how far the log is durable.

One small file is both. Writers of all processes hold its `flock` while they append; the kernel lets go of it when
a process dies. Its 32 bytes tell readers of all processes up to where frames are durable, so that none is handed
out that a power cut could still take back:

    8  offset in the name of the segment being written      8  durable bytes in it
    8  offset of the last message                           4  CRC-32 of these       4  zero

The file itself is never synced. After a power cut it may tell of an earlier state, never of a later one.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_FIELDS = struct.Struct("<qqq")
_CRC = struct.Struct("<II")
_BYTES = _FIELDS.size + _CRC.size
_ATTEMPTS = 100


class State(NamedTuple):
    """How far a topic is durable."""

    first: int
    """Offset in the name of the segment being written."""
    position: int
    """Durable bytes in it."""
    end: int
    """Offset of the last message."""


class Tail:
    """An open tail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other writers out, of this process and of others."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def load(self) -> State | None:
        """What it tells, None where it is damaged or new."""
        for _ in range(_ATTEMPTS):  # a writer may be half-way through its 32 bytes
            data = os.pread(self._fd, _BYTES, 0)
            if len(data) != _BYTES:
                return None
            if _CRC.unpack_from(data, _FIELDS.size)[0] == zlib.crc32(data[: _FIELDS.size]):
                return State(*_FIELDS.unpack_from(data))
        return None

    def store(self, state: State) -> None:
        """Tell everybody. Call it with the lock held, after what it tells of has been synced."""
        fields = _FIELDS.pack(*state)
        os.pwrite(self._fd, fields + _CRC.pack(zlib.crc32(fields), 0), 0)

    def close(self) -> None:
        """Close the file, which lets go of the lock."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
