"""The embedded bus on a disk that is full, torn, damaged or shared."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.disks import fill, small_disk

from matinee.base.bus import Receipt, sealed
from matinee.base.bus.framing import HEADER_BYTES, encode, frames
from matinee.base.bus.log import MARKER, LogBus
from matinee.base.bus.sealed import SCHEMA
from matinee.base.errors import SettingsError, Unavailable
from matinee.testing.bus import numbered, read_all

__all__ = ["small_disk"]


@pytest.fixture
def open_log(tmp_path: Path) -> Iterator[Callable[..., LogBus]]:
    opened: list[LogBus] = []

    def open_log(options: str = "") -> LogBus:
        opened.append(LogBus.open(f"file://events{options}", tmp_path))
        return opened[-1]

    yield open_log
    for bus in opened:
        bus.close()


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


# Torn ends


def test_a_torn_end_is_cut_off_at_any_byte(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log()
    bus.publish("viewing", numbered(0, 3))
    bus.close()
    log = only(tmp_path, "events/viewing/*.log")
    whole = log.read_bytes()
    torn = encode(4, 1, numbered(3, 6))
    for cut in [*range(1, len(torn), 7), len(torn) - 1]:
        log.write_bytes(whole + torn[:cut])
        bus = LogBus(tmp_path / "events")
        assert bus.end("viewing") == 3
        assert bus.publish("viewing", numbered(2, 4)) == Receipt(1, 1, 4)
        assert [one.id for one in bus.read("viewing")] == ["m0", "m1", "m2", "m3"]
        bus.close()
        os.truncate(log, len(whole))
        (tmp_path / "events/viewing/tail").unlink()


def test_a_whole_frame_that_was_not_acknowledged_is_kept(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    open_log().publish("viewing", numbered(0, 3))
    with only(tmp_path, "events/viewing/*.log").open("ab") as log:
        log.write(encode(4, 1, numbered(3, 5)))
    assert open_log().publish("viewing", numbered(3, 6)) == Receipt(1, 2, 6)


def test_a_writer_takes_over_the_torn_end_of_another(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log()
    bus.publish("viewing", numbered(0, 3))
    with only(tmp_path, "events/viewing/*.log").open("ab") as log:
        log.write(encode(4, 1, numbered(3, 5))[:-1])
    assert bus.end("viewing") == 3
    assert bus.publish("viewing", numbered(3, 5)) == Receipt(2, 0, 5)
    assert len(open_log().read("viewing")) == 5


def test_what_is_not_durable_yet_is_not_shown(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log()
    bus.publish("viewing", numbered(0, 3))
    with only(tmp_path, "events/viewing/*.log").open("ab") as log:
        log.write(encode(4, 1, numbered(3, 5)))
    assert bus.end("viewing") == 3
    assert len(bus.read("viewing")) == 3


# Damage


def test_damage_of_what_was_acknowledged_is_refused_and_named(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log()
    bus.publish("viewing", numbered(0, 3))
    bus.close()
    log = only(tmp_path, "events/viewing/*.log")
    data = bytearray(log.read_bytes())
    data[HEADER_BYTES + 5] ^= 1
    log.write_bytes(data)
    with pytest.raises(Unavailable, match=rf"{log.name} of the event log is damaged at byte 0"):
        open_log().publish("viewing", numbered(3, 4))
    assert log.read_bytes() == data


def test_damage_of_a_sealed_segment_is_refused_and_named(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10")
    bus.publish("viewing", [(f"m{n}", os.urandom(4000)) for n in range(10)])
    bus.publish("viewing", numbered(10, 11))
    bus.close()
    path = only(tmp_path, "events/viewing/*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    bus = open_log()
    with pytest.raises(Unavailable, match=path.name):
        bus.read("viewing", 0, 5)
    assert [one.id for one in bus.read("viewing", 10)] == ["m10"]
    path.write_bytes(b"something else")
    with pytest.raises(Unavailable, match=path.name):
        open_log().read("viewing", 0, 5)


def test_a_missing_segment_is_named(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10")
    for start in (0, 10, 20, 30):
        bus.publish("viewing", numbered(start, start + 10))
    bus.close()
    parquets = sorted(tmp_path.glob("events/viewing/*.parquet"))
    assert len(parquets) == 3
    parquets[1].unlink()
    bus = open_log()
    with pytest.raises(Unavailable, match=parquets[0].name):
        bus.read("viewing", 0, 5)
    parquets[2].unlink()
    only(tmp_path, "events/viewing/*.log").unlink()
    with pytest.raises(Unavailable, match=r"00031\.log .*missing"):
        open_log().read("viewing")


def test_lost_digests_are_made_again(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10")
    bus.publish("viewing", numbered(0, 10))
    bus.publish("viewing", numbered(10, 11))
    bus.close()
    for damage in (b"", b"rubbish", None):
        path = only(tmp_path, "events/viewing/*.ids")
        path.write_bytes(damage) if damage is not None else path.unlink()
        bus = open_log("?segment_messages=10")
        assert bus.publish("viewing", numbered(0, 11)) == Receipt(0, 11, 11)
        bus.close()


def test_a_lost_tail_is_made_again(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    for number, damage in enumerate((b"", b"\xff" * 32, b"\x00" * 32)):
        bus = open_log()
        assert bus.publish("viewing", numbered(0, number + 1)) == Receipt(1, number, number + 1)
        bus.close()
        (tmp_path / "events/viewing/tail").write_bytes(damage)
    assert open_log().end("viewing") == 3


# What does not belong there


def test_a_folder_of_other_things_is_refused(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events/letter.txt").write_text("Dear")
    with pytest.raises(Unavailable, match=r"is not an event log: it holds 'letter\.txt'"):
        open_log()
    assert [path.name for path in (tmp_path / "events").iterdir()] == ["letter.txt"]


def test_a_foreign_file_in_a_topic_is_named(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log()
    bus.publish("viewing", numbered(0, 1))
    (tmp_path / "events/viewing/letter.txt").write_text("Dear")
    (tmp_path / "events/viewing/.DS_Store").write_text("a file browser was here")
    with pytest.raises(Unavailable, match=r"letter\.txt does not belong"):
        open_log().read("viewing")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_marker_is_named(tmp_path: Path, open_log: Callable[..., LogBus], content: str) -> None:
    open_log()
    (tmp_path / "events" / MARKER).write_text(content)
    with pytest.raises(Unavailable, match=MARKER):
        open_log()


def test_a_later_format_is_refused(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    open_log()
    (tmp_path / "events" / MARKER).write_text('{"format": 2}')
    with pytest.raises(Unavailable, match="format 2"):
        open_log()


def test_a_damaged_commit_is_named(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log()
    bus.commit("viewing", "tables", 3)
    (tmp_path / "events/viewing/consumers/tables").write_text("three")
    with pytest.raises(Unavailable, match="consumers/tables is damaged"):
        bus.committed("viewing", "tables")


@pytest.mark.parametrize(
    "url", ["file://", "file://events?segments=3", "file://events?segment_bytes=none", "file://e?seal_hours=0"]
)
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.bus"):
        LogBus.open(url, tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    (tmp_path / "events").write_text("")
    with pytest.raises(Unavailable, match="events cannot be used"):
        open_log()


# Sealing


def test_sealed_segments_are_plain_parquet(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10000")
    messages = numbered(0, 25_000)
    for start in range(0, 25_000, 2500):
        bus.publish("viewing", messages[start : start + 2500])
    bus.close()
    parquets = sorted(tmp_path.glob("events/viewing/*.parquet"))
    assert [path.name for path in parquets] == [f"{first:020d}.parquet" for first in (1, 10_001)]
    assert [path.name for path in tmp_path.glob("events/viewing/*.log")] == [f"{20_001:020d}.log"]
    table = pq.read_table(parquets[1])
    assert table.schema == SCHEMA
    assert table["offset"].to_pylist() == list(range(10_001, 20_001))
    assert list(zip(table["id"].to_pylist(), table["body"].to_pylist(), strict=True)) == messages[10_000:20_000]
    assert pq.ParquetFile(parquets[0]).metadata.row_group(0).column(3).compression == "ZSTD"
    bus = open_log()
    assert [(one.id, one.body) for one in read_all(bus, "viewing", 777)] == messages
    assert [one.offset for one in bus.read("viewing", 9_998, 4)] == [9_999, 10_000, 10_001, 10_002]
    assert [one.offset for one in bus.read("viewing", 8_191, 2)] == [8_192, 8_193]


def test_a_segment_is_sealed_when_it_is_old(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log(f"?seal_hours={0.01 / 3600}")
    bus.publish("viewing", numbered(0, 1))
    time.sleep(0.02)
    bus.publish("viewing", numbered(1, 2))
    bus.close()
    assert only(tmp_path, "events/viewing/*.parquet").name == f"{1:020d}.parquet"


def test_a_segment_is_sealed_when_it_is_large(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_bytes=1000")
    bus.publish("viewing", numbered(0, 1, b"x" * 1000))
    bus.publish("viewing", numbered(1, 2))
    bus.close()
    assert only(tmp_path, "events/viewing/*.parquet").name == f"{1:020d}.parquet"


def test_ids_are_compared_with_as_many_sealed_segments_as_was_asked(open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10&dedupe_segments=2")
    for start in range(0, 40, 10):
        bus.publish("viewing", numbered(start, start + 10))
        bus.close()
    assert bus.publish("viewing", numbered(10, 40)) == Receipt(0, 30, 40)
    assert bus.publish("viewing", numbered(0, 10)) == Receipt(10, 0, 50)


def test_a_reader_keeps_its_place_while_segments_are_sealed(open_log: Callable[..., LogBus]) -> None:
    bus, other = open_log("?segment_messages=50"), open_log("?segment_messages=50")
    found: list[int] = []

    def write() -> None:
        for start in range(0, 2000, 10):
            bus.publish("viewing", numbered(start, start + 10))

    writer = threading.Thread(target=write)
    writer.start()
    while len(found) < 2000:
        for reader in (bus, other):
            found += [one.offset for one in reader.read("viewing", len(found), 17)]
    writer.join()
    assert found == list(range(1, 2001))


@pytest.mark.parametrize("step", range(8))
def test_sealing_may_be_killed_at_any_step(tmp_path: Path, open_log: Callable[..., LogBus], step: int) -> None:
    """A child is killed before its n-th system call that changes the folder while it seals."""
    bus = open_log("?segment_messages=1000")
    bus.publish("viewing", numbered(0, 100))
    bus.close()
    code = f"""
