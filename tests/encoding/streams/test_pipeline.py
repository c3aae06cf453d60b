"""Whole films through the pipeline, and what comes out decoded again as a player would."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import parse as parse_xml

import numpy as np
import pytest
from PIL import Image
from tests.encoding import reading
from tests.encoding.conftest import QUICK
from tests.media.clips import chaptered, clip, ffmpeg, scenes

from matinee.base.errors import InvalidInput
from matinee.encoding.bench import Bench
from matinee.encoding.settings import EncodingSettings
from matinee.encoding.streams.film import Film, Sidecar
from matinee.encoding.streams.pipeline import encoded
from matinee.media import subtitles
from matinee.media.frames import frames_at
from matinee.media.probe import probe

DASH = {"d": "urn:mpeg:dash:schema:mpd:2011"}
WORDS = b"1\n00:00:00,500 --> 00:00:01,500\nHello & <i>welcome</i>\n\n2\n00:00:02,000 --> 00:01:00,000\nBye\n"


def encode(
    source: Path, settings: EncodingSettings = QUICK, beside: Sequence[Sidecar] = (), language: str = ""
) -> tuple[Film, Path]:
    """The film and a copy of its folder."""
    folder = source.parent / "stream"
    bench = Bench(source.parent / "bench")
    with encoded(source, bench, settings, label="encoding it", beside=beside, language=language) as film:
        shutil.copytree(film.folder, folder)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == set(film.files)
    assert film.files[-2:] == ("manifest.mpd", "master.m3u8")
    return film, folder


def check(folder: Path, seconds: float, rate: Fraction, sounds: int = 1) -> None:
    """Both manifests: every rendition decodes to every frame, at the same times, with the same pictures."""
    found = list({one.uri: one for one in reading.variants(folder)}.values())
    frames = round(seconds * rate)
    told = reading.dash_files(folder)
    tracks = [one.uri for one in found] + [tag["URI"] for tag in reading.media_tags(folder, "AUDIO")]
    for files, playlist in zip(told.values(), tracks, strict=True):
        assert files == [reading.initialisation(folder, playlist), *reading.segments(folder, playlist)]
    for i, variant in enumerate(found):
        hls = reading.pictures(folder / variant.uri, 0)
        assert len(hls) == frames
        # FFmpeg's reader of DASH reads the last segment of the tiniest films twice.
        assert frames < 10 or reading.pictures(folder / "manifest.mpd", i) == hls
        assert variant.attributes["FRAME-RATE"] == f"{float(rate):.3f}"
    cuts = [reading.first_packets(folder, one.uri) for one in found]
    assert all(one == cuts[0] for one in cuts)
    assert all(key and closed for _, key, closed in cuts[0])
    assert cuts[0][0][0] == 0
    assert len(reading.media_tags(folder, "AUDIO")) == sounds
    for i in range(sounds):
        assert frames < 10 or reading.sound_seconds(folder / "manifest.mpd", i) == pytest.approx(seconds, abs=0.05)
        playlist = reading.media_tags(folder, "AUDIO")[i]["URI"]
        assert reading.sound_seconds(folder / playlist) == pytest.approx(seconds, abs=0.05)
    _bandwidths(folder)


def _bandwidths(folder: Path) -> None:
    """BANDWIDTH is no less than any segment needs, and not much more (RFC 8216, 4.3.4.2)."""
    sounds = [reading.segments(folder, tag["URI"]) for tag in reading.media_tags(folder, "AUDIO")]
    for variant in reading.variants(folder):
        length = [float(x) for x in re.findall(r"#EXTINF:([\d.]+)", (folder / variant.uri).read_text())]
        needed = [
            8 * (folder / name).stat().st_size / seconds
            for name, seconds in zip(reading.segments(folder, variant.uri), length, strict=True)
            if seconds > max(length) / 2
        ]
        told = int(variant.attributes["BANDWIDTH"])
        allowance = 400_000 if sounds else 0
        assert max(needed) <= told <= max(needed) * 1.01 + allowance
        assert int(variant.attributes["AVERAGE-BANDWIDTH"]) <= told


def test_a_plain_film(film: Path) -> None:
    made, folder = encode(film)
    assert [(one.width, one.height) for one in made.renditions] == [(160, 90), (320, 180)]
    check(folder, 4, Fraction(25))
    (variant, _) = reading.variants(folder)
    assert re.fullmatch(r"avc1\.[0-9a-f]{6},mp4a\.40\.2", variant.attributes["CODECS"])
    assert len(reading.segments(folder, variant.uri)) == 4
    assert list((film.parent / "bench").glob("draft*")) == []


@pytest.mark.parametrize(
    ("size", "seconds", "rate"),
    [
        ("321x179", 3, "24000/1001"),
        ("180x320", 3, "30"),
        ("34x18", 2, "25"),
        ("16x16", 2, "25"),
        ("640x20", 2, "25"),
        ("320x180", 0.2, "25"),
        ("320x180", 2, "12.5"),
        ("320x180", 2, "120"),
        ("320x180", 3, "1"),
    ],
)
def test_odd_films(tmp_path: Path, size: str, seconds: float, rate: str) -> None:
    source = clip(tmp_path / "film.mkv", size=size, seconds=seconds, rate=rate, more=["-pix_fmt", "yuv444p"])
    made, folder = encode(source)
    shown = min(Fraction(rate), Fraction(60))
    width, height = map(int, size.split("x"))
    assert all(one.width <= width and one.height <= height for one in made.renditions)
    check(folder, round(seconds * shown) / shown, shown)


def test_silent_films_have_no_sound(tmp_path: Path) -> None:
    _, folder = encode(clip(tmp_path / "film.mp4", sounds=()))
    check(folder, 4, Fraction(25), sounds=0)
    assert "mp4a" not in (folder / "master.m3u8").read_text()
    assert "audio" not in (folder / "manifest.mpd").read_text()


def test_a_phone_held_upright_stays_upright(tmp_path: Path) -> None:
    corner = "drawbox=x=0:y=0:w=160:h=60:color=red:t=fill"
    clip(tmp_path / "lying.mp4", picture="color=blue", sounds=(), more=["-vf", corner])
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "lying.mp4", "-c", "copy", tmp_path / "film.mp4")
    made, folder = encode(tmp_path / "film.mp4")
    assert (made.renditions[-1].width, made.renditions[-1].height) == (180, 320)
    # The box was at the top left; a quarter turn against the clock takes it to the bottom left.
    ffmpeg("-i", folder / reading.variants(folder)[-1].uri, "-frames:v", 1, tmp_path / "shown.png")
    with Image.open(tmp_path / "shown.png") as image:
        picture = np.asarray(image.convert("RGB"))
    assert picture[250, 20, 0] > 150
    assert picture[20, 20, 2] > 150


def test_samples_that_are_not_square_are_shown_in_shape(tmp_path: Path) -> None:
    source = clip(tmp_path / "film.mkv", size="352x288", sounds=(), more=["-vf", "setsar=16/11"])
    made, folder = encode(source)
    assert [(one.width, one.height) for one in made.renditions] == [(160, 90), (320, 180)]
    sets = parse_xml(folder / "manifest.mpd").getroot().findall(".//d:AdaptationSet", DASH)
    assert sets[0].get("par") == "16:9"


def test_variable_rate_becomes_constant(tmp_path: Path) -> None:
    holes = ["-vf", r"select=not(between(n\,60\,75))", "-fps_mode", "vfr"]
    _, folder = encode(clip(tmp_path / "film.mkv", seconds=6, rate=30, more=holes))
    check(folder, 6, Fraction(30))


def test_sound_that_begins_late_and_ends_early_keeps_its_place(tmp_path: Path) -> None:
    clip(tmp_path / "picture.mp4", seconds=6, sounds=())
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=2", tmp_path / "tone.wav")
    source = tmp_path / "film.mkv"
    ffmpeg("-i", tmp_path / "picture.mp4", "-itsoffset", 2, "-i", tmp_path / "tone.wav", "-map", 0, "-map", 1,
           "-c:v", "copy", "-c:a", "aac", source)  # fmt: skip
    _, folder = encode(source)
    check(folder, 6, Fraction(25))
    raw = tmp_path / "sound.raw"
    ffmpeg("-i", folder / "manifest.mpd", "-map", "0:a:0", "-ac", 1, "-ar", 48000, "-f", "s16le", raw)
    loud = np.abs(np.fromfile(raw, np.int16).astype(int)) > 500
    assert np.flatnonzero(loud)[0] / 48000 == pytest.approx(2, abs=0.1)
    assert np.flatnonzero(loud)[-1] / 48000 == pytest.approx(4, abs=0.1)


def test_five_point_one_becomes_stereo_in_each_language(tmp_path: Path) -> None:
    source = tmp_path / "film.mkv"
    clip(tmp_path / "a.mp4", sounds=("sine=440", "sine=880"))
    ffmpeg("-i", tmp_path / "a.mp4", "-map", 0, "-c:v", "copy", "-c:a", "ac3", "-ac", 6,
           "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger", source)  # fmt: skip
    _, folder = encode(source)
    check(folder, 4, Fraction(25), sounds=2)
    tags = reading.media_tags(folder, "AUDIO")
    assert [(one["LANGUAGE"], one["NAME"], one["DEFAULT"], one["CHANNELS"]) for one in tags] == [
        ("en", "English", "YES", "2"), ("de", "Deutsch", "NO", "2"),
    ]  # fmt: skip


def test_a_single_sound_track_is_in_the_language_of_the_film(film: Path) -> None:
    _, folder = encode(film, language="sv")
    assert reading.media_tags(folder, "AUDIO")[0]["LANGUAGE"] == "sv"
    assert 'lang="sv"' in (folder / "manifest.mpd").read_text()


def test_high_dynamic_range_becomes_standard(tmp_path: Path) -> None:
    hdr = ["-c:v", "libx265", "-x265-params", "log-level=error", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"]
    tags = ["-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"]
    _, folder = encode(clip(tmp_path / "film.mkv", seconds=1, sounds=(), more=[*hdr, *tags]))
    whole = tmp_path / "whole.mp4"
    ffmpeg("-i", folder / "manifest.mpd", "-map", "0:v:0", "-c", "copy", whole)
    video = probe(whole).video
    assert (video.dynamic, video.bit_depth, video.matrix) == ("sdr", 8, 1)


def test_subtitles_from_beside_and_inside_are_found_through_both_manifests(tmp_path: Path) -> None:
    clip(tmp_path / "a.mp4")
    (tmp_path / "inside.srt").write_bytes(WORDS)
    source = tmp_path / "film.mkv"
    ffmpeg("-i", tmp_path / "a.mp4", "-i", tmp_path / "inside.srt", "-map", 0, "-map", 1, "-c", "copy", "-c:s", "ass",
           "-metadata:s:s:0", "language=fre", source)  # fmt: skip
    beside = [
        Sidecar(name="film.de.srt", data="1\n00:00:01,000 --> 00:00:02,000\nGrüße\n".encode("cp1252"), language="de"),
        Sidecar(name="film.en.srt", data=b"not subtitles", language="en"),
        Sidecar(name="late.srt", data=b"1\n00:01:00,000 --> 00:01:02,000\nlate\n"),
    ]
    made, folder = encode(source, beside=beside)
    tags = reading.media_tags(folder, "SUBTITLES")
    assert [(one["LANGUAGE"], one["NAME"]) for one in tags] == [("de", "Deutsch"), ("fr", "Français")]
    assert all(one.attributes["SUBTITLES"] == "subtitles" for one in reading.variants(folder))
    root = parse_xml(folder / "manifest.mpd").getroot()
    files = [one.text for one in root.findall(".//d:AdaptationSet[@mimeType='text/vtt']//d:BaseURL", DASH)]
    assert files == ["subtitles/0-de.vtt", "subtitles/1-fr.vtt"]
    for tag, file in zip(tags, files, strict=True):
        (part,) = reading.segments(folder / "subtitles", Path(tag["URI"]).name)
        timed = (folder / "subtitles" / part).read_text()
        assert timed.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n")
        assert subtitles.parse(timed) == subtitles.parse((folder / file).read_text())
    assert "Grüße" in (folder / files[0]).read_text()
    cues = subtitles.parse((folder / files[1]).read_text())
    assert [(cue.start, cue.end) for cue in cues] == [(Fraction(1, 2), Fraction(3, 2)), (2, 4)]
    assert len(made.refused) == 2
    assert "film.en.srt" in made.refused[0]
    assert "late.srt" in made.refused[1]
    # A player that knows nothing of us finds them too.
    out = tmp_path / "found.vtt"
    ffmpeg("-i", folder / "master.m3u8", "-map", "0:s:0", out)
    assert "Grüße" in out.read_text()


def test_storyboard_and_pictures(tmp_path: Path) -> None:
    source = scenes(tmp_path / "film.mp4", ["black", "red", "blue", "lime"], size="320x180")
    made, folder = encode(source)
    cues = subtitles.parse((folder / "storyboard.vtt").read_text())
    assert (cues[0].start, cues[-1].end) == (0, 4)
    assert all(before.end == after.start for before, after in pairwise(cues))
    assert {cue.text.partition("#")[0] for cue in cues} <= set(made.files)
    for data, size in ((made.pictures.still, (320, 180)), (made.pictures.poster, (120, 180))):
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.size) == ("WEBP", size)
            assert np.asarray(image.convert("RGB")).mean() > 20


@pytest.mark.parametrize("codec", [["-c:v", "libx264"], ["-c:v", "mpeg4"]])
def test_a_film_that_fits_is_taken_as_it_is(tmp_path: Path, codec: list[str]) -> None:
    gop = ["-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-b:v", "300k", "-ac", "2", "-b:a", "96k"]
    source = clip(
        tmp_path / "film.mp4", more=[*codec, "-preset", "medium", *gop] if "libx264" in codec else [*codec, *gop]
    )
    _, folder = encode(source)
    check(folder, 4, Fraction(25))
    same = reading.pictures(folder / reading.variants(folder)[-1].uri, 0) == reading.pictures(source, 0)
    assert same == ("libx264" in codec)


@pytest.mark.parametrize("name", ["text.mp4", "tail.mp4"])
def test_damaged_films_are_refused_and_leave_no_drafts(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "text.mp4":
        path.write_text("no film")
    else:
        # The index is whole and the end is there, but the middle is not.
        source = clip(tmp_path / "good.mp4", seconds=20, more=["-movflags", "faststart"])
        data = bytearray(source.read_bytes())
        start = data.index(b"mdat") + 4
        data[start + 2000 : -3000] = bytes(len(data) - start - 5000)
        path.write_bytes(data)
    with pytest.raises(InvalidInput, match=name):
        encode(path)
    assert [one.name for one in (tmp_path / "bench").iterdir() if one.name.startswith("draft")] == []


def test_real_clips(real_data: Path, tmp_path: Path) -> None:
    words = [
        Sidecar(
            name=f"{tag}.vtt", data=(real_data / "subtitles" / f"sintel-short-{tag}.vtt").read_bytes(), language=tag
        )
        for tag in ("en", "de", "es")
    ]
    source = tmp_path / "sintel.mp4"
    shutil.copy(real_data / "clips" / "sintel_dialogue_204p_52s.mp4", source)
    made, folder = encode(source, EncodingSettings(preset="ultrafast"), beside=words)
    check(folder, 1252 / 24, Fraction(24))
    assert [one["LANGUAGE"] for one in reading.media_tags(folder, "SUBTITLES")] == ["en", "de", "es"]
    assert made.refused == ()


def test_pictures_that_change_their_size_on_the_way_come_in_their_order(tmp_path: Path) -> None:
    film, colours = tmp_path / "film.ts", ("red", "lime", "blue")
    with film.open("wb") as out:
        for i, (colour, size) in enumerate(zip(colours, ("320x180", "426x240", "320x180"), strict=True)):
            part = clip(
                tmp_path / f"{i}.ts", seconds=1, rate=24, size=size, sounds=(), picture=f"color={colour}",
                more=("-bf", 0, "-output_ts_offset", i),
            )  # fmt: skip
            out.write(part.read_bytes())
    encode(film)
    pictures = frames_at(tmp_path / "bench" / "video-320x180.mp4", [Fraction(1, 2), Fraction(3, 2), Fraction(5, 2)])
    assert [int(one[90, 160].argmax()) for one in pictures] == [0, 1, 2]


def test_chapters_are_told(tmp_path: Path) -> None:
    told = [(0, 1.5, "A <b> & c"), (1.5, 3, ""), (3, 9, "End")]
    made, folder = encode(chaptered(clip(tmp_path / "plain.mp4"), tmp_path / "film.mkv", told))
    assert "chapters.vtt" in made.files
    found = subtitles.parse((folder / "chapters.vtt").read_text())
    assert [(one.start, one.end, one.text) for one in found] == [
        (0, Fraction(3, 2), "A &lt;b&gt; &amp; c"), (Fraction(3, 2), 3, "Chapter 2"), (3, 4, "End"),
    ]  # fmt: skip


def test_a_single_chapter_tells_nothing(tmp_path: Path) -> None:
    source = chaptered(clip(tmp_path / "plain.mp4"), tmp_path / "film.mkv", [(0, 4, "All of it")])
    made, _ = encode(source)
    assert "chapters.vtt" not in made.files
