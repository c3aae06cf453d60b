"""Who lives: as machines judge each other, and as one machine judges its processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psutil
import pytest
from sqlalchemy import update

from matinee.base.clock import HOUR_MS, now_ms
from matinee.base.workspace import Workspace
from matinee.jobs.agents import lease
from matinee.jobs.agents.lease import Lease
from matinee.jobs.tables import job_agents

Agent = Callable[[str, str], Lease]


@pytest.fixture
def buried() -> list[str]:
    return []


@pytest.fixture
def agent(workspace: Workspace, buried: list[str], monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent on a machine: its host, its boot, its space of process numbers."""
    monkeypatch.setattr(lease, "LEASE_S", 0.6)
    monkeypatch.setattr(lease, "FENCE_S", 0.3)
    monkeypatch.setattr(lease, "BEAT_S", 0.1)

    def begin(name: str, host: str) -> Lease:
        monkeypatch.setattr(lease, "_here", lambda: host)
        made = Lease(workspace.backends.tables, name, buried.extend)
        made.begin(1)
        return made

    return begin


def dead(one: Lease, workspace: Workspace) -> list[str]:
    with workspace.backends.tables.read() as connection:
        return one.dead(connection)


def test_a_silent_machine_is_dead_for_others_after_it_has_fenced_itself(
    workspace: Workspace, agent: Agent, buried: list[str]
) -> None:
    if workspace.backends.tables.engine.dialect.name == "sqlite":
        pytest.skip("over SQLite agents are told by their processes")
    silent, other = agent("silent", "a boot1 ns"), agent("other", "b boot2 ns")
    for _ in range(8):
        time.sleep(0.12)
        assert silent.beat()
        assert dead(other, workspace) == []
    assert not silent.lost
    fenced_s = found_s = float("inf")
    began = time.monotonic()
    while found_s == float("inf"):
        now = time.monotonic() - began
        fenced_s = min(fenced_s, now if silent.lost else float("inf"))
        found_s = min(found_s, now if dead(other, workspace) else float("inf"))
        assert now < 10
        time.sleep(0.02)
    assert fenced_s + 0.1 < found_s
    other.strike(["silent"])
    assert buried == ["silent"]
    assert not silent.beat(), "it hears that it was given up"
    assert dead(other, workspace) == []


def test_on_one_machine_processes_are_asked(workspace: Workspace, agent: Agent, buried: list[str]) -> None:
    one = agent("one", "a boot ns")
    agent("two", "a boot ns")
    with workspace.backends.tables.write() as connection:
        connection.execute(update(job_agents).where(job_agents.c.id == "two").values(beat_ms=1))
    time.sleep(0.7)
    assert dead(one, workspace) == [], "it lives, however long it was silent"
    gone = next(pid for pid in range(2, 1 << 22) if not psutil.pid_exists(pid))
    with workspace.backends.tables.write() as connection:
        connection.execute(update(job_agents).where(job_agents.c.id == "two").values(pid=gone))
    assert dead(one, workspace) == ["two"]
    with workspace.backends.tables.write() as connection:
        mine = update(job_agents).where(job_agents.c.id == "two")
        connection.execute(mine.values(pid=os.getpid(), started_ms=now_ms() - HOUR_MS))
    assert dead(one, workspace) == [], "the clock was put forward"
    with workspace.backends.tables.write() as connection:
        connection.execute(mine.values(born_ticks=1))
    assert dead(one, workspace) == ["two"], "somebody else has its number now"
    agent("three", "a boot ns")
    assert buried == ["two"]


def test_over_sqlite_only_another_boot_is_dead(workspace: Workspace, agent: Agent) -> None:
    if workspace.backends.tables.engine.dialect.name != "sqlite":
        pytest.skip("over PostgreSQL machines differ")
    agent("before", "a boot1 ns1")
    agent("beside", "a boot2 ns1")
    here = agent("here", "a boot2 ns2")
    time.sleep(0.7)
    assert dead(here, workspace) == ["before"]
    assert not here.lost
