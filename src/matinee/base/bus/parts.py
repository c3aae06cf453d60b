"""The segments of a topic's folder, in order and without a gap between them."""

from __future__ import annotations

import re
from itertools import pairwise, zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matinee.base.bus.sealed import Sealed
from matinee.base.bus.segment import Segment
from matinee.base.errors import Unavailable

Part = Sealed | Segment

_PART = re.compile(r"(\d{20})\.(log|parquet)")
_OURS = re.compile(r"\d{20}\.(log|parquet|ids|parquet\.tmp)|tail|sealing|consumers")
_ATTEMPTS = 10


def log_path(folder: Path, first: int) -> Path:
    """Where the segment whose first message has that offset is written."""
    return folder / f"{first:020d}.log"


def is_topic(folder: Path) -> bool:
    """Whether the folder holds a segment."""
    return folder.is_dir() and any(_PART.fullmatch(path.name) for path in folder.iterdir())


def scan(folder: Path, known: list[Part]) -> list[Part]:
    """All parts in the folder; those in `known` that are still there are kept, with all they have learnt.

    A part that is both sealed and still a file of frames counts as sealed. Raises `Unavailable` that names a
    file which is foreign, damaged or missing.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _scan(folder, {part.path: part for part in known})
        except FileNotFoundError:  # another process sealed one while we looked
            continue
    raise Unavailable(f"The folder {folder} changes too quickly to be read.", next_step="Try again.")


def _scan(folder: Path, known: dict[Path, Part]) -> list[Part]:
    paths = _paths(folder)
    while paths != (again := _paths(folder)):  # listing a folder is not atomic: a rename may hide a file
        paths = again
    parts: list[Part] = []
    for path, following in zip_longest(paths, paths[1:]):
        end = int(following.stem) - 1 if following else None
        part = known.get(path)
        if part is None:
            part = _sealed(path, end) if path.suffix == ".parquet" else Segment.open(path)
        if isinstance(part, Segment) and end is not None:
            _check_closed(part, end)
        parts.append(part)
    for one, following_part in pairwise(parts):
        if one.end + 1 != following_part.first:
            raise _gap(one, following_part)
    return parts


def _paths(folder: Path) -> list[Path]:
    found: dict[str, Path] = {}
    for path in folder.iterdir():
        match = _PART.fullmatch(path.name)
        if match and (match[2] == "parquet" or match[1] not in found):
            found[match[1]] = path
        elif not match and not _OURS.fullmatch(path.name) and not path.name.startswith("."):
            raise Unavailable(f"{path} does not belong in an event log.", next_step="Move that file elsewhere.")
    return [found[name] for name in sorted(found)]


def _sealed(path: Path, end: int | None) -> Sealed:
    if end is None:  # the file that followed is gone
        try:
            end = int(path.stem) + pq.read_metadata(path).num_rows - 1
        except pa.ArrowException as error:
            raise Unavailable(
                f"The segment {path} of the event log is damaged: {error}.", next_step="Restore it from a backup."
            ) from error
    return Sealed(path, end)


def _check_closed(segment: Segment, end: int) -> None:
    size = segment.size_bytes()
    segment.catch_up(size)
    if segment.position != size or segment.end != end:
        raise damaged(segment, f"it is intact up to message {segment.end} where {end} is its last")


def damaged(segment: Segment, reason: str) -> Unavailable:
    """What to say of a file whose acknowledged messages cannot be read."""
    return Unavailable(
        f"The segment {segment.path} of the event log is damaged at byte {segment.position}: {reason}.",
        next_step="Restore that file from a backup; the other segments are as they were.",
    )


def missing(path: Path) -> Unavailable:
    """What to say where a segment is gone."""
    return Unavailable(f"The segment {path} of the event log is missing.", next_step="Restore it from a backup.")


def _gap(one: Part, following: Part) -> Unavailable:
    return Unavailable(
        f"{one.path} ends with message {one.end} but {following.path} begins with {following.first}.",
        next_step="A file between them is missing: restore it from a backup.",
    )
