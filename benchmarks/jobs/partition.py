"""A machine is cut off from PostgreSQL: its packets are swallowed, and no connection ends.

The machine is an agent in spaces of its own for process numbers and host names, which reaches the database through a
proxy. Each job writes the host and the time into a ledger, ten times a second.
"""

from __future__ import annotations

import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from benchmarks.jobs.house import database, job
from benchmarks.report import Bar, Row, at_most
from matinee.jobs.records import Job, JobStatus
from matinee.jobs.service import Service
from matinee.subsystems import create_workspace

JOBS, CUT_S = 8, 4.0
ALONE = ("unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child")
SCRIPT = 'while true; do echo $(hostname) $(date +%s%3N) >>"$0"; sleep .1; done'


class Proxy:
    """A way to a server that can be cut: from then on bytes are swallowed, and everything stays open."""

    def __init__(self, port: int) -> None:
        self._to, self._cut = port, False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._pairs = selectors.DefaultSelector()
        self._pairs.register(self._listening, selectors.EVENT_READ)
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Let nothing through any more."""
        self._cut = True

    def _serve(self) -> None:
        while True:
            for key, _ in self._pairs.select(0.2):
                if key.data is None:
                    self._accept()
                else:
                    self._pass(key.fileobj, key.data)  # type: ignore[arg-type]

    def _accept(self) -> None:
        one, _ = self._listening.accept()
        other = socket.create_connection(("127.0.0.1", self._to))
        self._pairs.register(one, selectors.EVENT_READ, other)
        self._pairs.register(other, selectors.EVENT_READ, one)

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            if data := one.recv(1 << 16):
                if not self._cut:
                    other.sendall(data)
                return
        self._pairs.unregister(one)
        one.close()
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


def measure(data: Path) -> Iterator[Row]:  # noqa: ARG001  every part is called alike
    """One cut; nothing where the machine has no `unshare`, or does not let us use it."""
    if not _may_unshare():
        print("skipped: unshare(1) needs the rights of root", flush=True)
        return
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "house"
        url = database("postgresql", stack)
        workspace = stack.enter_context(create_workspace(root, [f"backends.tables={url}"]))
        service: Service = workspace.service("jobs")
        proxy = Proxy(make_url(url).port or 0)
        through = make_url(url).set(port=proxy.port).render_as_string(hide_password=False)
        far = _agent(root, through, stack, ALONE, "hostname far; exec")
        made = {one.id: one for one in (_submit(service, root, number) for number in range(JOBS))}
        _until(lambda: all(service.job(id_).status == JobStatus.RUNNING for id_ in made))
        _agent(root, url, stack)
        time.sleep(CUT_S)
        proxy.cut()
        cut_ms = round(time.time() * 1000)
        _until(lambda: all(service.job(id_).status.final or service.job(id_).attempt == 2 for id_ in made))
        _until(lambda: all(len(_hosts(root, id_)) == 2 for id_ in made if _again(id_)))
        for metric, value, unit in _told(root, list(made), cut_ms):
            yield Row(system="PostgreSQL, two machines", data="one is cut off", metric=metric, value=value, unit=unit)
            print(metric, value, unit, flush=True)
        for id_ in made:
            service.kill(id_)
        far.kill()


def _told(root: Path, ids: list[str], cut_ms: int) -> Iterator[tuple[str, float, str]]:
    ledgers = {id_: _hosts(root, id_) for id_ in ids}
    ended_s = max((max(one["far"]) - cut_ms) / 1000 for one in ledgers.values())
    again = [next(times for host, times in one.items() if host != "far") for one in ledgers.values() if len(one) > 1]
    overlaps = sum(
        len(one) > 1 and min(next(t for host, t in one.items() if host != "far")) <= max(one["far"])
        for one in ledgers.values()
    )
    twice = sum(len(one) > 1 and not _again(id_) for id_, one in ledgers.items())
    yield "jobs", len(ids), ""
    yield "last sign of a job over there, after the cut", round(ended_s, 1), "s"
    yield "first sign of one over here, after the cut", round((min(map(min, again)) - cut_ms) / 1000, 1), "s"
    yield "jobs that ran in two places at once", overlaps, ""
    yield "jobs that ran twice, though they must not", twice, ""


def _agent(
    root: Path, url: str, stack: ExitStack, wrapper: tuple[str, ...] = (), before: str = "exec"
) -> subprocess.Popen[bytes]:
    words = f'{before} "$0" -m matinee --workspace "$1" --set "backends.tables=$2" --set jobs.slots=16 jobs agent'
    command = [*wrapper, "bash", "-c", words, sys.executable, str(root), url]
    one = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    stack.callback(one.wait)
    stack.callback(one.send_signal, signal.SIGTERM)
    return one


def _submit(service: Service, root: Path, number: int) -> Job:
    id_ = f"job-{number}"
    ledger = root / "ledgers" / id_
    ledger.parent.mkdir(exist_ok=True)
    values = {"id": id_, "rerunnable": _again(id_), "command_arguments": ("bash", "-c", SCRIPT, str(ledger))}
    return service.submit(job(id_).model_copy(update=values))


def _again(id_: str) -> bool:
    return int(id_.rpartition("-")[2]) % 2 == 0


def _hosts(root: Path, id_: str) -> dict[str, list[int]]:
    """When a job gave a sign, by host, in milliseconds."""
    found: dict[str, list[int]] = {}
    path = root / "ledgers" / id_
    for line in path.read_text().splitlines() if path.exists() else ():
        host, at_ms = line.split()
        found.setdefault(host, []).append(int(at_ms))
    return found


def _may_unshare() -> bool:
    return bool(shutil.which("unshare")) and subprocess.call([*ALONE, "true"], stderr=subprocess.DEVNULL) == 0


def _until(condition: object, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.1)


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the issue of jobs asks for."""
    found = {one.metric: one.value for one in rows}
    names = ("jobs that ran in two places at once", "jobs that ran twice, though they must not")
    return [at_most(f"A machine cut off: {name}", found[name], 0, "") for name in names if name in found]
