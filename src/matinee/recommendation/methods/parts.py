"""The parts of a blend: models of which it needs copies, scores in columns of its own, and what was saved of them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import MISSING, fields

import numpy as np

from matinee.base.errors import Unavailable
from matinee.learning.interactions import columns_of
from matinee.learning.model import Floats, History, Ints, Model
from matinee.learning.stored import Stored

log = logging.getLogger(__name__)


def translated(model: Model, title_ids: Ints, histories: Sequence[History]) -> Floats:
    """A model's scores in other columns, -inf for titles that it does not know."""
    if np.array_equal(model.title_ids, title_ids):
        return model.score(histories)
    theirs = columns_of(model.title_ids, title_ids)
    asked = []
    for columns, values, times, context in histories:
        place = theirs[columns]
        asked.append(History(place[place >= 0], values[place >= 0], times[place >= 0], context))
    found = np.full((len(histories), title_ids.size), -np.inf, np.float32)
    found[:, theirs >= 0] = model.score(asked)[:, theirs[theirs >= 0]]
    return found


def blank(model: Model) -> Model:
    """An unfitted model with the same knobs."""
    knobs = [
        one.name
        for one in fields(model)  # type: ignore[arg-type]
        if one.init and not one.name.startswith("_") and one.default is not MISSING
    ]
    given = [one for one in ("features", "models") if one in model.needs]
    return type(model)(**{name: getattr(model, name) for name in {*knobs, *given}})


def same(rng: np.random.Generator) -> np.random.Generator:
    """A generator in the same state, which leaves the other where it is."""
    return copy.deepcopy(rng)


def restored(stored: Stored) -> dict[str, Model]:
    from matinee.recommendation import methods

    found = {}
    for name, told in stored.facts["parts"].items():
        arrays = {key.removeprefix(f"{name}/"): one for key, one in stored.arrays.items() if key.startswith(f"{name}/")}
        try:
            found[name] = methods.load(Stored(told["kind"], arrays, told["facts"]))
        except Unavailable as error:
            log.warning("The blend does without its part %s: %s", name, error)
    return found
