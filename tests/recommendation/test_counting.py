"""What is counted of all viewing: in SQL the same as in memory, here and on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.learning.interactions import Interactions
from matinee.learning.model import histories_of, recommend
from matinee.recommendation.counting import of_titles, of_viewers, together, write
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.evidence import Backdrop
from matinee.recommendation.methods.likeness import nearest, words_weighed
from matinee.recommendation.methods.weights import touched


@pytest.fixture(scope="module", params=["local", pytest.param("spark", marks=pytest.mark.server)])
def compute(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compute]:
    folder = tmp_path_factory.mktemp("compute")
    if request.param == "local":
        made: Compute = LocalCompute.open("local://?workers=2", folder)
    else:
        from matinee.base.compute.spark.compute import SparkCompute

        made = SparkCompute.open(request.getfixturevalue("spark_url"), folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def known() -> Interactions:
    """300 viewers of up to 30 of 40 titles, over a year."""
    rng = np.random.default_rng(7)
    viewers, titles = rng.integers(0, 300, 5000), (40 * rng.random(5000) ** 2).astype(np.int64)
    times = rng.integers(1_700_000_000_000, 1_731_536_000_000, 5000)
    return Interactions.from_columns(viewers + 5, titles * 3, rng.integers(1, 11, 5000) / 2, times)


@pytest.fixture
def viewing(known: Interactions, tmp_path: Path) -> Path:
    write(known, tmp_path / "viewing.parquet")
    return tmp_path / "viewing.parquet"


def column(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy()


def test_titles_are_counted_as_a_ranker_is_told(compute: Compute, known: Interactions, viewing: Path) -> None:
    found, told = of_titles(compute, viewing), Backdrop.of(known)
    for name, expected in (("title", known.title_ids), ("first_ms", told.first_ms), ("last_ms", told.last_ms)):
        np.testing.assert_array_equal(column(found, name), expected)
    np.testing.assert_array_equal(column(found, "viewers"), told.counts)
    np.testing.assert_allclose(column(found, "late"), told.late, rtol=1e-6)
    np.testing.assert_allclose(column(found, "mean"), known.values.sum(axis=0) / told.counts, rtol=1e-6)


def test_viewers_are_counted_as_their_histories_are(compute: Compute, known: Interactions, viewing: Path) -> None:
    found = of_viewers(compute, viewing)
    np.testing.assert_array_equal(column(found, "viewer"), known.viewer_ids)
    np.testing.assert_array_equal(column(found, "titles"), np.diff(known.values.indptr))
    ends = [known.history(row)[2][[0, -1]].tolist() for row in range(known.viewer_ids.size)]
    assert list(zip(column(found, "first_ms").tolist(), column(found, "last_ms").tolist(), strict=True)) == [
        tuple(one) for one in ends
    ]


def test_what_goes_together_is_what_neighbours_compare(compute: Compute, known: Interactions, viewing: Path) -> None:
    found = together(compute, viewing)
    documents = touched(known, 0.0)
    likely = nearest(documents.T.tocsr(), words_weighed(documents, "cosine"), 20, 0.0)
    places = np.searchsorted(known.title_ids, np.stack([column(found, "title"), column(found, "other")]))
    assert len(found) == likely.nnz
    np.testing.assert_allclose(column(found, "cosine"), likely.toarray()[tuple(places)], rtol=1e-5)
    first = found.slice(0, 20).to_pylist()
    assert [row["place"] for row in first] == list(range(1, 21))
    assert [row["cosine"] for row in first] == sorted((row["cosine"] for row in first), reverse=True)


def test_everybody_is_ranked_for_as_one_by_one(compute: Compute, known: Interactions) -> None:
    """By blocks on workers; what was seen is left out, also where fewer are left than were asked for."""
    model = ImplicitALS(factors=8, epochs=3).fit(known, np.random.default_rng(0))
    spread, alone = model.best(known, 15, compute), recommend(model, histories_of(model.title_ids, known), 15)
    assert (spread.title_ids == 0).any()
    np.testing.assert_array_equal(spread.title_ids[:, :2], alone.title_ids[:, :2])
    finite = np.isfinite(alone.scores)
    np.testing.assert_array_equal(np.isfinite(spread.scores), finite)
    np.testing.assert_allclose(spread.scores[finite], alone.scores[finite], atol=1e-5)
