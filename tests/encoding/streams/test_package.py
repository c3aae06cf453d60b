"""Renditions of uneven units in three codecs, cut into segments."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest
from tests.encoding.coded import RATE, UNITS, cut_up, rendition, starts
from tests.media.clips import clip

from matinee.base.errors import Unavailable
from matinee.encoding.streams.package import cut
from matinee.encoding.streams.rfc6381 import codec_string
from matinee.encoding.streams.transcode import Timing
from matinee.media.run import ffmpeg_program

EDGES = {Fraction(0), *(Fraction(end, RATE) for end in accumulate(UNITS))}


@pytest.mark.parametrize("segment", [13, 50, 100])
def test_all_codecs_are_cut_alike_at_units(coded: dict[str, Path], tmp_path: Path, segment: int) -> None:
    videos = [path for name, path in coded.items() if name != "sound"]
    made = cut_up(tmp_path, videos, coded["sound"], segment)
    found = [starts(tmp_path, one.initialisation, one.files()) for one in made.video]
    assert len(found) == 6
    assert all(one == found[0] for one in found)
    assert all(key and time in EDGES for time, key, _ in found[0])
    assert sum(frames for *_, frames in found[0]) == sum(UNITS)
    lengths = [one.segments for one in made.video]
    assert [part.ticks * Fraction(RATE, made.video[0].timescale) for part in lengths[0]] == [n for *_, n in found[0]]
    assert all(frames < segment + max(UNITS) for *_, frames in found[0])
    assert all(frames >= segment for *_, frames in found[0][:-1])


def test_names_of_codecs_are_those_that_the_encoders_wrote(coded: dict[str, Path], tmp_path: Path) -> None:
    videos = [coded["h264-180"], coded["hevc-180"], coded["av1-180"]]
    made = cut_up(tmp_path, videos, coded["sound"], 50)
    # 320x180 at 25 a second: High of H.264 at level 1.2, Main of HEVC at level 2 (60 / 30), Main of AV1 at level 2.0.
    assert [one.codecs for one in made.video] == ["avc1.64000c", "hvc1.1.6.L60.90", "av01.0.00M.10"]
    assert [one.codec for one in made.video] == ["avc1", "hvc1", "av01"]


def test_ten_bits_are_named(tmp_path: Path) -> None:
    for encoder, more, name in (
        ("libx265", ["-tag:v", "hvc1", "-x265-params", "log-level=error"], "hvc1.2.4.L60.90"),
        ("libsvtav1", ["-preset", "12"], "av01.0.00M.10"),
        ("libx264", [], "avc1.6e000c"),
    ):
        path = clip(tmp_path / f"{encoder}.mp4", sounds=(), more=["-c:v", encoder, "-pix_fmt", "yuv420p10le", *more])
        assert codec_string(path) == name


def test_a_file_that_does_not_say_what_it_is_coded_in_is_told(tmp_path: Path) -> None:
    wrong = clip(tmp_path / "film.mp4", sounds=(), more=["-c:v", "mpeg4", "-preset", "medium"])
    with pytest.raises(Unavailable, match="does not say"):
        codec_string(wrong)
    (tmp_path / "init-0.mp4").write_bytes(b"nothing")
    with pytest.raises(Unavailable, match="init-0"):
        codec_string(tmp_path / "init-0.mp4")


def test_renditions_of_other_units_are_refused(coded: dict[str, Path], tmp_path: Path) -> None:
    other = rendition(tmp_path, "h264", 90, tuple(reversed(UNITS)))
    with pytest.raises(Unavailable, match="not cut alike"):
        cut_up(tmp_path, [coded["av1-180"], other], coded["sound"], 50)


def test_a_segment_that_is_no_whole_number_of_microseconds_is_one_group(tmp_path: Path) -> None:
    more = ["-x264-params", "keyint=31:min-keyint=31:scenecut=0"]
    film = clip(tmp_path / "film.mp4", rate=24, sounds=(), more=more)
    clock = Timing(Fraction(24), 96, 31)
    made = cut(tmp_path, [film], [], clock=clock, shape=Fraction(16, 9), about="it")
    assert [one.seconds(part) * 24 for one in made.video for part in one.segments] == [31, 31, 31, 3]


def test_every_segment_decodes(coded: dict[str, Path], tmp_path: Path) -> None:
    made = cut_up(tmp_path, [coded["hevc-90"], coded["av1-90"]], coded["sound"], 50)
    for one in made.video:
        head = (tmp_path / one.initialisation).read_bytes()
        for name in one.files():
            command = [ffmpeg_program(), "-v", "error", "-xerror", "-i", "pipe:0", "-f", "null", "-"]
            ran = subprocess.run(command, input=head + (tmp_path / name).read_bytes(), check=False, capture_output=True)
            assert (ran.returncode, ran.stderr) == (0, b""), name
