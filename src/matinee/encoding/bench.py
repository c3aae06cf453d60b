"""The bench: a folder in which a film is worked on, where finished pieces survive whatever happens.

A piece is written under another name, flushed to the disk, renamed, and entered with its size and digest in a list
that is itself replaced whole. A piece that is not on the list, or not as the list says, is made again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import IO, Any

from matinee.base.errors import Conflict, Unavailable

_LIST = "finished.json"


class Bench:
    """A folder of pieces. One process at a time; see `locked`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._finished = self._load()
            self._sweep()

    def piece(self, name: str) -> Path | None:
        """The finished piece, if it is there and whole."""
        path = self.folder / name
        if self._finished.get(name) is None or not path.is_file():
            return None
        return path if _digest(path) == self._finished[name] else None

    def make(self, names: Sequence[str], maker: Callable[[list[Path]], None]) -> list[Path]:
        """Have `maker` write all of these pieces, at the paths that it is given, and keep them."""
        mark = secrets.token_hex(4)
        drafts = [self.folder / f"draft-{mark}-{name}" for name in names]
        try:
            with disk(self.folder):
                maker(drafts)
                paths = [self._keep(draft, name) for draft, name in zip(drafts, names, strict=True)]
                self._save()
                return paths
        finally:
            for draft in drafts:
                draft.unlink(missing_ok=True)

    @contextmanager
    def space(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        folder = self.folder / f"draft-{secrets.token_hex(4)}"
        with disk(folder):
            folder.mkdir()
        try:
            with disk(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Remove the bench with everything on it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, draft: Path, name: str) -> Path:
        _flush(draft)
        self._finished[name] = _digest(draft)
        return draft.rename(self.folder / name)

    def _load(self) -> dict[str, list[Any]]:
        try:
            found = json.loads((self.folder / _LIST).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _save(self) -> None:
        _flush(self.folder)
        draft = self.folder / f"draft-{_LIST}"
        draft.write_text(json.dumps(self._finished))
        _flush(draft)
        draft.rename(self.folder / _LIST)
        _flush(self.folder)

    def _sweep(self) -> None:
        """Remove what an earlier, killed run had begun."""
        for draft in self.folder.glob("draft-*"):
            if draft.is_dir():
                shutil.rmtree(draft, ignore_errors=True)
            else:
                draft.unlink(missing_ok=True)


@contextmanager
def locked(file: Path, what: str) -> Iterator[None]:
    """Hold a lock file among the processes of this machine; the kernel lets go of it when we die.

    Raises `Conflict` that names `what` where another process holds it.
    """
    with disk(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        while (held := _try(file, what)) is None:
            pass
    try:
        yield
    finally:
        # While we hold it nobody else can, so that it is ours to remove.
        file.unlink(missing_ok=True)
        held.close()


def in_use(file: Path) -> bool:
    """Whether a process holds this lock file now."""
    try:
        with file.open("r") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _try(file: Path, what: str) -> IO[str] | None:
    """The locked file; None where it was removed between our opening and our locking it, and so locks nothing."""
    held = file.open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.exists() and os.path.samestat(os.fstat(held.fileno()), file.stat()):
            return held
    except BlockingIOError:
        held.close()
        raise Conflict(
            f"{what} is being encoded by another process.", next_step="Wait until it has finished."
        ) from None
    held.close()
    return None


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turn the system's complaints about writing at `path` into `Unavailable`."""
    try:
        yield
    except OSError as error:
        if error.errno in {ENOSPC, EDQUOT}:
            raise Unavailable(
                f"The disk of {path} is full.",
                next_step="Free some space and run this again; what was finished is kept.",
            ) from error
        raise Unavailable(
            f"{error.filename or path} cannot be used: {error.strerror}.",
            next_step="Check its owner and permissions, or choose another folder with --set encoding.work=FOLDER.",
        ) from error


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(path: Path) -> list[Any]:
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()]
