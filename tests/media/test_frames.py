from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import clip, ffmpeg, scenes

from matinee.media import frames
from matinee.media.frames import evenly, frames_at

COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def _named(picture: np.ndarray) -> str:
    mean = picture.reshape(-1, 3).mean(axis=0)
    return min(COLOURS, key=lambda name: np.abs(mean - COLOURS[name]).sum())


def test_frames_are_those_on_the_screen(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", list(COLOURS), rate=24)
    frame = Fraction(1, 24)
    # One frame before and at each cut.
    times = [Fraction(0), 1 - frame, Fraction(1), 2 - frame, Fraction(2), 3 - frame, Fraction(3), Fraction(99)]
    found = [_named(picture) for picture in frames_at(film, times)]
    assert found == ["red", "red", "lime", "lime", "blue", "blue", "white", "white"]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_far_times_are_jumped_to(tmp_path: Path, suffix: str) -> None:
    film = scenes(tmp_path / f"film.{suffix}", list(COLOURS), seconds=20, rate=5, size="64x36")
    times = [Fraction(10), Fraction(79)]
    assert [_named(picture) for picture in frames_at(film, times)] == ["red", "white"]


def test_upright_and_square(tmp_path: Path) -> None:
    lying = tmp_path / "lying.mp4"
    corner = "drawbox=x=0:y=0:w=80:h=60:color=red:t=fill"
    clip(lying, picture="color=blue", seconds=1, size="320x180", sounds=(), more=["-vf", corner])
    ffmpeg("-display_rotation", "90", "-i", lying, "-c", "copy", tmp_path / "turned.mp4")
    shown = next(frames_at(tmp_path / "turned.mp4", [Fraction(0)]))
    assert shown.shape == (320, 180, 3)
    # What was at the top left is at the bottom left after a quarter turn against the clock, as FFmpeg shows it too.
    assert _named(shown[260:, :50]) == "red"
    ffmpeg("-i", tmp_path / "turned.mp4", "-frames:v", 1, tmp_path / "shown.mp4")
    assert np.abs(shown.astype(int) - next(frames_at(tmp_path / "shown.mp4", [Fraction(0)]))).mean() < 8
    wide = clip(tmp_path / "wide.mkv", seconds=1, size="160x120", sounds=(), more=["-vf", "setsar=2"])
    assert next(frames_at(wide, [Fraction(0)])).shape == (120, 320, 3)
    assert next(frames_at(wide, [Fraction(0)], width=80)).shape == (30, 80, 3)


def test_evenly_spread() -> None:
    assert evenly(Fraction(10), 5) == [1, 3, 5, 7, 9]


def test_films_with_a_single_keyframe_are_not_read_again_for_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film.mp4"
    more = ("-g", 9999, "-x264-params", "scenecut=0")
    clip(film, seconds=100, rate=5, size="64x36", sounds=(), more=more)
    decoded = []
    counted = frames._Reel._decoded
    monkeypatch.setattr(frames._Reel, "_decoded", lambda reel: (decoded.append(1) or one for one in counted(reel)))
    assert len(list(frames_at(film, evenly(Fraction(100), 10)))) == 10
    assert len(decoded) < 2 * 500
