"""Processes of jobs: their ends, their limits, and that nothing is left of them."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from matinee.jobs.attempts import process
from matinee.jobs.attempts.process import Limits, Running
from matinee.jobs.verdict import Outcome

PATH = {"PATH": os.environ["PATH"]}


NONE = Limits()


def ran(folder: Path, script: str, limits: Limits = NONE, kill_after_s: float | None = None) -> Outcome:
    (folder / "run").write_text(script)

    async def run() -> Outcome:
        running = Running(f"test-{uuid4()}", folder, PATH, limits)
        if kill_after_s is not None:
            asyncio.get_running_loop().call_later(kill_after_s, running.kill, "Ada wanted it.")
        return await running.outcome()

    with ThreadPoolExecutor(1) as pool:  # this thread may have a loop of the browser's
        return pool.submit(asyncio.run, run()).result()


def text(folder: Path, name: str = "stdout") -> str:
    return (folder / name).read_text()


def test_output_code_and_costs_are_told(tmp_path: Path) -> None:
    found = ran(tmp_path, "echo hello; echo oh >&2; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 3")
    assert (text(tmp_path), text(tmp_path, "stderr")) == ("hello\n", "oh\n")
    assert (found.exit_code, found.why) == (3, "")
    assert found.cpu_s > 0.05
    assert 0 <= found.peak_mb < 50


def test_it_is_ended_after_its_time(tmp_path: Path) -> None:
    began = time.monotonic()
    found = ran(tmp_path, "echo began; sleep 60 & wait", Limits(seconds=1))
    assert time.monotonic() - began < 4
    assert (found.exit_code, found.why) == (-15, "It ran longer than the 1 s that it was given.")
    assert text(tmp_path) == "began\n"


def test_who_ignores_signals_is_killed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.5)
    found = ran(tmp_path, "trap '' TERM INT HUP; while :; do sleep 60; done", kill_after_s=0.5)
    assert (found.exit_code, found.why) == (-9, "Ada wanted it.")


def test_who_prints_without_end_is_ended(tmp_path: Path) -> None:
    found = ran(tmp_path, "yes & exec yes >&2", Limits(output_mb=20))
    assert found.exit_code != 0
    assert found.why.endswith("MB, more than the 20 MB that may be kept.")


def test_memory_of_all_processes_together_is_limited(tmp_path: Path) -> None:
    hungry = "python3 -c 'import time; kept = bytearray(60 << 20); time.sleep(60)'"
    found = ran(tmp_path, f"{hungry} & {hungry} & wait", Limits(memory_mb=100))
    assert found.why.startswith("It took 1")
    assert "more than the 100 MB it was given" in found.why
    assert found.peak_mb > 100


def test_nothing_of_it_is_left(tmp_path: Path) -> None:
    """Also what left its group and its session, and was adopted by somebody else."""
    escape = "setsid sh -c '(sleep 61 & echo $! >pid)' & wait; sleep .2"
    found = ran(tmp_path, escape)
    assert found.exit_code == 0
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.1)
    else:
        pytest.fail("it still sleeps")


def test_binary_and_much_output_is_kept(tmp_path: Path) -> None:
    ran(tmp_path, "head -c 30000000 /dev/zero; printf 'last line'")
    data = (tmp_path / "stdout").read_bytes()
    assert len(data) == 30_000_009
    assert data.endswith(b"\0last line")