import os, signal, sys
from pathlib import Path
from matinee.base.bus.log import LogBus
bus = LogBus.open("file://events?segment_messages=100", Path({str(tmp_path)!r}))
calls = 0
def hook(event, args):
    global calls
    created = event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT
    created = created and not str(args[0]).endswith(("tail", "sealing", ".log"))
    if event in ("os.rename", "os.remove") or created:
        if calls == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
sys.addaudithook(hook)
bus.publish("viewing", [("last", b"")])
bus.close()
print(calls)
"""
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode in {0, -signal.SIGKILL}, child.stderr
    assert child.returncode == -signal.SIGKILL or int(child.stdout) == step == 7 or int(child.stdout) <= step
    bus = open_log("?segment_messages=100")
    receipt = bus.publish("viewing", [*numbered(0, 100), ("last", b""), ("new", b"")])
    assert receipt.end == 102
    bus.close()
    bus = open_log()
    assert [one.offset for one in bus.read("viewing")] == list(range(1, 103))
    assert [one.id for one in bus.read("viewing")] == [*(f"m{n}" for n in range(100)), "last", "new"]
    names = sorted(path.name for path in (tmp_path / "events/viewing").iterdir() if not path.name.startswith("."))
    assert names == [f"{1:020d}.ids", f"{1:020d}.parquet", f"{101:020d}.log", "sealing", "tail"]


def test_sealing_that_fails_loses_nothing(
    open_log: Callable[..., LogBus], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    bus = open_log("?segment_messages=10")
    with monkeypatch.context() as patched:
        patched.setattr(sealed, "_write", full)
        for start in range(0, 40, 10):
            bus.publish("viewing", numbered(start, start + 10))
        bus.close()
    assert "could not be sealed" in caplog.text
    bus = open_log("?segment_messages=10")
    assert bus.publish("viewing", numbered(0, 41)) == Receipt(1, 40, 41)
    bus.close()
    assert [one.id for one in read_all(open_log(), "viewing")] == [f"m{n}" for n in range(41)]


# Several processes


def _publish_many(folder: Path, name: str, shared: int, own: int, barrier: object) -> None:
    bus = LogBus(folder)
    barrier.wait()  # type: ignore[attr-defined]
    for start in range(0, max(shared, own), 10):
        if start < shared:
            bus.publish("viewing", numbered(start, start + 10))
        if start < own:
            bus.publish("viewing", [(f"{name}-{n}", b"%d" % n) for n in range(start, start + 10)])
    bus.close()


def test_processes_share_a_folder(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    LogBus(tmp_path / "events").close()
    args = [(tmp_path / "events", f"p{number}", 150, 250, barrier) for number in range(2)]
    processes = [spawn.Process(target=_publish_many, args=one) for one in args]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    bus = LogBus(tmp_path / "events")
    found = read_all(bus, "viewing")
    bus.close()
    assert [one.offset for one in found] == list(range(1, 651))
    assert len({one.id for one in found}) == 650
    for number in range(2):
        assert [one.body for one in found if one.id.startswith(f"p{number}-")] == [b"%d" % n for n in range(250)]


def test_concurrent_publishers_share_a_sync(open_log: Callable[..., LogBus], monkeypatch: pytest.MonkeyPatch) -> None:
    bus = open_log()
    bus.publish("viewing", numbered(0, 1))
    syncs: list[int] = []
    sync = os.fdatasync

    def slow(fd: int) -> None:
        syncs.append(fd)
        time.sleep(0.02)
        sync(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    threads = [threading.Thread(target=bus.publish, args=("viewing", [(f"t{n}", b"")])) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bus.end("viewing") == 33
    assert len(syncs) < 16


# A disk that refuses


def test_a_full_disk_is_told_and_loses_nothing(small_disk: Path) -> None:
    bus = LogBus.open("file://events", small_disk)
    start = 0
    bus.commit("viewing", "tables", 1)
    refusal = None
    while refusal is None:
        try:
            bus.publish("viewing", numbered(start, start + 10, b"x" * 1000))
            start += 10
        except Unavailable as error:
            refusal = error
    assert "no space left" in refusal.message
    assert "Free some space" in refusal.next_step
    assert start > 500
    for end in (start, start):
        assert bus.end("viewing") == end
        assert [one.id for one in read_all(bus, "viewing")] == [f"m{n}" for n in range(end)]
    rest = fill(small_disk)
    with pytest.raises(Unavailable, match="no space left"):
        bus.commit("viewing", "tables", 2)
    assert bus.committed("viewing", "tables") == 1
    other = LogBus.open("file://events", small_disk)
    assert len(read_all(other, "viewing")) == start
    with pytest.raises(Unavailable, match="no space left"):
        other.publish("viewing", numbered(start, start + 10, b"x" * 1000))
    other.close()
    rest.unlink()
    assert bus.publish("viewing", numbered(start - 10, start + 1)) == Receipt(1, 10, start + 1)
    bus.commit("viewing", "tables", 2)
    assert [one.offset for one in read_all(bus, "viewing")] == list(range(1, start + 2))
    bus.close()


def test_a_read_only_disk_is_told(small_disk: Path) -> None:
    bus = LogBus.open("file://events", small_disk)
    bus.publish("viewing", numbered(0, 3))
    bus.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Unavailable, match="read-only"):
        LogBus.open("file://events", small_disk).publish("viewing", numbered(3, 4))
    with pytest.raises(Unavailable, match="read-only"):
        LogBus.open("file://other", small_disk)


def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    code = f"""
import os, sys
from pathlib import Path
from matinee.base.bus.log import LogBus
from matinee.base.errors import Unavailable
folder = Path({str(folder)!r})
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    LogBus(folder / "events")
except Unavailable as error:
    print(error)
