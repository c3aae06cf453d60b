"""A row put in order: relevance, variety and the viewer's own mixture, each as far as its knob goes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.recommendation.pages.ranking import reranked


def crowd(seed: int, titles: int = 40) -> dict[str, Any]:
    """Titles of two groups, the first of which scores higher."""
    rng = np.random.default_rng(seed)
    group = np.arange(titles) >= titles // 2
    vectors = np.where(group[:, None], [[0.0, 1.0]], [[1.0, 0.0]]) + 0.1 * rng.normal(size=(titles, 2))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    mixtures = np.where(group[:, None], [[0.0, 1.0]], [[1.0, 0.0]]).astype(np.float32)
    relevance = (rng.random(titles) - group).astype(np.float32)
    return {"relevance": relevance, "vectors": vectors.astype(np.float32), "mixtures": mixtures}


@settings(deadline=None)  # the first is compiled
@given(st.integers(0, 99), st.integers(0, 50), st.floats(0, 5), st.floats(0, 30))
def test_whatever_the_knobs_every_title_stands_once(seed: int, n: int, diversity: float, calibration: float) -> None:
    wanted = np.array([0.7, 0.3], np.float32)
    order = reranked(**crowd(seed), wanted=wanted, n=n, diversity=diversity, calibration=calibration)
    assert order.size == min(n, 40) == len(set(order.tolist()))
    assert (order >= 0).all()


def test_without_knobs_or_a_mixture_the_order_is_that_of_relevance() -> None:
    made = crowd(1)
    best = np.argsort(-made["relevance"], kind="stable")[:10].tolist()
    nothing = np.zeros(2, np.float32)
    assert reranked(**made, wanted=nothing, n=10, diversity=0.0, calibration=5.0).tolist() == best


def test_the_row_takes_the_viewers_mixture_as_calibration_grows() -> None:
    made, wanted = crowd(2), np.array([0.5, 0.5], np.float32)

    def share(calibration: float) -> float:
        order = reranked(**made, wanted=wanted, n=10, diversity=0.0, calibration=calibration)
        return float(made["mixtures"][order, 1].mean())

    assert share(0.0) == 0.0  # the first group scores higher
    assert share(0.0) < share(2.0) <= share(20.0)
    assert share(20.0) >= 0.4


def test_diversity_brings_in_what_is_unlike() -> None:
    made, nothing = crowd(3), np.zeros(2, np.float32)

    def alike(diversity: float) -> float:
        order = reranked(**made, wanted=nothing, n=8, diversity=diversity, calibration=0.0)
        vectors = made["vectors"][order]
        return float((vectors @ vectors.T)[np.triu_indices(8, 1)].mean())

    assert alike(1.0) < alike(0.0) - 0.2
