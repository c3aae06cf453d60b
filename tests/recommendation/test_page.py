"""The page: whatever the library and the viewer, it keeps its promises."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.catalog.records import Kind, Title, Viewer
from matinee.events.exposures import NONE
from matinee.events.state import Moments, Opinion, Plays, ViewerState, Watching
from matinee.learning.model import NOWHERE
from matinee.recommendation.candidates import Asked, candidates, trend
from matinee.recommendation.library import Library
from matinee.recommendation.moment import Habits, Lifts, Moment
from matinee.recommendation.pages import Candidates, Knobs, assemble
from matinee.recommendation.records import Item, Row
from matinee.recommendation.serving import Fitted, Loaded
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.taste import Taste, taste

OWN_ROWS = {"continue-watching", "my-list"}
_GENRES = st.lists(st.sampled_from(["Drama", "War", "Sci-Fi", "Children's"]), max_size=2, unique=True).map(tuple)


@st.composite
def libraries(draw: st.DrawFn) -> dict[int, Title]:
    """Films, and a series of two seasons, with or without a maturity."""
    maturity = st.none() | st.sampled_from([0, 6, 12, 18])
    titles = {
        id_: Title(
            id=id_,
            kind=Kind.FILM,
            name=f"Film {id_}",
            maturity=draw(maturity),
            genres=draw(_GENRES),
            playable=draw(st.booleans()),
            added_ms=draw(st.integers(0, 3)),
        )
        for id_ in range(1, draw(st.integers(0, 45)) + 1)
    }
    if draw(st.booleans()):
        titles[100] = Title(id=100, kind=Kind.SERIES, name="Series", maturity=draw(maturity), genres=("Drama",))
        for season in (1, 2):
            above = 100 + season
            titles[above] = Title(id=above, kind=Kind.SEASON, name="Season", parent_id=100, number=season)
            for number in (1, 2):
                id_ = 100 + 10 * season + number
                titles[id_] = Title(
                    id=id_, kind=Kind.EPISODE, name="Episode", parent_id=above, number=number, playable=True
                )
    return titles


@st.composite
def states(draw: st.DrawFn, titles: dict[int, Title]) -> ViewerState:
    ids = st.sampled_from([*titles, 999])  # 999 has left the catalogue
    times = st.integers(0, 1000)
    stars, thumbs = st.none() | st.sampled_from([1.0, 3.0, 5.0]), st.sampled_from([None, -1, 1])
    opinions = st.builds(Opinion, stars, thumbs, times).filter(lambda one: one.stars or one.thumb)
    watching = st.builds(Watching, st.sampled_from([0.0, 30.0, 100.0]), st.sampled_from([None, 100.0]), times)
    return ViewerState(
        viewer_id=1,
        opinions=draw(st.dictionaries(ids, opinions, max_size=50)),
        watching=draw(st.dictionaries(ids, watching, max_size=10)),
        listed=tuple(draw(st.lists(ids, max_size=30, unique=True))),
    )


def scored(library: Library, data: st.DataObject) -> Candidates:
    """Candidates as a model might give them, with titles that it does not know."""
    size = len(library.titles)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    known = rng.random(size) < data.draw(st.sampled_from([0.0, 0.7, 1.0]))
    vectors = rng.normal(size=(size, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) if size else 1
    playing = rng.integers(0, 3, size) * data.draw(st.integers(0, 1))
    return Candidates(
        personal=np.where(known, rng.normal(size=size), -np.inf).astype(np.float32),
        personal_model="als-1",
        popular=rng.random(size).astype(np.float32),
        popular_model="popularity-1",
        trending=(playing + rng.random(size)).astype(np.float32),
        playing=playing,
        vectors=np.where(known[:, None], vectors, 0).astype(np.float32),
        similar_model="als-1",
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_page_keeps_its_promises(data: st.DataObject) -> None:
    titles = data.draw(libraries())
    state, maturity = data.draw(states(titles)), data.draw(st.sampled_from([0, 6, 12, 18]))
    row_length, most = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 12))
    library = Library.of(titles)
    own = taste(library, state, maturity, 2.0)
    hero, rows = assemble(
        library,
        own,
        scored(library, data),
        maturity=maturity,
        now_ms=5000,
        knobs=Knobs(most, row_length, *data.draw(st.sampled_from([(0.0, 0.0, 0.0), (0.3, 1.0, 0.5)]))),
        rng=Random(data.draw(st.integers(0, 9))),
        moment=data.draw(st.none() | st.just(moment_at(library, "morning", "phone"))),
    )
    shown = [item for row in rows for item in row.items] + ([hero] if hero else [])
    assert len(rows) <= most
    assert len({row.slug for row in rows}) == len(rows)
    assert all(library.ages[item.title.id] <= maturity for item in shown)
    assert all(item.reason and item.model and 0 < item.propensity <= 1 for item in shown)
    for row in rows:
        check_row(row, row_length)
    picks = [item for row in rows if row.slug not in OWN_ROWS for item in row.items]
    check_picks(library, own, maturity, picks, hero)


def check_row(row: Row, row_length: int) -> None:
    assert 1 <= len(row.items) <= row_length
    assert row.heading
    assert row.reason.endswith(".")
    assert [item.position for item in row.items] == list(range(len(row.items)))
    ids = [item.title.id for item in row.items]
    assert len(set(ids)) == len(ids)


def check_picks(library: Library, own: Taste, maturity: int, picks: list[Item], hero: Item | None) -> None:
    """No pick twice, none seen while anything unseen is left, and always something where there is anything."""
    ids = [item.title.id for item in picks] + ([hero.title.id] if hero and hero.model != "continue" else [])
    assert len(set(ids)) == len(ids)
    allowed = {int(id_) for id_ in library.ids[library.age <= maturity]}
    seen = {int(id_) for id_ in library.ids[own.touched]}
    if allowed - seen:
        assert not seen & set(ids)
        assert hero is not None
        playable = {library.titles[place].id for place in np.flatnonzero(library.playable)}
        assert hero.title.id in playable or not (allowed - seen) & playable


def moment_at(library: Library, part: str, device: str) -> tuple[Moment, Lifts]:
    moment = Moment(part, device)
    nothing = Moments(np.zeros(0, np.int64), np.zeros(0, np.int64), ())
    return moment, Habits.of(library, nothing, 0).lifts(moment)


def page(titles: dict[int, Title], state: ViewerState, maturity: int = 18, **knobs: Any) -> tuple[Any, dict[str, Row]]:
    """A page without any model."""
    library = Library.of(titles)
    own = taste(library, state, maturity, 2.0)
    asked = Asked(Viewer(id=1, name="V", maturity=maturity), own, NOWHERE, NONE)
    nothing = trend(library, Plays(*np.zeros((3, 0), np.int64)), 5000, 2.0)
    found = candidates(asked, Fitted.over(library, Loaded.of(None)), nothing, RecommendationSettings())
    hero, rows = assemble(library, own, found, maturity=maturity, now_ms=5000, knobs=Knobs(**knobs))
    return hero, {row.slug: row for row in rows}


def film(id_: int, **fields: Any) -> Title:
    return Title(**{"id": id_, "kind": Kind.FILM, "name": f"Film {id_}", "maturity": 0, **fields})


def nobody(**fields: Any) -> ViewerState:
    return ViewerState(**{"viewer_id": 1, "opinions": {}, "watching": {}, **fields})


def test_an_empty_library_gives_an_empty_page() -> None:
    assert page({}, nobody()) == (None, {})


def test_a_new_viewer_is_given_a_start() -> None:
    hero, rows = page({id_: film(id_, genres=("War",)) for id_ in range(1, 41)}, nobody())
    assert hero.title.id not in [item.title.id for row in rows.values() for item in row.items]
    assert list(rows) == ["top-picks", "genre-war", "new"]
    assert rows["top-picks"].heading == "A good place to start"


def test_who_has_seen_everything_is_offered_what_was_liked() -> None:
    opinions = {id_: Opinion(5.0 if id_ < 6 else 1.0, None, id_) for id_ in range(1, 11)}
    hero, rows = page({id_: film(id_) for id_ in range(1, 11)}, nobody(opinions=opinions))
    assert rows["top-picks"].heading == "Worth another evening"
    offered = {hero.title.id} | {item.title.id for row in rows.values() for item in row.items}
    assert offered <= {1, 2, 3, 4, 5}


def test_who_hated_everything_has_no_hero() -> None:
    hated = {id_: Opinion(None, -1, id_) for id_ in range(1, 4)}
    assert page({id_: film(id_) for id_ in range(1, 4)}, nobody(opinions=hated)) == (None, {})


def test_a_film_begun_is_continued_and_a_finished_one_is_not() -> None:
    titles = {id_: film(id_, runtime_s=6000.0, genres=("War",)) for id_ in range(1, 31)}
    watching = {1: Watching(1200, 6000, 10), 2: Watching(5900, 6000, 20), 3: Watching(60, None, 30)}
    _, rows = page(titles, nobody(watching=watching))
    begun = rows["continue-watching"].items
    assert [item.title.id for item in begun] == [3, 1]
    assert [item.reason for item in begun] == ["1 h 39 min left", "1 h 20 min left"]
    assert [item.progress for item in begun] == [0.01, 0.2]
    assert rows["because-3"].heading == "Because you watched Film 3"
    assert next(iter(rows)) == "continue-watching"


def test_after_an_episode_comes_the_next_even_over_a_season() -> None:
    titles = {1: Title(id=1, kind=Kind.SERIES, name="Series", maturity=0)}
    for season in (1, 2):
        titles[1 + season] = Title(id=1 + season, kind=Kind.SEASON, name="Season", parent_id=1, number=season)
        for number in (1, 2):
            id_ = 10 * season + number
            titles[id_] = Title(id=id_, kind=Kind.EPISODE, name="E", parent_id=1 + season, number=number)
    for watching, following in (
        ({11: Watching(100, 100, 1)}, [12]),
        ({11: Watching(100, 100, 1), 12: Watching(50, 100, 2)}, [12]),
        ({12: Watching(100, 100, 1)}, [21]),
        ({22: Watching(100, 100, 2), 11: Watching(10, 100, 1)}, []),
    ):
        _, rows = page(titles, nobody(watching=watching))
        found = rows["continue-watching"].items if "continue-watching" in rows else ()
        assert [item.title.id for item in found] == following


def test_my_list_keeps_its_order_and_does_not_hide_titles_elsewhere() -> None:
    _, rows = page({id_: film(id_) for id_ in range(1, 31)}, nobody(listed=(7, 5, 999)))
    assert [item.title.id for item in rows["my-list"].items] == [7, 5]


def test_an_unrated_episode_has_the_age_of_its_series() -> None:
    titles = {
        1: Title(id=1, kind=Kind.SERIES, name="Series", maturity=12),
        2: Title(id=2, kind=Kind.EPISODE, name="Episode", parent_id=1, number=1, playable=True),
    }
    for maturity, visible in ((6, False), (12, True)):
        _, rows = page(titles, nobody(watching={2: Watching(5, 100, 1)}, listed=(2,)), maturity)
        assert ("continue-watching" in rows, "my-list" in rows) == (visible, visible)


def test_a_because_row_does_not_name_what_a_child_may_not_know() -> None:
    titles = {id_: film(id_, genres=("War",), maturity=18 if id_ == 1 else 0) for id_ in range(1, 31)}
    state = nobody(opinions={1: Opinion(5.0, None, 9)})
    assert "because-1" in page(titles, state, 18)[1]
    hero, rows = page(titles, state, 6)
    words = [hero.reason] + [row.heading for row in rows.values()]
    words += [item.reason for row in rows.values() for item in row.items]
    assert not [text for text in words if text.endswith("Film 1")]


@pytest.mark.parametrize(("films", "longest"), [(11, 4), (30, 6), (200, 20)])
def test_a_small_library_fills_several_rows(films: int, longest: int) -> None:
    _, rows = page({id_: film(id_, genres=("War",)) for id_ in range(1, films + 1)}, nobody())
    assert len(rows) == 3
    assert len(rows["top-picks"].items) == longest
