"""The queue of jobs as an agent sees it: it takes tickets as it has slots for them, and has them run.

It looks for tickets as soon as the database says that something was put there, and lets what is delayed ripen.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from matinee.base.loops import Loop
from matinee.base.tables import Tables
from matinee.jobs.queue import bell
from matinee.jobs.queue.tickets import Taken, Tickets

logger = logging.getLogger(__name__)
T = TypeVar("T")

_LOOK_S = 1.0
"""How long an agent waits before it looks for tickets again, where nothing calls it."""
PACE_S = 0.05
"""The least time between two looks, or two writes, of an agent that is busy: so more is done at once."""
_GRACE_S = 5.0


class Executor:
    """The queue of an agent, from `start` to `stop`."""

    def __init__(
        self,
        tables: Tables,
        tickets: Tickets,
        agent: str,
        *,
        slots: int,
        run: Callable[[Taken], Awaitable[T]],
        note: Callable[[T], Awaitable[None]],
    ) -> None:
        """`run` is awaited for every ticket that is taken, at most `slots` of them at once; then `note` for its result.

        That the ticket is done with, they say themselves.
        """
        self._tables, self._tickets, self._agent, self._slots = tables, tickets, agent, slots
        self._run, self._note = run, note
        self._held: set[Taken] = set()
        """Tickets that have a slot."""
        self._ripened = -_LOOK_S
        self._stopping, self._freed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs queue", daemon=True)

    def start(self) -> None:
        """Begin to take tickets."""
        self._loop = Loop("jobs runner")
        self._thread.start()

    def pause(self) -> None:
        """Take no more tickets."""
        self._stopping.set()
        self._freed.set()
        self._thread.join()

    def stop(self) -> None:
        """Let go of what is under way, once paused."""
        self._loop.stop(_GRACE_S)

    def _work(self) -> None:
        with bell.listening(self._tables.engine) as heard:
            while not self._stopping.is_set():
                began = time.monotonic()
                try:
                    more = self._take(began)
                except Exception as error:  # the database may be away for a while; nothing is lost by that
                    logger.warning("no tickets can be taken: %s", error)
                    more = False
                if more:  # none can be taken before a job ends
                    self._freed.wait(_LOOK_S)  # none may be held where all that were taken were lost again
                    self._freed.clear()
                else:
                    heard.wait(_LOOK_S, self._stopping)
                self._stopping.wait(max(0, began + PACE_S - time.monotonic()))

    def _take(self, now_s: float) -> bool:
        """Take as many tickets as there are and there is room for; whether there may be more of them."""
        if now_s - self._ripened >= _LOOK_S:
            self._tickets.ripen()
            self._ripened = now_s
        room = self._slots - len(self._held)
        if room <= 0:
            return True
        taken = self._tickets.take(self._agent, room)
        self._held.update(taken)
        for one in taken:
            self._loop.begin(self._serve(one))
        return len(taken) == room

    async def _serve(self, ticket: Taken) -> None:
        try:
            try:
                result = await self._run(ticket)
            finally:
                self._held.discard(ticket)
                self._freed.set()
            await self._note(result)
        except Exception:  # whoever takes the ticket once this agent is gone goes on from what is written
            logger.exception("a fault of ours kept the ticket %s from its end", ticket.name)
