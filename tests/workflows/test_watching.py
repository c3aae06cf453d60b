"""The stories of an evening: the page, the playing, the page after it, and the training overnight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from matinee.base.errors import Conflict, NotFound
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, Kind, TitleDraft, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events.service import IMPRESSIONS
from matinee.events.service import Service as Events
from matinee.recommendation.service import Service as Recommendation
from matinee.subsystems import create_workspace
from matinee.workflows import playback
from matinee.workflows.homepage import homepage

NOW = 1_790_000_000_000
VIEWER = Viewer(id=1, name="Ada")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with create_workspace(tmp_path / "cinema") as opened:
        catalog: Catalog = opened.service("catalog")
        drafts = [
            TitleDraft(kind=Kind.FILM, name=f"Film {one}", genres=("War",), maturity=12, runtime_s=600.0)
            for one in range(30)
        ]
        for title_id in catalog.merge(drafts, NOW).ids[:10]:
            catalog.put_asset(title_id, AssetKind.STREAM, f"streams/{title_id}/abc")
        yield opened


def test_an_evening(workspace: Workspace) -> None:
    rng, events = Random(0), workspace.service("events")
    assert isinstance(events, Events)
    page = homepage(workspace, VIEWER, NOW, rng)
    assert (events.rate(IMPRESSIONS), sum(len(row.items) for row in page.rows)) == (1, 18)
    assert page.hero is not None
    assert page.hero.title.playable

    playing = playback.begin(workspace, VIEWER, page.hero.title.id, NOW, rng, page=page.id, row="hero")
    assert playing.position_s == 0
    assert playing.stream.uri == f"streams/{page.hero.title.id}/abc"
    playback.tell(workspace, playing, NOW + 60_000, rng, position_s=60, duration_s=600)
    after = homepage(workspace, VIEWER, NOW + 61_000, rng)
    assert (after.rows[0].slug, after.rows[0].items[0].progress) == ("continue-watching", 0.1)
    playback.stop(workspace, playing, NOW + 90_000, rng, position_s=90, duration_s=600, watched_s=90)
    assert playback.begin(workspace, VIEWER, playing.title.id, NOW + 99_000, rng).position_s == 90
    first, _ = events.plays_since(NOW)
    assert (first.page, first.row, first.watched_s) == (page.id, "hero", 90)

    again = playback.begin(workspace, VIEWER, playing.title.id, NOW + 100_000, rng)
    playback.stop(workspace, again, NOW + 700_000, rng, position_s=600, duration_s=600, watched_s=510)
    assert "continue-watching" not in [row.slug for row in homepage(workspace, VIEWER, NOW + 701_000, rng).rows]
    assert playback.begin(workspace, VIEWER, playing.title.id, NOW + 702_000, rng).position_s == 0


def test_what_cannot_be_watched_is_said(workspace: Workspace) -> None:
    rng = Random(0)
    with pytest.raises(NotFound):
        playback.begin(workspace, VIEWER, 999, NOW, rng)
    with pytest.raises(NotFound):
        playback.begin(workspace, Viewer(id=2, name="Bo", maturity=6), 1, NOW, rng)
    with pytest.raises(Conflict, match="not been encoded"):
        playback.begin(workspace, VIEWER, 30, NOW, rng)


def test_a_model_that_makes_no_page_is_never_served(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    events, recommendation = workspace.service("events"), workspace.service("recommendation")
    assert isinstance(events, Events)
    assert isinstance(recommendation, Recommendation)
    events.record_ratings([1, 1, 2], [1, 2, 1], [5, 4, 3], [NOW, NOW, NOW])
    good = recommendation.train(NOW, np.random.default_rng(0))
    assert recommendation.versions()[1] == good.version

    def broken(*_: object, **__: object) -> None:
        raise ArithmeticError

    with monkeypatch.context() as patch:
        patch.setattr("matinee.recommendation.service.assemble", broken)
        with pytest.raises(ArithmeticError):
            recommendation.train(NOW + 1, np.random.default_rng(0))
    assert recommendation.versions() == ([good.version], good.version)
