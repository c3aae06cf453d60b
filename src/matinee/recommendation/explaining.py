"""Why a title is for a viewer: which parts of the history, and of everything else that is known, its score rests on.

What the history has to do with it is asked of the model itself, whichever it is: the score is taken again with one
title of the history left out, and by what it falls, that title was a reason (as leave-one-out influence in statistics;
for factorisation Hu, Koren & Volinsky 2008 give the same in closed form).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matinee.catalog.records import Viewer
from matinee.learning.model import History
from matinee.recommendation import words
from matinee.recommendation.candidates import Fitted
from matinee.recommendation.library import Library
from matinee.recommendation.page import Candidates, reasons_for
from matinee.recommendation.records import Evidence, Explanation
from matinee.recommendation.taste import Taste

ASKED = 60
"""Titles of the history that are left out in turn: the last ones."""
TOLD = 5


def explain(viewer: Viewer, taste: Taste, fitted: Fitted, candidates: Candidates, place: int) -> Explanation:
    """Everything that speaks for or against the title at index `place`."""
    library = fitted.library
    free = (library.age <= viewer.maturity) & ~taste.touched
    scores = np.where(free, candidates.filled(), -np.inf)
    rank = int(np.count_nonzero(scores > scores[place])) + 1 if free[place] else None
    return Explanation(
        viewer_id=viewer.id,
        title=library.titles[place],
        reason=_reason(library, taste, candidates, place),
        model=candidates.personal_model,
        fallback=candidates.fallback,
        rank=rank,
        among=int(np.count_nonzero(free)),
        evidence=tuple(_evidence(taste, fitted, candidates, place)),
    )


def _reason(library: Library, taste: Taste, candidates: Candidates, place: int) -> str:
    if taste.touched[place]:
        return "You know it already, so it is not recommended again."
    return reasons_for(library, taste, candidates, np.array([place]))[0] + "."


def _evidence(taste: Taste, fitted: Fitted, candidates: Candidates, place: int) -> Sequence[Evidence]:
    library = fitted.library
    found = _of_history(library, taste, fitted, place)
    shared = _in_common(library, taste, place)
    if shared:
        found.append(Evidence(kind="content", words=f"You often like {shared}", weight=0.0))
    if candidates.playing[place] > 0:
        said = words.played(int(candidates.playing[place]))
        found.append(Evidence(kind="crowd", words=said, weight=0.0))
    return found


def _of_history(library: Library, taste: Taste, fitted: Fitted, place: int) -> list[Evidence]:
    history, model = fitted.history(taste), fitted.als
    column = int(fitted.columns[place])
    if model is None or column < 0 or not history.columns.size:
        return []
    asked = range(max(0, history.columns.size - ASKED), history.columns.size)
    scores = model.score([history, *(_without(history, one) for one in asked)])[:, column]
    falls = scores[0] - scores[1:]
    weights = falls / max(1e-12, float(np.abs(falls).sum()))
    places = library.places(model.title_ids[history.columns[list(asked)]])
    order = np.argsort(-np.abs(weights), kind="stable")[:TOLD].tolist()
    return [
        Evidence(
            kind="history",
            words=words.history(library.titles[places[one]].name, taste.strengths.get(int(places[one]), 0.0)),
            weight=float(weights[one]),
            title=library.titles[places[one]],
        )
        for one in order
        if places[one] >= 0
    ]


def _without(history: History, one: int) -> History:
    kept = np.arange(history.columns.size) != one
    return History(history.columns[kept], history.values[kept], history.times[kept], history.context)


def _in_common(library: Library, taste: Taste, place: int) -> str:
    """The title's genres that the viewer liked most often, as words."""
    liked = [one.place for one in taste.liked]
    if not liked:
        return ""
    masks = library.of_genre[:, place]
    counts = library.of_genre[:, liked].sum(axis=1)
    own = [which for which in np.flatnonzero(masks).tolist() if counts[which] >= 2]
    return " and ".join(library.genres[which] for which in sorted(own, key=lambda one: -int(counts[one]))[:2])
