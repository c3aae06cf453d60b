"""Models as they are served: what lies on the shelf, made ready, and laid over the library.

Of a version only what serves is loaded: the recommender of first choice, and behind it, for what it cannot say, the
taste space (likeness of titles), content and popularity. A recommender that cannot be loaded here, for want of a
package, leaves its place to the next.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from matinee.base.errors import InvalidInput, Unavailable
from matinee.learning.model import NOTHING, Context, History, Model
from matinee.learning.neighbours import Neighbours, index_of
from matinee.learning.shelf import Version
from matinee.recommendation import methods
from matinee.recommendation.library import Floats, Ints, Library
from matinee.recommendation.methods.popularity import Popularity
from matinee.recommendation.taste import Taste

log = logging.getLogger(__name__)

SPACES, CROWD = ("content-als", "als"), "popularity"
"""The models whose vectors can say which titles are near to each other, of which the first that is there does; and the
model that is the same for everybody."""
NEAREST = 2000
"""Titles that an index is asked for: enough to fill every row after the viewer's own have been taken out."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """The models of one version that are served."""

    version: str
    """Empty where nothing has been trained."""
    name: str
    """Of the recommender; empty where there is none but popularity."""
    model: Model | None
    missing: str
    """Name of the recommender of first choice where it could not be loaded and another took its place."""
    space: Any
    """The model with `title_factors`, None where none was trained."""
    crowd: Popularity | None
    index: Neighbours | None
    """Over the recommender's vectors of titles, where there are many."""

    @classmethod
    def of(cls, version: Version | None, *, chosen: str = "", index_from: int = 1 << 62) -> Loaded:
        """From what lies on the shelf; `chosen` is the recommender to serve, by default the one that measured best.

        Raises `InvalidInput` where the version holds other models, and what loading them raises.
        """
        if version is None:
            return cls("", "", None, "", None, None, None)
        # What was trained before there was an order says none.
        order = version.facts.get("order", [one for one in SPACES if one in version.models])
        wanted = [chosen] if chosen else [one for one in order if one != CROWD]
        made: dict[str, Model] = {}
        name = ""
        for one in wanted:
            try:
                made[one] = _load(version, one)
            except Unavailable as error:
                log.warning("The recommender %s of version %s cannot be served: %s", one, version.version, error)
                continue
            name = one
            break
        space = space_of(version.models)
        for one in (space, CROWD):
            if one in version.models and one not in made:
                made[one] = _load(version, one)
        crowd = made.get(CROWD)
        if not isinstance(crowd, Popularity):
            raise InvalidInput(
                f"Version {version.version} on the shelf holds no model 'popularity'.", next_step="Train again."
            )
        model = made.get(name)
        index = _index(model, index_from)
        missing = wanted[0] if wanted and name != wanted[0] else ""
        return cls(version.version, name, model, missing, made.get(space), crowd, index)


def space_of(names: Collection[str]) -> str:
    """Which of these models is the taste space; empty where none can be."""
    return next((one for one in SPACES if one in names), "")


def _load(version: Version, name: str) -> Model:
    try:
        return methods.load(version.models[name])
    except KeyError as error:
        raise InvalidInput(
            f"Version {version.version} on the shelf holds no model {error}.", next_step="Train again."
        ) from None


def _index(model: Any, index_from: int) -> Neighbours | None:
    """Over the titles' vectors of a model whose scores are products with them."""
    vectors = getattr(model, "title_factors", None)
    if vectors is None or not hasattr(model, "fold_in") or len(vectors) < index_from:
        return None
    return index_of(vectors, "product", approximate_from=index_from)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Loaded models over one library."""

    library: Library
    loaded: Loaded
    columns: Ints
    """The recommender's column of each title of the library, -1 where it has none."""
    vectors: Floats
    """Directions of the titles in taste space, of length 1 or 0."""
    popular: Floats
    """Share of all viewing, 0 to 1."""

    @classmethod
    def over(cls, library: Library, loaded: Loaded) -> Fitted:
        """The models over a library."""
        size = len(library.titles)
        columns, vectors = np.full(size, -1, np.int64), np.zeros((size, 1), np.float32)
        popular = np.zeros(size, np.float32)
        if loaded.model is not None:
            places, known = _known(library, loaded.model)
            columns[places] = known
        if loaded.space is not None:
            places, known = _known(library, loaded.space)
            factors = loaded.space.title_factors
            lengths = np.linalg.norm(factors, axis=1, keepdims=True)
            vectors = np.zeros((size, factors.shape[1]), np.float32)
            vectors[places] = (factors / np.maximum(lengths, 1e-12))[known]
        if loaded.crowd is not None:
            places, known = _known(library, loaded.crowd)
            popular[places] = loaded.crowd.counts[known] / max(1e-12, float(loaded.crowd.counts.sum()))
        return cls(library, loaded, columns, vectors, popular)

    @property
    def version(self) -> str:
        """Of the models; empty where nothing has been trained."""
        return self.loaded.version

    @property
    def recommender(self) -> str:
        """Name and version of the recommender."""
        return f"{self.loaded.name}-{self.version}"

    def history(self, taste: Taste, context: Context) -> History:
        """The part of the viewer's history that the recommender knows, oldest first."""
        if self.loaded.model is None or not taste.strengths:
            return NOTHING
        count = len(taste.strengths)
        columns = self.columns[np.fromiter(taste.strengths, np.int64, count)]
        values = np.fromiter(taste.strengths.values(), np.float32, count)
        known = columns >= 0
        return History(columns[known], values[known], np.array(taste.times, np.int64)[known], context)

    def scores(self, history: History) -> Floats:
        """How well each title of the library suits the history, -inf for those that the recommender does not know.

        Where there is an index, only the best `NEAREST` have a score.
        """
        model: Any = self.loaded.model
        if self.loaded.index is None:
            scores = model.score([history])[0]
        else:
            found = self.loaded.index.nearest(model.fold_in(history)[None], NEAREST + history.columns.size)
            scores = np.full(model.title_ids.size, -np.inf, np.float32)
            scores[found.places[0]] = found.likeness[0]
        # Column -1 picks the last score; the mask takes it away again.
        return np.where(self.columns >= 0, scores[self.columns], -np.inf).astype(np.float32)


def _known(library: Library, model: Model) -> tuple[Ints, Ints]:
    """Indices in the library, and columns of the model, of the titles that are in both."""
    places = library.places(model.title_ids)
    known = np.flatnonzero(places >= 0)
    return places[known], known
