"""Shots of films whose cuts are known to the frame."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import GRADIENT, ffmpeg, scenes

from matinee.media.frames import every_frame
from matinee.media.shots import Shot, find_shots

SIZE = (160, 90)
QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", 10, "-pix_fmt", "yuv420p")
STILL = np.full((90, 160, 3), 90, np.uint8)


def _starts(path: Path, rate: int = 24) -> list[int]:
    return [one.start for one in find_shots(every_frame(path, SIZE), Fraction(rate))]


def _moving(path: Path, source: str, seconds: float = 1, more: str = "null") -> Path:
    picture = f"{source}{':' if '=' in source else '='}size=320x180:rate=24"
    ffmpeg("-f", "lavfi", "-i", picture, "-t", seconds, "-vf", more, *QUICK, path)
    return path


def _joined(path: Path, parts: list[Path]) -> Path:
    listing = path.with_suffix(".txt")
    listing.write_text("".join(f"file '{one}'\n" for one in parts))
    ffmpeg("-f", "concat", "-safe", 0, "-i", listing, *QUICK, path)
    return path


def test_every_frame_comes_once_and_in_order(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", ["red", "lime", "blue"])
    found = [int(one[45, 80].argmax()) for one in every_frame(film, SIZE)]
    assert found == [2] * 24 + [1] * 24 + [0] * 24


def test_filters_come_first(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", ["red", "blue"])
    assert len(list(every_frame(film, SIZE, filters="fps=12"))) == 24


def test_colours_that_change_are_cuts(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", ["red", "lime", "blue", "gray", "navy"], seconds=0.5)
    assert _starts(film) == [0, 12, 24, 36, 48]


def test_cuts_between_moving_pictures_are_found_and_movement_is_none(tmp_path: Path) -> None:
    parts = [
        _moving(tmp_path / "a.mp4", "testsrc2"),
        _moving(tmp_path / "b.mp4", "mandelbrot"),
        _moving(tmp_path / "c.mp4", "smptehdbars"),
        _moving(tmp_path / "d.mp4", f"{GRADIENT}:speed=0.05"),
    ]
    assert _starts(_joined(tmp_path / "film.mp4", parts)) == [0, 24, 48, 72]


def test_a_pan_is_no_cut(tmp_path: Path) -> None:
    film = _moving(tmp_path / "pan.mp4", "mandelbrot", 2, "crop=160:90:x='n*3':y=40")
    assert _starts(film) == [0]


def test_a_flash_is_no_cut() -> None:
    for length in (1, 3, 5):
        pictures = [STILL] * 20 + [np.full_like(STILL, 255)] * length + [STILL] * 20
        assert find_shots(pictures, Fraction(25)) == [Shot(0, 40 + length)]


def test_a_shot_of_a_few_frames_between_two_others_is_one() -> None:
    pictures = [STILL] * 20 + [np.full_like(STILL, 255)] * 3 + [np.full_like(STILL, 30)] * 20
    assert find_shots(pictures, Fraction(25)) == [Shot(0, 20), Shot(20, 23), Shot(23, 43)]


def test_a_fade_through_black_ends_a_shot_once(tmp_path: Path) -> None:
    fade = "fade=out:st=0.5:d=0.5"
    parts = [
        _moving(tmp_path / "a.mp4", "testsrc2", 1.5, fade),
        _moving(tmp_path / "b.mp4", "mandelbrot", 1.5, "fade=in:st=0.5:d=0.5"),
    ]
    found = _starts(_joined(tmp_path / "film.mp4", parts))
    assert len(found) == 2
    assert 24 <= found[1] <= 50  # black from frame 24 to frame 48


def test_a_slow_fade_ends_a_shot_in_the_middle_of_the_black() -> None:
    levels = [*range(90, 0, -3), *[0] * 10, *range(0, 90, 3)]
    found = find_shots([np.full_like(STILL, one) for one in levels], Fraction(25))
    assert len(found) == 2
    assert found[0].stop == pytest.approx(35, abs=1)


def test_black_at_both_ends_is_part_of_the_shot(tmp_path: Path) -> None:
    film = _moving(tmp_path / "film.mp4", "testsrc2", 2, "fade=in:d=0.3,fade=out:st=1.7:d=0.3")
    assert _starts(film) == [0]


@pytest.mark.parametrize(("frames", "expected"), [(0, []), (1, [Shot(0, 1)]), (3, [Shot(0, 3)])])
def test_very_short_films(frames: int, expected: list[Shot]) -> None:
    assert find_shots([STILL] * frames, Fraction(24)) == expected


@pytest.mark.real_data
def test_joins_of_real_clips_are_found(real_data: Path, tmp_path: Path) -> None:
    clips = ("gotland_sailing_360p24_10s", "chaplin_bw_360p_10s", "intel_car_768x432_30s", "motorway_720p25_23s")
    parts = []
    for i, name in enumerate(clips):
        part = tmp_path / f"{i}.mp4"
        fitted = "fps=24,scale=320:180,setsar=1"
        ffmpeg("-i", real_data / "clips" / f"{name}.mp4", "-vf", fitted, "-t", 2, "-an", *QUICK, part)
        parts.append(part)
    found = _starts(_joined(tmp_path / "film.mp4", parts))
    assert set(found) >= {48, 96, 144}
    assert len(found) <= 6
