"""Streams of more than standard range: said so in every manifest, and beside them what every player can show."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from math import inf
from pathlib import Path
from xml.etree.ElementTree import fromstring

import av
import numpy as np
import pytest
from PIL import Image
from tests.encoding.high import carried, heightened, high
from tests.encoding.reading import pictures, variants
from tests.encoding.shots import two_shots
from tests.encoding.streams.test_judged import judged, missing_judges
from tests.media.clips import clip, ffmpeg

from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, ExternalId, Kind, TitleDraft
from matinee.catalog.service import Service as Catalog
from matinee.encoding.plans.preparing import prepare
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings
from matinee.subsystems import create_workspace

_DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@dataclass(frozen=True)
class _Streamed:
    """A published stream of a film of high range, in a folder of its own."""

    folder: Path
    film: Path
    codecs: list[str]
    """RFC 6381, of every rendition."""
    still: bytes
    dynamic: str
    transfer: int


@pytest.fixture(scope="module", params=[("smpte2084", "PQ", 16), ("arib-std-b67", "HLG", 18)], ids=["pq", "hlg"])
def streamed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> _Streamed:
    """Planned in HEVC and AV1, as the settings say: H.264 was not asked for."""
    transfer, dynamic, code = request.param
    work = tmp_path_factory.mktemp(dynamic)
    film = high(work / "film.mkv", frames=48, transfer=transfer)
    settings = EncodingSettings(
        method="shots", codecs=("hevc", "av1"), heights=(90,), segment_s=1, cap_vmaf=70, floor_vmaf=65
    )
    with create_workspace(work / "workspace") as workspace:
        catalog: Catalog = workspace.service("catalog")
        ids = (ExternalId(source="path", key=str(film)),)
        (id_,) = catalog.merge([TitleDraft(kind=Kind.FILM, name="film", ids=ids, language="en")]).ids
        catalog.put_asset(id_, AssetKind.SOURCE, str(film))
        stream = Service(workspace.backends, settings).encode(id_)
        folder = _fetched(workspace, stream.prefix, work / "stream")
        still = workspace.backends.objects.get(f"pictures/{id_}/still.webp")
    return _Streamed(folder, film, [one.codec for one in stream.renditions], still, dynamic, code)


def test_a_stream_of_high_range_has_standard_range_beside_it_and_names_both(streamed: _Streamed) -> None:
    code = streamed.transfer
    by_entry = {name: {one for one in streamed.codecs if one.startswith(name)} for name in ("avc1", "hvc1", "av01")}
    assert all(by_entry.values())
    assert all(one.endswith(f"M.10.0.110.09.{code}.09.0") for one in by_entry["av01"])
    assert all(one.startswith("hvc1.2.4.L") for one in by_entry["hvc1"])
    ranges = {(one.attributes["CODECS"][:4], one.attributes["VIDEO-RANGE"]) for one in variants(streamed.folder)}
    assert ranges == {("avc1", "SDR"), ("hvc1", streamed.dynamic), ("av01", streamed.dynamic)}
    high_ = {"ColourPrimaries": "9", "TransferCharacteristics": f"{code}", "MatrixCoefficients": "9"}
    assert _told((streamed.folder / "manifest.mpd").read_text()) == {
        "avc1": {"SupplementalProperty": dict.fromkeys(high_, "1")},
        "hvc1": {"EssentialProperty": high_},
        "av01": {"EssentialProperty": high_},
    }


def _told(manifest: str) -> dict[str, dict[str, dict[str, str]]]:
    """What is said of the colours of each codec, by how much it has to be understood."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for one in fromstring(manifest).iter(f"{_DASH}AdaptationSet"):
        entry = next(one.iter(f"{_DASH}Representation")).get("codecs", "")[:4]
        for kind in ("EssentialProperty", "SupplementalProperty"):
            for part in one.findall(f"{_DASH}{kind}"):
                scheme, _, name = part.get("schemeIdUri", "").rpartition(":")
                assert scheme == "urn:mpeg:mpegB:cicp"
                found.setdefault(entry, {}).setdefault(kind, {})[name] = part.get("value", "")
    return found


def test_devices_of_standard_range_alone_have_a_manifest_that_does_not_speak_of_ranges(streamed: _Streamed) -> None:
    hls, dash = ((streamed.folder / name).read_text() for name in ("master-legacy.m3u8", "manifest-legacy.mpd"))
    assert "avc1" in hls
    assert "VIDEO-RANGE" not in hls
    assert "avc1" in dash
    assert "cicp" not in dash


def test_every_segment_carries_what_its_pictures_need(streamed: _Streamed, tmp_path: Path) -> None:
    for number, codec in enumerate(streamed.codecs):
        segments = sorted(streamed.folder.glob(f"segment-{number}-*.m4s"))
        assert len(segments) == 2
        for segment in segments:
            whole = tmp_path / "whole.mp4"
            whole.write_bytes((streamed.folder / f"init-{number}.mp4").read_bytes() + segment.read_bytes())
            with av.open(str(whole)) as container:
                frame = next(container.decode(video=0))
            plain = codec.startswith("avc1")
            pixels, transfer = ("yuv420p", 1) if plain else ("yuv420p10le", streamed.transfer)
            assert (frame.format.name, int(frame.color_trc)) == (pixels, transfer)
            assert plain or {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} <= carried(whole)[0]


