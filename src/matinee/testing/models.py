"""What every model of taste does, whatever it learns by.

    FOUND = find_models("my.methods")

    class TestModels(matinee.testing.models.ModelContract):
        @pytest.fixture(params=FOUND, ids=str, scope="class")
        def found(self, request):
            return request.param

Models are found by themselves (`matinee.testing.finding`). Each is fitted, with fewer factors and epochs than usual
so that it takes little time, to a world of two tastes (`matinee.testing.tastes`).
"""

from __future__ import annotations

import doctest
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import pytest

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, Floats, History, Model, Rating, histories_of, recommend
from matinee.learning.stored import Stored, pack, unpack
from matinee.recommendation import methods
from matinee.testing.finding import METHODS, Found
from matinee.testing.tastes import FIRST, NEWEST_MS, TITLES, leaning, world, world_features

QUICK: Mapping[str, Any] = {
    "factors": 8, "epochs": 8, "burn_in": 4, "samples": 2, "steps": 5, "width": 16, "dimensions": 16, "hidden": 16,
    "blocks": 1, "layers": 1, "heads": 2, "window": 16, "length": 16, "batch": 16, "batch_size": 16, "trees": 10,
    "rounds": 10, "leaves": 4, "negatives": 8, "folds": 2,
}  # fmt: skip
"""Knobs that make a fit quick, taken where a model has one of that name with a larger default."""

_SOURCE = re.compile(r"\b(19|20)\d\d\b|\bas in\b")


class Interrupted(Exception):
    """Stands for a process that was killed."""


class Kept:
    """A checkpoint in memory that packs what it keeps, as one on disk does, and can stop the fit after a state."""

    def __init__(self, stop_after: int = 0) -> None:
        self.states, self.stop_after = 0, stop_after
        self.packed: bytes | None = None

    def load(self) -> Stored | None:
        """The last state."""
        return None if self.packed is None else unpack(self.packed)

    def save(self, state: Stored) -> None:
        """Keep a state; then stop, where it is time to."""
        self.packed, self.states = pack(state), self.states + 1
        if self.states == self.stop_after:
            raise Interrupted

    def clear(self) -> None:
        """Forget it."""
        self.packed = None


def quick(found: Found) -> Model:
    """An unfitted model that is soon fitted, given what it needs."""
    cls, knobs = cast("Any", found.cls), found.knobs
    taken = {name: value for name, value in QUICK.items() if isinstance(knobs.get(name), int) and knobs[name] > value}
    if "features" in cls.needs:
        taken["features"] = world_features()
    if "models" in cls.needs:
        known, rng = world(), np.random.default_rng(3)
        taken["models"] = {one: methods.make(one).fit(known, rng) for one in ("popularity", "als")}
    return cast("Model", cls(**taken))


def fitted(found: Found, known: Interactions, checkpoint: Kept | None = None) -> Model:
    """A model fitted from the same seed as any other."""
    return quick(found).fit(known, np.random.default_rng(7), checkpoint)


def probes(model: Model) -> list[History]:
    """Histories of all sorts: short, long, of nothing, of everything, of one title, disliked."""
    known = histories_of(model.title_ids, world(8, seed=5))
    columns = np.arange(model.title_ids.size)
    everything = History(columns, np.full(columns.size, 4.0, np.float32), NEWEST_MS + columns)
    alone = History.of(model.title_ids, {FIRST: 5.0}, {FIRST: NEWEST_MS})
    disliked = History.of(model.title_ids, {FIRST: 1.0, FIRST + 1: 1.0}, {FIRST: 1, FIRST + 1: 2})
    return [*known, NOTHING, everything, alone, disliked, NOTHING]


def says_something(scores: Floats) -> bool:
    """Whether there is no NaN, and no +inf, among the scores."""
    return not np.isnan(scores).any() and not np.isposinf(scores).any()


