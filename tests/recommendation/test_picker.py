"""The taste picker: questions that tell most, within what the viewer may see, and another after each answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.catalog.records import Kind, Title, Viewer
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.recommendation.library import Library
from matinee.recommendation.methods.content_als import ContentALS
from matinee.recommendation.picker import Answer, TasteSpace, offer

KINDS, TITLES = 4, 80
ADULT, CHILD = Viewer(id=1, name="Ada"), Viewer(id=2, name="Bo", maturity=6)


def library(language: str = "") -> Library:
    """Films of four kinds in turn; every other is for adults."""
    return Library.of(
        {
            100 + one: Title(
                id=100 + one,
                kind=Kind.FILM,
                name=f"Film {one}",
                maturity=16 if one % 8 >= 4 else 0,
                language=language if one < TITLES // 2 else "en",
                added_ms=one,
            )
            for one in range(TITLES)
        }
    )


@pytest.fixture(scope="module")
def space() -> TasteSpace:
    """Viewers who each like one kind, well known films more often; and a film that all have watched."""
    rng = np.random.default_rng(0)
    chance = np.where(np.arange(400)[:, None] % KINDS == np.arange(TITLES) % KINDS, 0.6, 0.03)
    chance = chance * np.linspace(1, 0.2, TITLES)
    chance[:, 0] = 1.0
    rows, columns = np.nonzero(rng.random((400, TITLES)) < chance)
    known = Interactions.from_columns(rows + 1, columns + 100)
    nothing = Features(np.arange(100, 100 + TITLES), csr_array(np.zeros((TITLES, 1), np.float32)), ("genre:None",))
    return TasteSpace.of(ContentALS(nothing, factors=8).fit(known, rng))


def kinds(ids: list[int]) -> list[int]:
    return [(one - 100) % KINDS for one in ids]


def test_the_first_questions_cover_all_tastes_and_are_known(space: TasteSpace) -> None:
    found = offer(space, library(), ADULT, n=6)
    assert len(set(found)) == 6
    assert set(kinds(found[:4])) == set(range(KINDS)) or len(set(kinds(found))) >= 3
    assert np.mean([one - 100 for one in found]) < TITLES / 3  # the better known third
    assert 100 not in found  # what all have watched tells nothing


def test_answers_change_the_next_questions_and_are_not_asked_again(space: TasteSpace) -> None:
    first = offer(space, library(), ADULT, n=6)
    for chosen in first[:4]:
        answers: dict[int, Answer] = {one: 1 if one == chosen else 0 for one in first}
        following = offer(space, library(), ADULT, answers, n=6)
        assert not set(following) & set(first)
    liked = offer(space, library(), ADULT, {first[0]: 1}, n=6)
    passed = offer(space, library(), ADULT, {first[0]: 0}, n=6)
    assert liked != passed


def test_weights_say_whom_the_newcomer_is_like(space: TasteSpace) -> None:
    by_kind = np.array([space.likely(np.arange(kind, TITLES, KINDS)).sum(axis=1) for kind in range(KINDS)])
    own = by_kind.argmax(axis=0)
    before, after = space.weights({}), space.weights({102: 1, 106: 1, 101: 0, 103: -1})
    assert before.sum() == pytest.approx(1) == pytest.approx(after.sum())
    assert after[own == 2].sum() > 2 * before[own == 2].sum()
    assert space.weights({999: 1}) == pytest.approx(before)  # of a title that nobody knows


def test_nothing_above_the_limit_is_offered(space: TasteSpace) -> None:
    shelf = library()
    for answers in ({}, {100: 1, 101: 1}):
        found = offer(space, shelf, CHILD, answers, n=200)
        assert len(found) == TITLES // 2 - len(answers)
        assert all(shelf.all[one].maturity == 0 for one in found)


def test_titles_in_the_viewers_language_come_first(space: TasteSpace) -> None:
    speaker = Viewer(id=3, name="Cy", language="en-GB")
    plain = offer(space, library("fi"), ADULT, n=10)
    found = offer(space, library("fi"), speaker, n=10)
    assert sum(one - 100 >= TITLES // 2 for one in found) > sum(one - 100 >= TITLES // 2 for one in plain)


def test_without_viewers_the_newest_are_offered() -> None:
    empty = TasteSpace(
        np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros((0, 4), np.float32)
    )
    assert offer(empty, library(), ADULT, n=3) == [179, 178, 177]
    assert offer(empty, library(), ADULT, {179: 1}, n=3) == [178, 177, 176]
    assert offer(empty, Library.of({}), ADULT) == []


def test_titles_that_left_the_library_are_not_offered(space: TasteSpace) -> None:
    few = Library.of({one: title for one, title in library().all.items() if one < 110})
    assert set(offer(space, few, ADULT, n=50)) == set(range(100, 110))
