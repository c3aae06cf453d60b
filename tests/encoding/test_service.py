from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.encoding.conftest import QUICK
from tests.media.clips import clip

from matinee.base.errors import Conflict, InvalidInput, MatineeError, NotFound
from matinee.base.progress import Task, reporting_to
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.bench import locked
from matinee.encoding.records import Stream
from matinee.encoding.service import Service
from matinee.encoding.streams import pipeline
from matinee.media.run import Stopped

Add = Callable[[Path], int]


def _keys(workspace: Workspace) -> set[str]:
    return {info.key for info in workspace.backends.objects.list("")}


def test_a_title_becomes_playable(
    service: Service, catalog: Catalog, workspace: Workspace, add: Add, film: Path
) -> None:
    id_ = add(film)
    assert service.pending() == [id_]
    assert not catalog.title(id_).playable
    stream = service.encode(id_)
    title = catalog.title(id_)
    assert title.playable
    assert (title.still, title.poster) == (f"pictures/{id_}/still.webp", f"pictures/{id_}/poster.webp")
    assert title.colour.startswith("#")
    assert service.pending() == []
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    assert (row.uri, row.etag, row.duration_s) == (f"streams/{id_}/{stream.etag}", stream.etag, 4.0)
    assert (row.width, row.height) == (320, 180)
    assert [(one["width"], one["height"]) for one in row.facts["renditions"]] == [(160, 90), (320, 180)]
    (sound,) = row.facts["audio"]
    assert (sound["language"], sound["label"], sound["codec"]) == ("en", "English", "mp4a.40.2")
    assert sound["loudness"]["before"]["integrated_lufs"] == pytest.approx(-21.75, abs=0.3)
    assert sound["loudness"]["after"]["integrated_lufs"] == pytest.approx(-23, abs=0.3)
    assert sound["loudness"]["after"]["true_peak_dbtp"] < -20
    keys = _keys(workspace)
    for name in (row.facts["hls"], row.facts["dash"], row.facts["storyboard"]):
        assert f"{row.uri}/{name}" in keys
    assert {title.still, title.poster} <= keys
    assert not (workspace.root / "work" / "encoding" / str(id_)).exists()
    (still,) = catalog.assets(id_, AssetKind.STILL)
    assert (still.mime, still.width, still.height) == ("image/webp", 320, 180)


