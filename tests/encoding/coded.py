"""Tiny films made of units of uneven length, in any codec, as planned streams are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
from tests.media.clips import ffmpeg

from matinee.encoding.assembly import assemble
from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.package import Cut, Finished, cut
from matinee.encoding.transcode import Sound, Timing
from matinee.media.records import AudioTrack

RATE = 25
UNITS = (12, 50, 25, 13, 38, 20, 47, 15)
"""Frames of each unit: half a second to two."""
CODED: tuple[CodecName, ...] = ("h264", "hevc", "av1")
_QUICKEST = {"h264": "veryfast", "hevc": "ultrafast", "av1": "12"}


def rendition(folder: Path, codec: CodecName, height: int, units: Sequence[int] = UNITS) -> Path:
    """The same moving test picture in one codec at one height, each unit encoded by itself."""
    parts = []
    for i, (end, length) in enumerate(zip(accumulate(units), units, strict=True)):
        part = folder / f"{codec}-{height}-{i}.mp4"
        ffmpeg(
            *("-f", "lavfi", "-i", f"testsrc2=size={height * 16 // 9}x{height}:rate={RATE}:duration=60"),
            *("-vf", f"trim=start_frame={end - length}:end_frame={end},setpts=PTS-STARTPTS"),
            *CODECS[codec].arguments(_QUICKEST[codec], 35),
            part,
        )
        parts.append(part)
    made = folder / f"{codec}-{height}.mp4"
    assemble(parts, made, Fraction(16, 9))
    return made


def sound(folder: Path, units: Sequence[int] = UNITS) -> Path:
    """A tone as long as the pictures."""
    made = folder / "sound.m4a"
    length = sum(units) / RATE
    ffmpeg("-f", "lavfi", "-i", f"sine=440:sample_rate=48000:duration={length}", "-ac", 2, "-c:a", "aac", made)
    return made


def cut_up(folder: Path, videos: Sequence[Path], heard: Path, segment: int, units: Sequence[int] = UNITS) -> Cut:
    """Everything in segments of about so many frames."""
    clock = Timing(Fraction(RATE), sum(units), segment)
    track = AudioTrack(
        index=0, codec="aac", profile="LC", channels=2, layout="stereo", sample_rate=48000, language="en"
    )
    sounds = [Finished(heard, Sound(track))]
    return cut(folder, videos, sounds, clock=clock, shape=Fraction(16, 9), about="it")


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
