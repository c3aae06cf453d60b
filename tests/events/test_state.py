"""What is told of a place in a film."""

from __future__ import annotations

import pytest

from matinee.events.state import Watching


@pytest.mark.parametrize(
    ("position_s", "duration_s", "length_s", "over"),
    [
        (5_129, 5_400, None, False),
        (5_130, 5_400, None, True),  # the credits
        (54, 60, None, False),
        (55, 60, None, True),  # five seconds are not worth coming back for
        (3.5, 4, None, True),
        (5_130, None, 5_400, True),
        (56, 100, 60, False),  # what the player said goes before what the catalogue says
        (5_400, None, None, False),
        (1, 0, 0, False),
    ],
)
def test_a_film_is_over_with_its_credits_or_its_last_seconds(
    position_s: float, duration_s: float | None, length_s: float | None, over: bool
) -> None:
    assert Watching(position_s, duration_s, 1).over(length_s) is over
