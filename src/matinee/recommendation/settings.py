"""Knobs of recommendation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from matinee.base.settings import Table
from matinee.recommendation.methods import KINDS

Kinds = Annotated[tuple[str, ...], Field(min_length=1)]


class RecommendationSettings(Table):
    """How taste is learned and how pages are made."""

    models: Kinds = Field(
        ("popularity", "content-als", "item-neighbours", "ease", "content"),
        description="Methods that a training fits; popularity and a taste space (content-als or als) are always among "
        "them.",
    )
    recommender: str = Field(
        "best", description="Which of them recommends: `best` is the one that measured best, or name one."
    )
    measure: bool = Field(default=True, description="Whether a training measures its models; it takes as long again.")
    tolerance: float = Field(
        0.01,
        ge=0,
        le=1,
        description="How much worse than what is served a nightly version may be, as a share of NDCG@10.",
    )
    keep_versions: int = Field(5, ge=2, le=1000, description="Versions that stay on the shelf to go back to.")
    factors: int = Field(64, ge=1, le=1024, description="Dimensions of the taste space.")
    epochs: int = Field(10, ge=1, le=1000, description="Sweeps of alternating least squares.")
    regularisation: float = Field(0.002, gt=0, description="Pull of every factor towards zero.")
    unobserved_weight: float = Field(
        1.0, gt=0, description="How much untouched titles count as not wanted, beside touched ones, which count 1 more."
    )
    dislike_below: float = Field(
        2.0, ge=0, le=5, description="Strength in stars up to which a title counts as not wanted, though touched."
    )
    popularity_half_life_days: float = Field(
        180.0, gt=0, description="After this long a viewing counts half towards lasting popularity."
    )
    trending_half_life_days: float = Field(
        2.0, gt=0, description="After this long a playing counts half towards what is trending."
    )
    trending_days: float = Field(21.0, gt=0, description="Playings older than this are not looked at for trending.")
    trending_refresh_s: float = Field(15.0, ge=0, description="What is trending is counted anew after so many seconds.")
    model_check_s: float = Field(1.0, ge=0, description="The shelf is asked for a newer model after so many seconds.")
    index_from: int = Field(
        200_000, ge=1, description="From so many titles on candidates come from an index of nearest neighbours."
    )
    rows: int = Field(10, ge=1, le=50, description="Rows on a page, at most.")
    row_length: int = Field(20, ge=1, le=100, description="Titles in a row, at most.")
    diversity: float = Field(
        0.3, ge=0, le=10, description="How much picks that are like one picked before stand back; 0 to not care."
    )
    calibration: float = Field(
        2.0, ge=0, le=100, description="How much picks keep to the viewer's own mixture of genres; 0 to not care."
    )
    exploration: float = Field(
        0.1, ge=0, le=0.5, description="Share of the picks that is left to chance, with logged propensities."
    )
    moment: float = Field(
        0.4, ge=0, le=10, description="How much the time of day and the device count in scores; 0 for not at all."
    )
    habit_days: float = Field(60.0, gt=0, description="Playings of so many days say what a time of day is for.")
    fatigue: float = Field(
        0.4, ge=0, le=10, description="How much a title loses each time it was shown twice as often and not played."
    )
    language: Literal["prefer", "only", "ignore"] = Field(
        "prefer", description="Titles in languages that the viewer neither has nor watches: behind, never, or alike."
    )
    foreign: float = Field(1.0, ge=0, le=10, description="How far behind, in standard deviations of scores.")

    @field_validator("models")
    @classmethod
    def _known(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        for one in models:
            if one not in KINDS:
                raise ValueError(f"there is no model {one!r}; there are {', '.join(KINDS)}")
        return models

    @field_validator("recommender")
    @classmethod
    def _one_of_them(cls, recommender: str) -> str:
        if recommender != "best" and recommender not in KINDS:
            raise ValueError(f"there is no model {recommender!r}; there are best, {', '.join(KINDS)}")
        return recommender
