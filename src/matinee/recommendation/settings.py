"""Knobs of recommendation."""

from __future__ import annotations

from pydantic import Field

from matinee.base.settings import Table


class RecommendationSettings(Table):
    """How taste is learned and how pages are made."""

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
    rows: int = Field(10, ge=1, le=50, description="Rows on a page, at most.")
    row_length: int = Field(20, ge=1, le=100, description="Titles in a row, at most.")
