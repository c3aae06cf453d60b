"""Search forgives a typo, on made-up names and on those of real films."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.catalog import movielens
from matinee.catalog.names import fold, match_name
from matinee.catalog.search import NameIndex

NAMES = [
    (1, "The Matrix", 1999), (2, "The Matrix Reloaded", 2003), (3, "Amélie", 2001), (4, "The Godfather", 1972),
    (5, "The Godfather Part II", 1974), (6, "1984", 1984), (7, "Heat", 1995), (8, "Heat", 1986), (9, "Star Wars", 1977),
    (10, "WALL·E", 2008), (11, "千と千尋の神隠し", 2001), (11, "Spirited Away", 2001), (12, "It", 2017),
    (13, "Fight Club", 1999), (14, "Les Misérables", 1995), (15, "2001: A Space Odyssey", 1968), (16, "Up", 2009),
]  # fmt: skip


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(NAMES)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("matrix", 1), ("Matrix, The", 1), ("THE MATRIX", 1), ("matrx", 1), ("the matirx", 1), ("teh matrix", 1),
        ("matrix reloded", 2), ("matrix rel", 2), ("amelie", 3), ("amelei", 3), ("godfathr", 4), ("godfather 2", 5),
        ("godfather ii", 5), ("1984", 6), ("heat 1995", 7), ("heat 1986", 8), ("heat (1986)", 8), ("hoat", 8),
        ("star", 9), ("starwars", 9), ("star wras", 9), ("wall-e", 10), ("walle", 10), ("神隠し", 11),
        ("spirted away", 11), ("it", 12), ("fihgt club", 13), ("les miserables", 14), ("miserables", 14),
        ("space odyssey 2001", 15), ("2001 a space", 15), ("a space odyssey 1968", 15), ("2001", 15), ("up", 16),
        ("  Up!  ", 16),
    ],
)  # fmt: skip
def test_what_is_meant_comes_first(index: NameIndex, query: str, key: int) -> None:
    found = index.find(query, 3)
    assert found
    assert found[0][0] == key or {found[0][0], key} == {7, 8}


@pytest.mark.parametrize("query", ["", "   ", "!!!", "zzzzzz", "qwertyuiop", "\0", "'"])
def test_what_is_nothing_finds_nothing(index: NameIndex, query: str) -> None:
    assert index.find(query, 5) == []


def test_an_empty_index_finds_nothing() -> None:
    assert NameIndex([]).find("matrix", 5) == []


@given(st.text(max_size=60))
def test_any_query_is_answered(query: str) -> None:
    found = NameIndex(NAMES).find(query, 5)
    assert len(found) <= 5
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@given(st.sampled_from(NAMES), st.integers(2, 30))
def test_the_beginning_of_a_name_finds_it(name: tuple[int, str, int], letters: int) -> None:
    begun = match_name(name[1])[:letters]
    if not fold(begun):
        return
    keys = [key for key, _ in NameIndex(NAMES).find(begun, 10)]
    assert name[0] in keys


def mistype(text: str, rng: Random) -> str:
    """One letter replaced, left out, put in, or swapped with the next."""
    at = rng.randrange(len(text))
    letter = rng.choice("abcdefghijklmnopqrstuvwxyz")
    match rng.randrange(4):
        case 0:
            return text[:at] + letter + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + letter + text[at:]
        case _:
            return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "recall_at_1", "recall_at_5"), [("ml-1m.zip", 0.98, 0.99), ("ml-25m-catalogue.zip", 0.96, 0.98)]
)
def test_typos_in_names_of_real_films(real_data: Path, file: str, recall_at_1: float, recall_at_5: float) -> None:
    """1,000 names with one wrong letter each; names of the same spelling count as one."""
    drafts = movielens.read(real_data / "movielens" / file, 0).drafts
    names = [(at, name, one.year) for at, one in enumerate(drafts) for name in (one.name, one.original_name) if name]
    index, rng = NameIndex(names), Random(11)
    ranks = []
    for draft in rng.sample(drafts, 1_000):
        query = mistype(fold(draft.name), rng)
        found = [match_name(drafts[key].name) for key, _ in index.find(query, 5)]
        ranks.append(found.index(match_name(draft.name)) if match_name(draft.name) in found else 99)
    assert sum(rank == 0 for rank in ranks) / len(ranks) >= recall_at_1
    assert sum(rank < 5 for rank in ranks) / len(ranks) >= recall_at_5
