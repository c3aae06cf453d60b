"""Real viewing: as good as the field's own implicit ALS on the file that papers use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.house import als

from matinee.learning.model import NOTHING, History, recommend
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.popularity import Popularity


@pytest.mark.real_data
def test_als_ranks_ml_1m_as_well_as_implicit_does(real_data: Path) -> None:
    split = als.read(real_data / "movielens" / "ml-1m-extras.zip")
    model = ImplicitALS().fit(split.train, np.random.default_rng(0))
    _, ndcg = als.quality(split, lambda part: model.viewer_factors[part] @ model.title_factors.T)
    assert ndcg >= 0.0489  # implicit 0.7, 64 factors; measured with this protocol
    popularity = Popularity(half_life_days=1e6).fit(split.train, np.random.default_rng(0))
    nobody = NOTHING
    _, base = als.quality(split, lambda part: np.tile(popularity.score([nobody]), (part.stop - part.start, 1)))
    assert 0.015 < base < 0.02

    # What was folded in as a history is ranked as what was trained: serving measures up to the evaluation.
    columns, values, _ = split.train.history(7)
    served = recommend(
        model, [History(columns.astype(np.int64), values, np.zeros(columns.size, np.int64))], 10
    ).title_ids[0]
    scores = model.viewer_factors[7] @ model.title_factors.T
    scores[columns] = -np.inf
    assert set(served.tolist()) == set(model.title_ids[np.argsort(-scores)[:10]].tolist())
