"""Progress of one reading of a film, from what FFmpeg tells."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction


class SoFar:
    """Turns "so far" into "since last time", and never more than `length`, in seconds.

    >>> told = []
    >>> so_far = SoFar(told.append, 2.0)
    >>> so_far(Fraction(1)); so_far(Fraction(5)); so_far.rest()
    >>> told
    [1.0, 1.0, 0.0]
    """

    def __init__(self, advance: Callable[[float], None], length: float) -> None:
        self._advance, self._length, self._so_far = advance, length, 0.0

    def __call__(self, seconds: Fraction) -> None:
        now = min(self._length, max(self._so_far, float(seconds)))
        self._advance(now - self._so_far)
        self._so_far = now

    def rest(self) -> None:
        """All of it is done."""
        self(Fraction(self._length))
