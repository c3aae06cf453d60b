"""Following a topic by asking again and again, as every bus can."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from matinee.base.bus import Message


def follow(read: Callable[[int], list[Message]], after: int, wait_s: float, pause_s: float) -> Iterator[list[Message]]:
    """Batches of ``read(after)`` for ever, each behind the one before; an empty one each time `wait_s` passes.

    The topic is asked every `pause_s` seconds, which bounds how late a message is.
    """
    while True:
        deadline = time.monotonic() + wait_s
        while not (batch := read(after)) and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(pause_s, left))
        if batch:
            after = batch[-1].offset
        yield batch
