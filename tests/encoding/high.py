"""Films of high dynamic range and of ten bits, and what the pictures of an encode carry."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.sidedata.sidedata import SideDataContainer
from tests.media.clips import ffmpeg

from matinee.media.records import Mastering

X265 = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400:hdr10=1:"
    "log-level=error"
)
DISPLAY = Mastering(
    red=(Fraction(34, 50), Fraction(16, 50)),
    green=(Fraction(53, 200), Fraction(69, 100)),
    blue=(Fraction(3, 20), Fraction(3, 50)),
    white=(Fraction(3127, 10000), Fraction(329, 1000)),
    darkest=Fraction(1, 200),
    brightest=Fraction(1000),
)


def high(path: Path, *, frames: int = 6, transfer: str = "smpte2084", picture: str = "testsrc2") -> Path:
    """A film of 320x180 in HDR10, or in HLG (``arib-std-b67``), with the metadata of HDR10."""
    ffmpeg("-f", "lavfi", "-i", f"{picture}=size=320x180:rate=24", "-frames:v", frames, *_how(transfer), path)
    return path


def heightened(plain: Path, path: Path) -> Path:
    """The pictures of a film of standard range taken for HDR10."""
    ffmpeg("-i", plain, *_how("smpte2084"), path)
    return path


def _how(transfer: str) -> Sequence[object]:
    tags = f"format=yuv420p10le,setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    return ("-vf", tags, "-c:v", "libx265", "-preset", "ultrafast", "-crf", 12, "-x265-params", X265)


def carried(path: Path) -> list[set[str]]:
    """Of every picture of a film the kinds of metadata that come with it, film grain among them."""
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.options = {"export_side_data": "film_grain"}
        return [
            {one.type.name for one in cast("SideDataContainer", frame.side_data)}
            for frame in container.decode(container.streams.video[0])
        ]
