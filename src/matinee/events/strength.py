"""How much a viewer liked a title, in stars, from all that was said and done about it.

Models learn from one number per viewer and title. What was said outweighs what was done: stars stand as they are, a
thumb counts as five stars or one; who only watched is taken to have liked it the more of it they saw. A title
begun and left at once says little and counts as slightly less than indifferent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THUMB_UP, THUMB_DOWN = 5.0, 1.0
LEFT_AT_ONCE, SEEN_WHOLE = 2.5, 4.0
UNKNOWN_SHARE = 0.5
"""Taken where the player never said how long the film is."""

Floats = NDArray[np.float64]


def strength(stars: Floats, thumb: Floats, share: Floats) -> Floats:
    """Strength in stars (1 to 5) of each row; NaN stands for what is not known, and for a row that says nothing.

    >>> strength(np.array([3.0, np.nan]), np.array([np.nan, np.nan]), np.array([1.0, 1.0])).tolist()
    [3.0, 4.0]
    """
    watched = LEFT_AT_ONCE + (SEEN_WHOLE - LEFT_AT_ONCE) * np.clip(share, 0.0, 1.0)
    said = np.select([thumb > 0, thumb < 0], [THUMB_UP, THUMB_DOWN], default=np.nan)
    # A thumb and stars rarely contradict; where they do, the thumb is the later invention and the plainer word.
    return np.where(np.isnan(said), np.where(np.isnan(stars), watched, stars), said)
