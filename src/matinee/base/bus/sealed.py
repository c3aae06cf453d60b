"""A sealed segment: Parquet (zstd; columns offset, id, time_ms, body) with a file of digests beside it.

Any tool that reads Parquet reads the log's past. Sealing is a rename: until then the file of frames counts, and
afterwards it is waste that may be removed at any time. Pages carry checksums, which are checked on reading.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from matinee.base.bus import Message
from matinee.base.bus.digests import U64, Digests, digests, encode
from matinee.base.bus.framing import Frame
from matinee.base.bus.segment import Segment
from matinee.base.disk import replace_file, sync_folder
from matinee.base.errors import Unavailable


def _field(name: str, kind: Any) -> Any:
    return pa.field(name, kind, nullable=False)


SCHEMA: pa.Schema = pa.schema(
    [
        _field("offset", pa.int64()),
        _field("id", pa.string()),
        _field("time_ms", pa.int64()),
        _field("body", pa.binary()),
    ]
)
GROUP_ROWS = 8192


class Sealed:
    """A sealed segment with the messages `first` to `end`, both included."""

    def __init__(self, path: Path, end: int) -> None:
        self.path = path
        self.first = int(path.stem)
        self.end = end
        self._digests: Digests | None = None
        self._group: tuple[int, pa.Table] | None = None

    def read(self, after: int, limit: int) -> list[Message]:
        """Up to `limit` messages behind `after`."""
        start = max(after + 1, self.first)
        if start > self.end or limit <= 0:
            return []
        index, skip = divmod(start - self.first, GROUP_ROWS)
        found = self._rows(index, skip, limit)
        while len(found) < limit and self.first + (index + 1) * GROUP_ROWS <= self.end:
            index += 1
            found += self._rows(index, 0, limit - len(found))
        return found

    def holds(self, wanted: U64) -> NDArray[np.bool_]:
        """Which of the digests are those of its ids."""
        if self._digests is None:
            self._digests = self._open_digests()
        return self._digests.holds(wanted)

    def _rows(self, index: int, skip: int, limit: int) -> list[Message]:
        held = self._group  # one reader after the other walks through a group; two only read it twice
        if held is None or held[0] != index:
            held = self._group = (index, self._load(index))
        part = held[1].slice(skip, limit)
        return list(map(Message, *(column.to_pylist() for column in part.columns)))

    def forget(self) -> None:
        """Let go of the rows kept for the next reader."""
        self._group = None

    def _load(self, index: int) -> pa.Table:
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                self._check(file.metadata.num_rows, file.schema_arrow)
                return file.read_row_group(index, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise self._damaged(str(error).splitlines()[0]) from error

    def _check(self, rows: int, schema: Any) -> None:
        if not schema.equals(SCHEMA):
            raise self._damaged("its columns are not those of a log")
        if rows != self.end - self.first + 1:
            raise self._damaged(f"it holds {rows} messages where {self.end - self.first + 1} belong")

    def _damaged(self, reason: str) -> Unavailable:
        return Unavailable(
            f"The segment {self.path} of the event log is damaged: {reason}.",
            next_step="Restore that file from a backup; the other segments are as they were.",
        )

    def _open_digests(self) -> Digests:
        path = self.path.with_suffix(".ids")
        try:
            return Digests(path)
        except (FileNotFoundError, ValueError):  # it can always be made again
            try:
                column = pq.read_table(self.path, columns=["id"], use_threads=False).column(0)
            except (pa.ArrowException, OSError) as error:
                raise self._damaged(str(error).splitlines()[0]) from error
            replace_file(path, encode(digests(map(str, column.to_pylist()))))
            return Digests(path)


def seal(segment: Segment) -> None:
    """Write `segment` as Parquet beside itself and remove the file of frames.

    Killed before the rename, the file of frames still counts and the rest is written over; killed after it, the
    file of frames is removed by whoever looks next.
    """
    target = segment.path.with_suffix(".parquet")
    temporary = target.with_suffix(".parquet.tmp")
    try:
        with temporary.open("wb") as file:
            found = _write(file, segment.frames())
            file.flush()
            os.fsync(file.fileno())
        replace_file(target.with_suffix(".ids"), encode(found))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
    segment.path.unlink(missing_ok=True)


def _write(file: Any, frames: Iterator[Frame]) -> U64:
    """Write the rows in groups of `GROUP_ROWS`; returns the digests of their ids."""
    found: list[U64] = []
    waiting: list[pa.Table] = []
    rows = 0
    with pq.ParquetWriter(
        file,
        SCHEMA,
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        write_statistics=["offset", "time_ms"],  # those of bodies would be bodies again
        write_page_checksum=True,
    ) as writer:
        for frame in frames:
            found.append(digests(frame.ids()))
            waiting.append(_table(frame))
            rows += frame.count
            if rows >= GROUP_ROWS:
                table = pa.concat_tables(waiting).combine_chunks()
                whole = rows - rows % GROUP_ROWS
                writer.write_table(table.slice(0, whole), row_group_size=GROUP_ROWS)
                waiting, rows = [table.slice(whole)], rows - whole
        if rows:
            writer.write_table(pa.concat_tables(waiting), row_group_size=GROUP_ROWS)
    return np.concatenate(found)


def _table(frame: Frame) -> pa.Table:
    """The frame's messages as Arrow, without a Python object for each."""
    id_lengths, body_lengths = frame.lengths()
    start = 6 * frame.count
    middle = start + sum(id_lengths)
    buffer = pa.py_buffer(frame.payload)
    ids = _varied(pa.string(), id_lengths, buffer.slice(start, middle - start))
    bodies = _varied(pa.binary(), body_lengths, buffer.slice(middle))
    offsets = np.arange(frame.first, frame.first + frame.count)
    times = np.full(frame.count, frame.time_ms)
    return pa.Table.from_arrays([pa.array(offsets), ids, pa.array(times), bodies], schema=SCHEMA)


def _varied(kind: pa.DataType, lengths: list[int], data: pa.Buffer) -> Any:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(kind, len(lengths), [None, pa.py_buffer(offsets.tobytes()), data])
