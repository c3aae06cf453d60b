"""How loud sounds are of which it is known, and what gain they get."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.clips import ffmpeg

from matinee.media.loudness import MOST_DB, Loudness, gain_db, measured


def _tone(path: Path, level_db: float, pan: str = "stereo|c0=c0|c1=c0") -> Path:
    wave = f"aevalsrc=sin(2*PI*1000*t):s=48000:d=3,volume={level_db}dB,pan={pan}"
    ffmpeg("-f", "lavfi", "-i", wave, "-c:a", "pcm_f32le", path)
    return path


@pytest.mark.parametrize("level", [-20, -33.5])
def test_a_tone_of_1_khz_in_both_channels_is_as_loud_as_its_peak(tmp_path: Path, level: float) -> None:
    """EBU Tech 3341, test signals 1 and 2."""
    found = measured(_tone(tmp_path / "tone.wav", level), 0)
    assert found.integrated_lufs == pytest.approx(level, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(level, abs=0.2)


def test_one_channel_is_half_as_loud_and_filters_are_heard(tmp_path: Path) -> None:
    path = _tone(tmp_path / "mono.wav", -20, pan="mono|c0=c0")
    assert measured(path, 0).integrated_lufs == pytest.approx(-23, abs=0.1)
    assert measured(path, 0, "volume=-6dB").integrated_lufs == pytest.approx(-29, abs=0.1)


def test_peaks_between_samples_count(tmp_path: Path) -> None:
    path = tmp_path / "quarter.wav"
    # A quarter of the sampling rate, its samples all 45 degrees off the crest, 3 dB below it. Softly begun, as a sudden
    # beginning has crests of its own.
    wave = "aevalsrc=0.5*min(1\\,t)*sin(2*PI*12000*t+PI/4):s=48000:d=2"
    ffmpeg("-f", "lavfi", "-i", wave, "-af", "afade=out:st=1.5:d=0.5", "-c:a", "pcm_f32le", path)
    assert measured(path, 0).true_peak_dbtp == pytest.approx(-6.02, abs=0.2)


@pytest.mark.parametrize(("source", "peak"), [("anullsrc=r=48000:d=2", None), ("sine=1000:r=48000:d=0.2", -18)])
def test_silence_and_what_is_too_short_have_no_loudness(tmp_path: Path, source: str, peak: float | None) -> None:
    ffmpeg("-f", "lavfi", "-i", source, tmp_path / "sound.wav")
    found = measured(tmp_path / "sound.wav", 0)
    assert found.integrated_lufs is None
    assert found.true_peak_dbtp == (peak if peak is None else pytest.approx(peak, abs=0.3))


def test_progress_comes_to_the_end(tmp_path: Path) -> None:
    told: list[Fraction] = []
    measured(_tone(tmp_path / "tone.wav", -20), 0, progress=told.append)
    assert told == sorted(told)
    assert 2.8 < told[-1] <= 3


@given(loud=st.floats(-69, 0), peak=st.floats(-60, 10), target=st.floats(-36, -10), ceiling=st.floats(-9, 0))
def test_gain_never_passes_the_target_nor_the_ceiling(loud: float, peak: float, target: float, ceiling: float) -> None:
    gain = gain_db(Loudness(integrated_lufs=loud, true_peak_dbtp=peak), target, ceiling)
    assert gain <= MOST_DB
    assert peak + gain <= ceiling + 1e-9
    assert loud + gain <= target + 1e-9
    assert gain == MOST_DB or peak + gain >= ceiling - 1e-9 or loud + gain >= target - 1e-9


def test_what_cannot_be_measured_is_only_kept_below_the_ceiling() -> None:
    assert gain_db(Loudness(integrated_lufs=None, true_peak_dbtp=None), -23, -1) == 0
    assert gain_db(Loudness(integrated_lufs=None, true_peak_dbtp=-18), -23, -1) == 0
    assert gain_db(Loudness(integrated_lufs=None, true_peak_dbtp=0.5), -23, -1) == -1.5