"""
    folder.chmod(0o755 if os.geteuid() == 0 else 0o555)
    for above in tmp_path.parents:
        if above.name.startswith("pytest-"):
            above.chmod(0o755)
    tmp_path.chmod(0o755)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/").stdout
    assert "permission denied" in said
    assert "Check who owns it" in said


# Killed


PRODUCER = """
import sys
from pathlib import Path
from matinee.base.bus.log import LogBus
bus = LogBus.open(f"file://events?segment_messages=700", Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    bus.publish("viewing", [(f"m{n}", b"%d" % n * 20) for n in range(number, number + 50)])
    number += 50
    print(number, flush=True)
"""


@pytest.mark.parametrize("after_s", [0.05, 0.21, 0.4])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, after_s: float) -> None:
    acknowledged = 0
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", PRODUCER, str(tmp_path), str(acknowledged)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout
        child.stdout.readline()
        time.sleep(after_s)
        child.kill()
        said = child.stdout.read().split()
        child.stdout.close()
        child.wait()
        acknowledged = int(said[-1]) if said else acknowledged + 50
    bus = LogBus.open("file://events?segment_messages=700", tmp_path)
    bus.publish("viewing", [(f"m{n}", b"%d" % n * 20) for n in range(max(0, acknowledged - 100), acknowledged + 100)])
    found = read_all(bus, "viewing")
    bus.close()
    assert [one.offset for one in found] == list(range(1, acknowledged + 101))
    assert [one.id for one in found] == [f"m{n}" for n in range(acknowledged + 100)]


def test_a_frame_of_rubbish_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    good = encode(1, 5, numbered(0, 2))
    path.write_bytes(good + good[:4] + b"\xff" * 100)
    fd = os.open(path, os.O_RDONLY)
    found = list(frames(fd, 0, path.stat().st_size))
    os.close(fd)
    assert [(one.first, one.last, one.time_ms) for one in found] == [(1, 2, 5)]


def test_a_closed_log_can_be_moved(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10")
    for start in (0, 10, 20):
        bus.publish("viewing", numbered(start, start + 10))
    bus.close()
    shutil.move(tmp_path / "events", tmp_path / "elsewhere")
    moved = LogBus.open("file://elsewhere", tmp_path)
    assert moved.publish("viewing", numbered(0, 31)) == Receipt(1, 30, 31)
    moved.close()


def test_the_oldest_segments_may_be_moved_away(tmp_path: Path, open_log: Callable[..., LogBus]) -> None:
    bus = open_log("?segment_messages=10")
    for start in (0, 10, 20):
        bus.publish("viewing", numbered(start, start + 10))
    bus.close()
    for oldest in tmp_path.glob(f"events/viewing/{1:020d}.*"):
        oldest.unlink()
    bus = open_log()
    assert [one.offset for one in bus.read("viewing")] == list(range(11, 31))
    assert bus.publish("viewing", numbered(10, 31)) == Receipt(1, 20, 31)
