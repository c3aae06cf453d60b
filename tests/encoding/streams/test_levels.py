"""Every sound track comes out as loud as it should, by an ear that is not the one that measured it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.encoding import reading
from tests.encoding.conftest import QUICK
from tests.encoding.streams.test_pipeline import encode
from tests.media.clips import clip, ffmpeg

from matinee.encoding.streams import hls
from matinee.encoding.streams.film import Film
from matinee.media.run import ffmpeg_program


def _loudness(path: Path, track: int = 0) -> tuple[float, float]:
    """Integrated loudness and true peak by FFmpeg's `loudnorm`, which has a meter of its own."""
    command = [ffmpeg_program(), "-hide_banner", "-nostats", *map(str, reading.opening(path)), "-map", f"0:a:{track}"]
    told = subprocess.run(
        [*command, "-af", "loudnorm=print_format=json", "-f", "null", "-"], capture_output=True, text=True, check=True
    ).stderr
    found = json.loads(told[told.rindex("{") : told.rindex("}") + 1])
    return float(found["input_i"]), float(found["input_tp"])


def _film(folder: Path, filters: Sequence[str], seconds: float = 5, more: Sequence[object] = ()) -> Path:
    """A film with a sound track for each chain of filters over noise that comes and goes, as far up as voices go."""
    clip(folder / "silent.mp4", seconds=seconds, sounds=())
    inputs: list[object] = []
    for one in filters:
        noise = f"anoisesrc=color=pink:r=48000:seed=1:d={seconds},lowpass=4000,tremolo=f=1"
        inputs += ["-f", "lavfi", "-i", f"{noise},{one}"]
    maps = [part for i in range(1 + len(filters)) for part in ("-map", i)]
    path = folder / "film.mkv"
    ffmpeg("-i", folder / "silent.mp4", *inputs, *maps, "-c:v", "copy", "-c:a", "flac", *more, path)
    return path


def _heard(folder: Path, film: Film) -> list[tuple[float, float]]:
    return [_loudness(folder / hls.playlist_name(track)) for track in film.presentation.sound]


def test_soft_and_loud_tracks_come_to_the_same_loudness(tmp_path: Path) -> None:
    source = _film(
        tmp_path,
        ["volume=-16dB", "volume=2dB", "volume=-8dB,pan=mono|c0=c0", "volume=-9dB,pan=5.1|c0=c0|c1=c0|c2=c0|c4=0.5*c0"],
        more=["-metadata:s:a:0", "language=en", "-metadata:s:a:1", "language=de", "-disposition:a:2", "comment"],
    )
    film, folder = encode(source)
    found = _heard(folder, film)
    assert len(found) == 4
    assert all(loud == pytest.approx(-23, abs=0.5) for loud, _ in found)
    befores = [one.before.integrated_lufs for one in film.presentation.sound if one.before]
    assert max(befores) - min(befores) > 10
    for track, (loud, peak) in zip(film.presentation.sound, found, strict=True):
        assert track.after is not None
        assert track.after.integrated_lufs == pytest.approx(loud, abs=0.3)
        assert track.after.true_peak_dbtp == pytest.approx(peak, abs=0.5)


def test_peaks_hold_where_loudness_cannot_be_had_without_squeezing(tmp_path: Path) -> None:
    clicks = r"volume=volume='if(lt(mod(t\,1)\,0.002)\,1\,0.02)':eval=frame"
    film, folder = encode(_film(tmp_path, [clicks]))
    ((loud, peak),) = _heard(folder, film)
    (track,) = film.presentation.sound
    assert track.before is not None
    assert track.before.integrated_lufs is not None
    assert track.before.integrated_lufs < -30
    assert loud < -25
    # The encoder itself moves peaks a little, which is what the decibel below full scale is for.
    assert -2.5 < peak < 0


@pytest.mark.parametrize(("seconds", "filters"), [(3, "volume=0"), (0.2, "volume=-12dB")])
def test_silence_and_the_shortest_sound_stay_as_they_are(tmp_path: Path, seconds: float, filters: str) -> None:
    film, _ = encode(_film(tmp_path, [filters], seconds=seconds))
    (track,) = film.presentation.sound
    assert track.before is not None
    assert track.after is not None
    assert track.before.integrated_lufs is None
    if track.before.true_peak_dbtp is not None:
        assert track.after.true_peak_dbtp == pytest.approx(track.before.true_peak_dbtp, abs=1.5)


def test_another_target_or_none(tmp_path: Path) -> None:
    source = _film(tmp_path, ["volume=-6dB"])
    (before,) = [_loudness(source)]
    film, folder = encode(source, QUICK.model_copy(update={"loudness_lufs": -27.0}))
    assert _heard(folder, film)[0][0] == pytest.approx(-27, abs=0.5)
    other = tmp_path / "as it is"
    other.mkdir()
    source = source.rename(other / "film.mkv")
    film, folder = encode(source, QUICK.model_copy(update={"loudness_lufs": 0.0}))
    assert _heard(folder, film)[0][0] == pytest.approx(before[0], abs=0.5)
    assert film.presentation.sound[0].before is None
    assert film.presentation.sound[0].after is None


@pytest.mark.parametrize(("off_db", "taken"), [(0.0, True), (0.7, True), (-2.0, False)])
def test_sound_is_taken_as_it_is_only_if_it_is_as_loud_as_it_should_be(
    tmp_path: Path, off_db: float, *, taken: bool
) -> None:
    gain = -23 - _loudness(_film(tmp_path, ["anull"]))[0] + off_db
    source = _film(tmp_path, [f"volume={gain}dB"], more=["-c:a", "aac", "-b:a", "128k", "-ac", 2])
    film, folder = encode(source)
    (tag,) = reading.media_tags(folder, "AUDIO")
    sizes = [_sizes(path) for path in (source, folder / tag["URI"])]
    # The first packet is the encoder's priming, and the last may be cut off.
    assert (sizes[1][5:-5] == sizes[0][6 : len(sizes[1]) - 4]) == taken
    assert _heard(folder, film)[0][0] == pytest.approx(-23 + (off_db if taken else 0), abs=0.5)


def _sizes(path: Path) -> list[str]:
    told = ffmpeg(*reading.opening(path), "-map", "0:a:0", "-c", "copy", "-f", "framecrc", "-")
    return [line.split(",")[-1] for line in told.splitlines() if not line.startswith("#")]
