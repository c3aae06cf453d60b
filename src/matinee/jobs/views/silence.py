"""Who waits for jobs is told, once, where no agent is there to run them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from matinee.jobs.views.census import Heartbeat

QUIET_S = 6.0
"""Three times as long as an agent takes to say again that it lives."""


class Silence:
    """What is heard of agents while somebody waits."""

    def __init__(self, agents: Callable[[], Sequence[Heartbeat]], say: Callable[[str], None]) -> None:
        """`agents` tells who has been heard of, and `say` what there is to say."""
        self._agents, self._say = agents, say
        self._heard = self._beats()
        self._due = time.monotonic() + QUIET_S

    def listen(self) -> None:
        """Say so where nobody has been heard of for `QUIET_S`; to be called now and then."""
        if time.monotonic() < self._due:
            return
        beats = self._beats()
        if beats <= self._heard:
            self._say(
                f"No agent has been heard of for {QUIET_S:g} s, and nothing runs without one. "
                "`matinee serve` keeps one up, `matinee jobs agent` is one. Still waiting."
            )
            self._due = math.inf
        else:
            self._heard, self._due = beats, time.monotonic() + QUIET_S

    def _beats(self) -> set[tuple[str, int]]:
        return {(one.agent, one.beat_ms) for one in self._agents()}
