"""The first questions to a viewer nobody knows: which titles to ask about, so that the answers tell most.

Some viewers of the training stand for the tastes that there are. How likely taste ``x`` is to be pleased to see title
``y`` on the screen is ``p = x·y``, as the factor model has it: to know it and to like it. So each answer says whom of
them the newcomer is like (Bayes, with every viewer as a hypothesis):

    w(x) ∝ product over answers of  p  where liked,  1 - p  where not

and a question is worth what its answer would tell of the scores of all titles, the variance that it explains:

    gain(y) = |cov_w(p_y, x) G^1/2|^2 / var_w(answer),    G = sum of f y y',  f the share of viewers who want y

times the root of how many know it, because the space flatters titles that few know. A title that nobody
knows has no variance and a title that all love has none, so neither is asked. Within one screen
what the earlier titles would tell is taken from the later ones (pivoted Cholesky), which spreads a screen over the
tastes by itself: A-optimal design (Chaloner & Verdinelli 1995, "Bayesian experimental design: a review"), for which
Golbandi, Koren & Lempel 2011, "Adaptive bootstrapping of recommender systems using decision trees", build trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from matinee.catalog.records import Viewer
from matinee.learning.interactions import Ints, columns_of
from matinee.learning.model import Floats
from matinee.recommendation.library import Library
from matinee.recommendation.methods.content_als import ContentALS

Answer = Literal[-1, 0, 1]
"""Not liked, passed over, liked: the values of a thumb, which is what an answer is recorded as."""

ASKABLE = 400
"""Of the titles that the viewer may see, those that most know."""
FLOOR = 0.01
"""No taste is sure to like a title, or not to."""
NOISE = 0.05
"""Variance of an answer that has nothing to do with taste: a picture overlooked, a slip of the finger."""
TRUST = 0.5
"""How much of each answer is believed: answers about like titles repeat each other."""
FOREIGN = 0.3
"""How much less a title is worth asking about that was not made in the viewer's language."""


@dataclass(frozen=True, slots=True, eq=False)
class TasteSpace:
    """Titles, and viewers who stand for the tastes that there are, in one space."""

    title_ids: Ints
    vectors: Floats
    """Shape (titles, factors)."""
    viewers: Ints
    """How many touched each title."""
    tastes: Floats
    """Shape (some viewers, factors)."""

    @classmethod
    def of(cls, model: ContentALS) -> Self:
        """The space of a fitted model."""
        return cls(model.title_ids, model.title_factors, model.viewers, model.tastes)

    def likely(self, columns: Ints) -> NDArray[np.float64]:
        """How likely each taste is to like each of these titles, shape (viewers, columns)."""
        return np.clip(self.tastes.astype(np.float64) @ self.vectors[columns].T, FLOOR, 1 - FLOOR)

    def weights(self, answers: Mapping[int, Answer]) -> NDArray[np.float64]:
        """How much whoever gave these answers is like each of the viewers; together 1."""
        columns = columns_of(self.title_ids, list(answers))
        liked = np.array([value > 0 for value in answers.values()], bool)
        chance = self.likely(columns[columns >= 0])
        told = np.where(liked[columns >= 0], chance, 1 - chance)
        logs = TRUST * np.log(told).sum(axis=1)
        found = np.exp(logs - logs.max(initial=-np.inf))
        return np.asarray(found / max(1e-300, float(found.sum())))


NO_TASTES = TasteSpace(
    np.zeros(0, np.int64), np.zeros((0, 1), np.float32), np.zeros(0, np.int64), np.zeros((0, 1), np.float32)
)
"""While nothing has been trained."""


def offer(
    space: TasteSpace, library: Library, viewer: Viewer, answers: Mapping[int, Answer] | None = None, n: int = 12
) -> list[int]:
    """The ids of the next `n` titles to ask the viewer about, the one that tells most first.

    `answers` are those given so far, by title id; none of them is asked about again. Titles above the viewer's
    maturity limit are never offered. Where the space has too few titles, the newest of the library follow.
    """
    answers = answers or {}
    places = library.places(space.title_ids)
    fits = places >= 0
    fits[fits] = library.age[places[fits]] <= viewer.maturity
    fits &= ~np.isin(space.title_ids, list(answers))
    found = _telling(space, np.where(fits, _spoken(library, places, viewer.language), 0.0), answers, n)
    taken = set(found) | set(answers)
    rest = (int(library.ids[one]) for one in library.newest if library.age[one] <= viewer.maturity)
    return [*found, *(one for one in rest if one not in taken)][:n]


def _spoken(library: Library, places: Ints, language: str) -> NDArray[np.float64]:
    """1 for titles in the viewer's language and those of unknown language, `FOREIGN` for others."""
    wanted = language.partition("-")[0].casefold()
    spoken = (title.language.partition("-")[0].casefold() for title in library.titles)
    worth = [1.0 if not wanted or one in {"", wanted} else FOREIGN for one in spoken]
    return np.array([*worth, 1.0])[places]


def _telling(space: TasteSpace, worth: NDArray[np.float64], answers: Mapping[int, Answer], n: int) -> list[int]:
    """Title ids, each chosen given those before it; `worth` 0 are left out."""
    columns = np.flatnonzero((worth > 0) & (space.viewers > 0))
    columns = columns[np.argsort(-space.viewers[columns] * worth[columns], kind="stable")[:ASKABLE]]
    if not columns.size or not space.tastes.size:
        return []
    weights, likely = space.weights(answers), space.likely(columns)
    asked = likely - weights @ likely
    spread = asked.T @ (weights[:, None] * _wanted(space, weights))
    noise = weights @ (likely * (1 - likely)) + NOISE
    variance = weights @ np.square(asked)
    gone = np.zeros((0, columns.size))
    # Of little known titles the space tells more than is so: it was fitted to the few who know them.
    free = worth[columns] * np.sqrt(space.viewers[columns])
    found: list[int] = []
    for _ in range(min(n, columns.size)):
        best = int(np.argmax(free * np.square(spread).sum(axis=1) / (variance + noise)))
        found.append(int(space.title_ids[columns[best]]))
        free[best] = -1.0
        # What this answer would tell of the other answers, and of the taste, is known from now on.
        scale = np.sqrt(variance[best] + noise[best])
        shared = ((weights * asked[:, best]) @ asked - gone[:, best] @ gone) / scale
        spread -= np.outer(shared, spread[best] / scale)
        variance = np.maximum(variance - np.square(shared), 0)
        gone = np.vstack([gone, shared])
    return found


def _wanted(space: TasteSpace, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tastes about their mean, turned so that their products are those of scores, by how much titles are wanted."""
    share = np.maximum(space.vectors @ space.tastes.mean(axis=0), 0.0)
    values, directions = np.linalg.eigh((space.vectors * share[:, None]).T @ space.vectors)
    root = directions * np.sqrt(np.maximum(values, 0))
    return np.asarray((space.tastes - weights @ space.tastes) @ root, np.float64)
