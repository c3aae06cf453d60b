"""A workspace for jobs, on either database, and real agents."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from matinee.base.workspace import Workspace
from matinee.jobs.records import JobRequest, TagCriteria
from matinee.jobs.service import Service
from matinee.subsystems import create_workspace

Agents = Callable[[], subprocess.Popen[bytes]]
WHO: dict[str, Any] = {"user": "ilse", "version": "1"}


@pytest.fixture(params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest) -> str:
    """The URL of a database."""
    return "sqlite:///matinee.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def workspace(tmp_path: Path, tables: str) -> Iterator[Workspace]:
    with create_workspace(tmp_path / "house", [f"backends.tables={tables}"]) as made:
        yield made


@pytest.fixture
def service(workspace: Workspace) -> Service:
    """Jobs of a new workspace, which knows this machine and a shell."""
    made: Service = workspace.service("jobs")
    return made


def request(text: str, **fields: Any) -> JobRequest:
    """Have a shell read a text."""
    wanted = {"cluster_criterias": (TagCriteria(tags=("type:local",)),), "command_criteria": ("type:shell",)}
    return JobRequest(**{"name": "job", **WHO, **wanted, "command_arguments": (text,), **fields})


@pytest.fixture
def agents(workspace: Workspace, tables: str) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts an agent in a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        flags = ["--workspace", str(workspace.root), "--set", f"backends.tables={tables}", "--set", "jobs.slots=4"]
        command = [sys.executable, "-m", "matinee", *flags, "jobs", "agent"]
        with (workspace.root / f"agent-{len(started)}.log").open("wb") as log:
            started.append(
                subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
            )
        return started[-1]

    yield start
    for one in started:
        with suppress(ProcessLookupError):
            one.send_signal(signal.SIGKILL)
        one.wait()


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so."""
    for _ in range(int(seconds * 20)):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it never came so far")
