"""Wall-clock time: milliseconds since 1970 in UTC, as an `int` named `..._ms` or `now_ms`.

Functions that depend on the time take it as an argument; only doors (commands, routes) read the clock.
Time inside a film is another thing: see `matinee.media.time`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from matinee.base.errors import InvalidInput

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """The time now, in milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000


def took_ms(start_ms: int, end_ms: int) -> int:
    """From one time to another; 0 where the clock was put back between.

    >>> took_ms(1_000, 2_500), took_ms(1_000, 500)
    (1500, 0)
    """
    return max(0, end_ms - start_ms)


def to_iso(time_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds.

    >>> to_iso(1_500)
    '1970-01-01T00:00:01.500Z'
    """
    moment = _EPOCH + timedelta(milliseconds=time_ms)  # exact, where a float of seconds is not
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 date or time; one without a zone is taken as UTC.

    >>> from_iso("1970-01-01T00:00:01.500Z")
    1500

    Raises `InvalidInput` where the text is no ISO 8601 time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is not a time.", next_step="Write it as 2026-11-21 or 2026-11-21T20:15:00Z."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)
