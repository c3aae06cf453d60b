"""Ranking: the best titles, ties in order, masks and histories left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, recommend, top
from matinee.learning.stored import Stored


@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 3)),
    st.integers(0, 15),
)
def test_top_is_a_stable_sort_cut_short(scores: Floats, n: int) -> None:
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    found = top(scores, n)
    assert found.shape == expected.shape
    # Where several equal scores compete for the last place any of them may be taken; the scores are the same.
    assert (np.take_along_axis(scores, found, 1) == np.take_along_axis(scores, expected, 1)).all()
    assert all(len(set(row)) == len(row) for row in found.tolist())


class Descending:
    """A model by which the first title is the best for everybody."""

    kind: ClassVar[str] = "descending"
    title_ids = np.array([10, 20, 30, 40])

    def fit(self, interactions: Interactions, rng: np.random.Generator) -> Self:
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        return np.tile(np.array([4, 3, 2, 1], np.float32), (len(histories), 1))

    def save(self) -> Stored:
        return Stored(self.kind, {})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        return cls()


def test_what_was_seen_or_is_not_allowed_is_left_out() -> None:
    model = Descending()
    histories = [History.of(model.title_ids, {10: 1.0, 99: 1.0}), History.of(model.title_ids, {})]
    allowed = np.array([True, True, False, True])
    ranked = recommend(model, histories, 3, allowed)
    assert ranked.title_ids.tolist() == [[20, 40, 0], [10, 20, 40]]
    assert ranked.scores.tolist() == [[3, 1, -np.inf], [4, 3, 1]]
    assert recommend(model, histories, 2, seen=True).title_ids.tolist() == [[10, 20], [10, 20]]
    assert recommend(model, histories, 6).title_ids.shape == (2, 6)
    assert recommend(model, [], 3).title_ids.shape == (0, 3)
