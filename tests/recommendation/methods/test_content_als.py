"""Content ALS: the regression is exact, new titles stand among their like, beginnings lead to what they led to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, History, histories_of
from matinee.recommendation.methods import beginnings, kernel
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.content_als import ContentALS

TITLES, NEW = 60, 12


def features() -> Features:
    """Three kinds of titles; the last `NEW` are watched by nobody."""
    kinds = np.arange(TITLES) % 3
    values = np.zeros((TITLES, 5), np.float32)
    values[np.arange(TITLES), kinds] = 1
    values[:, 3] = np.arange(TITLES) % 2
    values[:, 4] = 0.5
    return Features(np.arange(100, 100 + TITLES), csr_array(values), tuple(f"tag:{one}" for one in range(5)))


def viewing(viewers: int = 240, seed: int = 0) -> Interactions:
    """Viewers who each keep to one kind."""
    rng = np.random.default_rng(seed)
    known = TITLES - NEW
    chance = np.where(np.arange(viewers)[:, None] % 3 == np.arange(known) % 3, 0.7, 0.05)
    rows, columns = np.nonzero(rng.random((viewers, known)) < chance)
    return Interactions.from_columns(rows + 1, columns + 100, at_ms=rng.permutation(rows.size))


@pytest.fixture(scope="module")
def model() -> ContentALS:
    return ContentALS(features(), factors=8).fit(viewing(), np.random.default_rng(0))


def test_the_regression_is_kernel_ridge_where_all_titles_are_landmarks() -> None:
    rng = np.random.default_rng(1)
    about = csr_array(rng.normal(size=(30, 6)))
    targets, known = rng.normal(size=(30, 3)).astype(np.float32), rng.uniform(0.1, 1, 30)
    found = kernel.Regression.fit(about, targets, known, ridge=2.0)
    mean = known @ targets / known.sum()
    gram = (1 + (about @ about.T).toarray()) ** 2
    expected = mean + gram @ np.linalg.solve(gram + np.diag(2.0 / known), targets - mean)
    np.testing.assert_allclose(found.predict(about), expected, rtol=1e-2, atol=1e-3)
    fewer = kernel.Regression.fit(about, targets, known, ridge=2.0, landmarks=20)
    assert fewer.weights.shape == (20, 3)
    assert np.abs(fewer.predict(about) - expected).mean() < np.abs(targets - expected).mean()


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    about, targets = csr_array(rng.normal(size=(30, 6))), rng.normal(size=(30, 3)).astype(np.float32)
    whole = kernel.Regression.fit(about, targets, np.ones(30), ridge=2.0, landmarks=9).predict(about)
    monkeypatch.setattr(kernel, "BLOCK", 7)
    parts = kernel.Regression.fit(about, targets, np.ones(30), ridge=2.0, landmarks=9).predict(about)
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-5)


def test_a_title_of_which_nothing_is_said_is_an_average_one() -> None:
    rng = np.random.default_rng(1)
    about = csr_array(np.vstack([rng.normal(size=(9, 4)), np.zeros((1, 4))]))
    targets = rng.normal(size=(10, 2)).astype(np.float32)
    found = kernel.Regression.fit(about, targets, np.ones(10), ridge=1.0)
    np.testing.assert_allclose(found.predict(about)[9], targets.mean(axis=0), rtol=1e-5)
    assert kernel.Regression.fit(about[:0], targets[:0], np.zeros(0), 1.0).predict(about).shape == (10, 2)


def test_what_nobody_has_watched_is_recommended_to_who_likes_its_kind(model: ContentALS) -> None:
    new = np.arange(TITLES - NEW, TITLES)
    for kind in range(3):
        history = History.of(model.title_ids, {100 + kind + 3 * step: 1.0 for step in range(6)})
        scores = model.score([history])[0][new]
        assert scores[new % 3 == kind].min() > scores[new % 3 != kind].max()


def test_a_new_title_in_a_history_counts(model: ContentALS) -> None:
    new = History.of(model.title_ids, {int(model.title_ids[-1]): 1.0, int(model.title_ids[-4]): 1.0})
    scores = model.score([new])[0] - model.score([NOTHING])[0]
    kinds = np.arange(TITLES) % 3
    assert scores[kinds == (TITLES - 1) % 3].mean() > scores[kinds != (TITLES - 1) % 3].mean()


def test_titles_move_from_content_to_their_viewers_word() -> None:
    known = viewing()
    plain = ImplicitALS(factors=8).fit(known, np.random.default_rng(0))
    size = plain.title_ids.size
    content, mixed, viewers = (
        ContentALS(features(), factors=8, known_after=after).fit(known, np.random.default_rng(0)).title_factors[:size]
        for after in (1e9, 50.0, 1e-9)
    )
    np.testing.assert_allclose(viewers, plain.title_factors, atol=1e-4)
    assert np.linalg.norm(mixed - viewers) < np.linalg.norm(content - viewers)


def test_who_has_watched_nothing_is_offered_what_all_like(model: ContentALS) -> None:
    known = viewing()
    counts = np.bincount(known.values.indices, minlength=TITLES)[: TITLES - NEW]
    assert np.corrcoef(model.score([NOTHING])[0][: TITLES - NEW], counts)[0, 1] > 0.5


def test_beginnings_lead_to_wholes(model: ContentALS) -> None:
    """Nearer than the fold-in that takes five films for everything."""
    known = viewing(seed=5)
    plain = ImplicitALS(factors=8).fit(viewing(), np.random.default_rng(0))
    long = histories_of(model.title_ids, known)
    short = [History(one.columns[:5], one.values[:5], one.times[:5]) for one in long]
    whole = plain.score(long) / np.linalg.norm(plain.score(long), axis=1, keepdims=True)
    guess, bare = model.score(short)[:, : TITLES - NEW], plain.score(short)
    errors = [
        np.linalg.norm(one / np.linalg.norm(one, axis=1, keepdims=True) - whole, axis=1).mean() for one in (guess, bare)
    ]
    assert errors[0] < errors[1]


def test_lengths_between_and_beyond_the_grid() -> None:
    found = beginnings.Beginnings(np.array([0, 4]), np.array([[1.0, 0], [3, 0]]), np.zeros((2, 2, 2)))
    folded = np.array([9.0, 9.0], np.float32)
    assert found.whole(folded, 0).tolist() == [1, 0]
    assert found.whole(folded, 1).tolist() == [1.5, 0]
    assert found.whole(folded, 4).tolist() == [3, 0]
    assert found.whole(folded, 5)[0] > 3
    assert found.whole(folded, 9).tolist() == found.whole(folded, 900).tolist() == [9, 9]


def test_with_few_viewers_the_fold_in_stands() -> None:
    few = viewing(viewers=20)
    model = ContentALS(features(), factors=4, known_after=1e-9).fit(few, np.random.default_rng(0))
    plain = ImplicitALS(factors=4).fit(few, np.random.default_rng(0))
    histories = histories_of(model.title_ids, few)
    found = model.score(histories)[:, : plain.title_ids.size]
    np.testing.assert_allclose(found, plain.score(histories_of(plain.title_ids, few)), atol=1e-3)


def test_of_many_viewers_some_are_enough(model: ContentALS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "MOST", 120)
    fewer = ContentALS(features(), factors=8).fit(viewing(), np.random.default_rng(0))
    history = History.of(model.title_ids, {100: 1.0, 103: 1.0})
    assert not np.array_equal(fewer.score([history]), model.score([history]))
    assert np.corrcoef(fewer.score([history])[0], model.score([history])[0])[0, 1] > 0.9