def test_pictures_of_the_title_are_in_standard_range(streamed: _Streamed, tmp_path: Path) -> None:
    number = next(i for i, one in enumerate(streamed.codecs) if one.startswith("avc1"))
    ffmpeg("-i", streamed.folder / f"media-{number}.m3u8", "-frames:v", 1, tmp_path / "plain.png")
    ffmpeg("-i", streamed.film, "-frames:v", 1, "-pix_fmt", "rgb24", tmp_path / "high.png")  # its codes as they are
    still, plain, codes = (
        np.asarray(Image.open(one).convert("L"), float).mean()
        for one in (BytesIO(streamed.still), tmp_path / "plain.png", tmp_path / "high.png")
    )
    assert abs(plain - codes) > 10
    assert abs(still - plain) < abs(plain - codes) / 3


def test_readers_of_others_take_a_stream_of_two_ranges(streamed: _Streamed) -> None:
    missing_judges()
    found = judged(streamed.folder)
    assert found["dash"]["manifest.mpd"]["warnings"] == []
    assert {one["codecs"] for one in found["dash"]["manifest.mpd"]["tracks"]} == set(streamed.codecs)
    assert {one["codecs"] for one in found["hls"]["master.m3u8"]["variants"]} == set(streamed.codecs)
    assert all(one["errors"] == [] for one in found["tracks"].values())


def test_shots_of_high_range_have_sizes_of_their_own(
    workspace: Workspace, catalog: Catalog, add: Callable[[Path], int], tmp_path: Path
) -> None:
    settings = EncodingSettings(
        method="shots", mixed=True, codecs=("hevc",), heights=(90, 180), segment_s=1, cap_vmaf=70, floor_vmaf=60
    )
    id_ = add(heightened(two_shots(tmp_path / "plain.mp4"), tmp_path / "film.mkv"))
    stream = Service(workspace.backends, settings).encode(id_)
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    folder = _fetched(workspace, row.uri, tmp_path / "stream")
    seen = {one.codec[:4]: set[tuple[object, ...]]() for one in stream.renditions}
    for number, one in enumerate(stream.renditions):
        for segment in folder.glob(f"segment-{number}-*.m4s"):
            whole = tmp_path / "whole.mp4"
            whole.write_bytes((folder / f"init-{number}.mp4").read_bytes() + segment.read_bytes())
            high_ = one.codec.startswith("hev1")
            assert not high_ or {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} <= carried(whole)[0]
            with av.open(str(whole)) as container:
                for frame in container.decode(video=0):
                    seen[one.codec[:4]].add((frame.width, frame.format.name, int(frame.color_trc)))
    assert {(pixels, transfer) for _, pixels, transfer in seen["hev1"]} == {("yuv420p10le", 16)}
    assert len(seen["hev1"]) > 1
    assert {(pixels, transfer) for kind in ("avc1", "avc3") for _, pixels, transfer in seen[kind]} == {("yuv420p", 1)}
    android = (folder / row.facts["families"]["android"]["hls"]).read_text()
    assert [one in android for one in ("VIDEO-RANGE=PQ", "VIDEO-RANGE=SDR", "hev1.2.4.", "avc3.")] == [True] * 4
    # What takes no changes of size gets one size in standard range.
    assert {one.attributes["CODECS"][:4] for one in variants(folder)} == {"avc1"}


def test_fast_films_are_thinned_out_as_on_the_ladder(
    workspace: Workspace, catalog: Catalog, add: Callable[[Path], int], tmp_path: Path
) -> None:
    settings = EncodingSettings(
        method="shots", heights=(90,), segment_s=1, cap_vmaf=75, floor_vmaf=70, max_frame_rate=30
    )
    id_ = add(clip(tmp_path / "film.mp4", seconds=2, rate=50, sounds=()))
    Service(workspace.backends, settings).encode(id_)
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    folder = _fetched(workspace, row.uri, tmp_path / "stream")
    assert {one.attributes["FRAME-RATE"] for one in variants(folder)} == {"25.000"}
    times = [time for time, _ in pictures(folder / "manifest.mpd", 0)]
    assert len(times) == 50
    assert len({after - before for before, after in pairwise(times)}) == 1
    assert row.duration_s == 2.0


def test_rates_within_the_limit_stay_as_they_are(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=1, rate="60000/1001", sounds=())
    rates = [prepare(film, "film", tmp_path, (90,), fastest).original.rate for fastest in (inf, 60, 59.94, 25)]
    assert rates == [Fraction(60000, 1001), Fraction(60000, 1001), Fraction(30000, 1001), Fraction(20000, 1001)]


def _fetched(workspace: Workspace, prefix: str, folder: Path) -> Path:
    """All files of a stream."""
    objects = workspace.backends.objects
    for one in objects.list(f"{prefix}/"):
        path = folder / one.key.removeprefix(f"{prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(objects.get(one.key))
    return folder
