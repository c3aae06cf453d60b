"""The catalogue encoded anew: in whose order, for how much, and what it says of it before and afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.encoding.shots import two_shots

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, MatineeError
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.cli.run import run
from matinee.encoding.budget import shared
from matinee.encoding.records import Stream
from matinee.encoding.replaced import Replaced
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings
from matinee.events.records import Play, Stop
from matinee.events.service import Service as Events

Add = Callable[[Path], int]
LADDER = EncodingSettings(preset="ultrafast", crf=30, heights=(90, 180), segment_s=1)
SHOTS = LADDER.model_copy(update={"method": "shots", "cap_vmaf": 90.0, "floor_vmaf": 78.0})


def watch(workspace: Workspace, title_id: int, watched_s: float) -> None:
    one = {"viewer_id": 1, "title_id": title_id, "play": f"play-{title_id}"}
    Events(workspace.backends).record(
        [
            Play(id=f"began-{title_id}", at_ms=now_ms() - 5000, **one),
            Stop(id=f"ended-{title_id}", at_ms=now_ms(), position_s=2, duration_s=3, watched_s=watched_s, **one),
        ]
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_shots(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture
def titles(workspace: Workspace, add: Add, film: Path, tmp_path: Path) -> list[int]:
    """Two films; the second is watched more."""
    ids = [add(shutil.copy(film, tmp_path / f"{name}.mp4")) for name in ("one", "two")]
    watch(workspace, ids[0], 60)
    watch(workspace, ids[1], 600)
    return ids


def test_the_most_watched_is_encoded_first_and_what_it_saved_is_told(
    workspace: Workspace, catalog: Catalog, titles: list[int]
) -> None:
    for _, outcome in Service(workspace.backends, LADDER).encode_all():
        assert isinstance(outcome, Stream)
    service = Service(workspace.backends, SHOTS)
    survey = service.catalogue.survey()
    assert [one.title_id for one in survey.titles] == titles[::-1]
    assert [one.watched_s for one in survey.titles] == [600, 60]
    assert all(one.cpu_s > 0 and one.kbps for one in survey.titles)
    assert survey.cpu_s == sum(one.cpu_s for one in survey.titles)
    assert all(set(one.saved) == {"h264"} for one in survey.titles)
    outcomes = dict(service.catalogue.encode(survey))
    assert list(outcomes) == titles[::-1]
    for outcome in outcomes.values():
        assert isinstance(outcome, Stream)
        assert outcome.recoded is not None
        assert [(one.width, one.height) for one in outcome.recoded.replaced] == [(160, 90), (320, 180)]
        small, large = (one.vmaf or 0 for one in outcome.recoded.replaced)
        assert 20 < small < large < 100
        assert outcome.recoded.saved["h264"] is not None
        assert outcome.recoded.cpu_s > 0
        assert all(one.vmaf and 55 < one.vmaf < 95 for one in outcome.renditions)
    (row,) = catalog.assets(titles[0], AssetKind.STREAM)
    assert row.facts["recoded"]["saved"]["h264"] == outcomes[titles[0]].recoded.saved["h264"]  # type: ignore[union-attr]
    assert service.catalogue.survey().titles == ()
    # What two titles took mends what is expected of a third round.
    lower = Service(workspace.backends, SHOTS.model_copy(update={"cap_vmaf": 85.0})).catalogue
    again = lower.survey()
    drift = [one.recoded.cpu_s / one.recoded.cpu_s_foretold for one in outcomes.values()]  # type: ignore[union-attr]
    mended = (drift[0] * drift[1]) ** (1 / 3)
    assert again.titles[0].cpu_s == pytest.approx(survey.titles[0].cpu_s * mended)
    # Rungs that were made in the same way save next to nothing.
    _, outcome = next(lower.encode(again))
    assert isinstance(outcome, Stream)
    assert outcome.recoded is not None
    assert outcome.recoded.saved["h264"] == pytest.approx(0, abs=4)
    # Renditions that a plan had measured need no measuring.
    assert all(one.vmaf is not None for one in Replaced(workspace.backends.objects, row).renditions().values())


def test_the_budget_ends_a_round_and_the_next_goes_on(workspace: Workspace, titles: list[int]) -> None:
    service = Service(workspace.backends, SHOTS)
    survey = service.catalogue.survey(cpu_s=0.5)
    assert [one.title_id for one in survey.titles] == titles[1:]
    assert survey.beyond == (titles[0],)
    assert list(service.catalogue.encode(survey)) == []
    tried = {path: path.stat().st_mtime_ns for path in workspace.root.rglob("trials/*/*.json")}
    assert tried
    assert service.pending() == titles
    assert [one.title_id for one in service.catalogue.survey(days=1e-9).titles] == titles, "not watched since"
    done = dict(service.catalogue.encode(service.catalogue.survey()))
    assert all(isinstance(done[id_], Stream) for id_ in titles)
    assert {path: path.stat().st_mtime_ns for path in tried} == tried


def test_films_that_cannot_be_read_do_not_stop_the_others(
    workspace: Workspace, add: Add, film: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    good, bad = add(shutil.copy(film, tmp_path / "good.mp4")), tmp_path / "bad.mp4"
    bad.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    broken = add(bad)
    changed = SHOTS.model_dump(mode="json", exclude_defaults=True)
    flags = [f"encoding.{name}={str(value).replace(' ', '')}" for name, value in changed.items()]
    there = ["--json", "--workspace", str(workspace.root), *(part for one in flags for part in ("--set", one))]
    assert run([*there, "encoding", "catalogue", "--dry-run"]) == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert [one["title_id"] for one in told["titles"]] == [good]
    assert "bad.mp4" in told["failed"][str(broken)]
    assert run([*there, "encoding", "catalogue"]) == 1
    told = json.loads(capfdbinary.readouterr().out)
    (row,) = told["titles"]
    assert (row["title_id"], row["error"]) == (good, "")
    assert row["saved_percent"] == {"h264": None}, "it had no stream"


def test_a_ladder_has_nothing_to_gain(workspace: Workspace) -> None:
    with pytest.raises(InvalidInput, match="the same ladder"):
        Service(workspace.backends, LADDER).catalogue.survey()


def test_streams_that_cannot_be_compared_are_not(
    workspace: Workspace, catalog: Catalog, add: Add, film: Path, tmp_path: Path
) -> None:
    id_ = add(shutil.copy(film, tmp_path / "film.mp4"))
    slow = LADDER.model_copy(update={"max_frame_rate": 12.0})
    Service(workspace.backends, slow).encode(id_)
    service = Service(workspace.backends, SHOTS.model_copy(update={"method": "title"}))
    ((_, outcome),) = service.catalogue.encode(service.catalogue.survey())
    assert isinstance(outcome, Stream)
    assert outcome.recoded is not None
    assert outcome.recoded.replaced == ()
    assert outcome.recoded.saved == {"h264": None}


def test_titles_share_a_budget_of_bits_and_keep_what_they_were_given(workspace: Workspace, titles: list[int]) -> None:
    service = Service(workspace.backends, SHOTS)
    free = service.catalogue.survey()
    assert [one.cap_vmaf for one in free.titles] == [90, 90]
    tight = service.catalogue.survey(mean_kbps=40)
    caps = {one.title_id: one.cap_vmaf for one in tight.titles}
    assert all(78 <= cap < 85 for cap in caps.values())
    assert [one.cap_vmaf for one in service.catalogue.survey().titles] == [90, 90], "a survey alone changes nothing"
    outcomes = dict(service.catalogue.encode(tight))
    for id_, outcome in outcomes.items():
        assert not isinstance(outcome, MatineeError)
        assert max(one.vmaf or 0 for one in outcome.renditions) == pytest.approx(caps[id_], abs=3)
    assert service.pending() == []
    assert Service(workspace.backends, SHOTS).encode(titles[0]).fresh is False


def test_settled_titles_leave_less() -> None:
    import numpy as np

    from matinee.encoding.budget import Demand

    one = Demand(kbps=np.array([100.0, 200.0, 400.0]), vmaf=np.array([60.0, 80.0, 90.0]), watched_s=600)
    assert shared({1: one}, {}, 400) == {1: 90}
    assert shared({1: one}, {2: (600, 600)}, 400) == {1: 80}
    assert shared({1: one}, {2: (6000, 600)}, 400) == {1: 60}, "the cheapest is the least that it gets"
    assert shared({}, {2: (600, 600)}, 400) == {}
