"""Answers what other machines ask of the folders that an agent has here: a thread of the agent.

It waits for the bell, and so costs nothing as long as nobody asks; a slow disk keeps it waiting, and not the agent.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from matinee.base.clock import MINUTE_MS, now_ms
from matinee.base.disk import disk_errors
from matinee.base.errors import MatineeError
from matinee.base.tables import Tables
from matinee.jobs.attempts.elsewhere import PIECE_BYTES, channel
from matinee.jobs.attempts.output import Output
from matinee.jobs.queue import bell
from matinee.jobs.tables import job_questions

logger = logging.getLogger(__name__)
_WAIT_S = 1.0
_SWEEP_S = 60.0
LEFT_MS = 10 * MINUTE_MS
"""A question that nobody has taken back for so long is one of somebody who is gone, whatever the clocks say."""
_AT_ONCE = 20
_ASKED = (
    select(job_questions)
    .where(job_questions.c.agent == bindparam("agent_"), job_questions.c.answer.is_(None))
    .order_by(job_questions.c.id)
    .limit(_AT_ONCE)
)
_TELL = (
    update(job_questions)
    .where(job_questions.c.id == bindparam("id_"))
    .values(answer=bindparam("answer"), data=bindparam("data"))
)
_SWEEP = delete(job_questions).where(job_questions.c.asked_ms < bindparam("before_ms"))


class Answers:
    """The thread of an agent."""

    def __init__(self, tables: Tables, work: Path, agent: str) -> None:
        self._tables, self._work, self._agent = tables, work, agent
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="jobs answers", daemon=True)

    def start(self) -> None:
        """Begin; over SQLite nobody asks."""
        if self._tables.engine.dialect.name == "postgresql":
            self._thread.start()

    def stop(self) -> None:
        """End, within a second."""
        self._stop.set()

    def _serve(self) -> None:
        swept = time.monotonic()
        with bell.listening(self._tables.engine, channel(self._agent)) as heard:
            while not self._stop.is_set():
                try:
                    if heard.wait(_WAIT_S, self._stop):
                        self._answer_all()
                    if time.monotonic() - swept > _SWEEP_S:
                        self._sweep()
                        swept = time.monotonic()
                except MatineeError as error:
                    logger.warning("What others ask of this machine cannot be answered now: %s", error)

    def _answer_all(self) -> None:
        while not self._stop.is_set():
            with self._tables.read() as connection:
                asked = connection.execute(_ASKED, {"agent_": self._agent}).all()
            for one in asked:
                self._tell(one.id, *self._answer(one))
            if len(asked) < _AT_ONCE:
                return

    def _answer(self, asked: Row[Any]) -> tuple[dict[str, Any], bytes]:
        """What there is to tell, and the bytes that are asked for."""
        folder = self._work / asked.job_id / str(asked.attempt)
        output = Output(folder, f"The job {asked.job_id}")
        try:
            with disk_errors(folder):
                if output.is_folder(asked.name):
                    return {"entries": [asdict(one) for one in output.entries(asked.name)]}, b""
                stop = min(asked.stop, asked.start + PIECE_BYTES)
                data = output.read(asked.name, asked.start, stop) if stop > asked.start else b""
                return {"info": asdict(output.info(asked.name))}, data
        except MatineeError as error:
            return {"error": type(error).__name__, "message": error.message, "next_step": error.next_step}, b""

    def _tell(self, id_: str, answer: dict[str, Any], data: bytes) -> None:
        with self._tables.write(id_) as connection:
            connection.execute(_TELL, {"id_": id_, "answer": answer, "data": data})

    def _sweep(self) -> None:
        with self._tables.write(self._agent) as connection:
            connection.execute(_SWEEP, {"before_ms": now_ms() - LEFT_MS})
