"""ALS on Spark: MLlib, given the same knobs, learns what our own method learns."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.base.test_compute_local import eventually

from matinee.base.compute import Compute
from matinee.jobs.spark.standalone import Standalone
from matinee.learning.interactions import Interactions
from matinee.learning.model import History
from matinee.recommendation.methods.als import ImplicitALS

pytestmark = pytest.mark.server


@pytest.fixture
def compute(spark_url: str, tmp_path: Path) -> Iterator[Compute]:
    from matinee.base.compute.spark.compute import SparkCompute

    made = SparkCompute.open(spark_url, tmp_path)
    yield made
    made.close()


def even(viewers: int = 60, titles: int = 40, each: int = 10) -> Interactions:
    """Viewers of as many titles each, titles of as many viewers each, in four tastes; one in ten was disliked."""
    rows = np.repeat(np.arange(viewers), each)
    steps = np.tile(np.arange(each), viewers)
    return Interactions.from_columns(rows + 7, (rows + 4 * steps) % titles + 100, np.where(steps == 9, 1.0, 5.0))


def killed_once_under_way(spark: Standalone, checkpoints: Path) -> int:
    """Kills a worker of the cluster when the first checkpoint is written; returns its process."""
    before = set(checkpoints.glob("*/rdd-*"))
    eventually(lambda: bool(set(checkpoints.glob("*/rdd-*")) - before))
    worker = spark.workers[0].pid
    assert worker
    os.kill(worker, signal.SIGKILL)
    return worker


def test_rows_of_one_length_come_to_the_same_loss(compute: Compute, spark: Standalone) -> None:
    """There the two regularisations are one. Without checkpoints Spark would run out of stack; and a worker dies."""
    known, rng = even(), np.random.default_rng(0)
    knobs = {"factors": 6, "epochs": 20, "regularisation": 0.01, "unobserved_weight": 0.5}
    ours = ImplicitALS(**knobs).fit(known, rng)
    with ThreadPoolExecutor(1) as pool:
        death = pool.submit(killed_once_under_way, spark, spark.conf.parent / "work/spark/checkpoints")
        theirs = ImplicitALS(**knobs).fit_on(compute, known, rng)
        assert death.done()
        assert death.result()
    eventually(spark.complete)
    (loss,) = theirs.losses
    assert loss == pytest.approx(ours.losses[-1], rel=0.005)
    assert loss < ours.losses[0] - 10 * abs(loss - ours.losses[-1])
    alike = np.corrcoef(*((one.viewer_factors @ one.title_factors.T).ravel() for one in (ours, theirs)))[0, 1]
    assert alike > 0.98


def test_dislikes_and_strangers_are_understood_as_at_home(compute: Compute) -> None:
    known = even()
    model = ImplicitALS(factors=4, epochs=4, dislike_below=2.0).fit_on(compute, known, np.random.default_rng(0))
    history = History.of(model.title_ids, {100: 5.0, 104: 5.0, 108: 5.0})
    scores = model.score([history])[0]
    assert scores[model.title_ids % 4 == 0].min() > scores[model.title_ids % 4 != 0].max()
    row, (columns, values, times) = 5, known.history(5)
    np.testing.assert_allclose(model.fold_in(History(columns, values, times)), model.viewer_factors[row], atol=1e-4)
