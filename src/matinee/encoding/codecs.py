"""Codecs: how FFmpeg is asked for a closed run of pictures in H.264, HEVC or AV1.

Every run begins with the only picture at which decoding can begin, and can be put after any other run of the same size
and codec: headers do not depend on the quality asked for. One thread encodes a run, so that the same pictures always
give the same bytes; many runs are encoded side by side instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

CodecName = Literal["h264", "hevc", "av1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One codec and the encoder that makes it."""

    name: CodecName
    encoder: str
    """As FFmpeg calls it."""
    presets: tuple[str, ...]
    """Quickest first: later ones need fewer bits for the same picture."""
    preset: str
    crf_low: float
    crf_high: float
    """Between these lies every quality that anybody would ship."""
    crf_step: float
    """The smallest that the encoder tells apart, or that is worth it."""
    private: Callable[[float, int], list[str]]
    """Arguments of the encoder's own for a rate factor and a strength of grain."""
    strip: str
    """The bitstream filter that removes what the encoder tells of itself."""

    def crfs(self) -> list[float]:
        """Every rate factor that may be chosen, best quality first."""
        return [float(one) for one in np.arange(self.crf_low, self.crf_high + self.crf_step / 2, self.crf_step)]

    def arguments(self, preset: str, crf: float, grain: int = 0) -> list[str]:
        """What encodes one run; `grain` from 0 to 50 is taken out and put back by the player, by AV1 alone."""
        return [
            *("-c:v", self.encoder, "-preset", preset, "-pix_fmt", "yuv420p"),
            *(*self.private(crf, grain), "-bsf:v", self.strip),
        ]


_ENDLESS = 100_000


def _h264(crf: float, _grain: int) -> list[str]:
    # Without "stitchable" the picture parameters would hold the rate factor, and runs of different ones could not
    # follow each other. Cuts inside a run get a plain intra picture.
    how = f"keyint={_ENDLESS}:min-keyint={_ENDLESS}:open-gop=0:stitchable=1:threads=1:lookahead-threads=1"
    return ["-crf", f"{crf:g}", "-profile:v", "high", "-x264-params", how]


def _hevc(crf: float, _grain: int) -> list[str]:
    how = f"keyint={_ENDLESS}:min-keyint={_ENDLESS}:open-gop=0:info=0:pools=none:frame-threads=1:wpp=0:log-level=error"
    return ["-crf", f"{crf:g}", "-tag:v", "hvc1", "-x265-params", how]


def _av1(crf: float, grain: int) -> list[str]:
    denoise = f":film-grain={grain}:film-grain-denoise=1" if grain else ""
    # FFmpeg's own option takes whole rate factors, the encoder quarters.
    return ["-svtav1-params", f"crf={crf:g}:keyint=-1:scd=0:lp=1:tune=0{denoise}"]


CODECS: Mapping[CodecName, Codec] = {
    one.name: one
    for one in (
        Codec(
            name="h264",
            encoder="libx264",
            presets=("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
            preset="medium",
            crf_low=16,
            crf_high=46,
            crf_step=0.25,
            private=_h264,
            strip="filter_units=remove_types=6",
        ),
        Codec(
            name="hevc",
            encoder="libx265",
            presets=("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
            preset="medium",
            crf_low=18,
            crf_high=46,
            crf_step=0.25,
            private=_hevc,
            strip="filter_units=remove_types=39",
        ),
        Codec(
            name="av1",
            encoder="libsvtav1",
            presets=tuple(map(str, range(13, -1, -1))),
            preset="6",
            crf_low=20,
            crf_high=63,
            crf_step=0.25,
            private=_av1,
            strip="null",
        ),
    )
}
