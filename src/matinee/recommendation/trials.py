"""Trials: models made by name, fitted and judged on one split, so that they can be compared."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from matinee.base.errors import InvalidInput
from matinee.learning import splits
from matinee.learning.evaluation import Evaluation, evaluate, evaluate_ratings
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.model import Model
from matinee.learning.splits import Split
from matinee.recommendation import methods

PROTOCOLS = ("leave-last-out", "time", "strong", "rating", "cold-titles", "cold-viewers")
RANKERS = ("popularity", "item-neighbours", "ease", "als")
"""Compared where nobody says what: quick ones that need nothing else."""
FEW = 5
"""What is known of a cold viewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One model's."""

    kind: str
    knobs: Mapping[str, Any]
    """Those that were set."""
    fit_s: float
    evaluate_s: float
    evaluation: Evaluation
    losses: tuple[float, ...] = ()
    """Of training, epoch by epoch; empty where it has none."""
    model: Model | None = field(default=None, repr=False)


def split_by(protocol: str, known: Interactions, rng: np.random.Generator, share: float = 0.1) -> Split:
    """The interactions split by the protocol of that name; `share` is of entries, viewers or titles to test with.

    Raises `InvalidInput` for another name, and where the interactions do not suffice.
    """
    viewers = max(1, round(known.viewer_ids.size * share))
    match protocol:
        case "leave-last-out":
            return splits.leave_last_out(known)
        case "time":
            return splits.by_time(known, share)
        case "strong":
            return splits.strong(known, viewers, 0.2, rng)
        case "rating":
            return splits.holdout(known, share, rng)
        case "cold-titles":
            return splits.cold_titles(known, share, rng)
        case "cold-viewers":
            return splits.cold_viewers(known, viewers, FEW, rng)
    raise InvalidInput(f"There is no protocol {protocol!r}.", next_step=f"There are {', '.join(PROTOCOLS)}.")


def run(
    kind: str,
    split: Split,
    seed: int,
    *,
    n: int = 10,
    seen: bool = False,
    ratings: bool = False,
    features: Features | None = None,
    parts: Sequence[str] = (),
    knobs: Mapping[str, Any] | None = None,
    among_tested: bool = False,
) -> Trial:
    """Make the model, fit it on ``split.train`` and judge it on ``split.test``.

    A model that needs others is given fresh ones of the kinds `parts`. `among_tested` ranks only titles to be found.
    Raises `InvalidInput` for knobs that the model does not have, and for needs that cannot be met.
    """
    model = make(kind, features, parts, knobs or {})
    if ratings and not hasattr(model, "predict"):
        raise InvalidInput(
            f"The model {kind} ranks titles and predicts no ratings.",
            next_step=f"Those that do: {', '.join(raters())}.",
        )
    began = time.perf_counter()
    model.fit(split.train, np.random.default_rng(seed))
    fitted = time.perf_counter()
    among = split.test.title_ids if among_tested else None
    if ratings:
        found = evaluate_ratings(model, split)
    else:
        found = evaluate(model, split, n, seen=seen, features=features, among=among)
    losses = tuple(float(one) for one in getattr(model, "losses", ()))
    return Trial(kind, dict(knobs or {}), fitted - began, time.perf_counter() - fitted, found, losses, model)


def make(kind: str, features: Features | None, parts: Sequence[str], knobs: Mapping[str, Any]) -> Model:
    """An unfitted model with what it needs. Raises as `run` does, and as `methods.make`."""
    found = methods.method(kind)
    known = {one.name for one in fields(found) if one.init} - {"title_ids"}  # type: ignore[arg-type]
    unknown = knobs.keys() - known
    if unknown:
        raise InvalidInput(
            f"The model {kind} has no knob {', '.join(sorted(unknown))}.",
            next_step=f"It has {', '.join(sorted(one for one in known if not one.startswith('_')))}.",
        )
    given: dict[str, Any] = dict(knobs)
    if "features" in found.needs:
        if features is None:
            raise InvalidInput(
                f"The model {kind} needs to know what titles are about, and the data does not say.",
                next_step="Give a MovieLens archive with its films, or a workspace; or leave the model out.",
            )
        given["features"] = features
    if "models" in found.needs:
        given["models"] = {one: make(one, features, (), {}) for one in parts or RANKERS if one != kind}
    return methods.make(kind, **given)


def raters() -> list[str]:
    """Kinds of models that predict ratings."""
    return [kind for kind in methods.KINDS if hasattr(methods.method(kind), "predict")]


def default_models(protocol: str) -> list[str]:
    """What is compared under a protocol where nobody says."""
    match protocol:
        case "rating":
            return [kind for kind in raters() if not methods.method(kind).needs]
        case "cold-titles":
            return [kind for kind in methods.KINDS if "features" in methods.method(kind).needs]
    return list(RANKERS)
