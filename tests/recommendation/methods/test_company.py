"""Vectors from company: titles watched one soon after another lie near to each other."""

from __future__ import annotations

import numpy as np

from matinee.learning.interactions import Interactions
from matinee.recommendation.methods import company
from matinee.recommendation.methods.sequences import Sequences


def sequences(histories: list[list[int]]) -> tuple[Sequences, int]:
    viewers = np.repeat(np.arange(len(histories)), [len(one) for one in histories])
    titles = np.concatenate([np.array(one) for one in histories])
    known = Interactions.from_columns(viewers, titles, at_ms=np.arange(titles.size) + 1)
    return Sequences.of(known, 0.0, timed=False), known.title_ids.size


def test_company_makes_alike() -> None:
    rng = np.random.default_rng(0)
    found, titles = sequences([(rng.permutation(6) + 6 * (one % 2)).tolist() for one in range(60)])
    vectors = company.vectors(found, titles, 4, np.random.default_rng(0))
    assert vectors.shape == (12, 4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    cosines = vectors @ vectors.T
    assert cosines[:6, :6].mean() > 0.5 > cosines[:6, 6:].max()


def test_who_is_nearer_counts_more() -> None:
    circle = [[(start + step) % 40 for step in range(12)] for start in range(40)]
    vectors = company.vectors(*sequences(circle), 16, np.random.default_rng(0))
    cosines = (vectors @ vectors.T)[0]
    assert cosines[1] > cosines[4] > cosines[20]


def test_little_is_no_fault() -> None:
    alone, titles = sequences([[1], [2], [3]])
    assert not company.vectors(alone, titles, 8, np.random.default_rng(0)).any()
    pair, titles = sequences([[1, 2]])
    assert company.vectors(pair, titles, 8, np.random.default_rng(0)).shape == (2, 8)
    many, titles = sequences([list(range(9))] * 5)
    first, again = (company.vectors(many, titles, 30, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
