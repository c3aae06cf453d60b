"""What is known of one viewer now, as pages need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.events.exposures import NONE, Exposures

CREDITS_FROM = 0.95
"""Who has seen this share of a film has seen it: what follows are the credits."""
LEAST_LEFT_S = 5.0
"""Nobody comes back for less than this."""


class Opinion(NamedTuple):
    """A viewer's latest word on a title."""

    stars: float | None
    """0.5 to 5; None where none were given."""
    thumb: int | None
    """1 up, -1 down; None where none was given or it was taken back."""
    at_ms: int
    """The later of the two."""


class Watching(NamedTuple):
    """How far a viewer is with a title."""

    position_s: float
    duration_s: float | None
    """None until the player has said it."""
    at_ms: int

    @property
    def share(self) -> float | None:
        """How much has been watched, 0 to 1; None where the duration is unknown."""
        return min(1.0, self.position_s / self.duration_s) if self.duration_s else None

    def over(self, length_s: float | None = None) -> bool:
        """Whether nothing is left but credits or a few seconds: the film then begins anew, and a series goes on.

        `length_s` is taken where the player has not said it; False where nobody knows it.
        """
        length_s = self.duration_s or length_s
        if not length_s:
            return False
        return self.position_s >= min(CREDITS_FROM * length_s, length_s - LEAST_LEFT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerState:
    """Opinions, places in films, and the list of one viewer."""

    viewer_id: int
    opinions: Mapping[int, Opinion]
    watching: Mapping[int, Watching]
    listed: tuple[int, ...] = ()
    """Title ids on the viewer's list, newest first."""
    exposures: Exposures = NONE
    """What pages put before the viewer of late."""


class Plays(NamedTuple):
    """Playings in columns of equal length."""

    viewer_ids: NDArray[np.int64]
    title_ids: NDArray[np.int64]
    at_ms: NDArray[np.int64]


class Moments(NamedTuple):
    """When and on what playings began, in columns of equal length."""

    title_ids: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    devices: tuple[str, ...]


class Playing(NamedTuple):
    """One playing of a title."""

    viewer_id: int
    title_id: int
    at_ms: int
    """When it began."""
    watched_s: float
    page: str
    row: str
