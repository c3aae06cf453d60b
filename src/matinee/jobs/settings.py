"""Knobs of jobs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from matinee.base.settings import Table


class JobsSettings(Table):
    """How many jobs run, and what they may take where nobody says."""

    agents: int = Field(1, ge=0, le=64, description="agents that `matinee serve` keeps up beside it")
    slots: int = Field(0, ge=0, le=1000, description="jobs that one agent runs at once; 0: twice its processors")
    active_limit: int = Field(100, ge=1, description="jobs of one owner that are queued or run at once; others wait")
    owner_limits: dict[str, Annotated[int, Field(ge=0)]] = Field(
        {}, description="the same of single owners, as {ada = 5}; 0: none of theirs begin"
    )
    timeout_s: int = Field(604_800, ge=1, description="seconds that a job may run where its request does not say")
    memory_mb: int = Field(0, ge=0, description="memory of a job where neither it nor its command says; 0: no limit")
    output_mb: int = Field(10_000, ge=1, description="what a job may print before it is ended")
    secrets: str = Field("secrets", description="folder with a file for each secret that jobs may ask for")
    tag_limits: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="how many jobs with a tag are queued or run at once, as {gpu = 1}"
    )
    keep_days: float = Field(7, ge=0, description="days that folders of jobs stay on their machine after the archive")
    cpu_hour_price: float = Field(0, ge=0, description="price of an hour of a processor, in any money")
    gb_hour_price: float = Field(0, ge=0, description="price of a gigabyte of memory for an hour")
