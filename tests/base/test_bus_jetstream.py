"""The bus on NATS when the server is gone, killed, full or wrongly addressed."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import nats
import pytest
from tests.servers import Server, free_port, running_nats

from matinee.base.bus import Receipt
from matinee.base.bus.jetstream import JetStreamBus
from matinee.base.bus.link import Link
from matinee.base.errors import SettingsError, Unavailable
from matinee.testing.bus import numbered, read_all

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own_nats() -> Iterator[Server]:
    """One that may be killed."""
    with running_nats() as server:
        yield server


@pytest.fixture
def open_bus(own_nats: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., JetStreamBus]]:
    if own_nats.process is None:
        own_nats.start()
    opened: list[JetStreamBus] = []
    stream = "t" + str(abs(hash(request.node.name)))

    def open_bus(options: str = "") -> JetStreamBus:
        opened.append(JetStreamBus.open(f"nats://127.0.0.1:{own_nats.port}?stream={stream}{options}", tmp_path))
        return opened[-1]

    yield open_bus
    for bus in opened:
        bus.close()


def test_a_connection_closes_where_another_loop_runs_and_something_is_left_on_its_own(own_nats: Server) -> None:
    async def leave() -> None:
        left.append(asyncio.create_task(asyncio.sleep(60)))

    async def close() -> None:
        link = Link([f"nats://127.0.0.1:{own_nats.port}"], None, 5)
        link.call(leave())
        link.close()

    left: list[asyncio.Task[None]] = []
    with ThreadPoolExecutor() as threads:  # this one has a loop already where a browser was driven before
        threads.submit(asyncio.run, close()).result()
    assert left[0].cancelled()


@pytest.mark.parametrize("url", ["nats://", "nats://h?stream=a.b", "nats://h?streams=a", "nats://h?timeout_s=0"])
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.bus"):
        JetStreamBus.open(url, tmp_path)


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(Unavailable, match=rf"NATS at 127\.0\.0\.1:{port} does not answer") as caught:
        JetStreamBus.open(f"nats://me:secret@127.0.0.1:{port}?timeout_s=0.5", tmp_path)
    assert "nats-server -js" in caught.value.next_step
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_though_an_attempt_fails_while_it_is_called_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*_: object, **__: object) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    monkeypatch.setattr(nats, "connect", connect)
    with pytest.raises(Unavailable, match="does not answer"):
        JetStreamBus.open("nats://127.0.0.1?timeout_s=0.1", tmp_path)


def test_a_server_without_jetstream_is_told(tmp_path: Path, own_nats: Server) -> None:
    port = free_port()
    plain = Server([own_nats.command[0], "-a", "127.0.0.1", "-p", str(port)], port, tmp_path, lambda: True)
    plain.start()
    time.sleep(0.3)
    try:
        with pytest.raises(Unavailable, match="JetStream"):
            JetStreamBus.open(f"nats://127.0.0.1:{port}?timeout_s=3", tmp_path)
    finally:
        plain.stop()


def test_every_method_tells_that_the_server_is_gone(own_nats: Server, open_bus: Callable[..., JetStreamBus]) -> None:
    bus = open_bus("&timeout_s=0.5")
    bus.publish("viewing", numbered(0, 3))
    own_nats.kill()
    for act in (
        lambda: bus.publish("viewing", numbered(3, 5)),
        lambda: bus.publish("other", numbered(3, 5)),
        lambda: bus.read("viewing"),
        lambda: bus.end("viewing"),
        bus.topics,
        lambda: bus.commit("viewing", "tables", 1),
        lambda: bus.committed("viewing", "tables"),
    ):
        with pytest.raises(Unavailable, match="does not answer"):
            act()
    own_nats.start()
    assert bus.publish("viewing", numbered(0, 5)).end == 5
    assert [one.id for one in bus.read("viewing")] == [f"m{n}" for n in range(5)]


def test_a_restart_in_the_middle_is_waited_for(own_nats: Server, open_bus: Callable[..., JetStreamBus]) -> None:
    bus = open_bus("&timeout_s=60")
    bus.publish("viewing", numbered(0, 10))
    read = bus.read("viewing", 0, 5)
    own_nats.kill()
    back = threading.Timer(0.5, own_nats.start)
    back.start()
    assert bus.publish("viewing", numbered(10, 3000)) == Receipt(2990, 0, 3000)
    back.join()
    assert [one.id for one in read + bus.read("viewing", 5, 10_000)] == [f"m{n}" for n in range(3000)]


def test_a_closed_bus_says_so(open_bus: Callable[..., JetStreamBus]) -> None:
    bus = open_bus()
    bus.close()
    bus.close()
    with pytest.raises(Unavailable, match="closed"):
        bus.end("viewing")


def test_the_window_of_ids_is_as_asked(open_bus: Callable[..., JetStreamBus]) -> None:
    window_s = 0.3
    bus = open_bus(f"&dedupe_hours={window_s / 3600}")
    bus.publish("viewing", numbered(0, 1))
    time.sleep(window_s * 4)
    assert bus.publish("viewing", numbered(0, 1)) == Receipt(1, 0, 2)
    longer = open_bus("&dedupe_hours=1")
    longer.publish("viewing", numbered(1, 2))
    time.sleep(window_s * 4)
    assert longer.publish("viewing", numbered(1, 2)) == Receipt(0, 1, 3)


PRODUCER = """
import sys
from pathlib import Path
from matinee.base.bus.jetstream import JetStreamBus
from matinee.base.bus.link import Link
bus = JetStreamBus.open(sys.argv[1], Path("."))
number = int(sys.argv[2])
while True:
    bus.publish("viewing", [(f"m{n}", b"%d" % n) for n in range(number, number + 50)])
    number += 50
    print(number, flush=True)
"""


@pytest.mark.parametrize("victim", ["producer", "server", "both"])
def test_what_was_acknowledged_survives_kill_9(
    own_nats: Server, open_bus: Callable[..., JetStreamBus], victim: str
) -> None:
    bus = open_bus()
    url = f"nats://127.0.0.1:{own_nats.port}?stream={bus._stream}&timeout_s=1"
    child = subprocess.Popen(
        [sys.executable, "-c", PRODUCER, url, "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdout
    for _ in range(5):
        child.stdout.readline()
    if victim != "producer":
        own_nats.kill()
    if victim != "server":
        child.kill()
    said = child.stdout.read().split()
    child.stdout.close()
    child.wait()
    if victim != "producer":
        own_nats.start()
    acknowledged = int(said[-1]) if said else 250
    bus = open_bus("&timeout_s=30")
    assert bus.end("viewing") >= acknowledged
    bus.publish("viewing", [(f"m{n}", b"%d" % n) for n in range(acknowledged - 100, acknowledged + 100)])
    found = read_all(bus, "viewing")
    assert [one.offset for one in found] == list(range(1, acknowledged + 101))
    assert [one.id for one in found] == [f"m{n}" for n in range(acknowledged + 100)]
