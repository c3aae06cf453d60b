"""A connection to NATS, kept by an event loop in a thread of its own: callers stay synchronous."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from concurrent.futures import TimeoutError as LateError
from typing import Any, TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.js.errors import APIError

from matinee.base.errors import Unavailable
from matinee.base.loops import Loop

T = TypeVar("T")
_log = logging.getLogger(__name__)
_RECONNECT_S = 0.1
_GRACE_S = 5.0


class Link:
    """An open connection that reconnects for as long as it lives. `call` may be used from any thread."""

    def __init__(self, servers: Sequence[str], credentials: str | None, timeout_s: float) -> None:
        """Connect; raises `Unavailable` where nobody answers within `timeout_s`."""
        self.timeout_s = timeout_s
        places = [server.removeprefix("nats://") for server in servers]
        self._where = ", ".join(place.rpartition("@")[2] for place in places)  # never tells a password
        self._loop = Loop("nats")
        try:
            self.client: Client = self.call(self._connect(servers, credentials))
        except BaseException:
            self._loop.stop(_GRACE_S)
            raise

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop and give its result; the server's refusals become `Unavailable`."""
        if not self._loop.running:
            work.close()
            raise Unavailable("The connection to NATS has been closed.", next_step="Open the bus again.")
        future = self._loop.begin(work)
        try:
            return future.result()
        except APIError as error:
            raise self.refused(error.description or "it runs without JetStream or that is not ready") from error
        except (TimeoutError, NatsError, OSError, LateError) as error:
            raise self.gone(error) from error
        except BaseException:
            future.cancel()
            raise

    async def connected(self, deadline: float) -> None:
        """Wait until there is a connection; raises `Unavailable` at the loop's time `deadline`."""
        while not self.client.is_connected:
            if asyncio.get_running_loop().time() >= deadline or self.client.is_closed:
                raise self.gone(None)
            await asyncio.sleep(_RECONNECT_S / 4)

    def gone(self, error: BaseException | None) -> Unavailable:
        """What to say where the server does not answer."""
        reason = f": {str(error).removeprefix('nats: ').rstrip('.')}" if error and str(error) else ""
        return Unavailable(
            f"NATS at {self._where} does not answer{reason}.",
            next_step="Check its address and that it runs with JetStream (`nats-server -js`).",
        )

    def refused(self, reason: str) -> Unavailable:
        """What to say where the server answers that it will not."""
        full = "insufficient" in reason or "no space" in reason or "maximum" in reason
        step = "Free space on the server's disk or raise its limits." if full else "The server's log tells more."
        return Unavailable(f"NATS at {self._where} refused: {reason.rstrip('.')}.", next_step=step)

    def close(self) -> None:
        """Close the connection and end the thread."""
        if self._loop.running:
            try:
                self._loop.begin(self.client.close()).result(_GRACE_S)
            except (NatsError, OSError, LateError):
                _log.debug("the connection to NATS was not closed in good order", exc_info=True)
            self._loop.stop(_GRACE_S)

    async def _connect(self, servers: Sequence[str], credentials: str | None) -> Client:
        options: dict[str, Any] = {"user_credentials": credentials} if credentials else {}
        connecting = nats.connect(
            list(servers),
            name="matinee",
            error_cb=_note,
            connect_timeout=max(1, round(self.timeout_s)),
            reconnect_time_wait=_RECONNECT_S,
            max_reconnect_attempts=-1,
            pending_size=64 << 20,
            **options,
        )
        task = asyncio.ensure_future(connecting)
        _, late = await asyncio.wait([task], timeout=self.timeout_s)
        while late:  # Python 3.11 loses a cancellation where an attempt fails in the same moment
            task.cancel()
            _, late = await asyncio.wait([task], timeout=_RECONNECT_S)
        try:
            return task.result()
        except asyncio.CancelledError:
            raise TimeoutError from None
        except NoServersError as error:
            raise self.gone(error) from error


async def _note(error: Exception) -> None:
    """Trouble of the connection: whoever waits for an answer is told in words, the rest is for debugging."""
    _log.debug("NATS: %r", error)
