"""Tiny films made of units of uneven length, in any codec, as planned streams are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
from tests.media.clips import ffmpeg

from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.inband import assemble_in_band
from matinee.encoding.streams.package import Cut, Finished, cut
from matinee.encoding.streams.transcode import Sound, Timing
from matinee.media.records import AudioTrack

RATE = 25
UNITS = (12, 50, 25, 13, 38, 20, 47, 15)
"""Frames of each unit: half a second to two."""
CODED: tuple[CodecName, ...] = ("h264", "hevc", "av1")
SHAPE = Fraction(16, 9)
_QUICKEST = {"h264": "veryfast", "hevc": "ultrafast", "av1": "12"}


Drawn = Callable[[int, str], str]
"""A source of pictures for FFmpeg, by the number of the unit and the size of the pictures."""


def _test_picture(_unit: int, size: str) -> str:
    return f"testsrc2=size={size}:rate={RATE}:duration=60"


def rendition(folder: Path, codec: CodecName, height: int, units: Sequence[int] = UNITS) -> Path:
    """The same moving test picture in one codec at one height, each unit encoded by itself."""
    parts = _parts(folder, codec, [height] * len(units), units, _test_picture)
    made = folder / f"{codec}-{height}.mp4"
    assemble(parts, made, SHAPE)
    return made


def mixed(
    folder: Path,
    codec: CodecName,
    heights: Sequence[int],
    units: Sequence[int] = UNITS,
    drawn: Drawn = _test_picture,
) -> tuple[Path, ...]:
    """A height for each unit, and the picture that is drawn for it; the file, and then the encode of each unit."""
    parts = _parts(folder, codec, heights, units, drawn)
    made = folder / f"{codec}-mixed.mp4"
    assemble_in_band(parts, parts[heights.index(max(heights))], made, SHAPE)
    return made, *parts


def _parts(folder: Path, codec: CodecName, heights: Sequence[int], units: Sequence[int], drawn: Drawn) -> list[Path]:
    parts = []
    for i, (end, length, height) in enumerate(zip(accumulate(units), units, heights, strict=True)):
        part = folder / f"{codec}-{height}-{i}.mp4"
        ffmpeg(
            *("-f", "lavfi", "-i", drawn(i, f"{height * 16 // 9}x{height}")),
            *("-vf", f"trim=start_frame={end - length}:end_frame={end},setpts=PTS-STARTPTS"),
            *CODECS[codec].arguments(_QUICKEST[codec], 35),
            part,
        )
        parts.append(part)
    return parts


def sound(folder: Path, units: Sequence[int] = UNITS) -> Path:
    """A tone as long as the pictures."""
    made = folder / "sound.m4a"
    length = sum(units) / RATE
    ffmpeg("-f", "lavfi", "-i", f"sine=440:sample_rate=48000:duration={length}", "-ac", 2, "-c:a", "aac", made)
    return made


def cut_up(
    folder: Path,
    videos: Sequence[Path],
    heard: Path,
    segment: int,
    units: Sequence[int] = UNITS,
    changing: Collection[Path] = (),
) -> Cut:
    """Everything in segments of about so many frames; `changing` are videos of mixed sizes."""
    clock = Timing(Fraction(RATE), sum(units), segment)
    track = AudioTrack(
        index=0, codec="aac", profile="LC", channels=2, layout="stereo", sample_rate=48000, language="en"
    )
    sounds = [Finished(heard, Sound(track))]
    return cut(folder, videos, sounds, clock=clock, shape=SHAPE, about="it", mixed=changing)


def starts(folder: Path, initialisation: str, files: Sequence[str]) -> list[tuple[Fraction, bool, int]]:
    """Of each segment: when its first packet is shown, whether decoding can begin there, how many packets there are."""
    head, found = (folder / initialisation).read_bytes(), []
    for name in files:
        joined = folder / "joined.tmp"
        joined.write_bytes(head + (folder / name).read_bytes())
        with av.open(str(joined), format="mp4") as container:
            packets = [one for one in container.demux(container.streams[0]) if one.size]
        assert min(one.pts for one in packets) == packets[0].pts
        found.append((packets[0].pts * Fraction(packets[0].time_base), packets[0].is_keyframe, len(packets)))
        joined.unlink()
    return found