def says_what_to_do(error: InvalidInput) -> None:
    """Fails for an error that leaves its reader helpless."""
    assert error.next_step, f"{error} does not say what to do."


class ModelContract:
    """Subclass it and give it the fixture `found`, of scope ``class``."""

    @pytest.fixture(scope="class")
    def found(self) -> Found:
        """The model under test."""
        raise NotImplementedError

    @pytest.fixture(scope="class", autouse=True)
    def can_be_tried(self, found: Found) -> None:
        """Skips in words what needs a package that is not installed."""
        needs: frozenset[str] = getattr(found.cls, "needs", frozenset())
        if found.missing or ("torch" in needs and find_spec("torch") is None):
            pytest.skip(f"{found} needs PyTorch, which is not installed: pip install 'matinee[torch]'")

    @pytest.fixture(scope="class")
    def known(self) -> Interactions:
        """What models are fitted to."""
        return world()

    @pytest.fixture(scope="class")
    def model(self, found: Found, known: Interactions) -> Model:
        """A fitted model; tests leave it as it is."""
        return fitted(found, known)

    # What it is

    def test_it_is_registered(self, found: Found) -> None:
        """By its kind, which says how it is asked for."""
        cls = cast("Any", found.cls)
        assert re.fullmatch(r"[a-z][a-z0-9+-]*", cls.kind), f"{cls.kind!r} is no name for a kind"
        assert cls.needs <= {"features", "torch", "models"}
        if found.module.startswith(METHODS):
            assert cls.kind in methods.KINDS, f"Add {cls.kind!r} to KINDS in {METHODS}."
            assert methods.method(cls.kind) is cls

    def test_it_is_told(self, found: Found) -> None:
        """Its module explains the method, says where it is from, and has an example that runs."""
        module = import_module(found.module)
        told = module.__doc__ or ""
        assert len(told.split()) >= 40, "The module's docstring does not tell the method."
        assert _SOURCE.search(told), "The module's docstring names no paper or other source."
        examples = [one for test in doctest.DocTestFinder().find(module) for one in test.examples]
        assert examples, "Nothing in the module shows how it is used."

    def test_knobs_have_defaults(self, found: Found) -> None:
        """Made without arguments it is ready to be fitted, but for features and models that it needs."""
        assert not found.without_default

    # What it learns

    def test_columns_are_titles(self, model: Model, known: Interactions) -> None:
        """Sorted, each once, and all that it was fitted to."""
        assert (np.diff(model.title_ids) > 0).all()
        assert np.isin(known.title_ids, model.title_ids).all()

    def test_the_same_seed_gives_the_same_model(self, found: Found, model: Model, known: Interactions) -> None:
        """To the last bit, also where states are kept on the way; a fit that has ended leaves none."""
        kept = Kept()
        again = fitted(found, known, kept)
        np.testing.assert_array_equal(again.title_ids, model.title_ids)
        np.testing.assert_array_equal(again.score(probes(again)), model.score(probes(model)))
        assert kept.load() is None, "A fit that has ended leaves a state behind."

    def test_an_interrupted_fit_goes_on_and_ends_in_the_same_model(
        self, found: Found, model: Model, known: Interactions
    ) -> None:
        """It does not begin anew: fewer states are kept the second time."""
        whole = Kept()
        fitted(found, known, whole)
        if not whole.states:
            return  # fitted in one go: there is nothing to go on from
        kept = Kept(stop_after=(whole.states + 1) // 2)
        with pytest.raises(Interrupted):
            fitted(found, known, kept)
        kept.stop_after, kept.states = 0, 0
        again = fitted(found, known, kept)
        assert kept.states < whole.states
        np.testing.assert_allclose(again.score(probes(again)), model.score(probes(model)), rtol=1e-5, atol=1e-6)

    def test_taste_is_understood_of_viewers_known_and_new(self, model: Model, known: Interactions) -> None:
        """Of who was in training and who came since alike, unless it tells everybody the same."""
        newcomers = world(40, seed=9)
        for viewers in (known, newcomers):
            histories = histories_of(model.title_ids, viewers)
            scores = model.score(histories)
            if (scores == scores[0]).all():
                continue  # popularity is nobody's taste
            found = [
                leaning(model.title_ids, row, history, int(viewer) % 2)
                for viewer, history, row in zip(viewers.viewer_ids, histories, scores, strict=True)
            ]
            assert np.mean(found) > 0.05, f"leaning {np.mean(found):.3f}"

    # What it says

    def test_scores_are_numbers_for_any_history(self, model: Model) -> None:
        """Shape, type, no NaN; -inf is allowed where it has nothing to say."""
        histories = probes(model)
        scores = model.score(histories)
        assert scores.shape == (len(histories), model.title_ids.size)
        assert scores.dtype == np.float32
        assert says_something(scores)
        assert model.score([]).shape == (0, model.title_ids.size)

    def test_a_history_is_scored_alike_alone_and_in_company(self, model: Model) -> None:
        """And is left as it was."""
        histories = probes(model)
        before = [(one.columns.copy(), one.values.copy(), one.times.copy()) for one in histories]
        together = model.score(histories)
        for history, row, columns in zip(histories, together, before, strict=True):
            np.testing.assert_allclose(model.score([history])[0], row, rtol=1e-3, atol=1e-4)
            for now, then in zip(history[:3], columns, strict=True):
                np.testing.assert_array_equal(now, then)

    def test_titles_that_it_does_not_know_say_nothing(self, model: Model) -> None:
        """A history of such is an empty one."""
        history = History.of(model.title_ids, {9: 5.0, 99_999: 1.0})
        assert history.columns.size == 0
        np.testing.assert_array_equal(model.score([history]), model.score([NOTHING]))

    def test_filters_hold(self, model: Model) -> None:
        """Only what is allowed, by one mask or one for each, and nothing of the history unless `seen`."""
        histories = histories_of(model.title_ids, world(8, seed=5))
        rng = np.random.default_rng(0)
        masks = rng.random((len(histories), model.title_ids.size)) < 0.4
        for allowed in (masks, masks[0]):
            ranked = recommend(model, histories, 10, allowed)
            for row, history in enumerate(histories):
                permitted = np.broadcast_to(allowed, masks.shape)[row].copy()
                permitted[history.columns] = False
                shown = ranked.title_ids[row][ranked.title_ids[row] > 0]
                assert np.isin(shown, model.title_ids[permitted]).all()
                assert np.unique(shown).size == shown.size
                assert shown.size <= permitted.sum()
        nothing = np.zeros(model.title_ids.size, bool)
        assert not recommend(model, histories, 10, nothing).title_ids.any()

    def test_who_has_seen_everything_is_recommended_nothing_new(self, model: Model) -> None:
        """And what was seen where that is asked for."""
        columns = np.arange(model.title_ids.size)
        everything = History(columns, np.full(columns.size, 4.0, np.float32), columns * 1000)
        assert not recommend(model, [everything], 5).title_ids.any()
        again = recommend(model, [everything], 5, seen=True)
        assert says_something(again.scores)

    def test_threads_get_what_one_would(self, model: Model) -> None:
        """At once, again and again."""
        histories = probes(model)
        expected = model.score(histories)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: model.score(histories), range(12)))
        for scores in found:
            np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)

    def test_stars_are_predicted_in_stars(self, model: Model) -> None:
        """By models that rate: for any history, and titles that they do not know."""
        if not isinstance(model, Rating):
            return
        histories = probes(model)
        wanted: list[Any] = [np.array([0, -1, model.title_ids.size - 1, 0])[: 1 + row % 4] for row in range(8)]
        wanted += [np.zeros(0, np.int64)] * (len(histories) - len(wanted))
        predicted = model.predict(histories, wanted)
        assert [one.shape for one in predicted] == [one.shape for one in wanted]
        stars = np.concatenate(predicted)
        assert np.isfinite(stars).all()
        assert ((stars > 0) & (stars < 6)).all()

    # What is kept of it

    def test_what_was_saved_scores_the_same(self, model: Model) -> None:
        """Through bytes, without pickle."""
        stored = model.save()
        assert stored.kind == model.kind
        again = type(model).load(unpack(pack(stored)))
        np.testing.assert_array_equal(again.title_ids, model.title_ids)
        np.testing.assert_allclose(again.score(probes(again)), model.score(probes(model)), rtol=1e-5, atol=1e-6)
        assert pack(again.save()) == pack(stored), "Saved again it is something else."

    def test_what_is_none_of_its_kind_is_refused(self, model: Model) -> None:
        """Foreign, empty, or lacking any of its arrays."""
        stored = model.save()
        for wrong in (
            Stored("foreign", {"title_ids": np.arange(3)}, {}),
            Stored("foreign", stored.arrays, stored.facts),
            Stored(stored.kind, {}, {}),
            *(Stored(stored.kind, _without(stored.arrays, name), stored.facts) for name in stored.arrays),
        ):
            with pytest.raises(InvalidInput) as caught:
                type(model).load(wrong)
            says_what_to_do(caught.value)

    def test_what_is_damaged_is_refused_or_harmless(self, model: Model) -> None:
        """Arrays cut short and facts left out: either told, or a model that still says something for every title."""
        stored = model.save()
        cut = [
            _with(stored.arrays, name, array[: len(array) // 2]) for name, array in stored.arrays.items() if array.ndim
        ]
        for wrong in (
            *(Stored(stored.kind, arrays, stored.facts) for arrays in cut),
            *(Stored(stored.kind, stored.arrays, _without(stored.facts, name)) for name in stored.facts),
        ):
            try:
                found = type(model).load(wrong)
            except InvalidInput as error:
                says_what_to_do(error)
                continue
            scores = found.score(probes(found))
            assert scores.shape[1] == found.title_ids.size
            assert says_something(scores)

    # What it can be fitted to

    @pytest.mark.parametrize(
        "data", ["one entry", "one viewer", "one title", "one strength", "no times", "future", "none"]
    )
    def test_little_and_odd_data(self, found: Found, data: str) -> None:
        """Either it is told that there is nothing to learn from, or scores are numbers."""
        known = odd(data)
        try:
            model = fitted(found, known)
        except InvalidInput as error:
            says_what_to_do(error)
            return
        histories = [NOTHING, *histories_of(model.title_ids, known)]
        scores = model.score(histories)
        assert scores.shape == (len(histories), model.title_ids.size)
        assert says_something(scores)
        again = type(model).load(unpack(pack(model.save())))
        np.testing.assert_allclose(again.score(histories), scores, rtol=1e-5, atol=1e-6)


def odd(data: str) -> Interactions:
    """Interactions that try a model's patience."""
    whole = world()
    viewers, titles, stars, times = whole.columns()
    if data in ("one entry", "none"):
        one = int(data == "one entry")
        return Interactions.from_columns(viewers[:one], titles[:one], stars[:one], times[:one])
    if data == "one viewer":
        return whole.where(np.repeat(whole.viewer_ids == 1, np.diff(whole.values.indptr)))
    if data == "one title":
        return Interactions.from_columns(np.arange(1, 21), np.full(20, FIRST + TITLES // 2), np.arange(20) % 5 + 1)
    if data == "one strength":
        return Interactions.from_columns(viewers, titles, np.ones(titles.size), times)
    if data == "no times":
        return Interactions.from_columns(viewers, titles, stars)
    return Interactions.from_columns(viewers, titles, stars, times + 5_000_000_000_000)


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {one: value for one, value in mapping.items() if one != name}


def _with(mapping: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**mapping, name: value}


__all__: Sequence[str] = ("ModelContract", "fitted", "probes", "quick")
