"""One worker process: it is sent a function once and items one by one, and answers each with a result or an error.

A worker leads a process group of its own, so that it and every program it started can be killed together. Ctrl-C
reaches the parent alone.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from matinee.base.compute.answers import answer, loaded

FUNCTION, ITEM = b"f", b"i"
"""The first byte of what a worker is sent."""


class Worker:
    """A worker as its parent sees it."""

    def __init__(self) -> None:
        spawn = get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs,), daemon=True, name="matinee worker")
        self._process.start()
        theirs.close()
        self.item: int | None = None
        """Number of the item it works on."""

    def take(self, function: bytes) -> None:
        """Give it the pickled function for the items to come."""
        self._send(function)

    def start(self, item: int, value: bytes) -> None:
        """Give it a pickled item."""
        self.item = item
        self._send(value)

    def answer(self) -> tuple[bool, Any]:
        """Whether the item went well, and its result or error; raises `EOFError` where the worker died."""
        try:
            data = self.pipe.recv_bytes()
        except OSError as error:
            raise EOFError from error
        self.item = None
        good, value = pickle.loads(data)  # noqa: S301  from our own child
        return good, value

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it at once, with all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._process.close()
        self.pipe.close()

    def how_it_died(self) -> str:
        """Words for the end of a worker that died."""
        self._process.join(5)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"was killed by signal {-code} ({signal.strsignal(-code)})"
        return f"ended with exit code {code}"

    def _send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # its death is noticed when it is asked for the answer
            self.pipe.send_bytes(data)


def _serve(pipe: Connection) -> None:
    """The worker's life: functions and items come in turn, told apart by the first byte."""
    _tie_to_parent()
    function: Callable[[Any], Any] | None = None
    with suppress(EOFError, OSError):
        while True:
            function = _work(pipe, function)


def _tie_to_parent() -> None:
    """Die with the parent, however it dies: its end of a pipe closes, which a thread waits for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: Any) -> None:
    parent.join()
    os.killpg(0, signal.SIGKILL)


def _work(pipe: Connection, function: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    data = pipe.recv_bytes()
    if data[:1] == FUNCTION:
        return loaded(memoryview(data)[1:])
    assert function
    _, told = answer(function, memoryview(data)[1:])
    pipe.send_bytes(told)
    return function
