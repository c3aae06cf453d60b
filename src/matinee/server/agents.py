"""Agents of `matinee serve`: processes that run jobs on this machine, kept up as long as the server is."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from matinee.base.disk import disk_errors, make_folder
from matinee.base.errors import Unavailable
from matinee.base.settings import as_flags
from matinee.base.workspace import Workspace
from matinee.jobs.attempts.handover import LONGEST_S
from matinee.jobs.daemon import Daemon
from matinee.workflows.steps import options

logger = logging.getLogger(__name__)
_TICK_S = 0.5
_END_S = 15.0 + LONGEST_S


class Agents:
    """So many agents over a workspace, for the time of a ``with``."""

    def __init__(self, workspace: Workspace, count: int, flags: Sequence[str]) -> None:
        """`flags` are settings that the agents need beside those of the workspace."""
        settings = options(workspace, as_flags(os.environ, flags))
        words = (sys.executable, "-m", "matinee", "--workspace", str(workspace.root), *settings, "jobs", "agent")
        self._logs = workspace.backends.work / "agents"
        self._daemons = [
            Daemon(f"agent-{n}", words, os.environ, self._logs / f"agent-{n}.log") for n in range(1, count + 1)
        ]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="agents", daemon=True)

    def __enter__(self) -> Self:
        with disk_errors(self._logs):
            make_folder(self._logs)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _tend(self) -> None:
        while not self._stop.wait(_TICK_S):
            for one in self._daemons:
                try:
                    one.tend()
                except (Unavailable, OSError) as fault:
                    logger.warning("No jobs are run here: %s", fault)
        for one in self._daemons:
            one.ask_to_end()
        for one in self._daemons:
            one.end(_END_S)