def test_what_is_done_is_not_done_again(
    service: Service, add: Add, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = add(film)
    first = service.encode(id_)
    monkeypatch.setattr(pipeline, "probe", lambda path: pytest.fail("looked into the film again"))
    again = service.encode(id_)
    assert first.fresh
    assert not again.fresh
    assert (again.prefix, again.renditions) == (first.prefix, first.renditions)


def test_force_encodes_again(service: Service, add: Add, film: Path) -> None:
    id_ = add(film)
    first = service.encode(id_)
    again = service.encode(id_, force=True)
    assert again.fresh
    assert again.prefix == first.prefix


def test_a_changed_source_or_knob_replaces_the_stream(
    service: Service, catalog: Catalog, workspace: Workspace, add: Add, film: Path
) -> None:
    id_ = add(film)
    first = service.encode(id_)
    clip(film, seconds=2, picture="smptebars")
    assert service.pending() == [id_]
    second = service.encode(id_)
    other = Service(workspace.backends, QUICK.model_copy(update={"crf": 30}))
    third = other.encode(id_)
    assert len({first.etag, second.etag, third.etag}) == 3
    assert [row.uri for row in catalog.assets(id_, AssetKind.STREAM)] == [third.prefix]
    # Who watches the replaced ones can go on for a day.
    assert f"{first.prefix}/master.m3u8" in _keys(workspace)
    assert other.tidy() == 0
    at_once = Service(workspace.backends, QUICK.model_copy(update={"crf": 30, "keep_replaced_h": 0}))
    assert at_once.pending() == []
    assert at_once.tidy() == 2
    assert {key.split("/")[2] for key in _keys(workspace) if key.startswith("streams/")} == {third.etag}


def test_where_things_are_done_does_not_change_what_is_made(workspace: Workspace, tmp_path: Path) -> None:
    moved = QUICK.model_copy(update={"work": str(tmp_path), "at_once": 7, "together_s": 0})
    assert moved.digest() == QUICK.digest()
    assert QUICK.model_copy(update={"preset": "slow"}).digest() != QUICK.digest()


def test_subtitles_beside_the_film(
    service: Service, catalog: Catalog, workspace: Workspace, add: Add, film: Path, tmp_path: Path
) -> None:
    id_ = add(film)
    (tmp_path / "film.de.srt").write_bytes("1\n00:00:01,000 --> 00:00:02,000\nGrüße\n".encode("cp1252"))
    workspace.backends.objects.put("subtitles/x.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n")
    catalog.put_asset(id_, AssetKind.SUBTITLES, str(tmp_path / "film.de.srt"), language="de")
    catalog.put_asset(id_, AssetKind.SUBTITLES, "subtitles/x.vtt", language="en", facts={"hearing_impaired": True})
    catalog.put_asset(id_, AssetKind.SUBTITLES, str(tmp_path / "gone.srt"), language="fr")
    service.encode(id_)
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    assert row.facts["subtitles"] == [
        {"language": "de", "label": "Deutsch", "file": "subtitles/0-de.vtt"},
        {"language": "en", "label": "English (SDH)", "file": "subtitles/1-en.vtt"},
    ]
    assert "Grüße" in workspace.backends.objects.get(f"{row.uri}/subtitles/0-de.vtt").decode()


def test_a_poster_that_came_with_the_film_stays(service: Service, catalog: Catalog, add: Add, film: Path) -> None:
    id_ = add(film)
    catalog.set_pictures(id_, poster="pictures/own.jpg", colour="#123456")
    service.encode(id_)
    assert catalog.title(id_).poster == "pictures/own.jpg"
    assert catalog.title(id_).still == f"pictures/{id_}/still.webp"


def test_one_bad_film_does_not_stop_the_others(
    service: Service, workspace: Workspace, add: Add, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.mp4").write_text("no film")
    bad, good, gone = add(tmp_path / "bad.mp4"), add(film), add(tmp_path / "gone.mp4")
    assert [work.state for work in service.status()] == ["pending", "pending", "missing"]
    found = dict(service.encode_all())
    assert isinstance(found[bad], InvalidInput)
    assert isinstance(found[good], Stream)
    assert gone not in found
    assert [work.state for work in service.status()] == ["pending", "done", "missing"]
    assert isinstance(dict(service.encode_all([gone]))[gone], NotFound)
    assert list((workspace.root / "work" / "encoding").iterdir()) == []


def test_titles_that_are_not_there_or_have_no_film(service: Service, catalog: Catalog, add: Add, film: Path) -> None:
    with pytest.raises(NotFound, match="no title 99"):
        service.encode(99)
    id_ = add(film)
    catalog.drop_asset(catalog.assets(id_, AssetKind.SOURCE)[0].id)
    with pytest.raises(NotFound, match="no film file"):
        service.encode(id_)


def test_while_another_works_on_it(service: Service, workspace: Workspace, add: Add, film: Path) -> None:
    id_ = add(film)
    with locked(workspace.root / "work" / "encoding" / f"{id_}.lock", "it"):
        assert [work.state for work in service.status()] == ["encoding"]
        with pytest.raises(Conflict, match="film is being encoded"):
            service.encode(id_)
    assert service.encode(id_).fresh


def test_a_film_that_changes_meanwhile(
    service: Service, catalog: Catalog, add: Add, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = add(film)
    real = pipeline._encode

    def slow(*arguments: object) -> list[str]:
        made = real(*arguments)
        os.utime(film, (1, 1))
        return made

    monkeypatch.setattr(pipeline, "_encode", slow)
    with pytest.raises(Conflict, match="was changed"):
        service.encode(id_)
    assert catalog.assets(id_, AssetKind.STREAM) == []


def test_a_store_that_fails_half_way_shows_nothing(
    service: Service, catalog: Catalog, workspace: Workspace, add: Add, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = add(film)
    objects = workspace.backends.objects
    real, stored = objects.put_file, []

    def full(key: str, path: Path):
        if len(stored) == 5:
            raise MatineeError("The disk is full.")
        stored.append(key)
        return real(key, path)

    monkeypatch.setattr(objects, "put_file", full)
    with pytest.raises(MatineeError, match="full"):
        service.encode(id_)
    assert not catalog.title(id_).playable
    assert not any(key.startswith("streams/") for key in _keys(workspace))
    monkeypatch.undo()
    assert service.encode(id_).fresh


class _Seen:
    """A reporter that remembers, and calls somebody at every step."""

    def __init__(self, step: Callable[[], None] = lambda: None) -> None:
        self.totals: dict[str, float] = {}
        self.done, self.error, self._step = 0.0, None, step

    def start(self, label: str, total: float | None, unit: str) -> Task:
        self.totals[label] = self.totals.get(label, 0) + (total or 0)
        return self

    def advance(self, done: float) -> None:
        self.done += done
        self._step()

    def finish(self, error: BaseException | None) -> None:
        self.error = error


def test_progress_counts_seconds_of_film(service: Service, add: Add, film: Path) -> None:
    seen = _Seen()
    with reporting_to(seen):
        service.encode(add(film))
    # How loud the sound is is measured before and after.
    assert seen.totals == {"encoding film": 4, "encoding film: loudness": 8}
    assert seen.done == pytest.approx(12)


def test_stopping_in_the_middle_leaves_no_drafts(
    service: Service, workspace: Workspace, add: Add, tmp_path: Path
) -> None:
    id_ = add(clip(tmp_path / "long.mp4", seconds=60, rate=50, size="640x360", sounds=()))
    stop = threading.Event()
    with reporting_to(_Seen(stop.set)), pytest.raises(Stopped):
        service.encode(id_, stop=stop)
    assert list((workspace.root / "work").rglob("draft*")) == []
    assert not any(key.startswith("streams/") for key in _keys(workspace))


def test_leaving_ends_what_is_under_way(workspace: Workspace, add: Add, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no film")
    bad = add(tmp_path / "bad.mp4")
    long = add(clip(tmp_path / "long.mp4", seconds=60, rate=50, size="640x360", sounds=()))
    slow = Service(workspace.backends, QUICK.model_copy(update={"at_once": 2, "preset": "veryslow", "heights": (360,)}))
    outcomes = slow.encode_all()
    assert next(outcomes)[0] == bad
    outcomes.close()
    assert list((workspace.root / "work").rglob("draft*")) == []
    assert slow.pending() == [bad, long]
