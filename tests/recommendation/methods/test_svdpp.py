"""SVD++: the choice of titles says something where choices follow tastes."""

from __future__ import annotations

import numpy as np

from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, History, histories_of
from matinee.recommendation.methods.regression import threads
from matinee.recommendation.methods.stars import Stars
from matinee.recommendation.methods.svdpp import SVDPlusPlus


def choosers(viewers: int = 120, titles: int = 40, seed: int = 0) -> Interactions:
    """Two tastes that rate mostly what they like; a liked title gets 4 or 5 stars, another 1 or 2."""
    rng = np.random.default_rng(seed)
    own = np.arange(viewers)[:, None] % 2 == np.arange(titles) % 2
    rows, columns = np.nonzero(rng.random(own.shape) < np.where(own, 0.5, 0.1))
    stars = np.where(own[rows, columns], rng.integers(4, 6, rows.size), rng.integers(1, 3, rows.size))
    return Interactions.from_columns(rows + 1, columns + 1, stars)


def test_what_was_chosen_tells_the_taste_before_any_star() -> None:
    model = SVDPlusPlus(factors=4, link_pull=20.0).fit(choosers(), np.random.default_rng(0))
    titles = np.arange(0, 16, 2)
    starts = np.array([0, titles.size])
    centre = model._centres(starts, titles, None)[0]
    said = model.titles[:-1, :-1] @ centre[:-1]
    assert said[16::2].mean() > said[17::2].mean() + 0.1, "who chose even titles is expected to like even ones"
    assert not model._centres(np.array([0, 0]), titles[:0], None).any()
    assert np.ptp(model.predict([NOTHING], [np.array([-1])])[0]) == 0


def test_links_are_the_best_for_viewers_as_they_stand() -> None:
    known = choosers(30, 12)
    model = SVDPlusPlus(factors=2, epochs=3, link_pull=20.0).fit(known, np.random.default_rng(0))
    stars = Stars.of(known)
    viewers = np.random.default_rng(1).normal(size=(30, 3))
    with threads() as pool:
        for _ in range(300):
            model._learn_links(stars, viewers, model._centres(stars.starts, stars.columns, pool))
    counts = np.diff(stars.starts)
    design = stars.touched().toarray()
    weighted = design.T @ (counts[:, None] * design) + model.link_pull * np.eye(12)
    exact = np.linalg.solve(weighted, design.T @ (counts[:, None] * viewers[:, :2]))
    np.testing.assert_allclose(model.links, exact, atol=1e-6)


def test_opinions_still_count() -> None:
    known = choosers()
    model = SVDPlusPlus(factors=4, link_pull=20.0).fit(known, np.random.default_rng(0))
    columns, times = np.arange(0, 12, 2), np.zeros(6, np.int64)
    loved, hated = (History(columns, np.full(6, stars, np.float32), times) for stars in (5.0, 1.0))
    of_loved, of_hated = model.score([loved, hated])
    assert of_loved[14::2].mean() > of_hated[14::2].mean() + 1
    assert len(histories_of(model.title_ids, known)) == 120
