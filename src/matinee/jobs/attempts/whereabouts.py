"""Where what an attempt has left can be read: on this machine, in the archive, or where it runs."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from sqlalchemy import Connection, bindparam, select

from matinee.base.errors import NotFound, Unavailable
from matinee.base.tables import Tables
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.attempts.elsewhere import AnyOutput, Elsewhere, Source
from matinee.jobs.attempts.output import Output, missing
from matinee.jobs.queue import store
from matinee.jobs.tables import job_agents, job_attempts

_BEGUN = (
    select(job_attempts.c.host, job_agents.c.id.label("agent"))
    .outerjoin(job_agents, job_agents.c.id == job_attempts.c.agent)
    .where(job_attempts.c.job_id == bindparam("id_"), job_attempts.c.attempt == bindparam("attempt_"))
)


class Whereabouts:
    """Finds folders of attempts. Close it to let go of copies."""

    def __init__(self, tables: Tables, archive: Archive) -> None:
        self._tables, self._archive, self._copies = tables, archive, ExitStack()

    def folder(self, id_: str, attempt: int | None = None) -> AnyOutput:
        """That of an attempt, the latest where none is named.

        Raises `NotFound` where nothing is left, and `Unavailable` where that lies on a machine whose agent is gone.
        """
        with self._tables.read() as connection:
            one = store.find(connection, id_)
            number = one.job.attempt if attempt is None else attempt
            here = self._archive.is_here(id_, str(number))
            source = None if here else _source(connection, id_, number)
        if one.archive is not None or not (source and source.agent):
            with suppress(NotFound):
                return Output(self._archive.lay(id_, str(number)), f"The job {id_}")
        if source and source.agent:
            return Elsewhere(self._tables, source, self._copies)
        if source and one.archive != "":
            raise _gone(source)
        raise missing(f"The job {id_}")

    def close(self) -> None:
        """Remove copies of files."""
        self._copies.close()


def _source(connection: Connection, id_: str, attempt: int) -> Source | None:
    """Who had the folder of an attempt at first; no agent where that is gone.

    None where it has not begun, and over SQLite: all who share its file share a disk.
    """
    if connection.dialect.name == "sqlite":
        return None
    row = connection.execute(_BEGUN, {"id_": id_, "attempt_": attempt}).one_or_none()
    return row and Source(row.agent or "", row.host, id_, attempt)


def _gone(source: Source) -> Unavailable:
    return Unavailable(
        f"What the job {source.job_id} wrote lies on {source.host}, whose agent is gone.",
        next_step="Start an agent there: it archives what was left within minutes.",
    )
