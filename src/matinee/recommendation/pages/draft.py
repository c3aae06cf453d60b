"""A page in the making: what it is chosen from, what is still free, and how to say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from matinee.learning.ranking import best
from matinee.recommendation import words
from matinee.recommendation.library import Bools, Floats, Ints, Library
from matinee.recommendation.records import Item
from matinee.recommendation.taste import Liked, Taste

NEAR = 0.25
"""Cosine from which two titles are called near."""
ANCHORS = 100
"""Titles liked last, in which reasons are looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What the models say of every title of the library; -inf where a model has nothing to say."""

    personal: Floats
    """How well each suits this viewer at this moment."""
    personal_model: str
    popular: Floats
    popular_model: str
    trending: Floats
    """Decayed playings of late, lasting popularity behind."""
    playing: Ints
    """Viewers who played it lately."""
    vectors: Floats
    """Directions in taste space, of length 1; 0 for titles that the model does not know."""
    similar_model: str
    fallback: str = ""
    """Why `personal` is not from the recommender of first choice; see `Recommendation.fallback`."""
    tired: Floats | None = None
    """How much each has been shown of late without being played, in the unit of `personal`, which is less by it."""

    def filled(self) -> Floats:
        """Own scores; titles that have none follow, by what is trending."""
        known = self.personal > -np.inf
        if not known.any():
            return self.trending
        floor = self.personal[known].min()
        return np.where(known, self.personal, floor - 1 / (1 + self.trending)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Knobs:
    """How a page is made."""

    rows: int = 10
    row_length: int = 20
    diversity: float = 0.0
    """Weight of unlikeness within the picks; see `matinee.recommendation.pages.ranking`."""
    calibration: float = 0.0
    """Weight of the viewer's own mixture of genres within the picks."""
    exploration: float = 0.0
    """Share of the picks that is left to chance; see `matinee.recommendation.pages.exploring`."""


@dataclass(slots=True, eq=False)
class Draft:
    """What is still free, and how to say why."""

    library: Library
    taste: Taste
    candidates: Candidates
    now_ms: int
    free: Bools
    length: int
    fewest: int
    """Rows of fewer titles are not made, except the main ones."""
    fresh: bool
    """Whether the viewer has untouched titles left."""
    knobs: Knobs = field(default_factory=Knobs)
    rng: Random | None = None
    """For what is left to chance; None where nothing is."""
    scores: Floats = field(init=False)
    """Own scores; titles that have none follow, by what is trending."""
    anchors: Floats = field(init=False)
    """Directions of the titles that the viewer liked last."""
    freshness: Floats | None = field(init=False)
    """What weariness leaves of a score above 0."""

    def __post_init__(self) -> None:
        self.scores = self.candidates.filled()
        self.anchors = self.candidates.vectors[[one.place for one in self.taste.liked[:ANCHORS]]]
        self.freshness = None if self.candidates.tired is None else np.exp(-self.candidates.tired)

    def best(self, scores: NDArray[np.floating], n: int, within: Bools | None = None) -> Ints:
        """The best `n` free titles by `scores`, best first; those at -inf never."""
        return best(scores, self.free if within is None else self.free & within, n)

    def take(self, scores: NDArray[np.floating], within: Bools | None = None) -> Ints:
        """The best free titles for a row, now taken."""
        places = self.best(scores, self.length, within)
        self.free[places] = False
        return places

    def rested(self, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """Scores above 0, of any unit, less by a factor of e for each unit of weariness."""
        return scores if self.freshness is None else scores * self.freshness

    def near(self, places: Ints) -> list[Liked | None]:
        """For each title the liked one that it is nearest to, None where none is near."""
        return near(self.taste.liked[:ANCHORS], self.anchors, self.candidates.vectors, places)

    def items(
        self,
        places: Ints,
        reasons: Sequence[str],
        model: str,
        fallback: str = "",
        propensities: Sequence[float] | None = None,
    ) -> tuple[Item, ...]:
        """Items in their order, all from one model."""
        titles = self.library.titles
        if not self.fresh:
            fallback = "all-seen"
        chances = propensities or [1.0] * places.size
        return tuple(
            [
                Item(titles[place], position, reason, model, fallback, chance)
                for position, (place, reason, chance) in enumerate(zip(places.tolist(), reasons, chances, strict=True))
            ]
        )


def near(liked: Sequence[Liked], anchors: Floats, vectors: Floats, places: Ints) -> list[Liked | None]:
    """For each title the one of `liked` (with vectors `anchors`) that it is nearest to, None where none is near."""
    if not liked or not places.size:
        return [None] * places.size
    cosines = vectors[places] @ anchors.T
    best = cosines.argmax(axis=1)
    found = cosines[np.arange(best.size), best] >= NEAR
    return [
        liked[one] if close and liked[one].place != place else None
        for one, close, place in zip(best.tolist(), found.tolist(), places.tolist(), strict=True)
    ]


def reasons_for(taste: Taste, candidates: Candidates, places: Ints) -> list[str]:
    """A short phrase for each title, why it is for this viewer."""
    if not taste.strengths:
        return ["Loved by many"] * places.size
    liked = taste.liked[:ANCHORS]
    anchors = candidates.vectors[[one.place for one in liked]]
    found = near(liked, anchors, candidates.vectors, places)
    return [words.because(one) if one else "Fits your taste" for one in found]
