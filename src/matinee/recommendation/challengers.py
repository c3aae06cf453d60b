"""Challengers: versions on their way to being served, step by step.

    freeze ─→ train ────┐
         └──→ evaluate ─┴→ gate ─→ publish

Each step finds in the object store what the ones before it left, and leaves its own there whole or not at all; so it
may be killed at any moment, run again, and run twice. What a challenger is called says when it was begun and with
which seed, so the same name comes to the same models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import orjson

from matinee.base.backends import Backends
from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.shelf import Shelf, Version
from matinee.recommendation.judgement import Against, Judgement, judged
from matinee.recommendation.methods import method
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.training import facts_of, fitted, knobs_of, tried, with_what_pages_need
from matinee.recommendation.training_set import TrainingSet, parts_of


class House(Protocol):
    """Where challengers come from, and are tried out; see `matinee.recommendation.service.Service`."""

    def interactions(self, until_ms: int | None = None) -> Interactions:
        """All interactions, or those up to a moment."""

    def features(self) -> Features:
        """What titles are about."""

    def try_out(self, version: Version) -> None:
        """Make a page of a version that is not served. Raises what goes wrong."""

    def look_again(self) -> None:
        """What is served may be another version now."""


class Challengers:
    """The challengers of a shelf. Methods may be called from any thread."""

    def __init__(self, backends: Backends, shelf: Shelf, settings: RecommendationSettings, house: House) -> None:
        self._objects, self._compute = backends.objects, backends.compute
        self._shelf, self._settings, self._house = shelf, settings, house

    def taken(self, version: str, models: Sequence[str] | None = None) -> TrainingSet:
        """The training set of a version, as things are now.

        `models` are the methods, by default those of the settings; popularity and a taste space are always among them.
        Raises `Conflict` where nobody has done anything yet, and what `methods.method` raises.
        """
        kinds = with_what_pages_need(self._settings.models if models is None else models)
        needs = {need for kind in kinds for need in method(kind).needs}
        known = self._house.interactions(parts_of(version)[0])
        if not known.count:
            raise Conflict(
                "There is nothing to learn from: no viewer has played or rated anything.",
                next_step="Import viewing with `matinee import movielens` or `matinee events import`.",
            )
        return TrainingSet(
            version=version,
            known=known,
            features=self._house.features() if "features" in needs else None,
            kinds=kinds,
            knobs=knobs_of(self._settings),
            recommender=self._settings.recommender,
            measure=self._settings.measure,
        )

    def freeze(self, version: str, models: Sequence[str] | None = None) -> None:
        """Keep the training set of a version, unless it is kept already. Raises what `taken` raises."""
        if not (self._objects.exists(self._key(version, _SET)) or version in self._shelf.versions()):
            self._objects.put(self._key(version, _SET), self.taken(version, models).pack())

    def train(self, version: str) -> None:
        """Fit the methods of a version that was frozen, and propose them to the shelf, unless that has been done.

        Raises `NotFound` where it was not frozen, and what fits raise.
        """
        if version not in self._shelf.proposed() + self._shelf.versions():
            self.propose(self._frozen(version))

    def propose(self, ground: TrainingSet) -> None:
        """Fit the methods of a training set, and propose them to the shelf."""
        self._shelf.propose(fitted(ground, self._objects, self._compute))

    def evaluate(self, version: str) -> Judgement:
        """Measure the methods of a version that was frozen, and hold them against what is served, unless that is done.

        Raises as `train` does.
        """
        try:
            return self._judgement(version)
        except NotFound:
            return self.judge(self._frozen(version))

    def judge(self, ground: TrainingSet) -> Judgement:
        """Measure the methods of a training set, and hold them against what is served."""
        trials = tried(ground, self._objects, self._compute)
        found = judged(ground.version, ground.kinds, trials, self._served(), ground.recommender)
        self._objects.put(self._key(ground.version, _JUDGEMENT), orjson.dumps(found))
        return found

    def gate(self, version: str, tolerance: float | None = None) -> Judgement:
        """The judgement of a version, where it may be served.

        Raises `Conflict` where it is worse than what was served by more than chance, and by more than the share
        `tolerance` of its NDCG@10, by default that of the settings; `NotFound` where it was not evaluated.
        """
        found = self._judgement(version)
        if found.worse(self._settings.tolerance if tolerance is None else tolerance):
            raise Conflict(
                f"The version {version} is worse than what is served: {found.words}",
                next_step=f"`matinee recommendation challenger publish {version}` serves it all the same.",
            )
        return found

    def publish(self, version: str) -> None:
        """Serve a version from now on, once a page could be made with it; one that is served already stays.

        Raises `NotFound` where it was not trained, `Conflict` where a later one is served, and what keeps a page from
        being made; what is served then stays.
        """
        if version in self._shelf.proposed():
            served = self._shelf.current()
            if served is not None and served > version:
                raise Conflict(
                    f"The version {served}, which is served, is later than {version}.", next_step="Train again."
                )
            self._shelf.note(version, **facts_of(self._judgement(version)))
            self._house.try_out(self._shelf.load(version))
        self._shelf.serve(version)
        self._shelf.prune(self._settings.keep_versions, parts_of(version)[0])
        self._objects.delete(self._key(version, _SET))
        self._house.look_again()

    def _served(self) -> Version | None:
        """What is served; None also where it cannot be read, which is no reason to keep it."""
        try:
            served = self._shelf.current()
            return None if served is None else self._shelf.load(served)
        except (InvalidInput, NotFound):
            return None

    def _frozen(self, version: str) -> TrainingSet:
        try:
            return TrainingSet.unpack(self._objects.get(self._key(version, _SET)))
        except NotFound:
            raise NotFound(
                f"There is no training set of the version {version}.",
                next_step=f"Make it with `matinee recommendation challenger freeze {version}`.",
            ) from None

    def _judgement(self, version: str) -> Judgement:
        try:
            found: dict[str, Any] = orjson.loads(self._objects.get(self._key(version, _JUDGEMENT)))
        except NotFound:
            raise NotFound(
                f"The version {version} has not been evaluated.",
                next_step=f"Run `matinee recommendation challenger evaluate {version}`.",
            ) from None
        against = found.pop("against")
        return Judgement(
            **{**found, "order": tuple(found["order"])}, against=Against(**against) if against is not None else None
        )

    def _key(self, version: str, file: str) -> str:
        """Beside the version's own files: what is left of one that nobody publishes is tidied away with them."""
        return f"models/{self._shelf.name}/{version}/{file}"


_SET, _JUDGEMENT = "training-set.npz", "judgement.json"
