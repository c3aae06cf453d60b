"""Challengers: each step may be run twice, what is worse is refused, and nobody is served what is not published."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.recommendation.conftest import KNOBS, NOW, add_films, add_viewing

from matinee.base.backends import Backends
from matinee.base.clock import DAY_MS
from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.learning.shelf import UNFINISHED_MS, Shelf
from matinee.recommendation.judgement import Against, Judgement
from matinee.recommendation.service import SHELF, Service
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.training_set import TrainingSet, version_of

BEFORE, VERSION = NOW - 100 * DAY_MS, version_of(NOW, 7)


@pytest.fixture
def shelf(backends: Backends) -> Shelf:
    return Shelf(backends.objects, SHELF)


@pytest.fixture
def served(backends: Backends, service: Service) -> str:
    """What was trained a while ago; every viewer has done something since."""
    add_viewing(backends, add_films(backends))
    return service.train(BEFORE, np.random.default_rng(0)).version


def made(backends: Backends, **knobs: object) -> Service:
    return Service(backends, RecommendationSettings.model_validate({**KNOBS, **knobs}))


def test_step_by_step_a_version_comes_to_be_served(
    backends: Backends, service: Service, shelf: Shelf, served: str
) -> None:
    steps = service.challengers
    steps.freeze(VERSION)
    steps.train(VERSION)
    assert (shelf.versions(), shelf.proposed(), shelf.current()) == ([served], [VERSION], served)
    with pytest.raises(NotFound, match="before"):
        service.roll_back()  # nobody goes back to what was never served
    found = steps.evaluate(VERSION)
    assert found.against is not None
    assert (found.against.version, found.against.viewers > 30) == (served, True)
    assert steps.gate(VERSION, 0.01) == found
    steps.publish(VERSION)
    assert (shelf.versions(), shelf.proposed(), shelf.current()) == ([served, VERSION], [], VERSION)
    assert service.shelf_report().versions[0].models[1].metrics == found.measured["als"]
    assert not [one.key for one in backends.objects.list("") if "training-set" in one.key]
    assert service.roll_back() == served


def test_every_step_may_be_run_twice(backends: Backends, service: Service, shelf: Shelf, served: str) -> None:
    steps = service.challengers
    for step in (steps.freeze, steps.train, steps.evaluate, lambda version: steps.gate(version, 0), steps.publish):
        step(VERSION)
        before = {one.key: backends.objects.get(one.key) for one in backends.objects.list("models/")}
        step(VERSION)
        assert {one.key: backends.objects.get(one.key) for one in backends.objects.list("models/")} == before
    digest = shelf.entry(VERSION).digest
    service.roll_back()
    again = service.train(NOW, np.random.default_rng(0)).version  # another seed
    for step in (steps.freeze, steps.train, steps.evaluate, steps.publish):
        step(version_of(NOW + 1, 7))
    assert shelf.entry(version_of(NOW + 1, 7)).digest == digest != shelf.entry(again).digest


class KilledError(BaseException):
    """What a process cannot catch."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_night_broken_off_at_any_write_ends_alike(
    backends: Backends, shelf: Shelf, served: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Each night is killed one write later than the one before, until one is not killed any more."""
    writes, ending = 0, 0
    names = ("put", "delete")

    def counted(write: Callable[..., object]) -> Callable[..., object]:
        def counting(*arguments: object) -> object:
            nonlocal writes
            writes += 1
            if writes == ending and when == "before":
                raise KilledError
            done = write(*arguments)
            if writes == ending:
                raise KilledError
            return done

        return counting

    for name in names:
        monkeypatch.setattr(backends.objects, name, counted(getattr(backends.objects, name)))

    def night(version: str) -> None:
        steps = made(backends, epochs=2, keep_versions=2).challengers
        steps.freeze(version)
        steps.train(version)
        steps.evaluate(version)
        steps.publish(version)

    digests, killed = set(), True
    while killed:
        version, killed = version_of(NOW + ending, 7), False
        writes, ending = 0, ending + 1
        try:
            night(version)
        except KilledError:
            killed = True
            assert shelf.load(shelf.current() or "")
            night(version)
        assert shelf.current() == version
        assert not [one.key for one in backends.objects.list("") if "training-set" in one.key or "checkp" in one.key]
        digests.add(shelf.entry(version).digest)
    assert ending > 15
    assert len(digests) == 1
    assert shelf.versions() == [version_of(NOW + ending - 2, 7), version]


def test_what_was_frozen_is_what_is_trained(backends: Backends, service: Service, shelf: Shelf, served: str) -> None:
    service.challengers.freeze(VERSION)
    kept = backends.objects.get(f"models/taste/{VERSION}/training-set.npz")
    add_viewing(backends, add_films(backends, 90))
    other = made(backends, factors=9, models=("popularity", "content"))
    other.challengers.train(VERSION)
    entry, frozen = shelf.entry(VERSION), TrainingSet.unpack(kept)
    assert set(entry.kinds) == {"popularity", "als"}
    assert entry.facts["interactions"] == frozen.known.count < other.interactions().count
    assert frozen.pack() == kept
    with pytest.raises(InvalidInput, match="no stored model"):
        TrainingSet.unpack(kept[:-1])


def test_what_is_worse_is_refused(backends: Backends, shelf: Shelf, served: str) -> None:
    steps = made(backends, regularisation=1e6).challengers
    for step in (steps.freeze, steps.train, steps.evaluate):
        step(VERSION)
    with pytest.raises(Conflict, match=rf"{VERSION} is worse than what is served: NDCG@10 is .* of {served}, on"):
        steps.gate(VERSION, 0.01)
    assert steps.gate(VERSION, 1)
    assert (shelf.versions(), shelf.current()) == ([served], served)
    shelf.prune(5, NOW)
    assert shelf.proposed() == [VERSION]
    shelf.prune(5, max(one.modified_ms for one in backends.objects.list("models/")) + UNFINISHED_MS + 1)
    assert (shelf.proposed(), shelf.versions()) == ([], [served])


def test_where_nobody_did_anything_since_figures_of_trainings_are_compared(
    backends: Backends, service: Service, served: str
) -> None:
    later = service.train(NOW, np.random.default_rng(0)).version
    steps = made(backends, regularisation=1e6).challengers
    version = version_of(NOW + 1, 7)
    steps.freeze(version)
    found = steps.evaluate(version)
    assert found.against is not None
    assert (found.against.version, found.against.viewers) == (later, 0)
    assert found.worse(0.01)
    assert "each as its own training measured it" in found.words


def test_steps_out_of_turn_say_what_is_missing(backends: Backends, service: Service, served: str) -> None:
    steps, old = service.challengers, version_of(BEFORE - 1, 0)
    with pytest.raises(NotFound, match="no training set") as caught:
        steps.train(VERSION)
    assert f"challenger freeze {VERSION}" in caught.value.next_step
    with pytest.raises(NotFound, match="no version"):
        steps.publish(VERSION)
    with pytest.raises(NotFound, match="not been evaluated"):
        steps.gate(VERSION, 0)
    with pytest.raises(InvalidInput, match="'tonight' is no name of a version"):
        steps.freeze("tonight")
    with pytest.raises(Conflict, match="nothing to learn from"):
        steps.freeze(version_of(1, 0))
    for step in (steps.freeze, steps.train, steps.evaluate):
        step(old)
    with pytest.raises(Conflict, match=f"{served}, which is served, is later"):
        steps.publish(old)


@pytest.mark.parametrize(
    ("own", "other", "low", "high", "worse"),
    [
        (0.10, 0.10, -0.01, 0.01, False),
        (0.12, 0.10, 0.01, 0.03, False),
        (0.08, 0.10, -0.05, 0.01, False),  # may be chance
        (0.0999, 0.10, -0.0002, -0.00005, False),  # surely, and by next to nothing
        (0.09, 0.10, -0.015, -0.005, True),
        (0.0, 0.10, -0.12, -0.08, True),
        (0.0, 0.0, 0.0, 0.0, False),
        (float("nan"), 0.1, float("nan"), float("nan"), False),
    ],
)
def test_worse_is_more_than_chance_and_more_than_the_tolerance(
    own: float, other: float, low: float, high: float, worse: bool
) -> None:
    against = Against(version="1", own=own, other=other, low=low, high=high, viewers=100)
    found = Judgement(version="2", order=("als",), measured={}, against=against)
    assert found.worse(0.01) == worse
    assert not Judgement(version="2", order=("als",), measured={}).worse(0)
