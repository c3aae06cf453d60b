"""Chance in some slots: the propensity that is logged is how often a title stands there."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.catalog.records import Kind, Title
from matinee.events.state import Opinion, ViewerState
from matinee.recommendation.library import Library
from matinee.recommendation.pages import Candidates, Knobs, assemble
from matinee.recommendation.pages.exploring import EVEN, POOL, chances, draw, pools_of, slots
from matinee.recommendation.records import Item, Row
from matinee.recommendation.taste import taste

FILMS = 300
TITLES = {id_: Title(id=id_, kind=Kind.FILM, name=f"Film {id_}", maturity=0) for id_ in range(1, FILMS + 1)}


def page(seed: int, exploration: float = 0.1) -> tuple[Item | None, tuple[Row, ...]]:
    library = Library.of(TITLES)
    state = ViewerState(viewer_id=1, opinions={1: Opinion(5.0, None, 9)}, watching={})
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(FILMS, 4)).astype(np.float32)
    found = Candidates(
        personal=rng.normal(size=FILMS).astype(np.float32),
        personal_model="als-1",
        popular=rng.random(FILMS).astype(np.float32),
        popular_model="popularity-1",
        trending=rng.random(FILMS).astype(np.float32),
        playing=np.zeros(FILMS, np.int64),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        similar_model="als-1",
    )
    knobs = Knobs(diversity=0.2, calibration=1.0, exploration=exploration)
    own = taste(library, state, 18, 2.0)
    return assemble(library, own, found, maturity=18, now_ms=5000, knobs=knobs, rng=Random(seed))


def picks(rows: tuple[Row, ...]) -> tuple[Item, ...]:
    return next(row for row in rows if row.slug == "top-picks").items


def test_logged_propensities_are_the_frequencies_over_many_pages() -> None:
    pages = 400
    seen: Counter[tuple[int, int]] = Counter()
    logged: dict[tuple[int, int], float] = {}
    for seed in range(pages):
        for item in picks(page(seed)[1]):
            if item.propensity < 1:
                seen[item.position, item.title.id] += 1
                assert logged.setdefault((item.position, item.title.id), item.propensity) == item.propensity
    assert {position for position, _ in seen} == {9, 19}
    for key, share in logged.items():
        deviation = (share * (1 - share) / pages) ** 0.5
        assert abs(seen[key] / pages - share) < 4 * deviation
    for position in (9, 19):
        # What was never drawn in 400 pages has a share too; together they are 1.
        assert 0.9 < sum(share for (at, _), share in logged.items() if at == position) <= 1 + 1e-9


def test_no_other_slot_depends_on_what_was_drawn() -> None:
    def certain(seed: int) -> list[tuple[str, int, int]]:
        hero, rows = page(seed)
        assert hero is not None
        slots_of = [
            (row.slug, item.position, item.title.id) for row in rows for item in row.items if item.propensity == 1
        ]
        return [("hero", 0, hero.title.id), *slots_of]

    assert certain(1) == certain(2) == certain(3)
    assert picks(page(1)[1]) != picks(page(3)[1])


def test_the_same_chance_gives_the_same_page_and_none_gives_certainty() -> None:
    assert page(7) == page(7)
    assert {item.propensity for row in page(1, 0.0)[1] for item in row.items} == {1.0}


def test_nothing_is_drawn_where_the_library_is_small() -> None:
    assert pools_of(np.arange(40), 2, 30) == []
    assert [pool.size for pool in pools_of(np.arange(40), 2, 3000)] == [POOL, POOL]
    assert pools_of(np.arange(40), 0, 3000) == []


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20))
def test_chances_add_up_and_none_is_too_small_to_weigh(scores: list[float]) -> None:
    shares = chances(np.array(scores))
    assert shares.sum() == pytest.approx(1)
    assert (shares >= EVEN / len(scores) - 1e-12).all()
    drawn = draw(np.array(scores), Random(0))
    assert drawn.propensity == shares[drawn.choice]


@given(st.integers(0, 100), st.floats(0, 1))
def test_slots_are_spread_and_the_first_place_is_never_left_to_chance(length: int, share: float) -> None:
    found = slots(length, share)
    assert found == sorted(set(found))
    assert all(0 < one < length for one in found)
