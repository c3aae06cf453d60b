"""Judgement of a challenger: may models that were just trained take the place of those that are served?

The recommenders of both are asked for each viewer's newest title, where that was touched after the served one had been
trained: neither has seen it, the challenger because its trial was fitted without it. Where too few viewers have done
anything since, all that can be held against each other are the figures of their own trainings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

from matinee.base.errors import InvalidInput
from matinee.learning.evaluation import evaluate
from matinee.learning.model import Model
from matinee.learning.shelf import Version
from matinee.learning.splits import Split
from matinee.recommendation.fitting import FEWEST_VIEWERS, MEASURE, Trials, order
from matinee.recommendation.serving import Loaded

Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """How a challenger did beside what is served, by NDCG@10."""

    version: str
    """That is served."""
    own: float
    other: float
    low: float
    """Of the 95 % interval of the difference, own minus other."""
    high: float
    viewers: int
    """Who were asked for what they touched since; 0 where each figure is of its own training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was measured of a challenger."""

    version: str
    order: tuple[str, ...]
    """Its methods, the recommender of first choice first."""
    measured: Figures
    """By method; empty where nothing could be measured."""
    against: Against | None = None
    """None where nothing is served, or nothing could be measured."""

    @property
    def words(self) -> str:
        """What came of it, in a sentence."""
        one = self.against
        if one is None:
            return "There is nothing to hold it against."
        who = f"on {one.viewers:,} viewers" if one.viewers else "each as its own training measured it"
        return (
            f"NDCG@10 is {one.own:.4f} against {one.other:.4f} of {one.version}, {who}; "
            f"the difference lies between {one.low:+.4f} and {one.high:+.4f}."
        )

    def worse(self, tolerance: float) -> bool:
        """Whether it is worse than what is served by more than chance, and by more than this share of its NDCG@10."""
        one = self.against
        return one is not None and one.high < 0 and one.other - one.own > tolerance * one.other


def judged(version: str, kinds: tuple[str, ...], trials: Trials, served: Version | None, chosen: str) -> Judgement:
    """The judgement of a challenger by its trials; `chosen` names the method that recommends, or is ``best``.

    What is served and cannot be read is no match for anything.
    """
    ranked, against = order(kinds, trials.measured), None
    own = chosen if chosen in kinds else ranked[0]
    if served is not None and trials.split is not None:
        try:
            loaded = Loaded.of(served, chosen=chosen if chosen in served.models else "")
        except InvalidInput:
            loaded = None
        if loaded is not None:
            against = _paired(served, loaded.model or loaded.crowd, trials.models[own], trials.split)
            against = against or _apart(served, loaded.name, trials.measured[own])
    return Judgement(version=version, order=ranked, measured=trials.measured, against=against)


def _paired(served: Version, other: Model | None, own: Model, split: Split) -> Against | None:
    """Both asked for what neither has seen."""
    test = split.test.where(split.test.times > served.created_ms)
    if other is None or test.viewer_ids.size < FEWEST_VIEWERS:
        return None
    fresh = Split(split.train, split.given, test)
    mine, theirs = evaluate(own, fresh, 10), evaluate(other, fresh, 10)
    difference = mine.against(theirs)["ndcg"]
    return Against(
        version=served.version,
        own=mine.estimates()["ndcg"].value,
        other=theirs.estimates()["ndcg"].value,
        low=difference.low,
        high=difference.high,
        viewers=difference.viewers,
    )


def _apart(served: Version, name: str, mine: Mapping[str, float]) -> Against | None:
    """Each by the figures of its own training; their errors add up as those of independent samples."""
    theirs = served.facts.get("measured", {}).get(name, {})
    if MEASURE not in mine or MEASURE not in theirs:
        return None
    own, other = mine[MEASURE], theirs[MEASURE]
    half = hypot(*((one[f"{MEASURE}.high"] - one[f"{MEASURE}.low"]) / 2 for one in (mine, theirs)))
    return Against(
        version=served.version, own=own, other=other, low=own - other - half, high=own - other + half, viewers=0
    )
