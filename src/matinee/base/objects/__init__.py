"""Objects: bytes under a key, in a folder or in S3, through fsspec.

Keys are relative POSIX paths such as ``titles/12/poster.webp``. An object appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int
    modified_ms: int
    etag: str
    """Changes whenever the content does."""


class Objects(Protocol):
    """A store of objects. Methods may be called from any thread.

    Methods that take a key raise `InvalidInput` for one that is absolute, empty or climbs with ``..`` (see
    `matinee.base.objects.keys`); those that read raise `NotFound` where nothing lies there; those that write raise
    `Unavailable` where the disk is full or the server gone, and leave what lay there before. Let no key be the
    beginning of another's folders (``a`` and ``a/b``): S3 allows it, a folder answers `Conflict`.
    """

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Store `data`, replacing what lay there; durable on return."""

    def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Store a copy of a local file; durable on return."""

    def get(self, key: str) -> bytes:
        """The whole object."""

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes `start` (included) to `stop` (excluded), fewer where the object ends before.

        Raises `InvalidInput` where `start` is below zero or `stop` before it.
        """

    def stream(self, key: str) -> BinaryIO:
        """The object as a readable, seekable file; close it."""

    def info(self, key: str) -> ObjectInfo:
        """Size, time and etag."""

    def exists(self, key: str) -> bool:
        """Whether something lies there."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, sorted by key."""

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""

    def local(self, key: str) -> Path:
        """A local file with this content, for programs that need a path. Read it, never write it."""

    def close(self) -> None:
        """Release connections."""
