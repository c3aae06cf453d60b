"""Units of different sizes in one file and its segments: each brings its parameter sets, and decodes as by itself."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import pytest
from tests.disks import fill, small_disk
from tests.encoding.coded import CODED, RATE, SHAPE, UNITS, cut_up, mixed
from tests.media.clips import ffmpeg

from matinee.base.errors import NotFound, Unavailable
from matinee.encoding.plans.inband import assemble_in_band
from matinee.encoding.streams.rfc6381 import codec_string
from matinee.media.run import Stopped

__all__ = ["small_disk"]

HEIGHTS = (90, 180, 90, 144, 180, 90, 144, 144)
STARTS = (0, *accumulate(UNITS))
ENTRIES = {"h264": "avc3", "hevc": "hev1", "av1": "av01"}
# What decoders need before a picture: SPS and PPS of H.264; VPS, SPS and PPS of HEVC; the sequence header of AV1.
SETS = {"h264": [7, 8], "hevc": [32, 33, 34], "av1": [1]}


@dataclass(frozen=True)
class Made:
    """A file of units of different sizes."""

    codec: str
    path: Path
    units: Sequence[Path]


@pytest.fixture(scope="module", params=CODED)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp(request.param)
    path, *units = mixed(folder, request.param, HEIGHTS)
    return Made(request.param, path, units)


@pytest.fixture(scope="module")
def segments(made: Made, coded: dict[str, Path]) -> tuple[Path, Any]:
    """The same in segments beside a rendition of one size, in a folder."""
    folder = made.path.parent / "segments"
    folder.mkdir()
    film = cut_up(folder, [coded["h264-180"], made.path], coded["sound"], 50, changing=[made.path])
    return folder, film.video


def test_every_picture_is_that_of_its_unit(made: Made) -> None:
    whole, alone = _decoded(made.path), [frame for unit in made.units for frame in _decoded(unit)]
    assert len(whole) == sum(UNITS)
    assert [size for _, size, _ in whole] == [_size(i) for i, n in enumerate(UNITS) for _ in range(n)]
    assert [picture for *_, picture in whole] == [picture for *_, picture in alone]
    assert [time * RATE for time, *_ in whole] == list(range(sum(UNITS)))


def test_segments_hold_the_same_pictures_and_begin_whole(made: Made, segments: tuple[Path, Any]) -> None:
    folder, (_, track) = segments
    head = (folder / track.initialisation).read_bytes()
    found = []
    for name in track.files():
        (folder / "joined.tmp").write_bytes(head + (folder / name).read_bytes())
        found.append(_decoded(folder / "joined.tmp"))
    assert [frame for one in found for frame in one] == _decoded(made.path)
    assert all(round(one[0][0] * RATE) in STARTS for one in found)
    assert len(found) == 4


def test_each_unit_brings_its_parameter_sets_along(made: Made, segments: tuple[Path, Any]) -> None:
    folder, (_, track) = segments
    whole = b"".join((folder / name).read_bytes() for name in (track.initialisation, *track.files()))
    (folder / "whole.tmp").write_bytes(whole)
    with av.open(str(folder / "whole.tmp"), format="mp4") as container:
        stream = container.streams.video[0]
        packets = [one for one in container.demux(stream) if one.size]
    keys = {
        round(one.pts * Fraction(one.time_base) * RATE): _kinds(made.codec, bytes(one))
        for one in packets
        if one.is_keyframe
    }
    assert tuple(keys) == STARTS[:-1]
    assert all(kinds[: len(SETS[made.codec])] == SETS[made.codec] for kinds in keys.values())


def test_the_head_tells_of_the_largest_unit(made: Made, segments: tuple[Path, Any]) -> None:
    folder, (plain, track) = segments
    assert (plain.mixed, track.mixed) == (False, True)
    assert (track.width, track.height) == (320, 180)
    assert track.codec == ENTRIES[made.codec]
    head = (folder / track.initialisation).read_bytes()
    at = head.rindex(track.codec.encode()) + 28  # after the names of files, of which AV1 is one
    assert (int.from_bytes(head[at : at + 2]), int.from_bytes(head[at + 2 : at + 4])) == (320, 180)
    assert head[head.index(b"pasp") + 4 :][:8] == b"\x00\x00\x00\x01" * 2
    own = [codec_string(one).partition(".")[2] for one in made.units]
    assert track.codecs.partition(".")[2] == own[1]
    levels = [_level(made.codec, one) for one in own]
    assert levels[1] == max(levels)
    assert made.codec == "av1" or min(levels) < max(levels)  # the lowest of AV1 suffices for all


def test_units_may_be_single_pictures(tmp_path: Path) -> None:
    path, *_ = mixed(tmp_path, "h264", (90, 180, 90), (1, 1, 3))
    assert [size for _, size, _ in _decoded(path)] == [(160, 90), (320, 180), *[(160, 90)] * 3]
    assert [time * RATE for time, *_ in _decoded(path)] == [0, 1, 2, 3, 4]


def test_what_is_not_square_keeps_its_shape(tmp_path: Path) -> None:
    part = tmp_path / "part.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1", "-tag:v", "avc1", part)
    assemble_in_band([part], part, tmp_path / "film.mp4", Fraction(64, 27))
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 9)


def test_a_full_disk_is_told(made: Made, small_disk: Path) -> None:
    rest, needed = fill(small_disk), made.path.stat().st_size
    for room in (0, needed // 2):
        os.truncate(rest, rest.stat().st_size - room)
        with pytest.raises(Unavailable, match="no space"):
            assemble_in_band(made.units, made.units[1], small_disk / "film.mp4", SHAPE)


def test_a_unit_that_is_gone_is_told(made: Made, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="gone"):
        assemble_in_band([made.units[0], tmp_path / "gone.mp4"], made.units[1], tmp_path / "film.mp4", SHAPE)


def test_it_can_be_stopped(made: Made, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        assemble_in_band(made.units, made.units[1], tmp_path / "film.mp4", SHAPE, stop)


def _size(unit: int) -> tuple[int, int]:
    return HEIGHTS[unit] * 16 // 9, HEIGHTS[unit]


def _decoded(path: Path) -> list[tuple[Fraction, tuple[int, int], bytes]]:
    """Time, size and a digest of every picture."""
    with av.open(str(path), format="mp4") as container:
        found = []
        for frame in container.decode(video=0):
            assert frame.time_base is not None
            assert frame.pts is not None
            told = hashlib.sha256(frame.to_ndarray().tobytes()).digest()
            found.append((frame.pts * Fraction(frame.time_base), (frame.width, frame.height), told))
        return found


def _kinds(codec: str, data: bytes) -> list[int]:
    """Kinds of the units that a packet consists of."""
    found, at = list[int](), 0
    while at < len(data):
        if codec == "av1":  # OBU: a byte of kind and flags, and the size in groups of seven bits (4.10.5)
            found.append(data[at] >> 3 & 15)
            at, size, shift = at + 1, 0, 0
            while data[at] & 0x80:
                size, at, shift = size | (data[at] & 0x7F) << shift, at + 1, shift + 7
            at += 1 + (size | data[at] << shift)
        else:
            found.append(data[at + 4] & 31 if codec == "h264" else data[at + 4] >> 1 & 63)
            at += 4 + int.from_bytes(data[at : at + 4])
    return found


def _level(codec: str, name: str) -> int:
    """Of what follows the sample entry in the name of a codec."""
    pattern = {"h264": r"^....(..)$", "hevc": r"\.[LH](\d+)", "av1": r"^\d\.(\d\d)"}[codec]
    found = re.search(pattern, name)
    assert found
    return int(found[1], 16 if codec == "h264" else 10)
