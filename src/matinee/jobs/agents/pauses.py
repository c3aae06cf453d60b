"""What failed is left alone before it is tried again: for a moment at first, then ever longer."""

from __future__ import annotations

import time


class Pauses:
    """By name, what has failed since it last went well, and how long it is left alone."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        """Each further pause is twice as long as the one before, up to the longest."""
        self._first_s, self._longest_s = first_s, longest_s
        self._failed: dict[str, tuple[float, float]] = {}
        """The latest pause, and when it ends by the steady clock."""

    def __len__(self) -> int:
        """How many have failed."""
        return len(self._failed)

    def failed(self, name: str) -> float:
        """Note that one failed; how long it is left alone now, in seconds."""
        pause_s = min(2 * self.latest_s(name) or self._first_s, self._longest_s)
        self._failed[name] = pause_s, time.monotonic() + pause_s
        return pause_s

    def well(self, name: str) -> None:
        """Note that one went well."""
        self._failed.pop(name, None)

    def latest_s(self, name: str) -> float:
        """The latest pause of one; 0 where it did not fail."""
        return self._failed.get(name, (0.0, 0.0))[0]

    def rests(self, name: str) -> bool:
        """Whether one is still to be left alone."""
        return time.monotonic() < self._failed.get(name, (0.0, 0.0))[1]
