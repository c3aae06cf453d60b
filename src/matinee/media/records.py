"""What a film file holds: frozen records, as `matinee.media.probe` finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

Dynamic = Literal["sdr", "pq", "hlg"]
"""Standard range, or high dynamic range with the transfer of SMPTE ST 2084 (HDR10) or ARIB STD-B67."""


Point = tuple[Fraction, Fraction]
"""x and y on the chromaticity diagram (CIE 1931)."""
DynamicMetadata = Literal["Dolby Vision", "HDR10+"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastering:
    """The display on which the film was graded (SMPTE ST 2086)."""

    red: Point
    green: Point
    blue: Point
    white: Point
    darkest: Fraction
    """Candelas per square metre."""
    brightest: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """What samples stand for: codes of ITU-T H.273, 2 where the file does not say, and the metadata of HDR10."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool = False
    mastering: Mastering | None = None
    max_cll: int = 0
    """The brightest pixel of the film in candelas per square metre (CTA-861.3); 0 where not told."""
    max_fall: int = 0
    """The brightest mean of a frame."""
    more: tuple[DynamicMetadata, ...] = ()
    """Metadata by scene that the first picture carries; encodes do not keep it."""

    @property
    def dynamic(self) -> Dynamic:
        """The range that the transfer is of; standard where the file does not say."""
        return _DYNAMIC.get(self.transfer, "sdr")


BT709 = Colour(primaries=1, transfer=1, matrix=1)
"""The colours of HD in standard range."""
_DYNAMIC: Mapping[int, Dynamic] = {16: "pq", 18: "hlg"}  # ITU-T H.273, table 3


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTrack:
    """Moving pictures."""

    index: int
    """Of the stream in its file."""
    codec: str
    profile: str
    """As FFmpeg names it, such as ``High``; empty where the codec has none."""
    width: int
    """As stored, in samples; see `display_size`."""
    height: int
    sample_aspect: Fraction
    """Width of a stored sample over its height."""
    rotation: int
    """Degrees counter-clockwise by which players turn the picture: 0, 90, 180 or 270."""
    frame_rate: Fraction
    """Frames per second; the usual rate where it varies."""
    variable: bool
    """Whether the distance between frames varies."""
    start: Fraction
    """When the first frame is shown, on the clock of the file."""
    duration: Fraction
    """From the first frame to the end of the last, in seconds."""
    pixel_format: str
    bit_depth: int
    matrix: int
    """How colour was coded: a code of ITU-T H.273, table 4; 2 where the file does not say."""
    dynamic: Dynamic
    interlaced: bool
    transparent: bool = False
    """Whether the pictures have an alpha channel."""
    colour: Colour = Colour()

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height on a screen with square pixels, after turning."""
        width, height = round(self.width * self.sample_aspect), self.height
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTrack:
    """One sound track."""

    index: int
    codec: str
    profile: str
    channels: int
    layout: str
    """As ``stereo`` or ``5.1``."""
    sample_rate: int
    language: str = ""
    """BCP 47; empty where unknown."""
    title: str = ""
    default: bool = False
    described: bool = False
    """Whether it is marked as audio description or as a commentary rather than the film's own sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTrack:
    """Subtitles inside the file."""

    index: int
    codec: str
    text: bool
    """False for subtitles that are pictures, as on discs."""
    language: str = ""
    title: str = ""
    forced: bool = False
    hearing_impaired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of the film that has a name; times from the film's beginning, in seconds."""

    start: Fraction
    end: Fraction
    title: str
    """As the file has it, or "Chapter 3" where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A film file that has been looked into."""

    path: Path
    container: str
    size_bytes: int
    start: Fraction
    """When its first track begins, on its own clock."""
    duration: Fraction
    """From there to the end of its longest track, in seconds."""
    video: VideoTrack
    audio: tuple[AudioTrack, ...] = ()
    subtitles: tuple[TextTrack, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    """In order, none overlapping another."""
