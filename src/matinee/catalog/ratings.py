"""Ratings files of MovieLens, of millions of rows, as columns.

Whole chunks of lines are parsed by Arrow; a chunk in which anything is unusual is read again line by line, so that
each refused row is told by its line.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from matinee.base.clock import MINUTE_MS
from matinee.base.progress import working
from matinee.catalog.archive import Files
from matinee.catalog.refusals import Refusals

Ints = NDArray[np.int64]
_CHUNK_BYTES = 8 << 20
_SMALLEST_TIME = 100_000_000
"""Seconds since 1970 below which column 4 is no time (1973; MovieLens began in 1995) but the place in a history."""
_ML_1M_ENDS_MS = 1_046_454_590_000
"""The last rating of ml-1m, 2003-02-28: where places in a history end if the file itself has no date."""
_SEPARATORS = (("::", "::"), ("\t", "\t"), (",", ","))


class Ratings(NamedTuple):
    """Columns of equal length."""

    viewers: Ints
    films: Ints
    stars: NDArray[np.float64]
    at_ms: Ints

    def take(self, which: NDArray[np.bool_] | Ints) -> Ratings:
        """The rows of a mask or an order."""
        return Ratings(self.viewers[which], self.films[which], self.stars[which], self.at_ms[which])


_NONE = Ratings(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int64))


def read(files: Files, name: str, films: Ints, now_ms: int) -> tuple[Ratings, Refusals | None]:
    """The ratings of `films` in the file `name`, by viewer, then time; none where there is no such file.

    Raises `InvalidInput` where too many rows are broken.
    """
    where = files.find(name)
    if where is None:
        return _NONE, None
    refused = Refusals(where)
    with working(f"reading {name}", unit="rows") as task, files.open(where) as stream:
        parts = []
        for part in _parts(stream, np.sort(films), refused):
            parts.append(part)
            task.advance(len(part.viewers))
    refused.judge()
    found = Ratings(*map(np.concatenate, zip(*parts, strict=True))) if parts else _NONE
    found = found.take(np.lexsort((found.films, found.at_ms, found.viewers)))
    if len(found.at_ms) and found.at_ms.max() < _SMALLEST_TIME:
        ends_ms = files.modified_ms(where)
        return _spaced(found, ends_ms if 0 < ends_ms <= now_ms else _ML_1M_ENDS_MS), refused
    return found._replace(at_ms=found.at_ms * 1000), refused


def _spaced(found: Ratings, ends_ms: int) -> Ratings:
    """Times for ratings of which only the order in each history is known: a minute apart, the last at `ends_ms`.

    The same file gives the same times, so that it can be imported again. Place 0 means unknown and comes first.
    """
    _, counts = np.unique(found.viewers, return_counts=True)
    last = np.repeat(np.cumsum(counts) - 1, counts)
    return found._replace(at_ms=ends_ms - (last - np.arange(len(last))) * MINUTE_MS)


def _parts(stream: BinaryIO, films: Ints, refused: Refusals) -> Iterator[Ratings]:
    line = 1
    for read_ in _chunks(stream):
        chunk = read_
        separator = next((one for mark, one in _SEPARATORS if mark.encode() in chunk[:200]), ",")
        lines = chunk.count(b"\n")
        if line == 1 and chunk[:9].lower().lstrip(b"\xef\xbb\xbf").startswith((b"userid", b'"userid')):
            chunk = chunk[chunk.find(b"\n") + 1 :]
            line, lines = 2, lines - 1
        columns = _quick(chunk, separator, lines)
        numbers = np.arange(line, line + lines)
        if columns is None:
            columns, numbers = _careful(chunk, separator, line, refused)
        else:
            refused.rows += lines
        yield _sensible(columns, numbers, films, refused)
        line += lines


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines, some megabytes at a time."""
    rest = b""
    while block := stream.read(_CHUNK_BYTES):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
    if rest:
        yield rest + b"\n"


def _quick(chunk: bytes, separator: str, lines: int) -> Ratings | None:
    """The chunk as Arrow reads it; None where any row is unusual."""
    width, step = (7, 2) if separator == "::" else (4, 1)
    names = [f"c{n}" for n in range(width)]
    wanted = names[::step]
    types = dict(zip(wanted, (pa.int64(), pa.int64(), pa.float64(), pa.int64()), strict=True))
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(chunk),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(chunk) + 1),
            parse_options=arrow_csv.ParseOptions(delimiter=separator[0], quote_char=False),
            convert_options=arrow_csv.ConvertOptions(column_types=types, include_columns=wanted, null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines or any(column.null_count for column in table.columns):
        return None
    return Ratings(*(table.column(name).to_numpy() for name in wanted))


def _careful(chunk: bytes, separator: str, line: int, refused: Refusals) -> tuple[Ratings, Ints]:
    """The chunk line by line, and the line of each row that is kept."""
    kept: list[tuple[int, int, float, int]] = []
    numbers: list[int] = []
    for number, whole in enumerate(chunk.split(b"\n")[:-1], line):
        if not whole.strip():
            continue
        refused.rows += 1
        row = whole.rstrip(b"\r").split(separator.encode())
        if len(row) != 4:
            refused.add(f"with too {'few' if len(row) < 4 else 'many'} fields", number)
            continue
        try:
            kept.append((int(row[0]), int(row[1]), float(row[2]), int(row[3])))
        except ValueError:
            refused.add("in which a field is no number", number)
        else:
            numbers.append(number)
    return _columns(kept, numbers, refused)


def _columns(kept: list[tuple[int, int, float, int]], numbers: list[int], refused: Refusals) -> tuple[Ratings, Ints]:
    small = [max(map(abs, (row[0], row[1], row[3]))) < 2**62 for row in kept]
    for fits, number in zip(small, numbers, strict=True):
        if not fits:
            refused.add("with a number beyond all measure", number)
    kept = [row for row, fits in zip(kept, small, strict=True) if fits]
    lines = np.array([number for number, fits in zip(numbers, small, strict=True) if fits], np.int64)
    if not kept:
        return _NONE, lines
    viewers, films, stars, times = zip(*kept, strict=True)
    ints = (np.array(column, np.int64) for column in (viewers, films, times))
    first, second, third = ints
    return Ratings(first, second, np.array(stars, np.float64), third), lines


def _sensible(columns: Ratings, numbers: Ints, films: Ints, refused: Refusals) -> Ratings:
    """The rows that say what can be; the others are counted."""
    good = np.ones(len(numbers), bool)
    for reason, wrong in (
        ("whose viewer id is out of range", (columns.viewers < 1) | (columns.viewers >= 2**31)),
        ("of a film that is not listed", ~_within(columns.films, films)),
        ("with stars outside 0.5 to 5", ~((columns.stars >= 0.5) & (columns.stars <= 5))),
        ("with an impossible time", (columns.at_ms < 0) | (columns.at_ms > 253_402_300_799)),
    ):
        fresh = wrong & good
        if fresh.any():
            refused.add(reason, int(numbers[fresh][0]), int(fresh.sum()))
            good &= ~wrong
    return columns if good.all() else columns.take(good)


def _within(films: Ints, known: Ints) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(films), bool)
    place = np.minimum(np.searchsorted(known, films), len(known) - 1)
    return np.equal(known[place], films)
