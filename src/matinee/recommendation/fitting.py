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

from matinee.base.errors import InvalidInput
from matinee.learning.evaluation import evaluate
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import Model
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


@dataclass(slots=True, eq=False)
class Fits:
    """What came of it."""

    models: dict[str, Model] = field(default_factory=dict)
    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the fit on everything."""

    def order(self) -> list[str]:
        """The recommender of first choice, and the others in the order in which they would take its place."""
        names = list(self.models)
        return sorted(names, key=lambda one: (one == LAST, -self.measured.get(one, {}).get(MEASURE, 0.0)))


def fit_all(work: Work, kinds: Sequence[str], *, measure: bool) -> Fits:
    """Fit the methods `kinds` one after the other, and measure them where `measure` and there are viewers enough.

    Raises `NotFound` for a method that does not exist, `Unavailable` where it needs a package that is missing, and
    what fits raise.
    """
    # A blend is made of the others, so it comes last; and what cannot be done is said before an hour has gone into what
    # can.
    kinds = sorted(kinds, key=lambda kind: "models" in method(kind).needs)
    fits = Fits()
    split = last_out(work.known, work.seed) if measure else None
    if split is not None:
        trials: dict[str, Model] = {}
        for kind in kinds:
            trials[kind] = _fitted(work, kind, split.train, trials)
            fits.measured[kind] = _measured(trials[kind], split)
    for kind in kinds:
        began = time.monotonic()
        fits.models[kind] = _fitted(work, kind, work.known, fits.models)
        fits.seconds[kind] = round(time.monotonic() - began, 3)
    return fits


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
    fitted = made(**knobs).fit(known, np.random.default_rng([work.seed, *kind.encode()]), checkpoint)
    checkpoint.clear()
    return fitted


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


__all__: Sequence[str] = ("Fits", "Work", "fit_all", "last_out")
