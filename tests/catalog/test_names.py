"""Spellings that mean the same name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.catalog.maturity import maturity
from matinee.catalog.movielens_names import parse_name
from matinee.catalog.names import clean, fold, match_name, natural

MOVIELENS = [
    ("Toy Story (1995)", "Toy Story", 1995, "", ()),
    ("American President, The (1995)", "The American President", 1995, "", ()),
    ("Beautiful Mind, A (2001)", "A Beautiful Mind", 2001, "", ()),
    ("American Werewolf in London, An (1981)", "An American Werewolf in London", 1981, "", ()),
    ("Misérables, Les (1995)", "Les Misérables", 1995, "", ()),
    ("Boot, Das (Boat, The) (1981)", "Das Boot", 1981, "The Boat", ()),
    ("Postino, Il (1994)", "Il Postino", 1994, "", ()),
    ("Mariachi, El (1992)", "El Mariachi", 1992, "", ()),
    ("Année dernière à Marienbad, L' (1961)", "L'Année dernière à Marienbad", 1961, "", ()),
    ("City of Lost Children, The (Cité des enfants perdus, La) (1995)", "The City of Lost Children", 1995,
     "La Cité des enfants perdus", ()),
    ("Seven (a.k.a. Se7en) (1995)", "Seven", 1995, "", ("Se7en",)),
    ("Léon: The Professional (a.k.a. The Professional) (Léon) (1994)", "Léon: The Professional", 1994, "Léon",
     ("The Professional",)),
    ("To Have, or Not (En avoir (ou pas)) (1995)", "To Have, or Not", 1995, "En avoir (ou pas)", ()),
    ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009, "", ()),
    ("Kill Bill (Vol. 2) (2004)", "Kill Bill (Vol. 2)", 2004, "", ()),
    ("Babylon 5", "Babylon 5", None, "", ()),
    ("Mona (1983))", "Mona", 1983, "", ()),
    ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975, "", ()),
    ("The Naked Truth (1957) (Your Past Is Showing)", "The Naked Truth", 1957, "Your Past Is Showing", ()),
    ("unknown", "unknown", None, "", ()),
    ("Live Free or Die Hard (2007)", "Live Free or Die Hard", 2007, "", ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "year", "original", "aliases"), MOVIELENS, ids=[case[0] for case in MOVIELENS]
)
def test_movielens_names(text: str, name: str, year: int | None, original: str, aliases: tuple[str, ...]) -> None:
    assert parse_name(text) == (name, year, original, aliases)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Matrix, The", "the matrix"),
        ("Amélie", "Amelie"),
        ("WALL·E", "WALL-E"),
        ("Ocean's Eleven", "Oceans Eleven"),
        ("Ocean’s Eleven", "Ocean's Eleven"),
        ("Rocky II", "Rocky 2"),
        ("Fast & Furious", "Fast and Furious"),
        ("Smørrebrød", "Smorrebrod"),
        ("Straße", "Strasse"),
        ("Ｆｕｌｌ Ｗｉｄｔｈ", "Full Width"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert match_name(one) == match_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Alien", "Aliens"), ("Rocky", "Rocky II"), ("A", "An"), ("It", "If"), ("X", "V")]
)
def test_other_names(one: str, other: str) -> None:
    assert match_name(one) != match_name(other)


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert clean(clean(text)) == clean(text)
    assert match_name(text) or not text.strip()
    assert fold(natural(text)) or not fold(text)


@given(st.text(min_size=1))
def test_clean_text_can_be_stored(text: str) -> None:
    stored = clean(text).encode()
    assert b"\0" not in stored


@pytest.mark.parametrize(
    ("label", "age"),
    [
        ("G", 0), ("PG", 8), ("PG-13", 13), ("R", 17), ("NC-17", 18), ("Rated PG-13 for violence", 13), ("rated r", 17),
        ("TV-Y7", 7), ("TV-14", 14), ("TV-MA", 17), ("US:TV-PG", 8), ("US:PG-13 / US:Rated PG-13", 13),
        ("FSK 0", 0), ("FSK 6", 6), ("FSK-12", 12), ("DE:FSK 16", 16), ("Germany:18", 18), ("de/16", 16),
        ("U", 0), ("UK:12A", 12), ("BBFC 15", 15), ("GB:PG", 8), ("PEGI 7", 7), ("18+", 18), ("0", 0), ("+13", 13),
        ("Approved", 8), ("Tous publics", 0), ("Australia:MA15+", 15), ("Kijkwijzer 9", 9),
        ("", None), ("Not Rated", None), ("Unrated", None), ("NR", None), ("42", None), ("banana", None),
    ],
)  # fmt: skip
def test_labels_of_many_countries(label: str, age: int | None) -> None:
    assert maturity(label) == age


@given(st.text(max_size=40))
def test_any_label_is_an_age_or_nothing(label: str) -> None:
    assert maturity(label) in {None, *range(19)}
