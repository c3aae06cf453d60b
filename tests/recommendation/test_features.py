"""Features: the same for the same records, weighed by group and rarity, of what several titles share."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.catalog.records import Credit, Kind, Title
from matinee.learning.features import Features
from matinee.recommendation.embeddings import LatentSemantics, words
from matinee.recommendation.features import features_of

PLOTS = (
    "A lighthouse keeper loses the lamp in a storm at sea.",
    "In a storm at sea a ship looks for the lamp of a lighthouse.",
    "A baker opens a shop and bakes bread for the village.",
    "The village has no bread until the baker opens his shop.",
    "",
)


def films() -> list[Title]:
    genres = (("Drama",), ("Drama", "Comedy"), ("Comedy",), ("Comedy", "Short"), ())
    years = (1990, 1991, 2010, 2012, None)
    return [
        Title(id=10 + i, kind=Kind.FILM, name=f"Number {i}", year=years[i], genres=genres[i], synopsis=PLOTS[i])
        for i in range(5)
    ]


def cast() -> list[Credit]:
    def of(title: int, person: int, role: str) -> Credit:
        return Credit(title_id=title, person_id=person, name=f"Person {person}", role=role)

    return [of(10, 1, "director"), of(12, 1, "director"), of(11, 2, "actor"), of(12, 1, "actor"), of(99, 2, "actor")]


def named(found: Features, title: int) -> dict[str, float]:
    row = found.values[[int(np.searchsorted(found.title_ids, title))]].tocoo()
    return {found.names[column]: float(value) for column, value in zip(row.coords[1], row.data, strict=True)}


def test_features_are_what_titles_share() -> None:
    found = features_of(reversed(films()), cast())
    assert found.title_ids.tolist() == [10, 11, 12, 13, 14]
    assert found.values.shape == (5, len(found.names))
    assert {"director:Person 1", "genre:Drama", "genre:Comedy"} <= set(found.names)
    assert "genre:Short" not in found.names  # of one title only
    assert "actor:Person 1" not in found.names  # who directs two films and acts in one
    assert not any(name.startswith(("kind:", "word:")) for name in found.names)  # what all share tells none apart
    assert "director:Person 1" in named(found, 12)
    assert "director:Person 1" not in named(found, 11)


def test_groups_have_their_say_whatever_is_in_them() -> None:
    plain = LatentSemantics(dimensions=2, commonest=1.0)
    found = features_of(films(), cast(), plain, weights={"genre": 2.0, "plot": 0.5})
    for title in (10, 11, 12, 13):
        mine = named(found, title)
        for group, length in (("genre", 2.0), ("plot", 0.5)):
            part = [value for name, value in mine.items() if name.startswith(f"{group}:")]
            assert np.linalg.norm(part) == pytest.approx(length, rel=1e-5)
    assert named(found, 14) == {}
    shared = named(found, 11)
    assert shared["genre:Drama"] > shared["genre:Comedy"] > 0  # two have the one and three the other


def test_years_are_near_to_their_neighbours() -> None:
    found = features_of(films(), weights={"years": 1.0})
    assert named(found, 10) == pytest.approx({"years:1990": 1.0})
    mixed = named(found, 11)
    assert mixed["years:1990"] > mixed.get("years:1995", 0.0)
    assert named(found, 14) == {}


def test_plots_about_the_same_lie_together() -> None:
    vectors = LatentSemantics(dimensions=3, commonest=1.0).embed(PLOTS)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > 0.5 > likeness[0, 2]
    assert likeness[2, 3] > 0.5 > likeness[1, 3]
    assert not vectors[4].any()
    np.testing.assert_array_equal(vectors, LatentSemantics(dimensions=3, commonest=1.0).embed(PLOTS))


def test_latent_semantics_is_the_exact_decomposition_where_it_keeps_all() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{chr(97 + one)}x" for one in rng.integers(0, 12, 30)) for _ in range(20)]
    vectors = LatentSemantics(dimensions=12, commonest=1.0).embed(texts)
    counts = np.array([[text.split().count(f"w{chr(97 + one)}x") for one in range(12)] for text in texts], float)
    df = (counts > 0).sum(axis=0)
    weighted = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * (np.log(20 / df) + 1)
    weighted /= np.linalg.norm(weighted, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors @ vectors.T, weighted @ weighted.T, atol=1e-4)  # all directions: only turned


@pytest.mark.parametrize("texts", [[], [""], ["", "   ", "1 2 3"], ["one text alone"]])
def test_nothing_to_say(texts: list[str]) -> None:
    vectors = LatentSemantics().embed(texts)
    assert vectors.shape[0] == len(texts)
    assert np.isfinite(vectors).all()
    found = features_of([Title(id=i + 1, kind=Kind.FILM, name="", synopsis=text) for i, text in enumerate(texts)])
    assert found.values.shape == (len(texts), len(found.names))


def test_words_of_any_script() -> None:
    assert words("Über L'été – Мир 1984 x") == ["über", "l'été", "мир"]
