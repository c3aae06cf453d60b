"""The bus: how many messages a second it acknowledges, and what `kill -9` takes from it.

A producer in a process of its own publishes numbered messages in batches and writes down, through a pipe, up to which
number it was acknowledged. At a random moment it is killed, or with NATS, in half of the runs, the server. Then the
last batches are published again, as an interrupted producer would, and the whole topic is read: every message that
was acknowledged must be there, none twice, and the offsets must count from 1 without gaps.

    python -m benchmarks.house.bus
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Bar, Row, at_least, at_most
from matinee.base.bus import Bus, Message
from matinee.base.bus.jetstream import JetStreamBus
from matinee.base.bus.log import LogBus
from matinee.base.errors import Unavailable

BATCH = 500
KILLS = 20
SEED = 7
EMBEDDED = "file://events"
# Segments so small that one is full every tenth of a second or so: many kills fall into a sealing.
SEALING = f"{EMBEDDED}?segment_messages={BATCH * 20}"


def body(number: int) -> bytes:
    """An event of about 250 bytes, as viewing gives them."""
    return (
        b'{"kind":"progress","version":1,"id":"%032x","viewer_id":%d,"title_id":%d,"at_ms":%d,"position_s":%d.5,'
        b'"duration_s":5400.0,"session":"%032x","device":"tv","row":"top-picks"}'
        % (number, number % 6040, number % 3883, 1_700_000_000_000 + number, number % 5400, number * 7919)
    )


def batch(start: int) -> list[tuple[str, bytes]]:
    """The messages from that number on."""
    return [(f"{number:032x}", body(number)) for number in range(start, start + BATCH)]


def open_bus(url: str, root: Path) -> Bus:
    """The bus at that address."""
    return JetStreamBus.open(url, root) if url.startswith("nats://") else LogBus.open(url, root)


# Throughput


def throughput(url: str, root: Path, system: str, count: int) -> list[Row]:
    """Messages a second, published one batch after the other and read back."""
    batches = [batch(start) for start in range(0, count, BATCH)]
    size = sum(len(message) for _, message in batches[0]) / BATCH
    data = f"{count:,} messages of {size:.0f} bytes, {BATCH} to a batch"
    with closing(open_bus(url, root)) as bus:
        begun = time.perf_counter()
        for one in batches:
            bus.publish("speed", one)
        published_s = time.perf_counter() - begun
        begun = time.perf_counter()
        found = len(read_all(bus, "speed"))
        read_s = time.perf_counter() - begun
        assert found == count
    return [
        Row(system=system, data=data, metric="acknowledged", value=count / published_s, unit="messages/s"),
        Row(system=system, data=data, metric="read", value=count / read_s, unit="messages/s"),
    ]


def read_all(bus: Bus, topic: str) -> list[Message]:
    """Everything in the topic."""
    found: list[Message] = []
    while part := bus.read(topic, len(found), 2000):
        found += part
    return found


# Kills


@dataclass
class Toll:
    """What the kills of one kind took."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    gaps: int = 0
    sealing: int = 0
    """Kills that fell into a sealing."""

    def rows(self, system: str, data: str) -> list[Row]:
        """As measurements."""
        names = ("kills", "acknowledged", "lost", "doubled", "gaps")
        rows = [Row(system=system, data=data, metric=name, value=getattr(self, name)) for name in names]
        if self.sealing:
            rows.append(Row(system=system, data=data, metric="kills during a sealing", value=self.sealing))
        return rows


def produce(url: str, root: Path, start: int) -> None:
    """Publish for ever from that number on, telling after each batch how far it is acknowledged."""
    bus = open_bus(url, root)
    while True:
        bus.publish("kills", batch(start))
        start += BATCH
        os.write(1, b"%d\n" % start)


