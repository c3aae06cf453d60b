"""Subtitles in segments, through both manifests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import fromstring

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.encoding import reading
from tests.encoding.conftest import QUICK
from tests.encoding.streams.test_pipeline import encode
from tests.media.clips import clip

from matinee.encoding.streams.film import Sidecar
from matinee.encoding.streams.timed import lengths
from matinee.media import subtitles

WORDS = "WEBVTT\n\n" + "".join(
    f"00:{minute:02}:{second:02}.000 --> 00:{minute:02}:{second + 9:02}.000\nAt {minute}:{second:02} <i>o'clock</i>\n\n"
    for minute in range(2)
    for second in range(5, 50, 10)
)
ACROSS = "00:00:58.000 --> 00:01:02.000\nAcross\n\n"


@given(duration=st.fractions(Fraction(1, 10), 9000), segment=st.fractions(1, 20))
def test_segments_last_about_a_minute_and_as_long_as_the_film(duration: Fraction, segment: Fraction) -> None:
    found = lengths(duration, segment)
    assert 0 <= sum(found) - duration < Fraction(1, 1000)
    assert len(set(found[:-1])) <= 1
    assert all(45 <= one <= 75 for one in found[:-1])
    assert found[-1] > 0


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timed")
    source = clip(folder / "film.mp4", seconds=100, size="160x90", rate=5)
    beside = [Sidecar(name="film.en.vtt", data=(WORDS + ACROSS).encode(), language="en")]
    return encode(source, QUICK.model_copy(update={"imsc": True, "heights": (90,)}), beside=beside)[1]


def test_webvtt_in_segments_holds_every_cue(stream: Path) -> None:
    (tag,) = [one for one in reading.media_tags(stream, "SUBTITLES") if one["GROUP-ID"] == "subtitles"]
    first, second = (
        subtitles.parse((stream / "subtitles" / name).read_text())
        for name in reading.segments(stream / "subtitles", Path(tag["URI"]).name)
    )
    whole = subtitles.parse((stream / "subtitles" / "0-en.vtt").read_text())
    assert {*first, *second} == set(whole)
    assert [cue.text for cue in first if cue in second] == ["Across"]
    assert all(cue.start < 60 for cue in first)
    assert all(cue.end > 60 for cue in second)


def test_imsc_in_segments_holds_every_cue_too(stream: Path) -> None:
    (tag,) = [one for one in reading.media_tags(stream, "SUBTITLES") if one["GROUP-ID"] == "subtitles-imsc"]
    files = [reading.initialisation(stream, tag["URI"]), *reading.segments(stream, tag["URI"])]
    assert reading.dash_files(stream)["text-0"] == files
    joined = stream.parent / "text.mp4"
    joined.write_bytes(b"".join((stream / name).read_bytes() for name in files))
    with av.open(str(joined)) as container:
        packets = [packet for packet in container.demux() if packet.size]
        found = [(packet.pts * packet.time_base, fromstring(bytes(packet))) for packet in packets]
    assert [start for start, _ in found] == [0, 60]
    shown = {
        (one.get("begin"), one.get("end"), "".join(one.itertext()))
        for _, root in found
        for one in root.iter("{http://www.w3.org/ns/ttml}p")
    }
    whole = subtitles.parse((stream / "subtitles" / "0-en.vtt").read_text())
    assert len(shown) == len(whole) == 10
    assert ("00:00:58.000", "00:01:02.000", "Across") in shown
    assert ("00:01:05.000", "00:01:14.000", "At 1:05 o'clock") in shown


def test_without_being_asked_there_is_none(tmp_path: Path) -> None:
    beside = [Sidecar(name="film.en.vtt", data=WORDS.encode(), language="en")]
    made, folder = encode(clip(tmp_path / "film.mp4", seconds=10), beside=beside)
    assert made.presentation.imsc == ()
    assert "stpp" not in (folder / "master.m3u8").read_text() + (folder / "manifest.mpd").read_text()
