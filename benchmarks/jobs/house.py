"""A workspace with agents in processes of their own, on SQLite or on a PostgreSQL that is started for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from matinee.jobs.records import JobRequest, TagCriteria
from matinee.jobs.service import Service
from matinee.subsystems import create_workspace

SLOTS = 32
"""Of an agent: jobs that are shorter than the way to them want many."""


@contextmanager
def house(kind: str, agents: int, root: Path) -> Iterator[tuple[Service, list[psutil.Process]]]:
    """The service of jobs over ``sqlite`` or ``postgresql``, and its agents, ready, in a folder that is left there."""
    with ExitStack() as stack:
        flags = [f"backends.tables={database(kind, stack)}", f"jobs.slots={SLOTS}", "jobs.active_limit=100000"]
        service: Service = stack.enter_context(create_workspace(root, flags)).service("jobs")
        sets = [part for one in flags for part in ("--set", one)]
        command = [sys.executable, "-m", "matinee", "--workspace", str(root), *sets, "jobs", "agent"]
        started = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(agents)]
        try:
            for _ in range(agents):  # each has run something once it has begun
                service.wait(service.submit(job()).id, 60)
            yield service, [psutil.Process(one.pid) for one in started]
        finally:
            for one in started:
                one.terminate()
            for one in started:
                one.wait()


def database(kind: str, stack: ExitStack) -> str:
    """The URL of a new database, open until `stack` is."""
    if kind == "sqlite":
        return "sqlite:///matinee.db"
    from tests.servers import new_database, running_postgres

    return new_database(stack.enter_context(running_postgres(durable=True)))


def job(name: str = "true", after: tuple[str, ...] = ()) -> JobRequest:
    """A request that runs `true`."""
    return JobRequest(
        name=name,
        user="ada",
        version="1",
        cluster_criterias=(TagCriteria(tags=("type:local",)),),
        command_criteria=("type:program",),
        command_arguments=("true",),
        after=after,
    )
