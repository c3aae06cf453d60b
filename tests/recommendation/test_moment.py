"""The moment: pages differ by hour and device, at first as anyone would guess and then as viewers do."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.catalog.records import Kind, Title
from matinee.events.state import Moments
from matinee.learning.model import Context
from matinee.recommendation.library import Library
from matinee.recommendation.moment import HOUR_MS, Habits, Moment, moment_of

DAY = 20_000 * 24 * HOUR_MS
TITLES = {
    id_: Title(
        id=id_,
        kind=Kind.FILM,
        name=f"Film {id_}",
        maturity=0 if id_ % 4 == 0 else 16,
        runtime_s=(20 * 60, 90 * 60, 140 * 60)[id_ % 3],
        genres=("Horror",) if id_ % 2 else ("Comedy",),
    )
    for id_ in range(1, 61)
}
LIBRARY = Library.of(TITLES)
NOTHING = Moments(np.zeros(0, np.int64), np.zeros(0, np.int64), ())


@pytest.mark.parametrize(
    ("hour", "offset", "part"),
    [
        (4, 0, "night"),
        (5, 0, "morning"),
        (10, 0, "morning"),
        (11, 0, "afternoon"),
        (17, 0, "early-evening"),
        (20, 0, "evening"),
        (23, 0, "evening"),
        (23, 60, "night"),
        (5, -30, "night"),
        (4, 570, "afternoon"),
    ],
)
def test_the_part_of_the_day_is_the_viewers_own(hour: int, offset: int, part: str) -> None:
    found = moment_of(Context(DAY + hour * HOUR_MS, offset, "tv"))
    assert found == Moment(part, "tv")


def test_without_a_time_there_is_no_moment_and_an_odd_device_is_none() -> None:
    assert moment_of(Context()) is None
    assert moment_of(Context(DAY, 0, "toaster")) == Moment("night", "")


def test_before_anybody_played_anything_the_guess_holds() -> None:
    habits = Habits.of(LIBRARY, NOTHING, 0)
    phone, tv = habits.lifts(Moment("morning", "phone")), habits.lifts(Moment("evening", "tv"))
    bedtime = habits.lifts(Moment("early-evening", "tv"))
    assert phone.traits["short"] > 0.5 > 0 > phone.traits["long"]
    assert tv.traits["long"] > 0.3 > 0 > tv.traits["short"]
    assert max(bedtime.traits, key=lambda one: bedtime.traits[one]) == "family"
    short, long = 2, 1  # indices of a short and a long film
    assert phone.titles[short] > phone.titles[long]
    assert tv.titles[long] > tv.titles[short]


def test_what_viewers_do_outweighs_the_guess() -> None:
    """Horror in the mornings, on phones, and long: nobody would have guessed."""
    strange = [id_ for id_, title in TITLES.items() if id_ % 3 == 2 and title.genres == ("Horror",)]
    usual = list(TITLES)
    plays = [(id_, DAY + 8 * HOUR_MS, "phone") for id_ in strange * 60] + [
        (id_, DAY + 21 * HOUR_MS, "tv") for id_ in usual * 10
    ]
    moments = Moments(
        np.array([one[0] for one in plays]), np.array([one[1] for one in plays]), tuple(one[2] for one in plays)
    )
    habits = Habits.of(LIBRARY, moments, 0)
    morning = habits.lifts(Moment("morning", "phone"))
    assert morning.traits["long"] > 0 > morning.traits["short"]
    horror, comedy = LIBRARY.places([strange[0]])[0], LIBRARY.places([strange[0] + 3])[0]
    assert TITLES[strange[0] + 3].genres == ("Comedy",)
    assert morning.titles[horror] > morning.titles[comedy]
    # Elsewhere the guess still holds.
    assert habits.lifts(Moment("early-evening", "tablet")).traits["family"] > 0


def test_a_film_whose_length_nobody_knows_is_neither_short_nor_long() -> None:
    library = Library.of({1: Title(id=1, kind=Kind.FILM, name="F", maturity=18)})
    lifts = Habits.of(library, NOTHING, 0).lifts(Moment("morning", "phone"))
    assert lifts.titles.tolist() == [0.0]


def test_a_series_is_as_long_as_its_episodes() -> None:
    titles = {
        1: Title(id=1, kind=Kind.SERIES, name="S", maturity=0),
        2: Title(id=2, kind=Kind.EPISODE, name="E", parent_id=1, runtime_s=1200.0),
        3: Title(id=3, kind=Kind.EPISODE, name="E", parent_id=1, runtime_s=1800.0),
    }
    assert Library.of(titles).runtime_s.tolist() == [1500.0]
