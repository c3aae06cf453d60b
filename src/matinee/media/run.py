"""Child processes start here and nowhere else.

Arguments are a list, never a shell's line. Each start logs a command that can be pasted. A child gets a process
group of its own, which is asked and then made to end when the caller stops for whatever reason; where the kernel
offers it (Linux), it also dies with the thread that started it, so that a killed Matinee leaves no orphans.
"""

from __future__ import annotations

import logging
import os
import resource
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import IO, cast

import imageio_ffmpeg  # type: ignore[import-untyped]

from matinee.base.children import dies_with_us
from matinee.base.errors import InvalidInput, MatineeError, Unavailable

log = logging.getLogger(__name__)

TAIL_LINES = 12
GRACE_S = 3.0
"""How long a child may take to end politely."""
_TICK_S = 0.2
_CHUNK = 1 << 20
_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error", "-nostats")

Progress = Callable[[Fraction], None]
"""Called with the seconds of film that are done so far."""


class Stopped(Exception):
    """Somebody else set the `stop` event of a running child."""


@cache
def ffmpeg_program() -> str:
    """Path of the FFmpeg that came with the package, or that ``IMAGEIO_FFMPEG_EXE`` names.

    Raises `Unavailable` where there is none for this machine.
    """
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        raise Unavailable(
            "There is no FFmpeg for this machine.", next_step="Install one and name it in IMAGEIO_FFMPEG_EXE."
        ) from None


def ffmpeg(
    arguments: Sequence[str],
    *,
    about: str,
    progress: Progress | None = None,
    line: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run FFmpeg with `arguments`; `about` names the file for error messages.

    `progress` hears of the seconds written so far, a few times a second; or else `line` of each line that a filter
    writes to standard output. Setting `stop` from another thread ends the
    child and raises `Stopped`. Raises `Unavailable` where the disk is full or the child was killed, and
    `InvalidInput` with FFmpeg's last words where it gave up on the file.
    """
    told = [] if line else ["-progress", "pipe:1"]
    code, tail = run([ffmpeg_program(), *_QUIET, *told, *arguments], line=line or _Progress(progress).line, stop=stop)
    if code:
        raise _failure("FFmpeg", about, code, tail)


def packager_program() -> str:
    """Path of Shaka Packager: what SHAKA_PACKAGER names, or what stands beside Python, or on the PATH.

    Raises `Unavailable` where there is none.
    """
    named, beside = os.environ.get("SHAKA_PACKAGER"), str(Path(sys.executable).parent)
    found = shutil.which(named) if named else shutil.which("packager", path=beside) or shutil.which("packager")
    if not found:
        where = f"SHAKA_PACKAGER names {named}, where it is not" if named else "it is not on this machine"
        raise Unavailable(
            f"Encryption needs Shaka Packager, and {where}.",
            next_step="Run `npm install shaka-packager@3.4.2` and name its bin/packager-linux-x64 in SHAKA_PACKAGER; "
            "or set encoding.encryption to none.",
        )
    return str(Path(found).absolute())


def packager(arguments: Sequence[str], *, folder: Path, about: str, stop: threading.Event | None = None) -> None:
    """Run Shaka Packager in `folder`, where its arguments may name files: it takes commas in paths for its own.

    What it reads has been written by us, so that its giving up is `Unavailable`, as when it is not installed.
    """
    code, tail = run([packager_program(), *arguments], folder=folder, stop=stop)
    if code < 0:
        raise _failure("Shaka Packager", about, code, tail)
    if code:
        # A full disk it calls a parser's failure.
        raise Unavailable(
            f"Shaka Packager gave up on {about}: {tail[-1] if tail else 'it gave no reason'}.",
            next_step="See that the disk has room, then run this again.",
        )


def spent_s() -> float:
    """Seconds of processor that ended children of this process have taken."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def pictures(
    arguments: Sequence[str], size_bytes: int, *, about: str, stop: threading.Event | None = None
) -> Iterator[bytes]:
    """Run FFmpeg with `arguments`, which end in raw pictures to ``pipe:1``; yields them one by one.

    The child waits while nobody takes the next one, and ends when the iteration is left. Raises what `ffmpeg` raises.
    """
    command = [ffmpeg_program(), *_QUIET, *arguments]
    log.info("running: %s", shlex.join(command))
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with _started(command) as child:
        rest = b""
        for data in _read(child, tail, stop):
            rest += data
            while len(rest) >= size_bytes:
                yield rest[:size_bytes]
                rest = rest[size_bytes:]
        code = child.wait()
    if code:
        raise _failure("FFmpeg", about, code, tail)


