"""The bus: a durable, ordered log of messages per topic, read by offset.

`publish` returns only when the messages would survive a power cut. Offsets count from 1 in each topic without
gaps. A message carries the id that its producer gave it; the bus drops one whose id it has seen lately, so a
producer that was interrupted repeats its last batch and nothing is doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """One message as it is read back."""

    offset: int
    """Its place in the topic, from 1."""
    id: str
    """The producer's id, unique in the topic."""
    time_ms: int
    """When the bus took it."""
    body: bytes
    """What was published, untouched."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a published batch."""

    accepted: int
    """Messages now on disk for the first time."""
    doubled: int
    """Messages whose id the topic held already."""
    end: int
    """Offset of the topic's last message after the batch."""


class Bus(Protocol):
    """A durable log. Methods may be called from any thread."""

    def publish(self, topic: str, messages: Sequence[tuple[str, bytes]]) -> Receipt:
        """Append `(id, body)` pairs in order; returns when they are durable.

        Raises `InvalidInput` for a topic that is not lower-case words joined by dots, and `Unavailable` where
        the disk is full or the server gone: then none or some of the batch may be stored, and publishing it
        again stores the rest.
        """

    def read(self, topic: str, after: int = 0, limit: int = 1000) -> list[Message]:
        """Up to `limit` messages with an offset greater than `after`, in order; none where there are none."""

    def follow(self, topic: str, after: int = 0, limit: int = 1000, wait_s: float = 1.0) -> Iterator[list[Message]]:
        """Batches as they arrive, for ever; an empty one each time `wait_s` passes without any."""

    def end(self, topic: str) -> int:
        """Offset of the topic's last message, 0 where it has none."""

    def topics(self) -> list[str]:
        """Names of all topics that hold a message, sorted."""

    def commit(self, topic: str, consumer: str, offset: int) -> None:
        """Remember durably that `consumer` has worked through `offset`."""

    def committed(self, topic: str, consumer: str) -> int:
        """The last offset that `consumer` committed, 0 where it never did."""

    def close(self) -> None:
        """Release files and connections."""
