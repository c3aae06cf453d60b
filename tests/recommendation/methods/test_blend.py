"""The blend: better than its parts where the moment decides, and whole where a part or a history is missing."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from matinee.base.errors import InvalidInput, Unavailable
from matinee.learning.evaluation import evaluate
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, Context, History, Model
from matinee.learning.splits import leave_last_out
from matinee.learning.stored import Stored, pack, unpack
from matinee.recommendation import methods
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.blend import Blend
from matinee.recommendation.methods.evidence import COMMON, Backdrop, Pairs, candidates, evidence
from matinee.recommendation.methods.moments import not_held
from matinee.recommendation.methods.popularity import Popularity

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def sessions() -> Interactions:
    """Viewers who watch one genre for an evening, whatever they liked before: the last titles tell what is next."""
    rng = np.random.default_rng(0)
    viewers, titles, times = [], [], []
    for viewer in range(150):
        unseen = [list(rng.permutation(12) + 12 * genre) for genre in range(6)]
        for evening in range(4):
            genre = int(rng.integers(6))
            for film in range(4):
                if unseen[genre]:
                    viewers.append(viewer)
                    titles.append(unseen[genre].pop())
                    times.append(1_000_000_000_000 + (evening * 500 + film * 2) * HOUR_MS)
    return Interactions.from_columns(viewers, titles, at_ms=times)


def parts() -> dict[str, Model]:
    return {"als": ImplicitALS(factors=8, epochs=5), "popularity": Popularity()}


@pytest.fixture(scope="module")
def blend(sessions: Interactions) -> Blend:
    return Blend(models=parts(), trees=60, smallest_leaf=20).fit(
        leave_last_out(sessions).train, np.random.default_rng(0)
    )


def test_it_beats_its_best_part_where_the_session_decides(sessions: Interactions, blend: Blend) -> None:
    split = leave_last_out(sessions)
    mixed = evaluate(blend, split, 5)
    for model in blend.models.values():
        assert mixed.against(evaluate(model, split, 5))["ndcg"].low > 0
    mood = sum(share for name, share in blend.importance().items() if "mood" in name or "likeness" in name)
    assert mood > 0.4
    assert blend.losses[-1] < blend.losses[0]


def test_the_newest_are_put_aside_and_half_of_every_history_stays() -> None:
    known = Interactions.from_columns(
        [1, 1, 1, 1, 1, 2, 2, 3], [1, 2, 3, 4, 5, 1, 2, 9], at_ms=[5, 4, 3, 2, 1, 1, 2, 1]
    )
    kept = not_held(known, 3)
    assert known.where(kept).columns()[1].tolist() == [5, 4, 3, 1, 9]


def test_models_given_fitted_serve_as_they_are_and_others_are_fitted(sessions: Interactions) -> None:
    ready = Popularity().fit(sessions, np.random.default_rng(0))
    elsewhere = ImplicitALS(factors=4, epochs=1).fit(
        Interactions.from_columns([1, 2], [1, 2]), np.random.default_rng(0)
    )
    model = Blend(models={"a": ready, "b": elsewhere}, trees=2).fit(sessions, np.random.default_rng(0))
    assert model.models["a"] is ready
    assert model.models["b"] is not elsewhere
    assert model.models["b"].title_ids.size == sessions.title_ids.size
    assert elsewhere.title_ids.size == 2


def test_who_has_no_history_gets_what_is_popular(blend: Blend) -> None:
    assert blend.backdrop is not None
    order = np.argsort(-blend.score([NOTHING])[0])
    assert blend.backdrop.late[order[0]] == blend.backdrop.late.max()


def test_what_nobody_proposes_stands_behind(sessions: Interactions, blend: Blend) -> None:
    narrow = Blend(models=blend.models, candidates=3, trees=5).fit(
        leave_last_out(sessions).train, np.random.default_rng(0)
    )
    columns, values, times = sessions.history(0)
    scores = narrow.score([History(columns[:6].astype(np.int64), values[:6], times[:6])])[0]
    assert np.isfinite(scores).all()
    assert 3 <= np.count_nonzero(scores > -1) <= 6


def test_a_part_that_is_missing_leaves_a_gap(
    blend: Blend, sessions: Interactions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored, load = unpack(pack(blend.save())), methods.load

    def without_als(part: Stored) -> Model:
        if part.kind == "als":
            raise Unavailable("The model als needs a package.", next_step="Install it.")
        return load(part)

    monkeypatch.setattr(methods, "load", without_als)
    with caplog.at_level(logging.WARNING):
        lame = Blend.load(stored)
    assert "does without its part als" in caplog.text
    assert list(lame.models) == ["popularity"]
    columns, values, times = sessions.history(3)
    history = History(columns.astype(np.int64), values, times)
    assert np.isfinite(lame.score([history, NOTHING])).all()
    assert Blend.load(lame.save()).score([history])[0] == pytest.approx(lame.score([history])[0])


def test_a_ranker_that_was_changed_is_refused(blend: Blend) -> None:
    stored = blend.save()
    trees = stored.arrays["trees"].copy()
    trees[200] ^= 1
    with pytest.raises(InvalidInput, match="has changed"):
        Blend.load(Stored(stored.kind, {**stored.arrays, "trees": trees}, stored.facts))


def test_a_blend_of_nothing_is_refused(sessions: Interactions) -> None:
    with pytest.raises(InvalidInput, match="no models"):
        Blend(models={}).fit(sessions, np.random.default_rng(0))


def test_the_moment_is_told_in_the_viewers_own_time() -> None:
    known = Interactions.from_columns([1, 1, 2], [1, 2, 1], at_ms=[HOUR_MS, 2 * HOUR_MS, HOUR_MS])
    # Thursday, the first of January 1970, 23 h UTC is Friday, 1 h, two hours further east.
    context = Context(now_ms=23 * HOUR_MS, utc_offset_min=120, device="phone", language="de-AT")
    history = History(np.array([0]), np.ones(1, np.float32), np.array([HOUR_MS]), context)
    opinion = np.array([[0.0, 1.0]], np.float32)
    [row] = evidence({"one": opinion, "gone": None}, Pairs(np.array([0]), np.array([1])), [history], Backdrop.of(known))
    told = dict(zip(COMMON, row[4:].tolist(), strict=True))
    assert (told["hour"], told["weekday"], told["device"]) == (1, 4, 1)
    assert told["age"] == pytest.approx(np.log1p(21 / 24))
    assert told["pause"] == pytest.approx(np.log1p(22 * 3600))
    assert row[0] == 1  # one standard deviation above this viewer's mean
    assert np.isnan(row[2:4]).all()


def test_candidates_are_the_union_without_what_was_seen() -> None:
    scores = {"a": np.array([[5, 4, 3, 2, 1.0]]), "b": np.array([[1, -np.inf, 3, 4, 5.0]])}
    seen = History(np.array([0]), np.ones(1, np.float32), np.array([1]))
    pairs = candidates({name: one.astype(np.float32) for name, one in scores.items()}, [seen], 1)
    assert pairs.columns.tolist() == [1, 4]


@pytest.mark.real_data
def test_it_beats_its_best_part_on_real_viewing(real_data: Path) -> None:
    from matinee.recommendation import datasets

    known = datasets.read(real_data / "movielens" / "ml-100k.zip", 1_790_000_000_000).known
    split = leave_last_out(known)
    made = {kind: methods.make(kind) for kind in ("item-neighbours", "popularity")}
    model = Blend(models=made, trees=60, held=2).fit(split.train, np.random.default_rng(0))
    mixed = evaluate(model, split)
    assert all(mixed.against(evaluate(part, split))["ndcg"].low > 0 for part in model.models.values())
