"""Metrics against tables worked by hand, and against their definitions spelt out one viewer at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from matinee.learning import metrics

HITS = np.array([[True, False, True, False], [False, False, False, False], [False, True, False, False]])
RELEVANT = np.array([3, 2, 1])


def test_a_table_worked_by_hand() -> None:
    assert metrics.hit_rate(HITS).tolist() == [1, 0, 1]
    assert metrics.precision(HITS).tolist() == [0.5, 0, 0.25]
    assert metrics.recall(HITS, RELEVANT) == pytest.approx([2 / 3, 0, 1])
    assert metrics.reciprocal_rank(HITS).tolist() == [1, 0, 0.5]
    # Precision at the hits is 1/1 and 2/3; three titles were to be found.
    assert metrics.average_precision(HITS, RELEVANT) == pytest.approx([(1 + 2 / 3) / 3, 0, 0.5])
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert metrics.ndcg(HITS, RELEVANT) == pytest.approx([(1 + 0.5) / ideal, 0, 1 / math.log2(3)])


def test_the_ideal_is_truncated_at_the_length_of_the_list() -> None:
    full = np.ones((1, 3), bool)
    assert metrics.ndcg(full, np.array([50])).tolist() == [1]
    assert metrics.average_precision(full, np.array([50])).tolist() == [1]
    assert metrics.recall(full, np.array([50])).tolist() == [0.06]


def test_who_touched_nothing_has_no_value() -> None:
    nothing = np.zeros((1, 3), bool)
    for found in (metrics.recall, metrics.ndcg, metrics.average_precision):
        assert np.isnan(found(nothing, np.array([0]))).all()


@given(st.data())
def test_each_equals_its_definition_for_one_viewer_at_a_time(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    hits = np.array(data.draw(st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=5)))
    relevant = hits.sum(axis=1) + np.array([data.draw(st.integers(1, 9)) for _ in hits])
    for row, (places, total) in enumerate(zip(hits.tolist(), relevant.tolist(), strict=True)):
        gain = sum(1 / math.log2(k + 2) for k, hit in enumerate(places) if hit)
        best = sum(1 / math.log2(k + 2) for k in range(min(total, n)))
        assert metrics.ndcg(hits, relevant)[row] == pytest.approx(gain / best)
        precisions = [sum(places[: k + 1]) / (k + 1) for k, hit in enumerate(places) if hit]
        assert metrics.average_precision(hits, relevant)[row] == pytest.approx(sum(precisions) / min(total, n))
        first = places.index(True) + 1 if any(places) else math.inf
        assert metrics.reciprocal_rank(hits)[row] == pytest.approx(1 / first)


def test_coverage_counts_each_title_once_and_no_empty_place() -> None:
    assert metrics.coverage(np.array([[0, 1], [1, -1]]), 4) == 0.5
    assert metrics.coverage(np.full((2, 2), -1), 4) == 0
    assert metrics.coverage(np.zeros((0, 2), np.int64), 0) == 0


def test_novelty_is_bits() -> None:
    touched = np.array([8, 4, 0])
    found = metrics.novelty(np.array([[0, 1], [2, -1], [-1, -1]]), touched, 8)
    assert found[:2].tolist() == [0.5, 3]
    assert np.isnan(found[2])


def test_diversity_equals_the_mean_over_pairs() -> None:
    rng = np.random.default_rng(0)
    dense = rng.random((6, 4)) * (rng.random((6, 4)) < 0.7)
    dense[5] = 0
    shown = np.array([[0, 1, 2], [3, 4, -1], [0, 5, 1], [5, -1, -1]])
    found = metrics.diversity(shown, csr_array(dense))
    for row, places in enumerate(shown.tolist()):
        known = [dense[place] for place in places if place >= 0 and dense[place].any()]
        pairs = [(a, b) for i, a in enumerate(known) for b in known[i + 1 :]]
        if not pairs:
            assert np.isnan(found[row])
            continue
        expected = np.mean([1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs])
        assert found[row] == pytest.approx(expected)


def test_calibration_is_the_divergence_of_steck() -> None:
    history, listed = np.array([[7.0, 3.0], [1.0, 1.0], [0.0, 0.0]]), np.array([[10.0, 0.0], [5.0, 5.0], [1.0, 0.0]])
    found = metrics.calibration(history, listed)
    q = [0.99 * 1 + 0.01 * 0.7, 0.01 * 0.3]
    assert found[0] == pytest.approx(0.7 * math.log(0.7 / q[0]) + 0.3 * math.log(0.3 / q[1]))
    assert found[1] == pytest.approx(0)
    assert np.isnan(found[2])


def test_a_title_shares_itself_among_its_genres() -> None:
    genres = csr_array(np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], np.float32))
    found = metrics.mixtures(np.array([[0, 1, -1], [2, -1, -1]]), np.array([[1.0, 2.0, 9.0], [1.0, 1.0, 1.0]]), genres)
    assert found.tolist() == [[0.5, 0.5, 2], [0, 0, 0]]


def test_errors_of_ratings() -> None:
    assert metrics.rmse(np.array([1, 5]), np.array([4, 1])) == pytest.approx(math.sqrt(12.5))
    assert metrics.mae(np.array([1, 5]), np.array([4, 1])) == 3.5
    assert math.isnan(metrics.rmse(np.zeros(0), np.zeros(0)))
