"""Events in JSON Lines files: one event per line, in UTF-8, as `codec.encode` writes it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from matinee.base.bus import Receipt
from matinee.base.errors import NotFound, Unavailable
from matinee.base.progress import track, working
from matinee.events.codec import MAX_BYTES, Refusal, try_decode
from matinee.events.records import Event

BATCH = 5_000
SHOWN = 20
"""Refused lines that a report quotes; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a file of events."""

    accepted: int
    doubled: int
    refused: int
    reasons: tuple[tuple[str, int], ...]
    """Why lines were refused, with how many, most frequent first."""
    first_refusals: tuple[Refusal, ...]
    """The first lines refused; `index` counts lines from 0."""


def read(path: Path, record: Callable[[Sequence[Event]], Receipt]) -> Import:
    """Hand the events in a file to `record`, a batch at a time, and tell what became of them.

    Raises `NotFound` where there is no such file and `Unavailable` where it cannot be read.
    """
    accepted = doubled = refused = 0
    reasons: Counter[str] = Counter()
    shown: list[Refusal] = []
    try:
        size = path.stat().st_size
        with path.open("rb") as file, working(f"importing {path.name}", size, "bytes") as task:
            for batch, refusals, read_bytes in _batches(file):
                receipt = record(batch)
                accepted += receipt.accepted
                doubled += receipt.doubled
                refused += len(refusals)
                reasons.update(f"{one.field} {one.reason}".strip() for one in refusals)
                shown.extend(refusals[: SHOWN - len(shown)])
                task.advance(read_bytes)
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", next_step="Check its name.") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.", next_step="Check its owner.") from None
    return Import(accepted, doubled, refused, tuple(reasons.most_common()), tuple(shown))


def _batches(file: BinaryIO) -> Iterable[tuple[list[Event], list[Refusal], int]]:
    events: list[Event] = []
    refusals: list[Refusal] = []
    read_bytes = 0
    for index, line in enumerate(_lines(file)):
        read_bytes += len(line)
        if line.strip():
            found = try_decode(line.strip(), index)
            if isinstance(found, Refusal):
                refusals.append(found)
            else:
                events.append(found)
        if len(events) + len(refusals) >= BATCH:
            yield events, refusals, read_bytes
            events, refusals, read_bytes = [], [], 0
    yield events, refusals, read_bytes


def _lines(file: BinaryIO) -> Iterable[bytes]:
    """Lines, none of them read further than an event may be long: a file without line ends must not fill memory."""
    while line := file.readline(MAX_BYTES + 1):
        yield line
        while len(line) > MAX_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_BYTES + 1)


def write(path: Path, lines: Iterable[bytes]) -> int:
    """Write the lines to a file, which appears whole or not at all, and return how many there were.

    Raises `Unavailable` where the disk is full or the folder cannot be written.
    """
    part = path.with_name(path.name + ".part")
    count = 0
    try:
        with part.open("wb") as file:
            for line in track(lines, f"exporting {path.name}", unit="events"):
                file.write(line + b"\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unavailable(f"{path} cannot be written: {error.strerror}.", next_step="Choose another place.") from None
    return count
