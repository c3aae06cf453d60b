"""Content: profiles equal a ridge regression, reasons add up to scores, and nobody need have watched a title."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import History, recommend
from matinee.learning.stored import Stored
from matinee.recommendation.methods.content import Content

KNOWN = Interactions.from_columns([1, 1, 2], [10, 12, 14], [5.0, 4.0, 1.0])


def features(titles: int = 30, width: int = 12, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((titles, width)) < 0.3, rng.random((titles, width)), 0)
    names = tuple(f"plot:{one}" if one > 8 else f"genre:{one}" for one in range(width))
    return Features(np.arange(10, 10 + titles), csr_array(values.astype(np.float32)), names)


def fitted(**knobs: float) -> Content:
    return Content(features(), **knobs).fit(KNOWN, np.random.default_rng(0))  # type: ignore[arg-type]


def unit(model: Content) -> np.ndarray:
    rows = model.features.values.toarray().astype(float)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def test_a_profile_is_the_ridge_regression_of_what_was_wanted() -> None:
    model = fitted(ridge=0.7, dislike_below=2.0)
    history = History.of(model.title_ids, {11: 5.0, 15: 4.0, 20: 1.0, 30: 3.0})
    touched, wanted = unit(model)[history.columns], np.array([1.0, 1.0, 0.0, 1.0])
    expected = np.linalg.solve(touched.T @ touched + 0.7 * np.eye(12), touched.T @ wanted)
    np.testing.assert_allclose(model.profile(history), expected, atol=1e-5)
    np.testing.assert_allclose(model.score([history])[0], unit(model) @ expected, atol=1e-5)


def test_a_large_ridge_is_the_sum_of_what_was_liked() -> None:
    model = fitted(ridge=1e6)
    history = History.of(model.title_ids, {11: 5.0, 15: 4.0})
    expected = unit(model) @ unit(model)[history.columns].sum(axis=0)
    np.testing.assert_allclose(model.score([history])[0] * 1e6, expected, atol=1e-4)


def test_what_nobody_watched_is_recommended_for_what_it_shares() -> None:
    values = np.eye(6, dtype=np.float32)
    values[4] = 0.5 * values[0] + 0.1 * values[1]
    about = Features(np.arange(10, 16), csr_array(values), tuple(f"genre:{one}" for one in range(6)))
    model = Content(about).fit(KNOWN, np.random.default_rng(0))
    assert recommend(model, [History.of(model.title_ids, {10: 5.0})], 1).title_ids.tolist() == [[14]]


def test_reasons_add_up_and_plots_are_one_reason() -> None:
    model = fitted()
    history = History.of(model.title_ids, {11: 5.0, 15: 4.0})
    for column in (0, 5, 9):
        told = model.reasons(history, column, n=99)
        spoken_for = sum(one.amount for one in told)
        assert spoken_for >= float(model.score([history])[0, column]) - 1e-5  # what speaks against it is not told
        assert sum(one.name == "plot" for one in told) <= 1
        assert not any(one.name.startswith("plot:") for one in told)
        assert [one.amount for one in told] == sorted((one.amount for one in told), reverse=True)
        assert sum(one.amount for one in model.shared(column, column, n=99)) == pytest.approx(1.0, abs=1e-5)


def test_titles_without_features_and_viewers_without_a_past_score_nothing() -> None:
    known = Interactions.from_columns([1, 1], [10, 500])
    model = Content(features()).fit(known, np.random.default_rng(0))
    assert model.title_ids.tolist() == [*range(10, 40), 500]
    everything = History.of(model.title_ids, {int(one): 5.0 for one in model.title_ids})
    scores = model.score([History.of(model.title_ids, {}), History.of(model.title_ids, {500: 5.0}), everything])
    assert np.isfinite(scores).all()
    assert not scores[:2].any()
    assert model.score([]).shape == (0, 31)


def test_a_long_history_is_cut_to_its_latest() -> None:
    model = fitted(longest=2)
    long = History.of(model.title_ids, {11: 5.0, 15: 4.0, 20: 3.0}, {11: 1, 15: 2, 20: 3})
    short = History.of(model.title_ids, {15: 4.0, 20: 3.0}, {15: 2, 20: 3})
    np.testing.assert_array_equal(model.score([long]), model.score([short]))


def test_what_was_saved_is_what_is_loaded() -> None:
    model = fitted(ridge=0.3, dislike_below=2.0)
    again = Content.load(model.save())
    history = History.of(model.title_ids, {11: 5.0, 15: 1.0})
    np.testing.assert_array_equal(again.score([history]), model.score([history]))
    assert again.reasons(history, 4) == model.reasons(history, 4)
    assert again.ridge == 0.3


@pytest.mark.parametrize("name", ["features_names", "features_starts", "title_ids", "features_columns"])
def test_a_stored_model_that_does_not_fit_is_refused(name: str) -> None:
    stored = fitted().save()
    missing = {key: value for key, value in stored.arrays.items() if key != name}
    with pytest.raises(InvalidInput):
        Content.load(Stored("content", missing, stored.facts))


def test_damaged_features_are_refused() -> None:
    stored = fitted().save()
    with pytest.raises(InvalidInput, match="features"):
        Content.load(Stored("content", {**stored.arrays, "features_starts": np.arange(3)}, stored.facts))
