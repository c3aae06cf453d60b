"""Which agents live: each says so every other second, and is dead for the others once it has not for `LEASE_S`.

That is how machines judge each other; on one machine a dead agent is told at once by its process. Over SQLite all
agents share one kernel, and a long write of somebody else keeps them all from speaking: there only processes count.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from matinee.base import clock
from matinee.base.tables import Tables
from matinee.jobs.attempts import process
from matinee.jobs.queue.together import LANE
from matinee.jobs.tables import job_agents

BEAT_S = 2.0
LEASE_S = 20.0
FENCE_S = 10.0
"""After so long in silence an agent ends its jobs itself: before others may run them, with time for them to end."""
_OTHERS = select(job_agents).where(job_agents.c.id != bindparam("agent_"))
_HERE = select(job_agents.c.id).where(
    job_agents.c.id.in_(bindparam("ids", expanding=True)), job_agents.c.host == bindparam("host_")
)


class Lease:
    """An agent's word that it lives, and what it knows of others."""

    def __init__(self, tables: Tables, agent: str, bury: Callable[[list[str]], object]) -> None:
        """`bury` is called with dead agents before they are struck off, so that what they had is not forgotten."""
        self._tables, self._agent, self._bury = tables, agent, bury
        self._one_kernel = tables.engine.dialect.name == "sqlite"
        self._beats: dict[str, tuple[int, float]] = {}
        """Of each other agent the last that was heard, and when that was new by our own steady clock."""
        self._spoken = _steady_s()

    def begin(self, slots: int) -> None:
        """Be one of the agents, after what those of this machine that are dead have left is killed."""
        with self._tables.read() as connection:
            rows = connection.execute(_OTHERS, {"agent_": self._agent}).all()
        gone = [row.id for row in rows if row.host == _here() and not _alive(row)]
        self.strike(gone)
        with self._tables.write(LANE) as connection:
            now = clock.now_ms()
            me = os.getpid()
            row = {"id": self._agent, "host": _here(), "pid": me, "born_ticks": _born(me), "slots": slots}
            connection.execute(insert(job_agents), {**row, "started_ms": now, "beat_ms": now})
        self._spoken = _steady_s()

    def beat(self) -> bool:
        """Say that we live, in nobody's way; False where others have given us up."""
        if _steady_s() - self._spoken < BEAT_S:
            return True
        with self._tables.write(self._agent) as connection:
            mine = update(job_agents).where(job_agents.c.id == self._agent)
            known = connection.execute(mine.values(beat_ms=clock.now_ms())).rowcount
        self._spoken = _steady_s()
        return bool(known)

    @property
    def lost(self) -> bool:
        """Whether others may take us for dead soon."""
        return _steady_s() - self._spoken > (math.inf if self._one_kernel else FENCE_S)

    def dead(self, connection: Connection) -> list[str]:
        """Other agents that are dead."""
        return [row.id for row in connection.execute(_OTHERS, {"agent_": self._agent}) if self._is_dead(row)]

    def end(self) -> None:
        """Be an agent no more."""
        self.strike([self._agent])

    def strike(self, agents: list[str]) -> None:
        """Let these be agents no more; what they had is for others, once nothing of it runs on this machine."""
        if agents:
            with self._tables.read() as connection:
                ours = list(connection.execute(_HERE, {"ids": agents, "host_": _here()}).scalars())
            for one in ours:
                process.sweep(one)
            self._bury(agents)
            with self._tables.write(LANE) as connection:
                connection.execute(delete(job_agents).where(job_agents.c.id.in_(agents)))

    def _is_dead(self, row: Row[tuple[object, ...]]) -> bool:
        if row.host == _here():
            return not _alive(row)
        if self._one_kernel:
            return _boot(row.host) != _boot(_here())
        now = _steady_s()
        beat, since = self._beats.get(row.id, (-1, now))
        if beat != row.beat_ms:
            self._beats[row.id] = row.beat_ms, now
            return False
        return now - since > LEASE_S


def _steady_s() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _alive(row: Row[tuple[object, ...]]) -> bool:
    """Whether an agent of this machine has a process, and not only somebody else who has its number now."""
    return bool(_born(row.pid) == row.born_ticks)


def _born(pid: int) -> int | None:
    """When a process began, in ticks since the boot, however the clock is set; None where it has ended."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if state in {b"Z", b"X"} else int(rest[18])


def _here() -> str:
    """The machine that we are on, as long as it is not started anew: its name, boot and space of process numbers."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{socket.gethostname()} {boot} {Path('/proc/self/ns/pid').readlink()}"


def _boot(host: str) -> str:
    return host.split(" ")[1]
