"""Files that somebody delivered together: a ZIP archive or an unpacked folder, read without ever writing to disk.

An archive comes from strangers, so it is judged by its table of contents first (names that climb out, links,
encryption, too many members) and by the bytes that really come out of it after that: a member that grows a
hundredfold is a bomb (Fifield, "A better zip bomb", WOOT 2019, whose members overlap and grow a thousandfold).
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, BinaryIO, Protocol, Self, cast

from matinee.base.errors import InvalidInput, MatineeError, NotAllowed, NotFound

MEMBERS = 10_000
TOTAL_BYTES = 8 << 30
"""Of what is read of one archive; the ratings of ml-32m are 0.9 GiB."""
RATIO = 100
"""Unpacked to packed bytes; text packs to a fifth, seldom to a twentieth."""
# All that zipfile raises at a damaged archive.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,  # NotImplementedError too, for ways of packing that it does not know
)
_FREE_BYTES = 1 << 20  # any member may grow to this, however small it is packed


class Files(Protocol):
    """Some files, by their last names."""

    path: Path

    def names(self) -> list[str]:
        """Paths inside the archive or folder, with forward slashes, sorted."""

    def find(self, name: str) -> str | None:
        """The path of the file with that last name, whatever the case; the shallowest of several."""

    def open(self, name: str) -> BinaryIO:
        """A readable stream of a path that `names` lists."""

    def read(self, name: str, limit: int = 256 << 20) -> bytes:
        """The whole file. Raises `InvalidInput` where it is larger than `limit`."""

    def modified_ms(self, name: str) -> int:
        """When the file was last changed."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_files(path: Path) -> Files:
    """The files of a ZIP archive or a folder.

    Raises `NotFound`, `NotAllowed`, and `InvalidInput` for what is neither, damaged, encrypted or made to harm.
    """
    try:
        if path.is_dir():
            return Folder(path)
        return Archive(path)
    except FileNotFoundError:
        raise NotFound(f"There is no {path}.", next_step="Check the name of the file.") from None
    except PermissionError:
        raise NotAllowed(f"{path} may not be read.", next_step="Give yourself the permission to read it.") from None


class _Named:
    path: Path

    def names(self) -> list[str]:
        raise NotImplementedError

    def open(self, name: str) -> BinaryIO:
        raise NotImplementedError

    def find(self, name: str) -> str | None:
        wanted = name.casefold()
        found = [one for one in self.names() if PurePosixPath(one).name.casefold() == wanted]
        return min(found, key=lambda one: (one.count("/"), one), default=None)

    def read(self, name: str, limit: int = 256 << 20) -> bytes:
        with self.open(name) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise InvalidInput(
                f"{self.path}: {name} is larger than {limit >> 20} MiB.", next_step="Check that it is the right file."
            )
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Folder(_Named):
    """The files of a folder and of the folders in it, two levels deep; links are not followed out of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        list(path.iterdir())  # says at once where that is not allowed
        self._files = {
            one.relative_to(path).as_posix(): one
            for pattern in ("*", "*/*")
            for one in sorted(path.glob(pattern))
            if one.is_file() and one.resolve().is_relative_to(path.resolve())
        }

    def names(self) -> list[str]:
        """Paths inside the folder."""
        return sorted(self._files)

    def open(self, name: str) -> BinaryIO:
        """A readable stream."""
        try:
            return self._files[name].open("rb")
        except PermissionError:
            raise NotAllowed(
                f"{self._files[name]} may not be read.", next_step="Give yourself the permission to read it."
            ) from None

    def modified_ms(self, name: str) -> int:
        """When the file was last changed."""
        return self._files[name].stat().st_mtime_ns // 1_000_000


class Archive(_Named):
    """The members of a ZIP archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as start:  # which also says whether that is allowed
            magic = start.read(4)
        try:
            self._zip = zipfile.ZipFile(path)
        except _UNREADABLE as error:
            raise self._wrong(_not_a_zip(magic), cause=error) from None
        try:
            self._members = self._judged(self._zip.infolist())
        except BaseException:
            self._zip.close()
            raise
        self._left = TOTAL_BYTES

    def names(self) -> list[str]:
        """Paths inside the archive."""
        return sorted(self._members)

    def modified_ms(self, name: str) -> int:
        """The date that the archive gives the member, taken as UTC."""
        try:
            moment = datetime(*self._members[name].date_time, tzinfo=UTC)
        except ValueError:
            return 0
        return int(moment.timestamp()) * 1000

    def open(self, name: str) -> BinaryIO:
        """A stream that raises `InvalidInput` once more comes out of it than can be meant."""
        member = self._members[name]
        try:
            stream = self._zip.open(member)
        except _UNREADABLE as error:
            raise self._wrong(f"cannot be unpacked: {name} is damaged or packed in an unknown way", error) from None
        return cast("BinaryIO", io.BufferedReader(_Guarded(self, name, stream, member.compress_size), 1 << 20))

    def took(self, name: str, unpacked: int, packed: int, fresh: int) -> None:
        """Judge what has come out so far of a member and of the whole archive."""
        self._left -= fresh
        if unpacked > max(_FREE_BYTES, RATIO * packed):
            raise self._wrong(f"is made to fill the disk: {name} unpacks to over {RATIO} times its size")
        if self._left < 0:
            raise self._wrong(f"is made to fill the disk: it unpacks to over {TOTAL_BYTES >> 30} GiB")

    def damaged(self, name: str, cause: Exception) -> MatineeError:
        """The error for a member that cannot be unpacked."""
        return self._wrong(f"is damaged: {name} cannot be unpacked", cause)

    def _judged(self, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(members) > MEMBERS:
            raise self._wrong(f"holds {len(members):,} files; {MEMBERS:,} are the most that are read")
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            fault = _fault(member)
            if fault:
                raise self._wrong(f"is refused: {member.filename[:100]!r} {fault}")
            if member.filename in found:
                raise self._wrong(f"is refused: it holds {member.filename[:100]!r} twice")
            if not member.is_dir():
                found[member.filename] = member
        return found

    def _wrong(self, what: str, cause: Exception | None = None) -> InvalidInput:
        why = f" ({cause})" if cause is not None and str(cause) else ""
        return InvalidInput(f"{self.path} {what}{why}.", next_step="Fetch it again from where it is published.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


class _Guarded(io.RawIOBase):
    """A member as it is unpacked, which counts what comes out."""

    def __init__(self, archive: Archive, name: str, stream: IO[bytes], packed: int) -> None:
        self._archive, self._name, self._stream, self._packed = archive, name, stream, packed
        self._unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._stream.read(len(view))
        except _UNREADABLE as error:
            raise self._archive.damaged(self._name, error) from None
        self._unpacked += len(data)
        self._archive.took(self._name, self._unpacked, self._packed, len(data))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _fault(member: zipfile.ZipInfo) -> str:
    # `orig_filename` is what the archive says; `filename` was cut at a NUL and given forward slashes.
    name = member.orig_filename.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":":
        return "is an absolute path"
    if ".." in PurePosixPath(name).parts:
        return "climbs out of the archive"
    if "\0" in name:
        return "has a NUL in its name"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & 0x1:
        return "is encrypted"
    return ""


def _not_a_zip(magic: bytes) -> str:
    if not magic:
        return "is empty"
    if magic.startswith(b"PK"):
        return "is truncated or damaged: its table of contents is missing"
    return "is not a ZIP archive"
