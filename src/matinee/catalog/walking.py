"""A library folder, folder by folder: reading only, links that lead in circles followed once, failures told."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from matinee.base.errors import InvalidInput, NotAllowed, NotFound
from matinee.catalog.naming import is_skipped_folder

_DEEPEST = 32
_IGNORED = {".ignore", ".nomedia", ".plexignore"}  # the first two empty or not; Plex's pattern file is taken whole


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or folder that was left out, and why: completes "PATH ..."."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class File:
    """A file as its folder lists it."""

    path: Path
    etag: str
    """Changes when the file does: size and time of its last change."""
    size: int

    @property
    def stem(self) -> str:
        """Name without the suffix."""
        return self.path.stem

    @property
    def suffix(self) -> str:
        """Suffix in lower case, with its dot."""
        return self.path.suffix.lower()


@dataclass(slots=True)
class Folder:
    """One folder and its files, by name."""

    path: Path
    is_root: bool
    files: list[File] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    """Those that may hold films."""
    refused: list[Refused] = field(default_factory=list)
    unreadable: bool = False


def walk(root: Path) -> Iterator[Folder]:
    """The folders of a library, `root` first, each before those in it; only one is in memory at a time.

    Raises `NotFound`, `InvalidInput` and `NotAllowed` where `root` cannot be read at all.
    """
    _check(root)
    seen: set[tuple[int, int]] = set()
    waiting = [(root, 0)]
    while waiting:
        path, depth = waiting.pop()
        folder = list_folder(path, is_root=depth == 0, seen=seen)
        if depth == _DEEPEST:
            folder.refused += [Refused(str(one), f"lies more than {_DEEPEST} folders deep") for one in folder.folders]
            folder.folders = []
        yield folder
        waiting += [(one, depth + 1) for one in reversed(folder.folders)]


def _check(root: Path) -> None:
    try:
        if not stat.S_ISDIR(root.stat().st_mode):
            raise InvalidInput(f"{root} is not a folder.", next_step="Name the folder that holds the films.")
        os.scandir(root).close()
    except FileNotFoundError:
        raise NotFound(f"There is no folder {root}.", next_step="Check its name.") from None
    except PermissionError:
        raise NotAllowed(f"{root} may not be read.", next_step="Give yourself the permission to read it.") from None


def list_folder(path: Path, *, is_root: bool, seen: set[tuple[int, int]]) -> Folder:
    """What lies in one folder; nothing where it was `seen` before, by another way."""
    folder = Folder(path, is_root)
    try:
        facts = path.stat()
        if (facts.st_dev, facts.st_ino) in seen:
            return folder
        seen.add((facts.st_dev, facts.st_ino))
        with os.scandir(path) as entries:
            listed = sorted(entries, key=lambda one: one.name)
    except OSError as error:
        folder.refused.append(Refused(_shown(path), _why(error)))
        folder.unreadable = True
        return folder
    if not is_root and any(entry.name in _IGNORED for entry in listed):
        return folder
    for entry in listed:
        _enter(folder, entry)
    return folder


def _enter(folder: Folder, entry: os.DirEntry[str]) -> None:
    path = Path(entry.path)
    if entry.name.startswith("."):
        return
    try:
        entry.name.encode()
        if entry.is_dir():
            if not is_skipped_folder(entry.name, inside=not folder.is_root):
                folder.folders.append(path)
            return
        facts = entry.stat()
    except UnicodeEncodeError:
        folder.refused.append(Refused(_shown(path), "has a name that is not UTF-8: rename it"))
    except OSError as error:
        folder.refused.append(Refused(str(path), _why(error)))
    else:
        if stat.S_ISREG(facts.st_mode):
            folder.files.append(File(path, f"{facts.st_size:x}-{facts.st_mtime_ns:x}", facts.st_size))


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "may not be read"
    if isinstance(error, FileNotFoundError):
        return "is a link to nothing"
    return f"cannot be read: {error.strerror}"


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()
