"""A small world in a real workspace: films of three kinds and viewers who each like one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matinee.base import migrations
from matinee.base.backends import Backends, BackendSettings, open_backends
from matinee.catalog.records import Kind, TitleDraft
from matinee.catalog.service import Service as Catalog
from matinee.events.service import Service as Events
from matinee.recommendation.service import Service
from matinee.recommendation.settings import RecommendationSettings

NOW = 1_790_000_000_000
GENRES = ("Western", "Musical", "Horror")
KNOBS: dict[str, Any] = {"factors": 3, "models": ("popularity", "als"), "exploration": 0.0}
FILMS, VIEWERS = 60, 45


@pytest.fixture
def backends(tmp_path: Path) -> Iterator[Backends]:
    with open_backends(BackendSettings(), tmp_path) as opened:
        migrations.upgrade(opened.tables, ["matinee.catalog", "matinee.events"])
        yield opened


@pytest.fixture
def service(backends: Backends) -> Service:
    """Checks the shelf on every page, so that a test sees what was trained a moment ago."""
    return Service(backends, RecommendationSettings(**KNOBS, model_check_s=0, trending_refresh_s=0))


def add_films(backends: Backends, count: int = FILMS, first: int = 0, maturity: int | None = 12) -> list[int]:
    """Films in turn of each genre, each a day younger in the library than the one before."""
    drafts = [
        TitleDraft(
            kind=Kind.FILM,
            name=f"Film {number}",
            year=1950 + number % 70,
            genres=(GENRES[number % 3],),
            maturity=maturity,
            runtime_s=6000.0,
            added_ms=NOW - (1000 - number) * 86_400_000,
        )
        for number in range(first, first + count)
    ]
    return list(Catalog(backends).merge(drafts, NOW).ids)


def add_viewing(backends: Backends, films: list[int]) -> list[int]:
    """Viewers with ratings for two thirds of the films of their genre, and for a few others; their ids."""
    rng = np.random.default_rng(0)
    names = Catalog(backends).viewers_for("test", [str(number) for number in range(VIEWERS)], NOW)
    viewers, titles, stars = [], [], []
    for number, viewer in enumerate(names.values()):
        for place, film in enumerate(films):
            own = place % 3 == number % 3
            if rng.random() < (0.66 if own else 0.1):
                viewers.append(viewer)
                titles.append(film)
                stars.append(5.0 if own else 2.5)
    times = NOW - 86_400_000 * rng.integers(30, 300, len(viewers))
    Events(backends).record_ratings(viewers, titles, stars, times)
    return list(names.values())
