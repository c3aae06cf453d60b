"""Streams before readers that are none of ours: clear and encrypted, in all codecs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from tests.encoding.coded import CODED, RATE, UNITS, cut_up, mixed
from tests.encoding.streams.test_encryption import key_of

from matinee.base.errors import Unavailable
from matinee.encoding.streams import dash, hls, timed
from matinee.encoding.streams.encryption import Protection, encrypt
from matinee.encoding.streams.package import Cut
from matinee.encoding.streams.presentation import Presentation, Subtitles, Track
from matinee.media.run import packager_program

JUDGE = Path(__file__).with_name("judge.mjs")
JUDGES = ("hls-parser", "mp4box", "mpd-parser")
LENGTH = sum(UNITS) / RATE
METHODS = {"none": "NONE", "cenc": "SAMPLE-AES-CTR", "cbcs": "SAMPLE-AES"}
SIZES = ("h264-90", "h264-180", "hevc-90", "hevc-180", "av1-90", "av1-180")
HEIGHTS = (90, 180, 90, 144, 180, 90, 144, 144)


def judged(folder: Path) -> Any:
    """What the judges make of a stream. Raises where one of them refuses it."""
    ran = subprocess.run(["node", str(JUDGE), str(folder)], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ValueError(ran.stderr)
    return json.loads(ran.stdout)


def missing_judges(*more: str) -> None:
    """Skip in words where a judge is missing, or something else that is needed; under CI it fails."""
    absent = [one for one in JUDGES if not (Path(__file__).parents[3] / "node_modules" / one).is_dir()]
    absent += [*more, *([] if shutil.which("node") else ["node"])]
    if absent:
        assert not os.environ.get("CI"), absent
        pytest.skip(f"{', '.join(absent)} is not on this machine: run `make setup`, and install Node.js")


@pytest.fixture(scope="module", params=["none", "cenc", "cbcs"])
def stream(
    request: pytest.FixtureRequest, coded: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Presentation]:
    """The folder of a stream, and what we think it is; skipped in words where a judge is missing, under CI it fails."""
    scheme, folder = request.param, tmp_path_factory.mktemp(request.param)
    _needed(scheme)
    film = cut_up(folder, [coded[name] for name in SIZES], coded["sound"], 50)
    return folder, _presented(folder, film, scheme)


@pytest.fixture(scope="module", params=["none", "cenc", "cbcs"])
def mixed_stream(
    request: pytest.FixtureRequest, coded: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Presentation]:
    """The same, of pictures whose size changes in all codecs, and one of one size."""
    scheme, folder = request.param, tmp_path_factory.mktemp(f"mixed-{request.param}")
    _needed(scheme)
    changing = [mixed(tmp_path_factory.mktemp(codec), codec, HEIGHTS)[0] for codec in CODED]
    film = cut_up(folder, [coded["h264-180"], *changing], coded["sound"], 50, changing=changing)
    return folder, _presented(folder, film, scheme)


def _needed(scheme: str) -> None:
    """Skip in words what cannot be judged here."""
    try:
        assert scheme == "none" or packager_program()
        missing_judges()
    except Unavailable as missing:
        missing_judges(str(missing))


def _presented(folder: Path, film: Cut, scheme: Any) -> Presentation:
    """The tracks encrypted where that is asked for, and manifests beside them."""
    if scheme != "none":
        film = encrypt(folder, film, Protection(scheme, key_of), about="it")
    words = Subtitles(
        language="en",
        label="English",
        file="subtitles/0-en.vtt",
        segments=timed.lengths(film.video[0].duration, Fraction(2)),
    )
    made = Presentation(
        duration=film.video[0].duration, segment_s=Fraction(2), aspect=Fraction(16, 9), video=film.video,
        sound=film.sound, subtitles=(words,), scheme=scheme,
    )  # fmt: skip
    (folder / "subtitles").mkdir()
    for name in (words.file, *words.parts()):
        (folder / name).write_text("WEBVTT\n")
    for name, text in {**hls.playlists(made), **dash.manifests(made)}.items():
        (folder / name).write_text(text)
    return made


def test_dash_is_read_as_it_was_meant(stream: tuple[Path, Presentation]) -> None:
    folder, made = stream
    found = judged(folder)["dash"]
    assert {name: len(one["tracks"]) for name, one in found.items()} == {
        "manifest.mpd": 7, "manifest-tv.mpd": 5, "manifest-legacy.mpd": 3,
    }  # fmt: skip
    tracks = {one.id: one for one in (*made.video, *made.sound)}
    for manifest in found.values():
        assert manifest["warnings"] == []
        assert manifest["duration"] == pytest.approx(LENGTH)
        for one in manifest["tracks"]:
            track = tracks[one["id"]]
            assert (one["codecs"], one["bandwidth"]) == (track.codecs, track.peak_bps)
            assert (one["scheme"], one["kid"]) == (made.scheme, track.kid)
            assert [one["map"], *(uri for uri, *_ in one["segments"])] == [track.initialisation, *track.files()]
            times = [time for *_, time in one["segments"]]
            lengths = [length for _, length, _ in one["segments"]]
            assert times == pytest.approx([0, *accumulate(lengths[:-1])])


def test_hls_is_read_as_it_was_meant(stream: tuple[Path, Presentation]) -> None:
    folder, made = stream
    found = judged(folder)["hls"]
    assert set(found) == {"master.m3u8", "master-tv.m3u8", "master-legacy.m3u8"}
    tracks = {hls.playlist_name(one): one for one in (*made.video, *made.sound)}
    for master in found.values():
        assert set(master["texts"]) == {1}
        for one in master["variants"]:
            assert one["codecs"] == f"{tracks[one['uri']].codecs},mp4a.40.2"
        for one in master["tracks"]:
            track = tracks[one["uri"]]
            assert one["methods"] == [METHODS[made.scheme]]
            assert one["key"] == (f"../keys/{track.kid}" if track.kid else "")
            assert [one["map"], *(uri for uri, _ in one["segments"])] == [track.initialisation, *track.files()]
            assert max(round(length) for _, length in one["segments"]) <= one["targetDuration"]
    scored = sorted(found["master.m3u8"]["variants"], key=lambda one: -one["score"])
    assert [tracks[one["uri"]].codec for one in scored] == ["av01", "hvc1", "avc1"] * 2


def assert_as_told(one: Any, track: Track, made: Presentation) -> None:
    """What a judge found in a track is what we think it is."""
    assert one["errors"] == []
    assert (one["original"], one["scheme"], one["kid"]) == (track.codec, made.scheme, track.kid)
    if made.scheme == "none":
        assert one["codec"] == track.codecs
    starts = [0, *accumulate(float(track.seconds(part)) for part in track.segments[:-1])]
    assert [part["time"] for part in one["segments"]] == pytest.approx(starts)


def test_segments_are_what_manifests_say(stream: tuple[Path, Presentation]) -> None:
    folder, made = stream
    found = judged(folder)
    for track in (*made.video, *made.sound):
        one = found["tracks"][track.initialisation]
        assert_as_told(one, track, made)
        assert all(part["sync"] for part in one["segments"])
        samples = sum(part["samples"] for part in one["segments"])
        assert track in made.sound or samples == sum(UNITS)
        if made.scheme == "cenc" or track in made.video:  # whole packets of sound under cbcs need no vectors
            assert [part["sealed"] for part in one["segments"]] == [
                0 if made.scheme == "none" else part["samples"] for part in one["segments"]
            ]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("media-0.m3u8", "#EXTINF:", "#EXTINFO:"),
        ("media-0.m3u8", "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:1"),
        ("master.m3u8", "BANDWIDTH=", "WIDTH="),
        ("manifest.mpd", "</Period>", "</period>"),
    ],
)
def test_the_judges_are_strict(
    stream: tuple[Path, Presentation], tmp_path: Path, name: str, right: str, wrong: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(stream[0], folder)
    text = (folder / name).read_text()
    assert right in text
    (folder / name).write_text(text.replace(right, wrong))
    with pytest.raises(ValueError, match="Error"):
        judged(folder)


def test_pictures_whose_size_changes_are_read_as_they_were_meant(mixed_stream: tuple[Path, Presentation]) -> None:
    folder, made = mixed_stream
    found = judged(folder)
    mixed_ones = {one.id for one in made.video if one.mixed}
    offered = {name: {one["id"] for one in manifest["tracks"]} for name, manifest in found["dash"].items()}
    assert not offered["manifest.mpd"] & mixed_ones
    assert mixed_ones < offered["manifest-web.mpd"]
    assert all(manifest["warnings"] == [] for manifest in found["dash"].values())
    assert {one["codecs"].partition(".")[0] for one in found["hls"]["master-web.m3u8"]["variants"]} == {
        "avc3", "hev1", "av01",
    }  # fmt: skip
    assert set(found["hls"]) == {"master.m3u8", "master-web.m3u8", "master-android.m3u8"}
    for track in made.video:
        one = found["tracks"][track.initialisation]
        assert_as_told(one, track, made)
