"""Knobs of jobs."""

from __future__ import annotations

from pydantic import Field

from matinee.base.settings import Table


class JobsSettings(Table):
    """How many jobs run, and what they may take where nobody says."""

    slots: int = Field(0, ge=0, le=1000, description="jobs that one agent runs at once; 0: twice its processors")
    active_limit: int = Field(100, ge=1, description="jobs of one owner that are queued or run at once; others wait")
    timeout_s: int = Field(604_800, ge=1, description="seconds that a job may run where its request does not say")
    memory_mb: int = Field(0, ge=0, description="memory of a job where neither it nor its command says; 0: no limit")
    secrets: str = Field("secrets", description="folder with a file for each secret that jobs may ask for")
