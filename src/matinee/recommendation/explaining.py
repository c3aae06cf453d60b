"""Why a title is for a viewer: which parts of the history, and of everything else that is known, its score rests on.

What the history has to do with it is asked of the model itself, whichever it is: the score is taken again with one
title of the history left out, and by what it falls, that title was a reason (leave-one-out influence, as in
statistics; for factorisation Hu, Koren & Volinsky 2008 give nearly the same in closed form).
"""

from __future__ import annotations

import numpy as np

from matinee.learning.model import History
from matinee.recommendation import words
from matinee.recommendation.candidates import Asked
from matinee.recommendation.pages import Candidates, reasons_for
from matinee.recommendation.records import Evidence, Explanation
from matinee.recommendation.serving import Fitted

ASKED = 60
"""Titles of the history that are left out in turn: the last ones."""
TOLD = 5
NOTED = 0.05
"""A part of a score, in standard deviations, from which it is worth a word."""


def explain(asked: Asked, fitted: Fitted, candidates: Candidates, place: int) -> Explanation:
    """Everything that speaks for or against the title at index `place`."""
    library, taste = fitted.library, asked.taste
    free = (library.age <= asked.viewer.maturity) & ~taste.touched
    scores = np.where(free, candidates.filled(), -np.inf)
    evidence = [*_of_history(asked, fitted, place), *_of_all_else(asked, fitted, candidates, place)]
    return Explanation(
        viewer_id=asked.viewer.id,
        title=library.titles[place],
        reason=_reason(asked, candidates, place, evidence),
        model=candidates.personal_model,
        fallback=candidates.fallback,
        rank=int(np.count_nonzero(scores > scores[place])) + 1 if free[place] else None,
        among=int(np.count_nonzero(free)),
        evidence=tuple(evidence),
    )


def _reason(asked: Asked, candidates: Candidates, place: int, evidence: list[Evidence]) -> str:
    if asked.taste.touched[place]:
        return "You know it already, so it is not recommended again."
    for one in evidence:
        if one.kind == "history" and one.weight > 0:
            return f"{one.words}, and whoever does tends to like this."
    return reasons_for(asked.taste, candidates, np.array([place]))[0] + "."


def _of_history(asked: Asked, fitted: Fitted, place: int) -> list[Evidence]:
    history, model = fitted.history(asked.taste, asked.context), fitted.loaded.model
    column = int(fitted.columns[place])
    if model is None or column < 0 or not history.columns.size:
        return []
    left_out = range(max(0, history.columns.size - ASKED), history.columns.size)
    scores = model.score([history, *(_without(history, one) for one in left_out)])[:, column]
    falls = scores[0] - scores[1:]
    weights = falls / max(1e-12, float(np.abs(falls).sum()))
    places = fitted.library.places(model.title_ids[history.columns[list(left_out)]]).tolist()
    order = np.argsort(-np.abs(weights), kind="stable")[:TOLD].tolist()
    titles, strengths = fitted.library.titles, asked.taste.strengths
    return [
        Evidence(
            kind="history",
            words=words.history(titles[places[one]].name, strengths.get(places[one], 0.0)),
            weight=round(float(weights[one]), 4),
            title=titles[places[one]],
        )
        for one in order
        if places[one] >= 0 and abs(weights[one]) > 1e-6
    ]


def _without(history: History, one: int) -> History:
    kept = np.arange(history.columns.size) != one
    return History(history.columns[kept], history.values[kept], history.times[kept], history.context)


def _of_all_else(asked: Asked, fitted: Fitted, candidates: Candidates, place: int) -> list[Evidence]:
    found: list[Evidence] = []
    shared = _in_common(asked, fitted, place)
    if shared:
        found.append(Evidence(kind="content", words=f"You often like {shared}", weight=0.0))
    if candidates.playing[place] > 0:
        found.append(Evidence(kind="crowd", words=words.played(int(candidates.playing[place])), weight=0.0))
    lift = float(asked.lifts.titles[place]) if asked.lifts is not None else 0.0
    if abs(lift) > NOTED:
        said = "It suits this time of day" if lift > 0 else "Rarely wanted at this time of day"
        found.append(Evidence(kind="moment", words=said, weight=round(lift, 4)))
    tired = float(candidates.tired[place]) if candidates.tired is not None else 0.0
    if tired > NOTED:
        found.append(Evidence(kind="shown", words="Shown to you before, and not played", weight=-round(tired, 4)))
    return found


def _in_common(asked: Asked, fitted: Fitted, place: int) -> str:
    """The title's genres that the viewer liked most often, as words."""
    library, liked = fitted.library, [one.place for one in asked.taste.liked]
    if not liked:
        return ""
    counts = library.of_genre[:, liked].sum(axis=1)
    own = [which for which in np.flatnonzero(library.of_genre[:, place]).tolist() if counts[which] >= 2]
    return " and ".join(library.genres[which] for which in sorted(own, key=lambda one: -int(counts[one]))[:2])
