"""What an attempt has left, as the page of its job shows it: its logs and its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from matinee.base.errors import NotFound, Unavailable
from matinee.jobs.attempts.elsewhere import AnyOutput
from matinee.jobs.attempts.output import Entry
from matinee.jobs.service import Service
from matinee.jobs.views.search import Whole
from matinee.server.site.job_views import data_href, job_href
from matinee.server.site.job_words import moment, size

LogName = Literal["stdout", "stderr", "setup"]
LOGS: dict[LogName, str] = {"stdout": "stdout", "stderr": "stderr", "setup": "genie/logs/setup.log"}
"""Names of logs, and where they lie in the folder of an attempt."""


@dataclass(frozen=True, slots=True)
class File:
    """A file or a folder of an attempt."""

    name: str
    href: str
    size: str
    changed: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Another log, or the same of another attempt."""

    label: str
    href: str
    size: str
    current: bool


@dataclass(frozen=True, slots=True)
class Left:
    """Logs and files of one attempt."""

    attempt: int
    log: str
    source: str
    """The address of the log that is shown; empty where it cannot be read."""
    grows: bool
    logs: Sequence[Choice]
    attempts: Sequence[Choice]
    """None where there was only one."""
    files: Sequence[File]
    why: str
    """Why there is nothing."""

    @classmethod
    def of(cls, whole: Whole, jobs: Service, attempt: int, log: LogName) -> Left:
        """What an attempt has left, wherever `jobs` find that."""
        id_, numbers = whole.job.id, [one.attempt for one in whole.attempts]
        entries, sizes, silent = _read(jobs, id_, attempt)
        there = sizes[log] is not None
        return cls(
            attempt=attempt,
            log=log,
            source=f"{data_href(id_, 'output')}/{LOGS[log]}?attempt={attempt}" if there else "",
            grows=attempt == whole.job.attempt and not whole.job.status.final,
            logs=[
                Choice(name, _href(id_, name, attempt), size(told or 0), current=name == log)
                for name, told in sizes.items()
            ],
            attempts=[Choice(f"Attempt {one}", _href(id_, log, one), "", current=one == attempt) for one in numbers]
            if len(numbers) > 1
            else [],
            files=_files(id_, attempt, entries),
            why="" if there else _why(whole, attempt, silent=silent, some=bool(entries)),
        )


def _href(id_: str, log: str, attempt: int) -> str:
    return f"{job_href(id_)}?log={log}&attempt={attempt}#log"


def _read(jobs: Service, id_: str, attempt: int) -> tuple[list[Entry], dict[LogName, int | None], bool]:
    """Files, sizes of logs, and whether the machine where they lie is silent."""
    try:
        output = jobs.folder(id_, attempt)
        return output.entries(), {name: _size(output, path) for name, path in LOGS.items()}, False
    except (NotFound, Unavailable) as error:
        return [], dict.fromkeys(LOGS), isinstance(error, Unavailable)


def _size(output: AnyOutput, path: str) -> int | None:
    try:
        return output.info(path).size_bytes
    except NotFound:
        return None


def _why(whole: Whole, attempt: int, *, silent: bool, some: bool) -> str:
    """Why a log is not there; `some` other files are."""
    begun = next((one for one in whole.attempts if one.attempt == attempt), None)
    final = whole.job.status.final
    if begun is None:
        return "It has written nothing." if final else "It has not begun. What it writes comes here."
    if silent:
        return f"What it wrote lies on {begun.host}, which does not answer."
    if final and not some:
        return "What it wrote is not kept: it asked for that, or it was cleared away."
    return "It has not written that." if final else "It has not written that yet."


def _files(id_: str, attempt: int, entries: Sequence[Entry]) -> list[File]:
    """Folders first."""
    base = data_href(id_, "output")
    return [_file(base, attempt, one) for one in sorted(entries, key=lambda one: (not one.folder, one.name))]


def _file(base: str, attempt: int, one: Entry) -> File:
    slash = "/" if one.folder else ""
    return File(
        name=one.name.encode(errors="replace").decode() + slash,  # a name may be any bytes
        href=f"{base}/{quote(one.name, safe='', errors='surrogateescape')}{slash}?attempt={attempt}",
        size="" if one.folder else size(one.size_bytes),
        changed=moment(one.modified_ms),
    )
