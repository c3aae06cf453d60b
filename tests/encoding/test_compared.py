"""Comparisons of titles that are kept: found, replaced as a whole, never shown half-written or for another title."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest
from tests.encoding.shots import GOAL, two_shots

from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.objects.folder import FolderObjects
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, ExternalId, Kind, TitleDraft
from matinee.cli.run import run
from matinee.encoding.compared import Compared, Comparisons, film_key
from matinee.encoding.plans.comparing import Comparison
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings
from matinee.media.packets import packets
from matinee.media.probe import probe
from matinee.subsystems import create_workspace, open_workspace

WAYS = ("fixed", "title", "mixed")
SETTINGS = EncodingSettings(heights=(90, 180), keep_replaced_h=0)


@dataclass
class House:
    workspace: Workspace
    service: Service
    found: Comparison
    kept: Compared
    title: int
    other: int
    """Another title, of the same film."""

    def keys(self, title: int) -> list[str]:
        return [one.key for one in self.workspace.backends.objects.list(f"comparisons/{title}/")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("compared")
    film = two_shots(folder / "film.mp4")
    with create_workspace(folder / "workspace") as workspace:
        service = Service(workspace.backends, SETTINGS)
        title, other = (add(workspace, name, film) for name in ("One", "Other"))
        found = service.compare(title, WAYS, GOAL)
        yield House(workspace, service, found, service.comparison(title), title, other)


def add(workspace: Workspace, name: str, film: Path) -> int:
    catalog = workspace.service("catalog")
    ids = (ExternalId(source="path", key=name),)
    (id_,) = catalog.merge([TitleDraft(kind=Kind.FILM, name=name, ids=ids)]).ids
    catalog.put_asset(id_, AssetKind.SOURCE, str(film))
    return int(id_)


def test_what_is_kept_is_what_was_found(house: House) -> None:
    found, kept = house.found, house.kept
    assert [one.way for one in kept.ways] == list(WAYS)
    assert [one.bd_rate for one in kept.ways] == [found.saving("fixed", way) for way in WAYS]
    assert (kept.source, kept.duration_s, kept.rate, kept.width, kept.height) == ("film.mp4", 2.5, 24.0, 320, 180)
    assert kept.bounds_s == tuple([one.start / 24 for one in found.units] + [2.5])
    for way in kept.ways:
        for rung, encoded in zip(way.rungs, found.ways[way.way].rungs, strict=True):
            assert rung.vmaf["mean"] == pytest.approx(encoded.scores.mean())
            assert rung.quality == pytest.approx(found.over_time(encoded), abs=0.006)  # a short film is kept whole
            seconds = np.diff(kept.bounds_s)
            assert np.dot(rung.unit_kbps, seconds) / 2.5 == pytest.approx(rung.kbps, rel=0.001)


def test_a_pair_is_the_nearest_of_its_ways_and_knows_where_to_look(house: House) -> None:
    assert [one.ways for one in house.kept.pairs] == [("fixed", "title"), ("fixed", "mixed"), ("title", "mixed")]
    ways = {one.way: one for one in house.kept.ways}
    for pair in house.kept.pairs:
        one, other = (ways[way].rungs[rung] for way, rung in zip(pair.ways, pair.rungs, strict=True))
        assert (one.kbps, other.kbps) == tuple(rung.kbps for rung in house.found.pair(*pair.ways))
        apart = np.abs(np.convolve(np.array(one.quality) - other.quality, np.ones(12) / 12, mode="same"))
        assert apart[round(pair.most_apart_s / house.kept.step_s)] == pytest.approx(apart.max(), abs=0.01)


def test_every_pair_has_its_films_whole_and_in_step(house: House, tmp_path: Path) -> None:
    objects = house.workspace.backends.objects
    named = {rung.file for way in house.kept.ways for rung in way.rungs if rung.file}
    assert {one.rsplit("/", 1)[1] for one in house.keys(house.title)} == {*named, "comparison.json"}
    for pair in house.kept.pairs[:1]:
        for way, number in zip(pair.ways, pair.rungs, strict=True):
            rung = next(one for one in house.kept.ways if one.way == way).rungs[number]
            key = film_key(house.title, house.kept.folder, rung.file)
            (tmp_path / rung.file).write_bytes(objects.get(key))
            times = sorted(one.time for one in packets(tmp_path / rung.file, 0))
            assert [float(one) for one in times] == pytest.approx([n / 24 for n in range(60)], abs=1e-4)
            picture = probe(tmp_path / rung.file).video.display_size
            assert picture[0] / picture[1] == pytest.approx(16 / 9, rel=0.02)


def test_a_rung_of_several_sizes_has_a_film_too(house: House, tmp_path: Path) -> None:
    mixed, objects = house.found.ways["mixed"], FolderObjects(tmp_path / "objects")
    several = next(one for one in mixed.rungs if one.head)
    found = replace(house.found, ways={**house.found.ways, "mixed": replace(mixed, rungs=(several,))})
    kept = Comparisons(objects).keep(3, found, tmp_path, 0)
    (tmp_path / "film.mp4").write_bytes(objects.get(film_key(3, kept.folder, "mixed-0.mp4")))
    with av.open(str(tmp_path / "film.mp4")) as container:
        sizes = [(one.width, one.height) for one in container.decode(video=0)]
    assert len(sizes) == 60
    assert set(sizes) == {_size(one) for one in several.files}
    assert len(set(sizes)) == 2


def _size(encode: Path) -> tuple[int, int]:
    with av.open(str(encode)) as container:
        picture = next(container.decode(video=0))
        return picture.width, picture.height


def test_it_is_found_for_its_title_alone(house: House) -> None:
    assert [one.title_id for one in house.service.comparisons()] == [house.title]
    assert house.service.comparisons() == [house.kept]
    with pytest.raises(NotFound, match="has not been compared"):
        house.service.comparison(house.other)


def test_the_latest_replaces_those_before_and_tidying_removes_these(house: House) -> None:
    first = house.service.compare(house.other, ("fixed", "title"), GOAL)
    before = house.service.comparison(house.other)
    house.service.compare(house.other, ("title", "fixed"), GOAL)
    after = house.service.comparison(house.other)
    assert [one.way for one in after.ways] == ["title", "fixed"]
    assert after.made_ms > before.made_ms
    assert [one.title_id for one in house.service.comparisons()] == [house.other, house.title]
    assert first.ways.keys() == {"fixed", "title"}
    assert any(before.folder in key for key in house.keys(house.other))  # somebody may be watching
    everything = house.keys(house.title)
    assert house.service.tidy() == 1
    assert not any(before.folder in key for key in house.keys(house.other))
    assert sum(after.folder in key for key in house.keys(house.other)) == 2
    assert house.keys(house.title) == everything


def test_what_was_half_written_is_never_shown(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects, title = house.workspace.backends.objects, add(house.workspace, "Third", tmp_path / "none.mp4")
    objects.put(film_key(title, "1", "fixed-0.mp4"), b"half a film")
    with pytest.raises(NotFound):
        house.service.comparison(title)
    objects.put(f"comparisons/{title}/comparison.json", b'{"title_id": ')
    assert title not in {one.title_id for one in house.service.comparisons()}
    with pytest.raises(NotFound):
        house.service.comparison(title)
    objects.put(f"comparisons/{title}/comparison.json", json.dumps({"version": 2}).encode())
    assert title not in {one.title_id for one in house.service.comparisons()}
    assert house.service.tidy() == 1
    objects.delete(f"comparisons/{title}/comparison.json")
    assert house.keys(title) == []


def test_where_the_store_fails_the_comparison_of_before_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    objects, stored = house.workspace.backends.objects, house.keys(house.title)
    put_file, begun = type(objects).put_file, list[str]()

    def full(self: object, key: str, path: Path) -> object:
        begun.append(key)
        if len(begun) == 2:
            raise Unavailable("The disk is full.")
        return put_file(self, key, path)  # type: ignore[arg-type]

    monkeypatch.setattr(type(objects), "put_file", full)
    with pytest.raises(Unavailable):
        house.service.compare(house.title, WAYS, GOAL)
    assert len(begun) == 2
    assert house.service.comparison(house.title) == house.kept
    assert house.keys(house.title) == stored


@pytest.mark.parametrize("ways", [("fixed",), ("title", "title"), (), ("fixed", "best")])
def test_ways_that_make_no_comparison_are_refused_at_once(house: House, ways: tuple[str, ...]) -> None:
    before = house.keys(house.title)
    with pytest.raises(InvalidInput):
        house.service.compare(house.title, ways, GOAL)
    assert house.keys(house.title) == before


def test_the_command_keeps_a_title_and_not_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    film = two_shots(tmp_path / "film.mp4")
    with create_workspace(tmp_path / "workspace") as made:
        root, title = made.root, add(made, "One", film)
    flags = ["--workspace", str(root), "--set", "encoding.heights=[90]", "--set", "encoding.cap_vmaf=60"]
    ways = ["--ways", "fixed,title", "--preset", "ultrafast"]
    assert run([*flags, "encoding", "compare", str(film), *ways]) == 0
    assert "/console/encoding" not in capfd.readouterr().err
    assert run([*flags, "encoding", "compare", str(title), *ways]) == 0
    assert f"/console/encoding/{title}" in "".join(capfd.readouterr().err.split())
    with open_workspace(root) as again:
        assert [one.title_id for one in again.service("encoding").comparisons()] == [title]
