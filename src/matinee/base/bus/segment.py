"""A segment that is still a file of frames: the one that is written now, or one that waits to be sealed."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from matinee.base.bus import Message
from matinee.base.bus.framing import Frame, frames
from matinee.base.disk import write_all

_INDEX_BYTES = 1 << 15
"""One index entry for this many bytes, so that reading by offset skips all but that much."""


class Segment:
    """A file of frames whose first message has the offset in its name.

    `position` and `end` say how far it is known to be intact; they only move forward. One thread writes at a
    time; any number read what lies before `position`.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.first = int(path.stem)
        self.end = self.first - 1
        """Offset of its last message."""
        self.position = 0
        """Bytes that are known to be intact and durable."""
        self.opened_ms = 0
        """When its first message came; 0 while it is empty."""
        self._fd = fd
        self._offsets: list[int] = []
        self._positions: list[int] = []
        self._ids: set[str] | None = None

    @classmethod
    def open(cls, path: Path) -> Segment:
        """An existing file, of which nothing is known yet: see `catch_up`."""
        return cls(path, os.open(path, os.O_RDWR))

    @classmethod
    def create(cls, path: Path) -> Segment:
        """A new and empty file; one that a killed process had just created is taken over."""
        return cls(path, os.open(path, os.O_RDWR | os.O_CREAT, 0o644))

    def size_bytes(self) -> int:
        """Size of the file now, whoever wrote it."""
        return os.fstat(self._fd).st_size

    def catch_up(self, stop: int) -> None:
        """Take note of intact frames up to `stop`, in the order in which offsets count."""
        for frame in frames(self._fd, self.position, stop):
            if frame.first != self.end + 1:
                return
            if self._ids is not None:
                self._ids.update(frame.ids())
            self._note(frame.position, frame.first, frame.count, frame.stop, frame.time_ms)

    def append(self, parts: list[tuple[bytes, int]], time_ms: int, ids: set[str]) -> None:
        """Write `(frame, messages)` pairs and sync them. After an `OSError` the file is as it was."""
        data = b"".join(frame for frame, _ in parts)
        try:
            write_all(self._fd, data, self.position)
            os.fdatasync(self._fd)
        except OSError:
            self.cut()
            raise
        for frame, count in parts:
            self._note(self.position, self.end + 1, count, self.position + len(frame), time_ms)
        if self._ids is not None:
            self._ids.update(ids)

    def cut(self) -> None:
        """Drop whatever lies behind the last intact frame."""
        os.ftruncate(self._fd, self.position)

    def sync(self) -> None:
        """Make all of it durable, whoever wrote it."""
        os.fdatasync(self._fd)

    def ids(self) -> set[str]:
        """Every id in it. The first call reads them; from then on they are kept up to date."""
        if self._ids is None:
            self._ids = {one for frame in self.frames() for one in frame.ids()}
        return self._ids

    def frames(self) -> Iterator[Frame]:
        """All intact frames, in order."""
        return frames(self._fd, 0, self.position)

    def read(self, after: int, limit: int) -> list[Message]:
        """Up to `limit` messages behind `after`."""
        found: list[Message] = []
        for frame in frames(self._fd, self._start(after), self.position):
            if frame.last > after:
                found += frame.messages()[max(0, after + 1 - frame.first) :]
            if len(found) >= limit:
                break
        return found[:limit]

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        # Readers may still hold a segment that was sealed meanwhile: its file closes with the last of them.
        self.close()

    def _note(self, position: int, first: int, count: int, stop: int, time_ms: int) -> None:
        if not self._positions or position - self._positions[-1] >= _INDEX_BYTES:
            self._positions.append(position)  # before the offset: readers look that up first
            self._offsets.append(first)
        self.opened_ms = self.opened_ms or time_ms
        self.end = first + count - 1
        self.position = stop

    def _start(self, after: int) -> int:
        place = bisect_right(self._offsets, after + 1) - 1
        return self._positions[place] if place >= 0 else 0