class Producer:
    """`produce` in a process of its own."""

    def __init__(self, url: str, root: Path, start: int) -> None:
        command = [sys.executable, "-m", "benchmarks.house.bus", "produce", url, str(root), str(start)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout
        self._said = self._process.stdout
        self._first = self._said.readline()

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()

    def acknowledged(self) -> int:
        """The number up to which it was acknowledged, once it has ended."""
        said = (self._first + self._said.read()).split()
        self._said.close()
        self._process.wait()
        return int(said[-1])


def settle(url: str, root: Path, acknowledged: int, toll: Toll) -> int:
    """Publish the last batches again and count what is wrong; returns the next number."""
    with closing(open_bus(url, root)) as bus:
        for start in range(max(0, acknowledged - 2 * BATCH), acknowledged + BATCH, BATCH):
            _patiently(bus, start)
        found = read_all(bus, "kills")
    ids = [message.id for message in found]
    bodies = {message.id: message.body for message in found}
    wanted = {f"{number:032x}" for number in range(acknowledged + BATCH)}
    toll.kills += 1
    toll.acknowledged = acknowledged
    toll.lost += sum(1 for number in range(acknowledged) if bodies.get(f"{number:032x}") != body(number))
    toll.doubled += len(ids) - len(set(ids)) + len(set(ids) - wanted)
    toll.gaps += sum(message.offset != place for place, message in enumerate(found, 1))
    return acknowledged + BATCH


def _patiently(bus: Bus, start: int) -> None:
    """Publish; a server that was killed may take a while to come back."""
    for attempt in range(5):
        try:
            bus.publish("kills", batch(start))
        except Unavailable:
            if attempt == 4:
                raise
        else:
            return


def kill_embedded(root: Path, kills: int, rng: random.Random) -> Toll:
    """Kill the producer of an embedded log, again and again over the same log."""
    toll, start = Toll(), 0
    for _ in range(kills):
        producer = Producer(SEALING, root, start)
        time.sleep(rng.uniform(0.0, 0.4))
        producer.kill()
        acknowledged = producer.acknowledged()
        toll.sealing += _was_sealing(root / "events" / "kills")
        start = settle(SEALING, root, acknowledged, toll)
    return toll


def _was_sealing(folder: Path) -> bool:
    """Whether there is a trace of a sealing that did not end."""
    return len(list(folder.glob("*.log"))) > 1 or any(folder.glob("*.tmp")) or any(folder.glob(".*.tmp"))


def kill_nats(root: Path, kills: int, rng: random.Random, *, server_too: bool) -> Toll:
    """Kill the producer, or the server with `server_too`, again and again over the same stream."""
    from tests.servers import running_nats

    toll, start = Toll(), 0
    with running_nats() as server:
        url = f"nats://127.0.0.1:{server.port}?timeout_s={1 if server_too else 10}"
        for _ in range(kills):
            producer = Producer(url, root, start)
            time.sleep(rng.uniform(0.0, 0.6))
            if server_too:
                server.kill()
            else:
                producer.kill()
            acknowledged = producer.acknowledged()
            if server_too:
                server.start()
            start = settle(url.partition("?")[0], root, acknowledged, toll)
    return toll


# All of it


def measure(*, kills: int = KILLS, embedded: int = 1_000_000, nats: int = 50_000) -> list[Row]:
    """All rows; some three minutes."""
    from tests.servers import running_nats

    rng = random.Random(SEED)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="matinee-bus-") as folder:
        root = Path(folder)
        rows += throughput(EMBEDDED, root / "speed", "matinee, embedded log", embedded)
        with running_nats() as server:
            rows += throughput(f"nats://127.0.0.1:{server.port}", root / "nats", "matinee, NATS JetStream", nats)
        toll = kill_embedded(root / "kills", kills, rng)
        rows += toll.rows("matinee, embedded log", "kill -9 of the producer")
        for server_too in (False, True):
            toll = kill_nats(root / "nats", kills // 2, rng, server_too=server_too)
            whom = "nats-server" if server_too else "the producer"
            rows += toll.rows("matinee, NATS JetStream", f"kill -9 of {whom}")
    return rows


def bars(rows: Sequence[Row]) -> list[Bar]:
    """What the bus promises, and whether it was kept."""
    speed = next(row.value for row in rows if row.metric == "acknowledged" and "embedded" in row.system and row.unit)
    found = [at_least("Bus, embedded: acknowledged in batches", speed, 50_000, "messages/s")]
    for system in ("embedded log", "NATS JetStream"):
        ours = [row for row in rows if system in row.system]
        wrong = sum(row.value for row in ours if row.metric in {"lost", "doubled", "gaps"})
        kills = sum(row.value for row in ours if row.metric == "kills")
        found.append(at_most(f"Bus, {system}: lost, doubled or misnumbered by {kills:.0f} kills", wrong, 0, "messages"))
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["produce"]:
        produce(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        measured = measure()
        for row in measured:
            print(f"{row.system:26} {row.data:58} {row.metric:24} {row.value:12,.0f} {row.unit}")
        for bar in bars(measured):
            print(f"{'met' if bar.met else 'NOT MET':8} {bar.bar}: {bar.value:,.0f} ({bar.target})")
