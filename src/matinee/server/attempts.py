"""How often somebody may try to sign in: as often as a person needs, and less than a guesser does.

Attempts are counted per address and per account over a moving window, in the memory of this process.
"""

from __future__ import annotations

import math
import time

from anyio import CapacityLimiter
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from matinee.server.errors import TooMany
from matinee.server.settings import ServerSettings

HASHED_AT_ONCE = 2
"""Checking a password takes 64 MiB and a core on purpose; more at once would let strangers fill the memory."""


class Attempts:
    """Counts attempts to sign in."""

    def __init__(self, settings: ServerSettings) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_address = RateLimitItemPerMinute(settings.sign_ins_per_minute)
        self._per_account = RateLimitItemPerMinute(settings.sign_ins_per_account, 15)
        self.hashing = CapacityLimiter(HASHED_AT_ONCE)

    def count(self, address: str, email: str) -> None:
        """Count one attempt. Raises `TooMany` with the time to wait."""
        for item, name in ((self._per_address, address), (self._per_account, email.strip().casefold()[:254])):
            if not self._limiter.hit(item, name):
                raise self._too_many(item, name)

    def forgive(self, email: str) -> None:
        """Forget the attempts on an account, because its owner has come."""
        self._limiter.clear(self._per_account, email.strip().casefold()[:254])

    def _too_many(self, item: RateLimitItem, name: str) -> TooMany:
        reset = self._limiter.get_window_stats(item, name).reset_time
        wait_s = max(1, math.ceil(reset - time.time()))
        return TooMany(
            "Too many attempts to sign in.",
            next_step=f"Wait {wait_s} seconds and try again.",
            headers={"Retry-After": str(wait_s)},
        )
