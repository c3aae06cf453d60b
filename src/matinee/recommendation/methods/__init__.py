"""The methods: one model in each file, told like a page of a textbook.

`KINDS` is their table of contents; a model is imported when it is asked for, because some need PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from matinee.base.errors import NotFound, Unavailable
from matinee.learning.model import Model
from matinee.learning.stored import Stored

KINDS: Mapping[str, str] = {
    "popularity": "popularity:Popularity",
    "item-neighbours": "item_neighbours:ItemNeighbours",
    "viewer-neighbours": "viewer_neighbours:ViewerNeighbours",
    "ease": "ease:EASE",
    "als": "als:ImplicitALS",
    "ensemble": "ensemble:Ensemble",
    "transformer": "transformer:Transformer",
    "gru": "gru:GRU",
    "svd": "svd:SVD",
    "svd++": "svdpp:SVDPlusPlus",
    "time-svd": "time_svd:TimeSVD",
    "bayes": "bayes:BayesianFactors",
    "content": "content:Content",
    "blend": "blend:Blend",
    "content-als": "content_als:ContentALS",
}
"""By kind, the module in this folder and the class."""


def method(kind: str) -> type[Model]:
    """The class of a kind.

    Raises `NotFound` for a kind that does not exist and `Unavailable` where a package that it needs is missing.
    """
    try:
        module, _, name = KINDS[kind].partition(":")
    except KeyError:
        raise NotFound(f"There is no model {kind!r}.", next_step=f"There are {', '.join(KINDS)}.") from None
    found: type[Model] = getattr(import_module(f"{__name__}.{module}"), name)
    if "torch" in found.needs and find_spec("torch") is None:
        raise Unavailable(
            f"The model {kind} needs PyTorch, which is not installed.",
            next_step="Install it: `pip install 'matinee[torch]'`.",
        )
    return found


def make(kind: str, **knobs: Any) -> Model:
    """An unfitted model of a kind. Raises `NotFound` and `Unavailable` as `method` does."""
    return method(kind)(**knobs)


def load(stored: Stored) -> Model:
    """A fitted model from what the shelf kept. Raises as `method` does, and `InvalidInput` where it is damaged."""
    return method(stored.kind).load(stored)