def run(
    arguments: Sequence[str],
    *,
    line: Callable[[str], None] | None = None,
    folder: Path | None = None,
    stop: threading.Event | None = None,
) -> tuple[int, list[str]]:
    """Run a program to its end; returns its exit status and the last lines that it wrote to standard error.

    It runs in `folder`, or where we are. `line` gets each line of standard output. The status is negative where a
    signal ended the child. Raises `Unavailable` where the program cannot be started and `Stopped` when `stop` is set.
    """
    log.info("running: %s", shlex.join(arguments))
    with _started(arguments, folder) as child:
        tail = _listen(child, line, stop)
        return child.wait(), tail


@contextmanager
def _started(arguments: Sequence[str], folder: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    if shutil.which(arguments[0]) is None:
        raise Unavailable(
            f"There is no program {arguments[0]} that can be run.", next_step="Install it, or mend its permissions."
        )
    child = subprocess.Popen(
        [*dies_with_us(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=folder,
    )
    try:
        yield child
    finally:
        _end(child)


def _listen(
    child: subprocess.Popen[bytes], line: Callable[[str], None] | None, stop: threading.Event | None
) -> list[str]:
    """Read both pipes until they close; returns the last lines of standard error."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    lines = _Lines(line or (lambda _: None))
    for data in _read(child, tail, stop):
        lines.feed(data)
    lines.feed(b"")
    return list(tail)


def _read(child: subprocess.Popen[bytes], tail: deque[str], stop: threading.Event | None) -> Iterator[bytes]:
    """Standard output as it comes, while the lines of standard error go to `tail`, until both pipes close."""
    errors = _Lines(tail.append)
    with selectors.DefaultSelector() as selector:
        for pipe in (child.stdout, child.stderr):
            selector.register(cast("IO[bytes]", pipe), selectors.EVENT_READ)
        while selector.get_map():
            if stop is not None and stop.is_set():
                raise Stopped
            for key, _ in selector.select(_TICK_S):
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                if key.fileobj is child.stderr:
                    errors.feed(data)
                elif data:
                    yield data


class _Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self, hear: Callable[[str], object]) -> None:
        self._hear, self._rest = hear, b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines, self._rest = [self._rest], b""
        for one in lines:
            if text := one.decode("utf-8", "replace").strip():
                self._hear(text)


class _Progress:
    """Reads the ``key=value`` lines of FFmpeg's ``-progress``."""

    def __init__(self, hear: Progress | None) -> None:
        self._hear = hear

    def line(self, text: str) -> None:
        key, _, value = text.partition("=")
        if self._hear is not None and key == "out_time_us" and value.isdigit():
            self._hear(Fraction(int(value), 1_000_000))


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the child's group to end, and after a while make it."""
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if child.poll() is not None:
                return
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(GRACE_S)
    finally:
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def _failure(program: str, about: str, code: int, tail: Sequence[str]) -> MatineeError:
    said = tail[-1] if tail else "it gave no reason"
    if any("No space left on device" in one or "Disk quota exceeded" in one for one in tail):
        return Unavailable(
            f"The disk is full: {program} could not finish {about}.",
            next_step="Free some space and run this again; what was finished is kept.",
        )
    if code < 0:
        name = signal.Signals(-code).name
        return Unavailable(
            f"{program} was ended by {name} while it worked on {about}.",
            next_step="If memory ran out, let fewer titles be worked on at once; then run this again.",
        )
    log.info("%s said: %s", program, " / ".join(tail))
    return InvalidInput(f"{program} gave up on {about}: {said}.", next_step="Check that the file plays, or replace it.")
