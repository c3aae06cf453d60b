"""Servers and agents killed a hundred times at random moments: what becomes of jobs, and of what they printed.

Jobs are submitted over HTTP while it goes on, half of them saying that they may run twice. Each prints numbered lines
and notes every line in a ledger of its own, which nothing of ours touches, right after it has printed it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.jobs.house import database, job
from benchmarks.report import Bar, Row, at_least, at_most
from matinee.base.errors import Conflict, MatineeError, Unavailable
from matinee.catalog.records import Role
from matinee.jobs.client import Client
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service
from matinee.subsystems import create_workspace

KILLS, SEED, AT_ONCE, LINES = 100, 7, 12, 30
SYSTEMS = {"SQLite": "sqlite", "PostgreSQL": "postgresql"}
PASSWORD = "a long enough password"
SCRIPT = (
    'echo begun >>"$0"; for i in $(seq {lines}); do echo line $i; echo $i >>"$0"; sleep .03; done; echo done >>"$0"'
)


@dataclass
class Machine:
    """A server and two agents over one workspace, each begun anew when it is killed."""

    root: Path
    flags: list[str]
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Begin all of them."""
        self.processes = [self._begin(place) for place in range(3)]

    def kill(self, place: int) -> None:
        """Kill one, and begin it anew."""
        self.processes[place].send_signal(signal.SIGKILL)
        self.processes[place].wait()
        self.processes[place] = self._begin(place)

    def stop(self) -> None:
        """End all of them politely."""
        for one in self.processes:
            one.terminate()
        for one in self.processes:
            one.wait()

    def _begin(self, place: int) -> subprocess.Popen[bytes]:
        sets = [part for one in self.flags for part in ("--set", one)]
        what = ["serve", "--port", str(self.port), "--agents", "0"] if place == 0 else ["jobs", "agent"]
        command = [sys.executable, "-m", "matinee", "--workspace", str(self.root), *sets, *what]
        with (self.root / f"log-{place}").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def measure(data: Path) -> Iterator[Row]:  # noqa: ARG001  every part is called alike
    """The hundred kills, on both databases."""
    for system, kind in SYSTEMS.items():
        for metric, value in _survived(kind).items():
            yield Row(system=system, data=f"{KILLS} kills", metric=metric, value=value, unit="")
            print(system, metric, value, flush=True)


def _survived(kind: str) -> dict[str, float]:
    rng = random.Random(SEED)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "house"
        flags = [f"backends.tables={database(kind, stack)}", "jobs.slots=4", "jobs.keep_days=100"]
        workspace = stack.enter_context(create_workspace(root, flags))
        workspace.service("catalog").create_account("ada@example.org", PASSWORD, Role.OPERATOR, 1)
        machine = Machine(root, flags, _free_port())
        machine.start()
        stack.callback(machine.stop)
        service: Service = workspace.service("jobs")
        client = stack.enter_context(Client(f"http://127.0.0.1:{machine.port}", _token(machine.port)))
        submitted: dict[str, bool] = {}
        for number in range(KILLS):
            end = time.monotonic() + rng.uniform(0.5, 5)
            while time.monotonic() < end:
                if len(service.jobs(statuses=[one for one in JobStatus if not one.final], limit=AT_ONCE)) < AT_ONCE:
                    _submit(client, root, submitted)
            machine.kill(rng.randrange(3))
            print(f"\r{kind}: {number + 1} kills, {len(submitted)} jobs", end="", file=sys.stderr)
        ended = {id_: service.wait(id_, 120) for id_ in submitted}
        found: Counter[str] = Counter(jobs=len(submitted))
        for id_, done in ended.items():
            ledger = _ledger(root, id_).read_text().split() if _ledger(root, id_).exists() else []
            begun = ledger.count("begun")
            found["ended well"] += done.status == JobStatus.SUCCEEDED
            found["begun twice or more, as they may"] += begun > 1 and submitted[id_]
            found["begun twice or more, though they must not"] += begun > 1 and not submitted[id_]
            found["that may run twice, and did not end well"] += submitted[id_] and done.status != JobStatus.SUCCEEDED
            found["with less in the log than was printed"] += not _complete(service, id_, ledger)
        found["lost"] = len(submitted.keys() - {one.id for one in service.jobs(limit=10_000)})
        return dict(found)


def _submit(client: Client, root: Path, submitted: dict[str, bool]) -> None:
    """Submit one, and ask again where the answer was lost: its id makes sure that it is there once."""
    id_, again = f"job-{len(submitted)}", len(submitted) % 2 == 0
    text = SCRIPT.format(lines=LINES)
    _ledger(root, id_).parent.mkdir(exist_ok=True)
    request = job(id_).model_copy(
        update={"id": id_, "rerunnable": again, "command_arguments": ("bash", "-c", text, str(_ledger(root, id_)))}
    )
    while True:
        try:
            client.submit(request)
            break
        except Conflict:
            break
        except (Unavailable, MatineeError):
            time.sleep(0.1)
    submitted[id_] = again


def _complete(service: Service, id_: str, ledger: list[str]) -> bool:
    """Whether the log of the last attempt holds every line that the ledger knows of."""
    last = len(ledger) - 1 - ledger[::-1].index("begun") if ledger else 0
    printed = [f"line {one}" for one in ledger[last + 1 :] if one != "done"]
    kept = service.output(id_).read_text().splitlines() if ledger else []
    return kept[: len(printed)] == printed


def _ledger(root: Path, id_: str) -> Path:
    return root / "ledgers" / id_


def _token(port: int) -> str:
    while True:
        try:
            body: dict[str, Any] = {"email": "ada@example.org", "password": PASSWORD}
            return str(httpx.post(f"http://127.0.0.1:{port}/api/session", json=body).json()["token"])
        except httpx.TransportError:
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the issue of jobs asks for."""
    found: Counter[str] = Counter()
    for one in rows:
        found[one.metric] += one.value  # type: ignore[assignment]
    return [
        at_least("Jobs under 200 kills", found["jobs"], 200, ""),
        at_most("Of them lost", found["lost"], 0, ""),
        at_most("Of them run twice, though they must not", found["begun twice or more, though they must not"], 0, ""),
        at_most("Of them that may, not ended well", found["that may run twice, and did not end well"], 0, ""),
        at_most("Of them with a log that lacks lines", found["with less in the log than was printed"], 0, ""),
    ]
