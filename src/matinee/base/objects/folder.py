"""Objects in a folder: each a plain file at its key, so that any program can read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from matinee.base import urls
from matinee.base.disk import disk_errors, make_folder, sync_folder, unavailable, write_all
from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.base.objects import ObjectInfo
from matinee.base.objects.incoming import store, sweep
from matinee.base.objects.keys import RESERVED, check_key, check_prefix

_COPY_BYTES = 1 << 20


class FolderObjects:
    """Objects in a folder. Methods may be called from any thread, by any number of processes.

    A key that goes on below another object's key is a `Conflict`: a file cannot be a folder too. Links are
    followed only while they stay inside the folder.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`, creating it where there is none; raises `Unavailable` where it may not be used."""
        with disk_errors(folder):
            make_folder(folder)
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
            self.folder = folder.resolve(strict=True)
            self._incoming = self.folder / RESERVED
            sweep(self._incoming)

    @classmethod
    def open(cls, url: str, root: Path) -> FolderObjects:
        """Open ``file://FOLDER``; a relative folder is taken from `root`."""
        return cls(urls.parse("backends.objects", url, ()).path(root))

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Store `data`, replacing what lay there; durable on return."""
        with self._writing(key) as path:
            store(self._incoming, path, lambda fd: write_all(fd, data, 0))
            return _info(key, path.stat())

    def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Store a copy of a local file; durable on return."""
        with _source(path) as source, self._writing(key) as target:
            store(self._incoming, target, lambda fd: _copy(source, fd))
            return _info(key, target.stat())

    def get(self, key: str) -> bytes:
        """The whole object."""
        with self._reading(key) as path:
            return path.read_bytes()

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes `start` (included) to `stop` (excluded), fewer where the object ends before."""
        check_range(start, stop)
        with self._reading(key) as path, path.open("rb") as file:
            file.seek(start)
            return file.read(max(0, stop - start))

    def stream(self, key: str) -> BinaryIO:
        """The object as a readable, seekable file; close it."""
        with self._reading(key) as path:
            return path.open("rb")

    def info(self, key: str) -> ObjectInfo:
        """Size, time and etag."""
        with self._reading(key) as path:
            return _info(key, path.stat())

    def exists(self, key: str) -> bool:
        """Whether something lies there."""
        try:
            self.info(key)
        except NotFound:
            return False
        return True

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, sorted by key."""
        above = check_prefix(prefix).rpartition("/")[0]
        with disk_errors(self.folder):
            yield from self._walk(self._inside(above) if above else self.folder, f"{above}/" if above else "", prefix)

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        with disk_errors(self.folder / key):
            path = self._place(key)
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return
            with suppress(FileNotFoundError):  # another delete has removed the folder already
                sync_folder(path.parent)
            self._prune(path.parent)

    def local(self, key: str) -> Path:
        """The file itself. Read it, never write it."""
        with self._reading(key) as path:
            return path

    def close(self) -> None:
        """Nothing is held open."""

    def _walk(self, folder: Path, above: str, prefix: str) -> Iterator[ObjectInfo]:
        """Depth first, in the order of whole keys: a folder sorts as if its name ended in a slash."""
        try:
            entries = [
                (f"{one.name}/" if one.is_dir(follow_symlinks=False) else one.name) for one in os.scandir(folder)
            ]
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in sorted(entries):
            key = above + name
            if name == f"{RESERVED}/" and not above:
                continue
            if name.endswith("/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(folder / name, key, prefix)
            elif key.startswith(prefix):
                # Deleted meanwhile, a folder behind a link, a link that leads out, a name that is no key: no object.
                with suppress(NotFound, InvalidInput):
                    yield self.info(key)

    def _inside(self, key: str) -> Path:
        """The real path of what lies at `key`, links resolved; raises `InvalidInput` where it leads out."""
        path = Path(os.path.realpath(self.folder / check_key(key)))
        if not path.is_relative_to(self.folder):
            raise InvalidInput(
                f"The key {key!r} leads out of {self.folder} through a link.", next_step="Remove that link."
            )
        return path

    def _place(self, key: str) -> Path:
        """Where an object is put or removed: a link there is itself replaced, those above it are followed."""
        above, _, name = check_key(key).rpartition("/")
        return (self._inside(above) if above else self.folder) / name

    @contextmanager
    def _reading(self, key: str) -> Iterator[Path]:
        path = self._inside(key)
        try:
            if not path.is_file():
                raise FileNotFoundError
            yield path
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"There is no object {key!r}.", next_step="Check the key.") from None
        except OSError as error:
            raise unavailable(self.folder / key, error) from error

    @contextmanager
    def _writing(self, key: str) -> Iterator[Path]:
        path = self._place(key)
        try:
            yield path
        except (NotADirectoryError, FileExistsError, IsADirectoryError) as error:
            raise Conflict(
                f"{key!r} cannot be stored: another object lies at a part of that key, or below it.",
                next_step="Choose another key or delete that object.",
            ) from error
        except OSError as error:
            raise unavailable(self.folder / key, error) from error

    def _prune(self, folder: Path) -> None:
        """Remove folders that have become empty."""
        with suppress(OSError):
            while folder != self.folder and folder.is_relative_to(self.folder):
                folder.rmdir()
                folder = folder.parent


def check_range(start: int, stop: int) -> None:
    """Raise `InvalidInput` where bytes are counted from below zero."""
    if start < 0 or stop < start:
        raise InvalidInput(
            f"Bytes {start} to {stop} are no range.", next_step="Count from 0 and let the end follow the start."
        )


@contextmanager
def _source(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", next_step="Check its name.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    with file:
        yield file


def _copy(source: BinaryIO, fd: int) -> None:
    position = 0
    while data := source.read(_COPY_BYTES):
        write_all(fd, data, position)
        position += len(data)


def _info(key: str, found: os.stat_result) -> ObjectInfo:
    etag = f"{found.st_mtime_ns:x}-{found.st_size:x}"
    return ObjectInfo(key, found.st_size, found.st_mtime_ns // 1_000_000, etag)
