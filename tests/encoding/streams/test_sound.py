"""Sound beside pictures: each codec keeps the time, sample by sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.encoding import reading
from tests.encoding.conftest import QUICK
from tests.encoding.streams.test_pipeline import check, encode
from tests.media.clips import clip

BOTH = QUICK.model_copy(update={"audio_codecs": ("aac", "opus"), "loudness_lufs": 0.0})
CLICKS = r"aevalsrc='if(lt(mod(t+0.75\,1)\,0.001)\,0.9\,0)':s=48000"


def _clicks(path: Path) -> list[float]:
    """When clicks are heard, by the clock of the decoded sound."""
    heard: dict[int, float] = {}
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            start = round(Fraction(frame.pts) * frame.time_base * 48000)
            samples = frame.to_ndarray().reshape(-1, frame.samples if frame.format.is_planar else 2)
            wave = np.abs(samples[0] if frame.format.is_planar else samples[:, 0])
            heard.update((start + int(i), float(wave[i])) for i in np.flatnonzero(wave > 0.4))
    found: list[int] = []
    for sample in sorted(heard):
        if not found or sample - found[-1] > 4800:
            found.append(sample)
    return [sample / 48000 for sample in found]


@pytest.fixture
def joined(tmp_path: Path) -> dict[str, Path]:
    """For each codec, the initialisation and all segments of the film's sound in one file."""
    _, folder = encode(clip(tmp_path / "film.mp4", sounds=(CLICKS,)), BOTH)
    found = {}
    for tag in reading.media_tags(folder, "AUDIO"):
        files = [reading.initialisation(folder, tag["URI"]), *reading.segments(folder, tag["URI"])]
        path = tmp_path / f"{tag['GROUP-ID']}.mp4"
        path.write_bytes(b"".join((folder / name).read_bytes() for name in files))
        found[tag["GROUP-ID"]] = path
    assert list(found) == ["sound-mp4a", "sound-opus"]
    return found


def test_clicks_lie_where_they_lay(joined: dict[str, Path]) -> None:
    for path in joined.values():
        # A thousandth of a second is what the source's own coding smears a click over.
        assert _clicks(path) == [pytest.approx(0.25 + i, abs=0.0015) for i in range(4)]


def test_segments_begin_at_nought_with_nothing_to_leave_out(joined: dict[str, Path]) -> None:
    for path in joined.values():
        with av.open(str(path)) as container:
            assert container.streams.audio[0].codec_context.sample_rate == 48000
            first = next(packet for packet in container.demux(audio=0) if packet.size)
            assert (first.pts, first.dts) == (0, 0)
    data = joined["sound-opus"].read_bytes()
    box = data[data.index(b"dOps") :]
    assert (box[5], int.from_bytes(box[6:8], "big")) == (2, 0)


def test_both_codecs_through_both_manifests(tmp_path: Path) -> None:
    film, folder = encode(clip(tmp_path / "film.mp4", sounds=("sine=440", "sine=880")), BOTH)
    check(folder, 4, Fraction(25), sounds=4)
    variants = reading.variants(folder)
    assert [one.uri for one in variants] == ["media-0.m3u8", "media-1.m3u8"] * 2
    assert [one.attributes["CODECS"].partition(",")[2] for one in variants] == ["mp4a.40.2"] * 2 + ["opus"] * 2
    tags = reading.media_tags(folder, "AUDIO")
    assert [one["NAME"] for one in tags] == ["Sound", "Sound (2)"] * 2
    assert [one["DEFAULT"] for one in tags] == ["YES", "NO"] * 2
    rates = [one.mean_bps / 1000 for one in film.presentation.sound if one.codecs == "opus"]
    assert all(40 < rate < 130 for rate in rates)


def test_opus_alone(tmp_path: Path) -> None:
    _, folder = encode(clip(tmp_path / "film.mp4"), BOTH.model_copy(update={"audio_codecs": ("opus",)}))
    check(folder, 4, Fraction(25))
    assert "mp4a" not in (folder / "master.m3u8").read_text() + (folder / "manifest.mpd").read_text()
