"""What an attempt leaves on another machine, read through the database: the agent there is asked, and answers.

Nothing is asked as long as nobody reads, and what is asked goes with its answer. An agent hears of a question by the
bell of PostgreSQL; over SQLite nobody asks, since all who share its file share a disk.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import Row, bindparam, delete, insert, select

from matinee.base.clock import now_ms
from matinee.base.disk import disk_errors
from matinee.base.errors import InvalidInput, MatineeError, NotFound, Unavailable
from matinee.base.ids import new_id
from matinee.base.objects import ObjectInfo
from matinee.base.tables import Tables
from matinee.jobs.attempts.output import Entry, Output, missing
from matinee.jobs.queue import bell
from matinee.jobs.tables import job_questions

PIECE_BYTES = 1 << 18
"""What one answer holds at most."""
PATIENCE_S = 5.0
"""How long an answer may take."""
_LOOK_S, _LOOK_MOST_S = 0.004, 0.25
"""How soon it is looked for at first, and how seldom in the end."""
_ENDLESS = 1 << 60
_ANSWERED = select(job_questions).where(job_questions.c.id == bindparam("id_"), job_questions.c.answer.is_not(None))
_TAKEN = delete(job_questions).where(job_questions.c.id == bindparam("id_"))
_ERRORS: Mapping[str, type[MatineeError]] = {one.__name__: one for one in (NotFound, InvalidInput)}


class Source(NamedTuple):
    """An attempt, and the agent that has its folder."""

    agent: str
    host: str
    job_id: str
    attempt: int


class Elsewhere:
    """The folder of an attempt on another machine, as `matinee.jobs.attempts.output.Output` is of one here.

    Methods raise what those raise, and `Unavailable` where its agent does not answer.
    """

    def __init__(self, tables: Tables, source: Source, copies: ExitStack) -> None:
        """`copies` of files go when that is closed."""
        self._tables, self._source, self._copies = tables, source, copies
        self._rng = SystemRandom()

    def path(self, name: str) -> Path:
        """A copy of a file as it is now."""
        with self.stream(name) as source:
            folder = self._copies.enter_context(tempfile.TemporaryDirectory(prefix="matinee-jobs-"))
            copy = Path(folder, Path(name).name)
            with disk_errors(copy), copy.open("wb") as target:
                shutil.copyfileobj(source, target, PIECE_BYTES)
        return copy

    def entries(self, name: str = "") -> list[Entry]:
        """Files and folders below a folder, as `Output.entries`."""
        return [Entry(**one) for one in self._ask("entries", name).answer["entries"]]

    def info(self, key: str) -> ObjectInfo:
        """Size, time and etag of a file."""
        return ObjectInfo(**self._ask("info", key).answer["info"])

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes `start` (included) to `stop` (excluded), fewer where the file ends before."""
        found = io.BytesIO()
        while (at := start + found.tell()) < stop:
            until = min(stop, at + PIECE_BYTES)
            if found.write(self._ask("info", key, at, until).data) < until - at:
                break
        return found.getvalue()

    def stream(self, key: str) -> BinaryIO:
        """The file, readable and seekable; close it."""
        return io.BufferedReader(_Stream(self, key, self.info(key).size_bytes), PIECE_BYTES)

    def _ask(self, wanted: str, name: str, start: int = 0, stop: int = 0) -> Row[Any]:
        """What its agent says of a name: the ``entries`` of a folder, or ``info`` and bytes of a file."""
        if not _is_text(name):
            raise self._missing(name)
        id_, (agent, _, job_id, attempt) = new_id(now_ms(), self._rng), self._source
        question = {"id": id_, "agent": agent, "job_id": job_id, "attempt": attempt, "name": name}
        with self._tables.write(id_) as connection:
            span = {"start": start, "stop": stop, "asked_ms": now_ms()}
            connection.execute(insert(job_questions), {**question, **span})
            bell.ring(connection, channel(agent))
        try:
            row = self._answered(id_)
        finally:
            with self._tables.write(id_) as connection:
                connection.execute(_TAKEN, {"id_": id_})
        if error := row.answer.get("error"):
            raise _ERRORS.get(error, Unavailable)(row.answer["message"], next_step=row.answer["next_step"])
        if wanted not in row.answer:
            raise self._missing(name)
        return row

    def _answered(self, id_: str) -> Row[Any]:
        end, wait_s = time.monotonic() + PATIENCE_S, _LOOK_S
        while time.monotonic() < end:
            time.sleep(wait_s)
            with self._tables.read() as connection:
                if row := connection.execute(_ANSWERED, {"id_": id_}).one_or_none():
                    return row
            wait_s = min(1.5 * wait_s, _LOOK_MOST_S)
        raise Unavailable(
            f"The agent on {self._source.host}, where the job {self._source.job_id} ran last, does not answer.",
            next_step="Ask again later: if it is dead, others notice within a minute.",
        )

    def _missing(self, name: str) -> NotFound:
        return missing(f"The job {self._source.job_id}", name)


AnyOutput = Output | Elsewhere
"""What an attempt has left, wherever that is."""


class _Stream(io.RawIOBase):
    """A file elsewhere, as it was when it was opened or longer."""

    def __init__(self, folder: Elsewhere, key: str, size_bytes: int) -> None:
        self._folder, self._key, self._size_bytes, self._at = folder, key, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._more(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._more(_ENDLESS)

    def _more(self, count: int) -> bytes:
        data = self._folder.read(self._key, self._at, self._at + count)
        self._at += len(data)
        return data


def channel(agent: str) -> str:
    """What rings for an agent that is asked something."""
    return f"{bell.CHANNEL}_{agent}"


def _is_text(name: str) -> bool:
    """Whether the database can hold a name."""
    try:
        return b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False
