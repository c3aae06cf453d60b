"""What the bus accepts: topics, consumers, ids and bodies. The same limits in every implementation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matinee.base.errors import InvalidInput

MAX_ID = 200
MAX_BODY_BYTES = 1_000_000
"""Just under the 1 MiB that a NATS server takes by default."""

_WORDS = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*")


def check_topic(topic: str) -> str:
    """The topic itself; raises `InvalidInput` unless it is lower-case words joined by dots.

    >>> check_topic("viewing.impressions")
    'viewing.impressions'
    """
    return _checked("topic", topic)


def check_consumer(consumer: str) -> str:
    """The consumer's name itself; raises `InvalidInput` as for a topic."""
    return _checked("consumer", consumer)


def _checked(what: str, name: str) -> str:
    if len(name) <= 100 and _WORDS.fullmatch(name):
        return name
    raise InvalidInput(
        f"{name[:120]!r} is not the name of a {what}.",
        next_step="Use at most 100 characters: lower-case words of letters, digits and hyphens, joined by dots.",
    )


def check_messages(messages: Sequence[tuple[str, bytes]]) -> None:
    """Raise `InvalidInput` for an id that is no plain word or a body that is too long."""
    if not messages:
        return
    ids = [one for one, _ in messages]
    together = "".join(ids)
    plain = together.isascii() and together.isprintable() and " " not in together
    if not plain or not all(ids) or len(max(ids, key=len)) > MAX_ID:
        bad = next(one for one in ids if not _is_plain(one))
        raise InvalidInput(
            f"{bad[:220]!r} is not an id for a message.",
            next_step=f"Use 1 to {MAX_ID} printable ASCII characters without blanks.",
        )
    longest = max(len(body) for _, body in messages)
    if longest > MAX_BODY_BYTES:
        raise InvalidInput(
            f"A message of {longest:,} bytes is too long for the bus, which takes {MAX_BODY_BYTES:,}.",
            next_step="Put the bytes into objects and publish their key.",
        )


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isprintable() and " " not in name and 0 < len(name) <= MAX_ID
