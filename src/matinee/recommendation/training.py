"""One training: methods fitted on all of a training set, and measured on what they were not told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matinee.base.compute import Compute
from matinee.base.errors import InvalidInput
from matinee.base.objects import Objects
from matinee.learning.features import Features
from matinee.learning.shelf import Version
from matinee.learning.training import ObjectsCheckpoint
from matinee.recommendation.fitting import PROTOCOL, Trials, Work, fit_all, measure_all
from matinee.recommendation.judgement import Judgement
from matinee.recommendation.serving import CROWD, SPACES, space_of
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.training_set import TrainingSet

EASE_TITLES = 8000
"""Beyond the most watched 8,000, pairs of titles would take a training more than a gigabyte."""


def fitted(ground: TrainingSet, objects: Objects, compute: Compute) -> Version:
    """The methods fitted on everything. One that was interrupted goes on. Raises what `fitting.fit_all` raises."""
    known, fits = ground.known, fit_all(_work(ground, objects, compute), ground.kinds)
    stored = {name: model.save() for name, model in fits.models.items()}
    facts: dict[str, Any] = {
        "viewers": known.viewer_ids.size,
        "titles": known.title_ids.size,
        "interactions": known.count,
        "seconds": fits.seconds,
        "losses": {name: one.facts["losses"] for name, one in stored.items() if "losses" in one.facts},
        "sizes": {name: sum(part.nbytes for part in one.arrays.values()) for name, one in stored.items()},
    }
    return Version(ground.version, ground.created_ms, stored, facts)


def tried(ground: TrainingSet, objects: Objects, compute: Compute) -> Trials:
    """The methods fitted on all but each viewer's newest title, and measured on that. Raises as `fitted` does."""
    work = _work(ground, objects, compute)
    return measure_all(work, ground.kinds) if ground.measure else Trials(None)


def facts_of(judgement: Judgement) -> dict[str, Any]:
    """What a judgement says of a version, as the shelf keeps it."""
    measured = judgement.measured
    return {"order": judgement.order, "measured": measured, "protocol": PROTOCOL if measured else ""}


def knobs_of(settings: RecommendationSettings) -> dict[str, dict[str, Any]]:
    """The knobs of methods that are settings of the workspace."""
    taste_space = {
        "factors": settings.factors,
        "epochs": settings.epochs,
        "regularisation": settings.regularisation,
        "unobserved_weight": settings.unobserved_weight,
        "dislike_below": settings.dislike_below,
    }
    disliking: dict[str, Any] = {"dislike_below": settings.dislike_below}
    return {
        CROWD: {"half_life_days": settings.popularity_half_life_days},
        "als": taste_space,
        "item-neighbours": disliking,
        "viewer-neighbours": disliking,
        "ease": {**disliking, "titles": EASE_TITLES},
        "content": disliking,
        "content-als": taste_space,
    }


def with_what_pages_need(models: Sequence[str]) -> tuple[str, ...]:
    """The models, with what everybody likes and with which titles are near to each other."""
    space = () if space_of(models) else SPACES[:1]
    return tuple(dict.fromkeys((CROWD, *space, *models)))


def _work(ground: TrainingSet, objects: Objects, compute: Compute) -> Work:
    def features() -> Features:
        if ground.features is None:
            raise InvalidInput(
                f"The training set {ground.version} does not say what titles are about.", next_step="Freeze another."
            )
        return ground.features

    def checkpoint(name: str) -> ObjectsCheckpoint:
        return ObjectsCheckpoint(objects, name)

    return Work(ground.known, features, ground.knobs, checkpoint, ground.seed, compute)
