"""Evaluation against a dense reference that asks one viewer at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.base.errors import InvalidInput
from matinee.learning import evaluation, splits
from matinee.learning.evaluation import evaluate, evaluate_ratings
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints, Model
from matinee.learning.splits import Split


@dataclass
class Table:
    """Scores from a table, a row for each viewer, told apart by the time of asking."""

    kind: ClassVar[str] = "table"
    needs: ClassVar[frozenset[str]] = frozenset()
    title_ids: Ints
    scores: dict[int, Any]
    asked: list[History] = field(default_factory=list)

    def score(self, histories: list[History]) -> Floats:
        self.asked += histories
        return np.array([self.scores[one.context.now_ms] for one in histories], np.float32)

    def predict(self, histories: list[History], columns: list[Ints]) -> list[Floats]:
        return [
            np.where(asked >= 0, self.scores[one.context.now_ms][asked], 9.0).astype(np.float32)
            for one, asked in zip(histories, columns, strict=True)
        ]


@pytest.fixture
def world() -> tuple[Table, Split]:
    rng = np.random.default_rng(5)
    viewers, titles = np.divmod(rng.permutation(40 * 30)[:420], 30)
    known = Interactions.from_columns(viewers, titles, rng.integers(1, 6, 420), viewers + 1)
    split = splits.holdout(known, 0.3, rng)
    # The model knows not all of the titles, and some that nobody touched.
    model = Table(np.arange(3, 34), {viewer + 1: rng.normal(3, 1, 31) for viewer in range(40)})
    return model, split


def rows(known: Interactions, viewer: int) -> set[int]:
    row = known.row_of(viewer)
    return set() if row is None else set(known.title_ids[known.history(row)[0]].tolist())


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("cells", [40, 1 << 24])
def test_equals_the_reference(
    world: tuple[Table, Split], seen: bool, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "CELLS", cells)
    model, split = world
    found = evaluate(cast("Model", model), split, 5, seen=seen)
    ndcgs, recalls, shown = [], [], set()
    for viewer in split.test.viewer_ids.tolist():
        hidden = set() if seen else rows(split.given, viewer)
        order = [int(model.title_ids[one]) for one in np.argsort(-model.scores[viewer + 1])]
        listed = [one for one in order if one not in hidden][:5]
        wanted = rows(split.test, viewer)
        gain = sum(1 / math.log2(place + 2) for place, one in enumerate(listed) if one in wanted)
        ndcgs.append(gain / sum(1 / math.log2(place + 2) for place in range(min(5, len(wanted)))))
        recalls.append(len(wanted & set(listed)) / len(wanted))
        shown |= set(listed)
    assert found.samples["ndcg"].values == pytest.approx(ndcgs)
    assert found.samples["recall"].values == pytest.approx(recalls)
    assert found.coverage == len(shown) / 31
    assert found.unreachable == sum(sum(one < 3 for one in rows(split.test, v)) for v in split.test.viewer_ids.tolist())
    assert int(found.shown.sum()) == 5 * split.test.viewer_ids.size


def test_slices_of_titles_look_for_those_titles_only(world: tuple[Table, Split]) -> None:
    model, split = world
    found = evaluate(cast("Model", model), split, 5)
    counts = dict(zip(split.train.title_ids.tolist(), np.bincount(split.train.values.indices).tolist(), strict=True))
    cold = {one for one, count in counts.items() if 0 < count < 10 and one >= 3}
    values = found.slices["titles: cold, under 10"]["recall"].values
    for row, viewer in enumerate(split.test.viewer_ids.tolist()):
        wanted = rows(split.test, viewer) & cold
        order = [int(model.title_ids[one]) for one in np.argsort(-model.scores[viewer + 1])]
        listed = set([one for one in order if one not in rows(split.given, viewer)][:5])
        assert values[row] == pytest.approx(len(wanted & listed) / len(wanted) if wanted else math.nan, nan_ok=True)


def test_slices_of_viewers_make_up_the_whole(world: tuple[Table, Split]) -> None:
    found = evaluate(cast("Model", world[0]), world[1], 5)
    parts = [one["ndcg"].values for name, one in found.slices.items() if name.startswith("viewers:")]
    assert (np.sum(~np.isnan(parts), axis=0) == 1).all()
    assert np.nansum(parts, axis=0) == pytest.approx(found.samples["ndcg"].values)


def test_viewers_without_a_history_are_asked_with_an_empty_one() -> None:
    known = Interactions.from_columns([1, 1, 2, 3], [5, 6, 5, 6], at_ms=[1, 2, 3, 50])
    split = splits.by_time(known, 0.25)
    model = Table(np.array([5, 6]), {50: [0, 1]})
    found = evaluate(cast("Model", model), split, 1)
    assert model.asked[0].columns.size == 0
    assert found.slices["viewers: no history"]["hit_rate"].values.tolist() == [1]


def test_the_moment_is_told_or_not(world: tuple[Table, Split]) -> None:
    model, split = world
    model.scores[0] = np.zeros(31)
    evaluate(cast("Model", model), split, 5, told_when=False)
    assert {one.context.now_ms for one in model.asked} == {0}


def test_among_restricts_what_is_shown(world: tuple[Table, Split]) -> None:
    found = evaluate(cast("Model", world[0]), world[1], 5, among=np.array([4, 5]))
    assert set(found.title_ids[found.shown > 0].tolist()) <= {4, 5}


def test_features_bring_diversity_and_calibration(world: tuple[Table, Split]) -> None:
    values = csr_array(np.random.default_rng(1).integers(0, 2, (20, 4)).astype(np.float32))
    features = Features(np.arange(10, 30), values, ("genre:a", "genre:b", "person:c", "genre:d"))
    found = evaluate(cast("Model", world[0]), world[1], 5, features=features).estimates()
    assert 0 < found["diversity"].value < 1
    assert found["calibration"].value > 0
    assert "diversity" not in evaluate(cast("Model", world[0]), world[1], 5).samples


def test_ratings_count_alike_and_stay_in_range(world: tuple[Table, Split]) -> None:
    model, split = world
    found = evaluate_ratings(cast("Model", model), split)
    errors = []
    viewers, titles, stars, _ = split.test.columns()
    for viewer, title, star in zip(viewers.tolist(), titles.tolist(), stars.tolist(), strict=True):
        said = model.scores[viewer + 1][title - 3] if title >= 3 else 9.0
        errors.append(min(max(said, 1), 5) - star)
    assert found.estimates()["rmse"].value == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert found.estimates()["mae"].value == pytest.approx(np.abs(errors).mean())
    parts = [one["rmse"] for name, one in found.slices.items() if name.startswith("viewers:")]
    assert sum(one.weights.sum() for one in parts if one.weights is not None) == split.test.count


def test_a_model_that_only_ranks_cannot_be_judged_by_ratings(world: tuple[Table, Split]) -> None:
    from matinee.recommendation.methods.popularity import Popularity

    with pytest.raises(InvalidInput, match="predicts no ratings"):
        evaluate_ratings(Popularity(), world[1])


def test_models_are_compared_on_the_same_viewers_only(world: tuple[Table, Split]) -> None:
    model, split = world
    one = evaluate(cast("Model", model), split, 5)
    assert one.against(one)["ndcg"].value == 0
    with pytest.raises(InvalidInput, match="different viewers"):
        one.against(evaluate(cast("Model", model), split, 4))
