"""A job's processes: started from its `run` script, watched against its limits, and ended with all they started.

Everything a job starts carries its id in the environment, and the agent adopts what its parent has left, so that also
what went out of its group and its session is found.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from matinee.base.clock import now_ms
from matinee.base.errors import Unavailable
from matinee.jobs.attempts.masking import MaskedFile
from matinee.jobs.attempts.script import SETUP_LOG
from matinee.jobs.verdict import Outcome

AGENT = "MATINEE_AGENT"
"""The variable that names the agent to everything that its jobs start."""
GRACE_S = 5.0
"""How long a job that is killed may take to end politely."""
LOGS = ("stdout", "stderr", "genie/logs/setup.log")
_TICK_S = 0.5
_MB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a job may take."""

    seconds: float = float("inf")
    memory_mb: float = float("inf")
    """Of all its processes together."""
    output_mb: float = float("inf")
    """Of what it prints."""


class Running:
    """A job's processes. Made in a running event loop, in a thread that lives as long as they may."""

    def __init__(
        self,
        job_id: str,
        folder: Path,
        environment: Mapping[str, str],
        limits: Limits,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """`secrets` are more variables of the environment, which no log will hold."""
        self.folder = folder
        self._job_id, self._limits = job_id, limits
        self._why = ""
        self._started_ms = now_ms()
        self._peak_mb = 0.0
        self._stop = asyncio.Event()
        _adopt()
        self._masked = [MaskedFile(folder / one, secrets.values()) for one in LOGS] if secrets else []
        try:
            with _leading:
                self._child = self._begun(folder, {**environment, **(secrets or {}), "GENIE_JOB_ID": job_id})
                _led.add(self._child.pid)
        except OSError as error:
            raise Unavailable(
                f"The job {job_id} cannot be started: {error.strerror}.",
                next_step="See that bash is installed and that the machine has room for more processes.",
            ) from None
        finally:
            for one in self._masked:
                one.close()

    def kill(self, why: str) -> None:
        """End it, politely at first."""
        if not self._why:
            self._why = why
            self._stop.set()

    async def outcome(self) -> Outcome:
        """What comes of it; everything it started has ended by then."""
        watcher = asyncio.ensure_future(self._watch())
        try:
            usage = await self._ended()
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            _signal(_adopted(self._job_id), signal.SIGKILL)
            for one in self._masked:
                await asyncio.to_thread(one.join, GRACE_S)
        code = self._child.returncode
        assert code is not None
        return Outcome(code, self._why, self._started_ms, usage.ru_utime + usage.ru_stime, self._peak_mb)

    def _begun(self, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        if self._masked:
            out, errors, setup = (one.descriptor for one in self._masked)
            return _start(folder, {**environment, SETUP_LOG: f"/dev/fd/{setup}"}, (out, errors), (setup,))
        with (folder / "stdout").open("ab") as plain, (folder / "stderr").open("ab") as plain_errors:
            return _start(folder, environment, (plain.fileno(), plain_errors.fileno()))

    async def _ended(self) -> resource.struct_rusage:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        descriptor = os.pidfd_open(self._child.pid)
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        _, status, usage = os.wait4(self._child.pid, 0)
        _led.discard(self._child.pid)
        self._child.returncode = os.waitstatus_to_exitcode(status)
        return usage

    async def _watch(self) -> None:
        """Hold it to its limits; and once it is to end, see that it does."""
        end = time.monotonic() + self._limits.seconds
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _TICK_S)
            if time.monotonic() >= end:
                self.kill(f"It ran longer than the {self._limits.seconds:g} s that it was given.")
            self._weigh()
        _signal(self._members(), signal.SIGTERM)
        await asyncio.sleep(GRACE_S)
        _signal(self._members(), signal.SIGKILL)

    def _weigh(self) -> None:
        taken = sum(_memory_mb(one) for one in self._members())
        self._peak_mb = max(self._peak_mb, taken)
        if taken > self._limits.memory_mb:
            self.kill(f"It took {taken:.0f} MB of memory, more than the {self._limits.memory_mb:.0f} MB it was given.")
        printed = sum((self.folder / name).stat().st_size for name in ("stdout", "stderr")) / _MB
        if printed > self._limits.output_mb:
            self.kill(f"It printed {printed:.0f} MB, more than the {self._limits.output_mb:.0f} MB that may be kept.")

    def _members(self) -> list[psutil.Process]:
        found = [*_adopted(self._job_id)]
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(self._child.pid))
        for one in list(found):
            with suppress(psutil.Error):
                found += one.children(recursive=True)
        return found


def _start(
    folder: Path, environment: Mapping[str, str], streams: tuple[int, int], inherited: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["bash", str(folder / "run")],  # noqa: S607  wherever it is: the script's own environment says
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=streams[0],
        stderr=streams[1],
        start_new_session=True,
        pass_fds=inherited,
    )


def sweep(agent: str) -> None:
    """Kill all that jobs of an agent have left on this machine, until nothing is found any more."""
    while left := list(_carrying(f"{AGENT}={agent}", psutil.pids())):
        _signal(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=1)


@cache
def _adopt() -> None:
    """Become the parent of what our children leave to themselves (PR_SET_CHILD_SUBREAPER, where the kernel has it)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def bury() -> None:
    """Take note of the end of adopted children; only for a process that starts nothing but jobs."""
    with _leading:
        for pid in _left():
            with suppress(OSError, psutil.Error):
                if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(pid, os.WNOHANG)


_led: set[int] = set()
"""Processes that somebody waits for."""
_leading = threading.Lock()
"""Held from a process's start until it is known to be led."""


def _left() -> set[int]:
    """Children that nobody waits for: the kernel gives them to our first thread."""
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())) - _led


def _adopted(job_id: str) -> list[psutil.Process]:
    """What a job started and left to itself; it has become ours."""
    return list(_carrying(f"GENIE_JOB_ID={job_id}", _left()))


def _carrying(variable: str, pids: Iterable[int]) -> Iterator[psutil.Process]:
    """Processes with this in their environment; those that have ended have none."""
    wanted = variable.encode()
    for pid in pids:
        with suppress(OSError, psutil.Error):
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                yield psutil.Process(pid)


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for one in processes:
        with suppress(psutil.Error):
            one.send_signal(number)


def _memory_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / _MB
    except psutil.Error:
        return 0.0
