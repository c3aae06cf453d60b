"""A training: every method of a list fitted on the same viewing, measured on what it was not told, put in order.

Each viewer's newest title is held out (of `MEASURED_VIEWERS` viewers where there are more), the methods learn from the
rest and are asked for it; then they are fitted again on everything, and that is what is served. The figures therefore
say how a model did that saw a little less than the one on the shelf. The order of the served is by NDCG@10; popularity
comes last whatever it did, because it is the same for everybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from matinee.base.compute import Compute
from matinee.base.errors import InvalidInput
from matinee.learning.evaluation import evaluate
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import Model, Spreading
from matinee.learning.splits import Split
from matinee.learning.training import Checkpoint, fingerprint
from matinee.recommendation.methods import method

MEASURED_VIEWERS = 5000
FEWEST_VIEWERS = 20
"""With fewer viewers to measure on, chance would choose the recommender, and nothing is measured."""
MEASURE = "ndcg@10"
PROTOCOL = "each viewer's newest title held out, full ranking, seen titles left out"
LAST = "popularity"


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What methods are fitted with."""

    known: Interactions
    features: Callable[[], Features]
    """What titles are about; only asked for where a method needs it."""
    knobs: Mapping[str, Mapping[str, Any]]
    """By method, where they differ from its own defaults."""
    checkpoint: Callable[[str], Checkpoint]
    """By fingerprint, where long training keeps its state."""
    seed: int
    compute: Compute
    """Fits the methods that can be spread."""


@dataclass(slots=True, eq=False)
class Fits:
    """Methods fitted on everything."""

    models: dict[str, Model] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Trials:
    """Methods fitted without what they are then asked for."""

    split: Split | None
    """None where viewers are too few to measure on; then there are no models either."""
    models: dict[str, Model] = field(default_factory=dict)
    measured: dict[str, dict[str, float]] = field(default_factory=dict)


def fit_all(work: Work, kinds: Sequence[str]) -> Fits:
    """Fit the methods `kinds` one after the other.

    Raises `NotFound` for a method that does not exist, `Unavailable` where it needs a package that is missing, and
    what fits raise.
    """
    fits = Fits()
    for kind in _parts_first(kinds):
        began = time.monotonic()
        fits.models[kind] = _fitted(work, kind, work.known, fits.models)
        fits.seconds[kind] = round(time.monotonic() - began, 3)
    return fits


def measure_all(work: Work, kinds: Sequence[str]) -> Trials:
    """Fit the methods `kinds` on all but each viewer's newest title, and measure them on it. Raises as `fit_all`."""
    kinds, trials = _parts_first(kinds), Trials(last_out(work.known, work.seed))
    if trials.split is not None:
        for kind in kinds:
            trials.models[kind] = _fitted(work, kind, trials.split.train, trials.models)
            trials.measured[kind] = _measured(trials.models[kind], trials.split)
    return trials


def order(kinds: Sequence[str], measured: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """The recommender of first choice, and the others in the order in which they would take its place."""
    best = sorted(_parts_first(kinds), key=lambda one: (one == LAST, -measured.get(one, {}).get(MEASURE, 0.0)))
    return tuple(best)


def _parts_first(kinds: Sequence[str]) -> list[str]:
    """A blend is made of the others, so it comes last; and what cannot be done is said before an hour has gone."""
    return sorted(kinds, key=lambda kind: "models" in method(kind).needs)


def last_out(known: Interactions, seed: int) -> Split | None:
    """The newest title of viewers who have at least two; None where such viewers are too few."""
    lengths = np.diff(known.values.indptr)
    able = np.flatnonzero(lengths > 1)
    if able.size < FEWEST_VIEWERS:
        return None
    asked = np.zeros(lengths.size, bool)
    asked[np.random.default_rng(seed).permutation(able)[:MEASURED_VIEWERS]] = True
    found = np.repeat(asked, lengths) & (known.order == np.repeat(lengths, lengths) - 1)
    train = known.where(~found)
    return Split(train, train, known.where(found))


def _fitted(work: Work, kind: str, known: Interactions, models: Mapping[str, Model]) -> Model:
    made = method(kind)
    knobs: dict[str, Any] = dict(work.knobs.get(kind, {}))
    name = fingerprint(kind, knobs, known, work.seed)
    if "features" in made.needs:
        knobs["features"] = work.features()
    if "models" in made.needs:
        knobs["models"] = dict(models)
    checkpoint = work.checkpoint(name)
    # A generator of its own: what one method draws must not depend on which others are asked for.
    model, rng = made(**knobs), np.random.default_rng([work.seed, *kind.encode()])
    if isinstance(model, Spreading):
        model = model.fit_on(work.compute, known, rng, checkpoint)
    else:
        model.fit(known, rng, checkpoint)
    checkpoint.clear()
    return model


def _measured(model: Model, split: Split) -> dict[str, float]:
    try:
        found = evaluate(model, split, 10)
    except InvalidInput:
        return {}
    figures = {"coverage@10": round(found.coverage, 5)}
    for name, one in found.estimates().items():
        for end, value in (("", one.value), (".low", one.low), (".high", one.high)):
            figures[f"{name}@10{end}"] = round(value, 5)
    return figures


__all__: Sequence[str] = ("Fits", "Trials", "Work", "fit_all", "last_out", "measure_all", "order")
