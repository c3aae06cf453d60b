"""Home pages over HTTP: how long one takes, and how many a second one server process gives.

The server runs in a process of its own, over a workspace with imported viewers and a trained model. Clients ask for
the home pages of many viewers on kept-alive connections of the loopback: first one at a time (latency), then
several at once (throughput and latency under load). The load is bounded in clients and in seconds.

    python -m benchmarks.house.pages WORKSPACE
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.report import Bar, Row, at_least, at_most
from matinee.base.clock import DAY_MS, now_ms
from matinee.base.errors import NotFound
from matinee.base.plotting import save, theme
from matinee.base.workspace import Workspace
from matinee.catalog.records import Account, Role, Viewer
from matinee.server.session_store import SessionStore
from matinee.subsystems import open_workspace

EMAIL = "pages@benchmark.example"
VIEWERS = 50
CLIENTS = 4
SECONDS = 10.0
WARM_UP_S = 2.0


@dataclass(frozen=True)
class Load:
    """What came of asking for pages."""

    seconds: float
    times_ms: Sequence[float]
    bytes_each: float
    cpu_ms_each: float
    """Processor time of the server, writing impressions included."""

    @property
    def per_second(self) -> float:
        """Pages answered a second."""
        return len(self.times_ms) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of the pages came."""
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(path: Path, *, seconds: float = SECONDS, clients: int = CLIENTS, picture: Path | None = None) -> list[Row]:
    """Serve the workspace at `path` and measure its home pages; it must hold imported viewers and a model.

    `picture` is a file for a plot of how long pages took.
    """
    with open_workspace(path) as workspace:
        tokens = _tokens(workspace)
        data = f"{path.name}: {workspace.service('catalog').counts()['film']} films"
    with _serving(path) as server:
        asyncio.run(_load(server, tokens, 1, WARM_UP_S))
        alone = asyncio.run(_load(server, tokens, 1, seconds))
        together = asyncio.run(_load(server, tokens, clients, seconds))
    if picture is not None:
        save(plot({"one client": alone, f"{clients} clients": together}), picture)
    return [*_rows(alone, "one client", data), *_rows(together, f"{clients} clients", data)]


def plot(loads: Mapping[str, Load]) -> Figure:
    """Which share of the pages came within which time."""
    with theme("light"):
        figure = Figure(figsize=(7, 3.6))
        axes = figure.subplots()
        for name, load in loads.items():
            axes.ecdf(load.times_ms, label=name)
        for limit, share in ((15, 0.5), (50, 0.99)):
            axes.plot(limit, share, "o", color="#000000", markersize=4)
            axes.annotate(f"bar: p{share:.0%}".rstrip("%"), (limit, share), (4, -12), textcoords="offset points")
        axes.set(
            xscale="log", xlabel="milliseconds for a home page", ylabel="share of pages", title="Home pages of ml-1m"
        )
        axes.legend()
        return figure


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Fifteen milliseconds, fifty at worst, a hundred a second."""
    found = {row.metric: row.value for row in rows}
    many = f"home page, {CLIENTS} clients: pages a second"
    return [
        at_most("home page of ml-1m, p50", found["home page, one client: p50"], 15, "ms"),
        at_most("home page of ml-1m, p99", found["home page, one client: p99"], 50, "ms"),
        at_least("home pages sustained by one process", found[many], 100, "a second"),
    ]


def _rows(load: Load, who: str, data: str) -> Iterator[Row]:
    for metric, value, unit in (
        ("p50", load.percentile(0.5), "ms"),
        ("p99", load.percentile(0.99), "ms"),
        ("mean", statistics.fmean(load.times_ms), "ms"),
        ("pages a second", load.per_second, "1/s"),
        ("processor time", load.cpu_ms_each, "ms"),
        ("size", load.bytes_each / 1000, "kB"),
    ):
        yield Row(system="matinee", data=data, metric=f"home page, {who}: {metric}", value=round(value, 2), unit=unit)


def _tokens(workspace: Workspace) -> list[str]:
    """Sessions of imported viewers, signed in as an operator who claimed them."""
    catalog = workspace.service("catalog")
    account = _account(workspace)
    free = [one for one in catalog.find_viewers("", VIEWERS) if one.account_id in {None, account.id}]
    viewers = [_claimed(workspace, one, account) for one in free]
    store = SessionStore(workspace.backends.tables, lambda: catalog, DAY_MS)
    found = []
    for viewer in viewers:
        token, session = store.start(account, now_ms(), "benchmark")
        store.choose(session, viewer)
        found.append(token)
    return found


def _account(workspace: Workspace) -> Account:
    catalog = workspace.service("catalog")
    try:
        found: Account = catalog.account_of(EMAIL)
    except NotFound:
        found = catalog.create_account(EMAIL, secrets.token_urlsafe(16), Role.OPERATOR, now_ms())
    return found


def _claimed(workspace: Workspace, viewer: Viewer, account: Account) -> Viewer:
    if viewer.account_id is not None:
        return viewer
    claimed: Viewer = workspace.service("catalog").claim_viewer(viewer.id, account.id)
    return claimed


@dataclass(frozen=True)
class _Server:
    host: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Processor time that its process has used (`/proc/PID/stat`, fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serving(path: Path) -> Iterator[_Server]:
    command = [sys.executable, "-m", "matinee", "--workspace", str(path), "--json", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert process.stdout is not None
        text = ""
        while "}" not in text:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("The server did not start; what it said stands above.")
            text += line
        host, _, port = json.loads(text)["address"].removeprefix("http://").rpartition(":")
        yield _Server(host, int(port), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def _load(server: _Server, tokens: Sequence[str], clients: int, seconds: float) -> Load:
    """Pages asked by `clients` at once for so many seconds."""
    begun, cpu_s = time.perf_counter(), server.cpu_s()
    turns = iter(range(10**9))
    found = await asyncio.gather(*(_client(server, tokens, turns, begun + seconds) for _ in range(clients)))
    took_s = time.perf_counter() - begun
    times = [one for times, _ in found for one in times]
    await asyncio.sleep(1)  # what was shown is written a moment later, and counts
    cpu_ms = (server.cpu_s() - cpu_s) * 1000
    return Load(took_s, times, sum(size for _, size in found) / len(times), cpu_ms / len(times))


async def _client(
    server: _Server, tokens: Sequence[str], turns: Iterator[int], until: float
) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    times: list[float] = []
    size = 0
    while time.perf_counter() < until:
        token = tokens[next(turns) % len(tokens)]
        begun = time.perf_counter()
        size += await _page(reader, writer, token)
        times.append((time.perf_counter() - begun) * 1000)
    writer.close()
    return times, size


async def _page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> int:
    """Ask for one home page, as a browser would, and read it whole; its size on the wire."""
    writer.write(
        b"GET / HTTP/1.1\r\nHost: bench\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\n"
        b"Cookie: matinee_session=" + token.encode() + b"\r\n\r\n"
    )
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    if b" 200 " not in lines[0]:
        raise RuntimeError(f"The server answered {lines[0].decode()}.")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
    await reader.readexactly(length)
    return length


if __name__ == "__main__":
    for row in measure(Path(sys.argv[1])):
        print(f"{row.metric}: {row.value} {row.unit}")
