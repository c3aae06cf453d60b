"""Knobs of encoding. All but where and how many at once change a stream's etag: changed knobs encode again."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from matinee.base.settings import Table
from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.rungs import Placing
from matinee.media.quality import Pooling

AudioCodec = Literal["aac", "opus"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
# How the work is done, not what comes out.
_NOT_IN_DIGEST = frozenset({"work", "at_once", "together_s", "keep_replaced_h"})


class EncodingSettings(Table):
    """How films are encoded."""

    method: Literal["ladder", "title", "shots"] = Field(
        "ladder",
        description="ladder: the same sizes for every film, quickly; title: sizes and quality that suit the film; "
        "shots: bits shared out among its shots as well. The last two try and measure, and take far longer",
    )
    codecs: Annotated[tuple[CodecName, ...], Field(min_length=1)] = Field(
        ("h264",), description="Codecs of the picture, of title and shots: h264, hevc, av1; players take what they can"
    )
    mixed: bool = Field(
        default=False,
        description="Of shots: whether each may have the size that suits it, for players that take it; others get "
        "H.264 in one size for each rendition, which is kept as well",
    )
    cap_vmaf: float = Field(95, gt=0, le=100, description="Quality of the best rendition, of title and shots")
    floor_vmaf: float = Field(40, ge=0, lt=100, description="Quality below which there is no rendition")
    pooling: Pooling = Field(
        "mean", description="How the quality of frames is counted: mean, harmonic, or a percentile: p1, p5, p10"
    )
    peak_ratio: float = Field(
        0, ge=0, description="How many times its rendition's mean bitrate a shot may take; 0 sets no limit"
    )
    grain: bool = Field(
        default=False,
        description="Whether AV1, in title and shots, takes grain out and has players put back what looks like it; "
        "VMAF does not see what that gains",
    )
    heights: Annotated[tuple[Annotated[int, Field(ge=2, le=4320)], ...], Field(min_length=1)] = Field(
        (240, 360, 540, 720, 1080), description="Heights of the 16:9 boxes that renditions fit into; never upscaled"
    )
    preset: Preset = Field("veryfast", description="x264 preset: slower ones need fewer bits for the same picture")
    crf: float = Field(23, ge=0, le=51, description="x264 constant rate factor: lower is better and larger")
    peak_kbps: int = Field(
        5200, gt=0, description="Highest bitrate of 1080p at 30 frames a second; other sizes follow from it"
    )
    take_fitting: bool = Field(
        default=True, description="Whether pictures and sound that already are what would be made are taken as they are"
    )
    audio_codecs: Annotated[tuple[AudioCodec, ...], Field(min_length=1)] = Field(
        ("aac",), description="Codecs in which each sound track is made; players take the one that they like"
    )
    audio_kbps: int = Field(128, ge=32, le=512, description="AAC bitrate of each stereo sound track")
    opus_kbps: int = Field(96, ge=16, le=510, description="Mean Opus bitrate of each stereo sound track")
    loudness_lufs: float = Field(
        -23, ge=-36, le=0, description="Integrated loudness that every sound track is brought to; 0 leaves it as it is"
    )
    true_peak_dbtp: float = Field(
        -1, ge=-9, le=0, description="Ceiling of true peaks, before encoding; sound is raised no further than to it"
    )
    imsc: bool = Field(
        default=False, description="Whether subtitles are also made as IMSC 1.1, for players that do not read WebVTT"
    )
    encryption: Literal["none", "cenc", "cbcs"] = Field(
        "none", description="Common Encryption of streams; cbcs plays on Apple's devices too. Needs Shaka Packager"
    )
    segment_s: float = Field(4, ge=1, le=20, description="Seconds of a segment, which is one closed group of pictures")
    max_frame_rate: float = Field(60, gt=0, description="Faster films are thinned out to every second or third frame")
    thumbnail_width: int = Field(192, ge=16, le=640, description="Width of the seek thumbnails in pixels")
    thumbnail_s: float = Field(0, ge=0, description="Seconds between seek thumbnails; 0 chooses by the film's length")
    together_s: float = Field(
        300,
        ge=0,
        description="Films up to this long are encoded at all sizes in one pass; longer ones size by size, so that "
        "each finished size survives an interruption",
    )
    at_once: int = Field(
        0, ge=0, description="Films encoded at once; 0 means one for every two processors, but two where there are two"
    )
    work: str = Field("", description="Folder for unfinished work; empty means work/ in the workspace")
    keep_replaced_h: float = Field(
        24, ge=0, description="Hours for which a replaced stream stays, for those who are watching it"
    )

    @field_validator("mixed")
    @classmethod
    def _of_shots(cls, mixed: bool, found: ValidationInfo) -> bool:  # noqa: FBT001  pydantic calls it so
        if mixed and found.data.get("method") != "shots":
            raise ValueError("sizes that suit each shot are only of encoding.method = shots")
        return mixed

    def goal(self, codec: CodecName) -> Goal:
        """What a plan of a film in this codec is to bring."""
        return Goal(
            codec=codec,
            heights=tuple(
                sorted({*Goal().heights, *self.heights} - {h for h in Goal().heights if h > max(self.heights)})
            ),
            placing=Placing(cap=self.cap_vmaf, floor=self.floor_vmaf),
            pooling=self.pooling,
            sharing="title" if self.method == "title" else "shots",
            mixed=self.mixed,
            peak=self.peak_ratio or float("inf"),
            grain=self.grain,
            longest_s=self.segment_s,
        )

    def digest(self) -> str:
        """Changes whenever a knob does that changes the stream."""
        # What came later changes nothing where it is not asked for.
        unasked = {name for name in ("mixed", "grain") if not getattr(self, name)}
        text = self.model_dump_json(exclude={*_NOT_IN_DIGEST, *unasked})
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
