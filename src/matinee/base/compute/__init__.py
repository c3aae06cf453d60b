"""Compute: where heavy work is done. The embedded one is a set of processes on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Compute(Protocol):
    """Somewhere to run functions on many items at once."""

    @property
    def workers(self) -> int:
        """How many items are worked on at once."""

    def map(self, function: Callable[[T], R], items: Iterable[T], label: str = "") -> Iterator[R]:
        """``function(item)`` of each item, in the order of the items, worked on side by side.

        The function and the items must pickle. The first error that the function raises is raised here, as it
        was, once the items before it have been yielded; what runs elsewhere is then stopped. Raises
        `Unavailable` where a worker died. Progress goes to `matinee.base.progress` under `label`, where given.
        """

    def close(self) -> None:
        """Stop the workers."""
