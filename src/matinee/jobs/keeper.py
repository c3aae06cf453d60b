"""Keeps what jobs have left: a thread of an agent that archives folders and, later, clears them away.

A job is final before it is archived, and stays so where that fails: it is tried again until it is done, and what lies
in the folder is not cleared away before.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import bindparam, select

from matinee.base import clock
from matinee.base.clock import DAY_MS
from matinee.base.errors import MatineeError
from matinee.base.tables import Tables
from matinee.jobs import store
from matinee.jobs.archive import Archive
from matinee.jobs.tables import jobs

logger = logging.getLogger(__name__)
_AT_ONCE = 20
_EVERY_S = 1.0
_LOOK_S = 300.0
_REST = 20
"""How much longer it rests than it works, as long as the agent has jobs to run: they matter more."""
_AGAIN_S = 30.0
"""After a failure: a full disk does not empty itself at once."""
_LEFT_MS = 60_000
"""How long the agent that ran a job has for its archive, before others on its machine make it."""


class Keeper:
    """The thread of an agent."""

    def __init__(
        self,
        tables: Tables,
        archive: Archive,
        work: Path,
        *,
        agent: str,
        keep_days: float,
        kept: Callable[[Mapping[str, str]], None],
    ) -> None:
        """`kept` is told where jobs were archived, by their ids; nowhere where that is empty."""
        self._tables, self._archive, self._work, self._kept = tables, archive, work, kept
        self._agent, self._keep_ms = agent, keep_days * DAY_MS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="jobs keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Archive what has ended, and end."""
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        looked = -_LOOK_S
        last = False
        while not last:
            last = self._stop.wait(_EVERY_S)
            try:
                self._keep_own()
                if time.monotonic() - looked > _LOOK_S and not last:
                    self._look_around()
                    looked = time.monotonic()
            except MatineeError as error:
                logger.warning("What jobs left cannot be archived yet: %s", error)
                last = last or self._stop.wait(_AGAIN_S)

    def _keep_own(self) -> None:
        while True:
            with self._tables.read() as connection:
                ids = list(connection.execute(_OWN, {"agent_": self._agent}).scalars())
                found = store.found(connection, ids)
            began = time.monotonic()
            self._keep(found)
            self._stop.wait(_REST * (time.monotonic() - began))
            if len(found) < _AT_ONCE:
                return

    def _look_around(self) -> None:
        """What dead agents of this machine have left, and what has lain here long enough."""
        names = [one.name for one in self._work.iterdir()] if self._work.is_dir() else []
        now = clock.now_ms()
        with self._tables.read() as connection:
            found = {one.job.id: one for one in store.found(connection, names)}
        for name in names:
            one = found.get(name)
            ended_ms = one.job.finished_ms if one else _changed_ms(self._work / name)
            if ended_ms is None:
                continue
            if one and one.archive is None:
                if now - ended_ms > _LEFT_MS:
                    self._keep([one])
            elif now - ended_ms > self._keep_ms:
                shutil.rmtree(self._work / name, ignore_errors=True)

    def _keep(self, ended: Sequence[store.Stored]) -> None:
        if ended:
            wanted = {one.job.id: not one.request.disable_log_archival for one in ended}
            self._kept({id_: self._archive.keep(id_) if keep else "" for id_, keep in wanted.items()})


_OWN = (
    select(jobs.c.id)
    .where(jobs.c.agent == bindparam("agent_"), jobs.c.finished_ms.is_not(None), jobs.c.archive.is_(None))
    .limit(_AT_ONCE)
)


def _changed_ms(path: Path) -> int:
    try:
        return round(path.stat().st_mtime * 1000)
    except OSError:
        return clock.now_ms()
