"""Originals: the pictures that all encodes of a film are made from and compared with, and FFmpeg's filters to get them.

They are progressive, upright, constant in rate and opaque, whatever the file holds, and in standard range with 8 bits
unless an encode is to keep more: see `kept`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Literal

from matinee.media.quality import Scores, vmaf
from matinee.media.records import BT709, Colour, Dynamic, VideoTrack
from matinee.media.tone import TO_SDR

Scan = Literal["progressive", "interlaced", "telecined"]
"""How pictures are put together: whole, of two fields from different moments, or as films of 24 pictures a second come
to 30 (some pictures of fields from two others)."""

_WHOLE = "bwdif=mode=send_frame:deint=interlaced"
_PUT_RIGHT = {
    "told": [_WHOLE],
    # What idet sees of each picture counts, not what the file says of it: parts may be progressive.
    "interlaced": ["idet", _WHOLE],
    "telecined": ["idet", "fieldmatch", _WHOLE, "decimate"],
}
_ARE_2020 = frozenset({2, 9})  # of high dynamic range: the only one that it has, said or not
_OTHER_MATRICES = frozenset({4, 5, 6, 7, 9, 10})  # ITU-T H.273: the colour codings of SD and UHD


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of an upright picture with square pixels that is not a black bar, in pixels."""

    width: int
    height: int
    left: int
    top: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """Pictures of planar 4:2:0, and where they come from."""

    path: Path
    track: int
    """Index of the stream."""
    filters: str
    """From the file's pictures to these."""
    width: int
    height: int
    rate: Fraction
    frames: int
    depth: Literal[8, 10] = 8
    """Bits of a sample."""
    colour: Colour | None = None
    """What samples stand for, with the metadata that encodes carry; None where encodes are not to say."""

    @property
    def dynamic(self) -> Dynamic:
        """The range that they have."""
        return self.colour.dynamic if self.colour else "sdr"

    @property
    def aspect(self) -> Fraction:
        """Width to height; pixels are square."""
        return Fraction(self.width, self.height).limit_denominator(255)

    @property
    def picture_bytes(self) -> int:
        """Size of one."""
        return self.width * self.height * 3 // 2 * (1 if self.depth == 8 else 2)

    @property
    def pixel_format(self) -> str:
        """As FFmpeg calls it."""
        return "yuv420p" if self.depth == 8 else "yuv420p10le"

    def header(self) -> bytes:
        """What a file of such pictures begins with (YUV4MPEG2)."""
        rate = f"{self.rate.numerator}:{self.rate.denominator}"
        chroma = "C420mpeg2" if self.depth == 8 else "C420p10 XYSCSS=420P10"
        return f"YUV4MPEG2 W{self.width} H{self.height} F{rate} Ip A1:1 {chroma}\n".encode()


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of the file's range and depth pictures keep."""

    depth: Literal[8, 10]
    colour: Colour | None
    """That encodes say they have; None where they say nothing, which players take for the standard range of HD."""

    @property
    def high(self) -> bool:
        """Whether they keep a high dynamic range."""
        return self.colour is not None and self.colour.dynamic != "sdr"


STANDARD = Kept(8, None)
"""What every player shows, and all that H.264 is made in."""


def kept(video: VideoTrack) -> Kept:
    """What 10 bits can keep of a file: high dynamic range where it has it, and smooth gradients where it has 10 bits.

    High dynamic range is kept in limited range and with the matrix of BT.2020, which is all that HDR10 and HLG know.
    """
    if video.dynamic != "sdr":
        return Kept(10, replace(video.colour, primaries=9, matrix=9, full_range=False))
    return Kept(10, BT709 if _are_those_of_hd(video) else None) if video.bit_depth > 8 else STANDARD


def shown(video: VideoTrack) -> Kept:
    """What 8 bits of standard range keep of a file; where it had a high range, encodes say that they have not."""
    return Kept(8, BT709) if video.dynamic != "sdr" else STANDARD


def _are_those_of_hd(video: VideoTrack) -> bool:
    """Whether the original's colours are known to be those of HD, by the file's word or because they were made so."""
    told = video.colour
    return (told.primaries, told.transfer) == (1, 1) and (told.matrix == 1 or recoloured(video))


def thinned(rate: Fraction, fastest: float) -> Fraction:
    """The rate with which every second, third ... picture is shown where all of them are faster than is wanted.

    >>> thinned(Fraction(60000, 1001), 30)
    Fraction(30000, 1001)
    """
    return rate / max(1, ceil(rate / fastest))


def own_rate(video: VideoTrack, scan: Scan) -> Fraction:
    """Pictures a second that are left once fields are put right: of five telecined ones one is too many."""
    return video.frame_rate * 4 / 5 if scan == "telecined" else video.frame_rate


def steadied(
    video: VideoTrack, rate: Fraction, crop: Crop | None = None, scan: Scan | None = None, keep: Kept = STANDARD
) -> str:
    """Filters that make pictures progressive and constant in rate, lay them on black, and cut black bars off.

    They come in standard range unless `keep` has another. `scan` is what `analysis.find_scan` saw; the
    file's own word stands where nobody looked.
    """
    fields = [] if scan == "progressive" else _PUT_RIGHT[scan] if scan else _PUT_RIGHT["told"] * video.interlaced
    stored = (video.height, video.width) if video.rotation % 180 else (video.width, video.height)
    # The first does nothing, but to pictures that on their way come to have another size; fields by themselves.
    parts = ["scale={}:{}".format(*stored) + ":interl=1" * bool(fields), *fields, f"fps=fps={rate}:start_time=0"]
    if video.transparent:
        parts.append("premultiply=inplace=1")
    if video.dynamic != "sdr" and not keep.high:
        parts.append(TO_SDR)
    if crop is not None:
        width, height = video.display_size
        square = [] if video.sample_aspect == 1 else [f"scale={width}:{height}:flags=lanczos"]
        parts += [*square, f"crop={crop.width}:{crop.height}:{crop.left}:{crop.top}"]
    return ",".join(parts)


def sized(video: VideoTrack, width: int, height: int, kernel: str = "lanczos", keep: Kept = STANDARD) -> str:
    """The filter that makes pictures so large, in the colours of HD where theirs were others, or in those to `keep`."""
    matrix = ":out_color_matrix=bt2020" * (video.matrix not in _ARE_2020) if keep.high else _matrix(video)
    return f"scale={width}:{height}:flags={kernel}:out_range=tv{matrix}"


def recoloured(video: VideoTrack) -> bool:
    """Whether the colours of the original are coded otherwise than in the file, and so are those of HD."""
    return video.dynamic != "sdr" or video.matrix in _OTHER_MATRICES or video.pixel_format.startswith(("rgb", "gbr"))


def judged(original: Original, encode: Path, *, every: int = 1, stop: threading.Event | None = None) -> Scores:
    """VMAF of the frames of an encode of a whole film, or of every so many.

    Raises `InvalidInput` where it has other frames, and what `matinee.media.run.ffmpeg` raises.
    """
    return vmaf(
        encode,
        original.path,
        (original.width, original.height),
        frames=original.frames,
        every=every,
        pictures=f"[1:{original.track}]{original.filters}",
        colour=original.colour,
        stop=stop,
    )


def _matrix(video: VideoTrack) -> str:
    """Colours coded in another way are recoded; those of a file that does not say are left as they are."""
    return ":out_color_matrix=bt709" if recoloured(video) else ""
