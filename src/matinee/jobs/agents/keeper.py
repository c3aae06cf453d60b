"""Keeps what jobs have left: a thread of an agent that archives folders and, later, clears them away.

It also clears away attachments of jobs that never came to be.

A job is final before it is archived, and stays so where that fails: it is tried again until it is done, and what lies
in the folder is not cleared away before. One that fails lets others go before it.
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
from matinee.base.disk import disk_errors
from matinee.base.errors import MatineeError
from matinee.base.objects import Objects
from matinee.base.tables import Tables
from matinee.jobs.agents.pauses import Pauses
from matinee.jobs.attempts import attachments
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.attempts.handover import Handover
from matinee.jobs.queue import store
from matinee.jobs.tables import jobs

logger = logging.getLogger(__name__)
_AT_ONCE = 20
_EVERY_S = 1.0
_LOOK_S = 300.0
_REST = 20
"""How much longer it rests than it works, as long as the agent has jobs to run: they matter more."""
_AGAIN_S, _LONGEST_S = 30.0, 1800.0
"""After a failure: a full disk does not empty itself at once. One job is left alone for ever longer."""
_ENOUGH = 3
"""Jobs that fail while none goes well: then it is not for what they left."""
_LEFT_MS = 60_000
"""How long the agent that ran a job has for its archive, before others on its machine make it."""


class Keeper:
    """The thread of an agent."""

    def __init__(
        self,
        tables: Tables,
        objects: Objects,
        archive: Archive,
        work: Path,
        *,
        agent: str,
        keep_days: float,
        kept: Callable[[Mapping[str, str]], None],
    ) -> None:
        """`kept` is told where jobs were archived, by their ids; nowhere where that is empty."""
        self._tables, self._objects, self._archive, self._work = tables, objects, archive, work
        self._agent, self._keep_ms, self._kept = agent, keep_days * DAY_MS, kept
        self._handover = Handover(objects, work)
        self._pauses = Pauses(_AGAIN_S, _LONGEST_S)
        self._failing: set[str] = set()
        """Jobs that have failed since one went well."""
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
                well = self._keep_own()
                if time.monotonic() - looked > _LOOK_S and well and not last:
                    well = self._look_around()
                    attachments.sweep(self._objects, self._tables, clock.now_ms() - DAY_MS)
                    looked = time.monotonic()
            except MatineeError as error:
                logger.warning("What jobs left cannot be archived yet: %s", error)
                well = False
            if not well:
                last = last or self._stop.wait(_AGAIN_S)

    def _keep_own(self) -> bool:
        """Archive what has ended here; False where nothing can be archived now."""
        while True:
            found = self._own()
            began = time.monotonic()
            well = self._keep(found)
            self._stop.wait(_REST * (time.monotonic() - began))
            if len(found) < _AT_ONCE or not well:
                return well

    def _own(self) -> list[store.Stored]:
        """Some of this agent's jobs that are to be archived; those that never failed come first."""
        with self._tables.read() as connection:
            most = _AT_ONCE + len(self._pauses)
            ids = list(connection.execute(_OWN, {"agent_": self._agent, "most": most}).scalars())
            found = [one for one in store.found(connection, ids) if not self._pauses.rests(one.job.id)]
        return sorted(found, key=lambda one: self._pauses.latest_s(one.job.id))[:_AT_ONCE]

    def _look_around(self) -> bool:
        """See to what dead agents of this machine have left, and to what has lain here long enough; as `_keep_own`."""
        with disk_errors(self._work):
            names = [one.name for one in self._work.iterdir()] if self._work.is_dir() else []
        now = clock.now_ms()
        with self._tables.read() as connection:
            found = {one.job.id: one for one in store.found(connection, names)}
        left = []
        for name in names:
            one = found.get(name)
            ended_ms = one.job.finished_ms if one else _changed_ms(self._work / name)
            if ended_ms is None:
                continue
            if one and self._is_left(one):
                if (one.archive or now - ended_ms > _LEFT_MS) and not self._pauses.rests(name):
                    left.append(one)
            elif now - ended_ms > self._keep_ms:
                shutil.rmtree(self._work / name, ignore_errors=True)
        return all(self._keep(left[at : at + _AT_ONCE]) for at in range(0, len(left), _AT_ONCE))

    def _is_left(self, one: store.Stored) -> bool:
        """Whether what a final job left here is still to be archived, though others may have archived their part."""
        several = one.archive and one.job.attempt > 1  # one attempt has one machine
        return self._archive.lacks(one.job.id) if several else one.archive is None

    def _keep(self, ended: Sequence[store.Stored]) -> bool:
        """Archive what these jobs left; False where it is given up, since the next would fail as well."""
        kept: dict[str, str] = {}
        hopeless = False
        for one in ended:
            id_ = one.job.id
            try:
                self._handover.forget(id_)
                kept[id_] = "" if one.request.disable_log_archival else self._archive.keep(id_)
                self._pauses.well(id_)
                self._failing.clear()
            except Exception as error:  # whatever it is, others do not wait for that
                told = "What the job %s left cannot be archived yet, and is tried again in %.0f s: %s"
                logger.warning(told, id_, self._pauses.failed(id_), str(error) or repr(error))
                self._failing.add(id_)
                if hopeless := len(self._failing) >= _ENOUGH:
                    break
        if kept:
            self._kept(kept)
        return not hopeless


_OWN = (
    select(jobs.c.id)
    .where(jobs.c.agent == bindparam("agent_"), jobs.c.finished_ms.is_not(None), jobs.c.archive.is_(None))
    .limit(bindparam("most"))
)


def _changed_ms(path: Path) -> int:
    try:
        return round(path.stat().st_mtime * 1000)
    except OSError:
        return clock.now_ms()
