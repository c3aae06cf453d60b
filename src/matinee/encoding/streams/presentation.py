"""What a stream consists of, as both manifests tell it: tracks, their segments, and text beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from math import ceil
from typing import Literal

from matinee.media.loudness import Loudness
from matinee.media.records import Colour

INITIALISATION = "init-{id}.mp4"
SEGMENT = "segment-{id}-{number:05d}.m4s"
CODECS = ("avc1", "avc3", "hvc1", "hev1", "av01")
"""Sample entries of pictures: first what every player knows, last what needs the fewest bits."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a track."""

    ticks: int
    """How long it lasts, on the track's own clock."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A rendition of the picture, or a sound track: one initialisation file and its segments."""

    id: str
    codecs: str
    """RFC 6381, as ``avc1.64001f``."""
    timescale: int
    """Ticks a second."""
    segments: tuple[Segment, ...]
    kid: str = ""
    """Hex digits by which players ask for the key of the segments; empty where they are clear."""

    @property
    def codec(self) -> str:
        """The sample entry, as ``avc1``."""
        return self.codecs.partition(".")[0]

    @property
    def initialisation(self) -> str:
        """Name of the file that comes before any segment."""
        return INITIALISATION.format(id=self.id)

    def files(self) -> list[str]:
        """Names of the segments in order."""
        return [SEGMENT.format(id=self.id, number=i + 1) for i in range(len(self.segments))]

    def seconds(self, segment: Segment) -> Fraction:
        """How long a segment lasts."""
        return Fraction(segment.ticks, self.timescale)

    @property
    def duration(self) -> Fraction:
        """Of all segments, in seconds."""
        return Fraction(sum(one.ticks for one in self.segments), self.timescale)

    @property
    def peak_bps(self) -> int:
        """Bits a second of the segment that needs the most; one shorter than half the longest counts with its like."""
        longest = max(one.ticks for one in self.segments)
        rates = [
            one.size_bytes * 8 / max(self.seconds(one), self.seconds(Segment(longest, 0)) / 2) for one in self.segments
        ]
        return max(ceil(max(rates)), self.mean_bps)

    @property
    def mean_bps(self) -> int:
        """Bits a second over all segments."""
        return ceil(sum(one.size_bytes for one in self.segments) * 8 / self.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRendition(Track):
    """The picture at one size, or with every shot at the size that suits it."""

    width: int
    height: int
    frame_rate: Fraction
    colour: Colour = field(default_factory=Colour)
    """What the file says of it."""
    mixed: bool = False
    """Whether the size changes on the way; `width` and `height` are then those of the largest picture."""

    @property
    def coding(self) -> str:
        """What the pictures are coded in, wherever their parameter sets stand: a sample entry without any in band."""
        return {"avc3": "avc1", "hev1": "hvc1"}.get(self.codec, self.codec)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTrack(Track):
    """The sound in one language."""

    language: str
    label: str
    """What people choose it by; unlike that of any other."""
    sample_rate: int
    channels: int
    default: bool
    described: bool = False
    before: Loudness | None = None
    """How loud it was in the source, as stereo; None where that was not measured."""
    after: Loudness | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """Text beside the film: a WebVTT file of full length, and the same in segments."""

    language: str
    label: str
    file: str
    segments: tuple[Fraction, ...]
    """Seconds of each."""
    hearing_impaired: bool = False
    forced: bool = False

    def parts(self) -> list[str]:
        """Names of the segments in order."""
        stem = self.file.rpartition(".")[0]
        return [f"{stem}-{number:05d}.vtt" for number in range(1, 1 + len(self.segments))]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedText(Track):
    """The same text as IMSC in fragmented MP4."""

    words: Subtitles


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """A whole stream."""

    duration: Fraction
    segment_s: Fraction
    """How long a usual segment of the picture lasts."""
    aspect: Fraction
    video: tuple[VideoRendition, ...]
    """In one codec or several, each smallest first; of one size, mixed, or both."""
    sound: tuple[SoundTrack, ...] = ()
    subtitles: tuple[Subtitles, ...] = ()
    imsc: tuple[TimedText, ...] = ()
    """The same as `subtitles`, or none of them."""
    scheme: Literal["none", "cenc", "cbcs"] = "none"
    """How the segments of pictures and sound are encrypted."""

    @property
    def high(self) -> bool:
        """Whether any of it has a high dynamic range, so that each rendition has to say which it has."""
        return any(one.colour.dynamic != "sdr" for one in self.video)

    @property
    def largest(self) -> VideoRendition:
        """The rendition with the most pixels; in H.264 where other codecs have as many."""
        return max(self.video, key=lambda one: (one.width * one.height, -CODECS.index(one.codec)))

    def by_codec(self) -> list[tuple[VideoRendition, ...]]:
        """The renditions of each codec, smallest first; the codecs in the order of `CODECS`."""
        ordered = sorted(self.video, key=lambda one: (CODECS.index(one.codec), one.width * one.height))
        return [tuple(found) for _, found in groupby(ordered, key=lambda one: one.codec)]
