"""Candidates: what the fitted models and the plays of late say of every title, laid over the library.

A viewer with a history that the taste model knows is scored by folding it in; one whose history it does not know, or
while nothing has been trained, by what the titles have in common; one without a history by popularity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matinee.base.errors import InvalidInput
from matinee.events.state import Plays
from matinee.learning.model import NOTHING, History
from matinee.learning.shelf import Version
from matinee.recommendation.library import Floats, Ints, Library
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.popularity import Popularity, decayed
from matinee.recommendation.page import Candidates
from matinee.recommendation.taste import Taste

INDIFFERENT = 2.5
"""Strength in stars that speaks neither for nor against what titles have in common."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The models of one version over one library."""

    library: Library
    version: str
    """Empty where nothing has been trained."""
    als: ImplicitALS | None
    popularity: Popularity | None
    columns: Ints
    """The taste model's column of each title of the library, -1 where it has none."""
    vectors: Floats
    """Directions of the titles in taste space, of length 1 or 0."""
    popular: Floats
    """Share of all viewing, 0 to 1."""

    @classmethod
    def of(cls, library: Library, version: Version | None) -> Fitted:
        """From what lies on the shelf. Raises `InvalidInput` where that holds other models."""
        if version is None:
            return cls._over(library, "", None, None)
        try:
            als, popularity = version.models["als"], version.models["popularity"]
        except KeyError as error:
            raise InvalidInput(
                f"Version {version.version} on the shelf holds no model {error}.", next_step="Train again."
            ) from None
        return cls._over(library, version.version, ImplicitALS.load(als), Popularity.load(popularity))

    def over(self, library: Library) -> Fitted:
        """The same models over another library."""
        return self._over(library, self.version, self.als, self.popularity)

    @classmethod
    def _over(cls, library: Library, version: str, als: ImplicitALS | None, popularity: Popularity | None) -> Fitted:
        size = len(library.titles)
        columns = np.full(size, -1, np.int64)
        vectors = np.zeros((size, 1), np.float32)
        popular = np.zeros(size, np.float32)
        if als is not None:
            places = library.places(als.title_ids)
            known = np.flatnonzero(places >= 0)
            columns[places[known]] = known
            lengths = np.linalg.norm(als.title_factors, axis=1, keepdims=True)
            vectors = np.zeros((size, als.factors), np.float32)
            vectors[places[known]] = (als.title_factors / np.maximum(lengths, 1e-12))[known]
        if popularity is not None:
            places = library.places(popularity.title_ids)
            known = np.flatnonzero(places >= 0)
            popular[places[known]] = popularity.counts[known] / max(1e-12, float(popularity.counts.sum()))
        return cls(library, version, als, popularity, columns, vectors, popular)

    def history(self, taste: Taste) -> History:
        """The part of the viewer's history that the taste model knows."""
        if self.als is None or not taste.strengths:
            return NOTHING
        columns = self.columns[list(taste.strengths)]
        values = np.fromiter(taste.strengths.values(), np.float32, len(taste.strengths))
        known = columns >= 0
        return History(columns[known], values[known], np.zeros(np.count_nonzero(known), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """What was played of late."""

    library: Library
    at_ms: int
    scores: Floats
    """Decayed playings of each title."""
    viewers: Ints
    """How many played it."""


def trend(library: Library, plays: Plays, now_ms: int, half_life_days: float) -> Trend:
    """From the playings of late; each viewer counts once for a title, by the last time."""
    found, which = np.unique(plays.title_ids, return_inverse=True)
    places = np.array([library.shown_as.get(one, -1) for one in found.tolist()], np.int64)[which]
    shown = places >= 0
    # Several episodes of a series are one title here.
    pairs, of_pair = np.unique(plays.viewer_ids[shown] << 32 | places[shown], return_inverse=True)
    times = np.zeros(pairs.size, np.int64)
    np.maximum.at(times, of_pair, plays.at_ms[shown])
    places = pairs & 0xFFFFFFFF
    size = len(library.titles)
    scores = np.bincount(places, decayed(times, now_ms, half_life_days), minlength=size)
    return Trend(library, now_ms, scores.astype(np.float32), np.bincount(places, minlength=size))


def candidates(library: Library, taste: Taste, fitted: Fitted, trending: Trend) -> Candidates:
    """Everything that the page is chosen from."""
    version = f"-{fitted.version}" if fitted.version else ""
    personal, model, fallback = _personal(library, taste, fitted, trending)
    return Candidates(
        personal=personal,
        personal_model=model,
        popular=fitted.popular,
        popular_model=f"popularity{version}",
        # Lasting popularity is below 1 in all: it decides among titles that nobody has played of late.
        trending=trending.scores + fitted.popular,
        playing=trending.viewers,
        vectors=fitted.vectors,
        similar_model=f"als{version}",
        fallback=fallback,
    )


def _personal(library: Library, taste: Taste, fitted: Fitted, trending: Trend) -> tuple[Floats, str, str]:
    """Scores, who gave them, and why it was not the recommender of first choice."""
    history = fitted.history(taste)
    # Dislikes alone point nowhere: they take away from a taste, and here is none yet.
    if fitted.als is not None and (history.values > fitted.als.dislike_below).any():
        scores = fitted.als.score([history])[0]
        # Column -1 picks the last score; the mask takes it away again.
        own = np.where(fitted.columns >= 0, scores[fitted.columns], -np.inf).astype(np.float32)
        return own, f"als-{fitted.version}", ""
    crowd = trending.scores + fitted.popular
    if taste.strengths:
        leanings = {index: value - INDIFFERENT for index, value in taste.strengths.items()}
        likeness = library.alike(leanings) + 0.01 * crowd / max(1e-12, float(crowd.max(initial=0)))
        return likeness, "content", "unknown-history" if fitted.version else "untrained"
    if fitted.version:
        return crowd, f"popularity-{fitted.version}", "no-history"
    return crowd, "popularity", "untrained"
