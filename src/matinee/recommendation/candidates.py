"""Candidates: what the models and the plays of late say of every title, for one viewer at one moment.

A viewer with a history that the recommender knows is scored by it; one whose history it does not know, or while
nothing has been trained, by what the titles have in common; one without a history by what is played. Those scores
are brought to standard deviations, so that what else matters can be added to them: the moment, languages that the
viewer does not speak, and weariness of what has been shown often and never played.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matinee.catalog.records import Viewer
from matinee.events.exposures import Exposures, faded
from matinee.events.state import Plays
from matinee.learning.model import Context
from matinee.recommendation.library import Bools, Floats, Ints, Library, first
from matinee.recommendation.methods.popularity import decayed
from matinee.recommendation.moment import Lifts
from matinee.recommendation.pages import Candidates
from matinee.recommendation.serving import Fitted
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.taste import Taste

INDIFFERENT = 2.5
"""Strength in stars that speaks neither for nor against what titles have in common."""
FOREIGN_SHARE = 0.05
"""A language that makes up this share of what the viewer liked is one that the viewer watches."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One viewer at one moment."""

    viewer: Viewer
    taste: Taste
    context: Context
    exposures: Exposures
    lifts: Lifts | None = None
    """What the moment adds; None where it is not known."""


def candidates(asked: Asked, fitted: Fitted, trending: Trend, settings: RecommendationSettings) -> Candidates:
    """Everything that a page or a list is chosen from."""
    version = f"-{fitted.version}" if fitted.version else ""
    # Lasting popularity is below 1 in all: it decides among titles that nobody has played of late.
    crowd = trending.scores + fitted.popular
    personal, model, fallback = _personal(asked, fitted, crowd, settings.dislike_below)
    personal = standardised(personal, (fitted.library.age <= asked.viewer.maturity) & ~asked.taste.touched)
    if asked.lifts is not None and settings.moment:
        personal += np.float32(settings.moment) * asked.lifts.titles
    foreign = foreign_titles(fitted.library, asked) if settings.language != "ignore" else None
    if foreign is not None:
        personal[foreign] -= np.float32(settings.foreign if settings.language == "prefer" else np.inf)
    space = fitted.loaded.space
    tired = weariness(fitted.library, asked.exposures, asked.context.now_ms, settings.fatigue)
    if tired is not None:
        personal -= tired
    return Candidates(
        personal=personal,
        personal_model=model,
        popular=fitted.popular,
        popular_model=f"popularity{version}",
        trending=crowd,
        playing=trending.viewers,
        vectors=fitted.vectors,
        similar_model=f"{space.kind}{version}" if space is not None else "content",
        fallback=fallback,
        tired=tired,
    )


def standardised(scores: Floats, among: Bools) -> Floats:
    """Scores less their mean, in standard deviations, both taken over the finite ones of `among`.

    >>> standardised(np.array([1.0, 3.0, 9.0, -np.inf], np.float32), np.array([True, True, False, True])).tolist()
    [-1.0, 1.0, 7.0, -inf]
    """
    known = scores[among & (scores > -np.inf)]
    if not known.size:
        return scores.astype(np.float32)
    deviation = float(known.std())
    return np.asarray((scores - known.mean()) / (deviation if deviation > 1e-9 else 1.0), np.float32)


def weariness(library: Library, exposures: Exposures, now_ms: int, fatigue: float) -> Floats | None:
    """What titles lose for having been shown of late: `fatigue` for each doubling of visits; None where none was."""
    if not exposures.weights or not fatigue:
        return None
    places = library.places(list(exposures.weights))
    weights = np.fromiter(exposures.weights.values(), np.float32, places.size)
    weights *= faded(max(0, now_ms - exposures.at_ms))
    tired = np.zeros(len(library.titles), np.float32)
    tired[places[places >= 0]] = fatigue * np.log2(1 + weights[places >= 0])
    return tired


def foreign_titles(library: Library, asked: Asked) -> Bools | None:
    """Titles in languages that the viewer neither has nor watches; None where none is, or the viewer has none."""
    own = {first(one) for one in (asked.viewer.language, asked.context.language) if one}
    if not own or not library.languages:
        return None
    known = np.array([name in own for name in library.languages])
    liked = library.language[[one.place for one in asked.taste.liked]]
    counts = np.bincount(liked[liked >= 0], minlength=known.size)
    known |= counts > max(1.0, FOREIGN_SHARE * liked.size)
    # A title whose language is not known has index -1 and gets the mark at the end: it is not foreign.
    return np.append(~known, False)[library.language]


def _personal(asked: Asked, fitted: Fitted, crowd: Floats, dislike_below: float) -> tuple[Floats, str, str]:
    """Scores, who gave them, and why it was not the recommender of first choice."""
    taste, library = asked.taste, fitted.library
    history = fitted.history(taste, asked.context)
    # Dislikes alone point nowhere: they take away from a taste, and here is none yet.
    if (history.values > dislike_below).any():
        return fitted.scores(history), fitted.recommender, "unavailable" if fitted.loaded.missing else ""
    if taste.strengths:
        leanings = {index: value - INDIFFERENT for index, value in taste.strengths.items()}
        likeness = library.alike(leanings) + 0.01 * crowd / max(1e-12, float(crowd.max(initial=0)))
        return likeness, "content", "unknown-history" if fitted.version else "untrained"
    if fitted.version:
        return crowd, f"popularity-{fitted.version}", "no-history"
    return crowd, "popularity", "untrained"
