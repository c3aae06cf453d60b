"""Worker processes: killed, interrupted, and gone when their parent is."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.base.compute.local import LocalCompute
from matinee.base.errors import SettingsError, Unavailable
from matinee.testing.programs import square


@pytest.mark.parametrize("url", ["local://?workers=0", "local://?workers=x", "local://here", "local://?cpus=2"])
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.compute"):
        LocalCompute.open(url, tmp_path)


def test_there_are_as_many_workers_as_cpus_for_us(tmp_path: Path) -> None:
    assert LocalCompute.open("local://", tmp_path).workers == len(os.sched_getaffinity(0))


def own_process(_: int) -> int:
    return os.getpid()


def test_workers_are_kept_and_replaced_when_they_died(tmp_path: Path) -> None:
    compute = LocalCompute.open("local://?workers=1", tmp_path)
    first = set(compute.map(own_process, range(5)))
    assert len(first) == 1
    assert set(compute.map(own_process, range(5))) == first
    os.kill(first.pop(), signal.SIGKILL)
    time.sleep(0.1)
    assert len(set(compute.map(own_process, range(5)))) == 1
    compute.close()


def wait_for_ever(path: str) -> None:
    """Start a program, as an encoder would, and tell both numbers."""
    with subprocess.Popen(["sleep", "600"]) as child:
        Path(path).write_text(f"{os.getpid()} {child.pid}")
        child.wait()


def numbers(path: Path) -> list[int]:
    while not path.exists() or len(path.read_text().split()) < 2:
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def is_gone(pid: int) -> bool:
    """Whether it is dead, or a zombie that nobody has buried yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually(condition: Callable[[], bool]) -> None:
    while not condition():  # the test's own time limit ends it
        time.sleep(0.02)


def test_a_killed_worker_is_told_and_takes_along_what_it_started(tmp_path: Path) -> None:
    compute = LocalCompute.open("local://?workers=2", tmp_path)
    paths = [tmp_path / "a", tmp_path / "b"]
    killer = threading.Thread(target=lambda: [numbers(path) for path in paths] and kill(numbers(paths[0])[0]))
    killer.start()
    with pytest.raises(Unavailable, match=r"killed by signal 9 \(Killed\) at item 1"):
        next(compute.map(wait_for_ever, map(str, paths)))
    killer.join()
    eventually(lambda: all(is_gone(pid) for path in paths for pid in numbers(path)))
    compute.close()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_compute_local import wait_for_ever
from matinee.base.compute.local import LocalCompute
if __name__ == "__main__":
    compute = LocalCompute.open("local://?workers=2", Path("."))
    list(compute.map(wait_for_ever, sys.argv[1:]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_parent_goes(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(tests=str(Path(__file__).parent)))
    paths = [tmp_path / "a", tmp_path / "b"]
    parent = subprocess.Popen(
        [sys.executable, str(script), *map(str, paths)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    pids = [pid for path in paths for pid in numbers(path)]
    parent.send_signal(how)
    parent.wait()
    eventually(lambda: all(map(is_gone, pids)))


def test_leaving_early_stops_the_rest(tmp_path: Path) -> None:
    compute = LocalCompute.open("local://?workers=2", tmp_path)
    results = compute.map(first_quick, [("", 3), (str(tmp_path / "a"), 0)])
    assert next(results) == 9
    pids = numbers(tmp_path / "a")
    results.close()  # type: ignore[attr-defined]
    eventually(lambda: all(map(is_gone, pids)))
    assert list(compute.map(square, [2])) == [4]
    compute.close()


def first_quick(item: tuple[str, int]) -> int:
    path, number = item
    if path:
        wait_for_ever(path)
    return number * number
