"""An event loop in a thread of its own, for synchronous code that uses asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_AGAIN_S = 0.1


class Loop:
    """It runs until it is stopped. Its methods may be called from any other thread, whatever runs there."""

    def __init__(self, name: str) -> None:
        """`name` is the thread's."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=[self._loop], name=name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it takes work."""
        return self._thread.is_alive()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Have it run `work`."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self, seconds: float) -> None:
        """Cancel what is under way and wait for it, so long at most."""
        if self.running:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(seconds)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run `loop` until it is stopped, and end what is left on it here: whoever stops it may run a loop of their own."""
    loop.run_forever()
    while tasks := asyncio.all_tasks(loop):
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks, timeout=_AGAIN_S))  # Python 3.11 may lose a cancellation
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
