"""One training: methods fitted on everything that viewers have done, measured, and put on the shelf."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matinee.base.objects import Objects
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.shelf import Entry, Shelf, Version
from matinee.learning.training import ObjectsCheckpoint
from matinee.recommendation.fitting import PROTOCOL, Work, fit_all
from matinee.recommendation.records import TrainReport
from matinee.recommendation.serving import CROWD, SPACES, space_of
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.shelving import models_of

EASE_TITLES = 8000
"""Beyond the most watched 8,000, pairs of titles would take a training more than a gigabyte."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a training stands on."""

    known: Interactions
    features: Callable[[], Features]
    """Of all titles; asked for where a method needs them."""
    objects: Objects
    """Where checkpoints lie."""
    shelf: Shelf
    settings: RecommendationSettings


def train(ground: Ground, kinds: Sequence[str], seed: int, now_ms: int) -> TrainReport:
    """Fit and measure these methods and those that pages need, and publish them as one version.

    With the same seed an interrupted training goes on. Raises what `fitting.fit_all` and the shelf raise.
    """
    began = time.monotonic()
    known, settings = ground.known, ground.settings
    work = Work(known, ground.features, knobs_of(settings), lambda name: ObjectsCheckpoint(ground.objects, name), seed)
    fits = fit_all(work, _with_what_pages_need(kinds), measure=settings.measure)
    stored = {name: model.save() for name, model in fits.models.items()}
    version = f"{now_ms:013d}-{seed:08x}"
    facts: dict[str, Any] = {
        "viewers": known.viewer_ids.size,
        "titles": known.title_ids.size,
        "interactions": known.count,
        "order": fits.order(),
        "measured": fits.measured,
        "seconds": fits.seconds,
        "losses": {name: one.facts["losses"] for name, one in stored.items() if "losses" in one.facts},
        "sizes": {name: sum(part.nbytes for part in one.arrays.values()) for name, one in stored.items()},
        "protocol": PROTOCOL if fits.measured else "",
    }
    ground.shelf.publish(Version(version, now_ms, stored, facts))
    ground.shelf.prune(settings.keep_versions, now_ms)
    entry = Entry(version=version, current=True, kinds={name: one.kind for name, one in stored.items()}, facts=facts)
    return TrainReport(
        version=version,
        viewers=known.viewer_ids.size,
        titles=known.title_ids.size,
        interactions=known.count,
        losses=tuple(facts["losses"].get(space_of(stored), ())),
        seconds=time.monotonic() - began,
        models=models_of(entry),
        best=fits.order()[0],
    )


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


def _with_what_pages_need(models: Sequence[str]) -> tuple[str, ...]:
    """The models, with what everybody likes and with which titles are near to each other."""
    space = () if space_of(models) else SPACES[:1]
    return tuple(dict.fromkeys((CROWD, *space, *models)))
