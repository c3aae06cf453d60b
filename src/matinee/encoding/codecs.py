"""Codecs: how FFmpeg is asked for a closed run of pictures in H.264, HEVC or AV1.

Every run begins with the only picture at which decoding can begin, and can be put after any other run of the same size
and codec: headers do not depend on the quality asked for. One thread encodes a run, so that the same pictures always
give the same bytes; many runs are encoded side by side instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matinee.base.errors import InvalidInput
from matinee.media.records import Colour

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
    depth: int
    """Bits of a sample in which it encodes pictures of 8 bits: AV1 needs fewer bits in 10, which every player takes."""
    least: int
    """The smallest width or height that the encoder takes, in pixels."""
    private: Callable[[float, int, Colour | None], list[str]]
    """Arguments of the encoder's own for a rate factor, a strength of grain, and colours."""
    strip: str
    """The bitstream filter that removes what the encoder tells of itself."""

    def crfs(self) -> list[float]:
        """Every rate factor that may be chosen, best quality first."""
        return [float(one) for one in np.arange(self.crf_low, self.crf_high + self.crf_step / 2, self.crf_step)]

    def arguments(
        self, preset: str, crf: float, grain: int = 0, depth: int = 8, colour: Colour | None = None
    ) -> list[str]:
        """What encodes one run; `grain` from 0 to 50 is taken out and put back by the player, by AV1 alone.

        `colour` is what the pictures were `matinee.media.tone.tagged` as before; that of high dynamic range is for HEVC
        and AV1 in 10 bits. Raises `InvalidInput` for H.264, which no player shows so.
        """
        high = colour is not None and colour.dynamic != "sdr"
        if self.name == "h264" and (depth != 8 or high):
            raise InvalidInput(
                "H.264 is made in 8 bits and standard range only.", next_step="Choose hevc or av1, or map the tones."
            )
        pixels = "yuv420p" if max(depth, self.depth) == 8 else "yuv420p10le"
        # What the encoder tells of the display must stay: it is of the same kind as what it tells of itself.
        strip = "null" if high else self.strip
        return [
            *("-c:v", self.encoder, "-preset", preset, "-pix_fmt", pixels),
            *(*self.private(crf, grain, colour), "-bsf:v", strip),
        ]


def film_grain(sigma: float) -> int:
    """The strength of grain for `Codec.arguments`, of what `matinee.encoding.plans.analysis.find_grain` measured.

    A player puts back about a ninth of the strength, in steps of 8 bits. What is finer than a step is not seen.

    >>> [film_grain(sigma) for sigma in (0.4, 1.5, 3.0, 12.0)]
    [0, 14, 27, 50]
    """
    return 0 if sigma < _SEEN else min(50, round(_STRENGTH * sigma))


def shrunk_grain(sigma: float, scale: float) -> float:
    """Standard deviation of the grain of pictures that were made smaller: neighbours are taken together.

    >>> shrunk_grain(6.0, 1 / 3)
    2.0
    """
    return sigma * min(1.0, scale)


_SEEN = 1.0
_STRENGTH = 9.0
_ENDLESS = 100_000
_PQ = 16  # ITU-T H.273, table 3


def _h264(crf: float, _grain: int, _colour: Colour | None) -> list[str]:
    # Without "stitchable" the picture parameters would hold the rate factor, and runs of different ones could not
    # follow each other. Cuts inside a run get a plain intra picture.
    how = f"keyint={_ENDLESS}:min-keyint={_ENDLESS}:open-gop=0:stitchable=1:threads=1:lookahead-threads=1"
    return ["-crf", f"{crf:g}", "-profile:v", "high", "-x264-params", how]


def _hevc(crf: float, _grain: int, colour: Colour | None) -> list[str]:
    how = f"keyint={_ENDLESS}:min-keyint={_ENDLESS}:open-gop=0:info=0:pools=none:frame-threads=1:wpp=0:log-level=error"
    return ["-crf", f"{crf:g}", "-tag:v", "hvc1", "-x265-params", how + (_hevc_range(colour) if colour else "")]


def _hevc_range(colour: Colour) -> str:
    told = ":hdr10=1:hdr10-opt=1" if colour.transfer == _PQ else ""
    if (display := colour.mastering) is not None:
        points = [
            round(50_000 * one) for point in (display.green, display.blue, display.red, display.white) for one in point
        ]
        light = [round(10_000 * one) for one in (display.brightest, display.darkest)]
        told += ":master-display=" + _display([*points, *light])
    return told + (f":max-cll={colour.max_cll},{colour.max_fall}" if colour.max_cll else "")


def _display(numbers: Sequence[object]) -> str:
    """Green, blue, red, white and the brightest and darkest luminance, as both encoders want it written."""
    return "G({},{})B({},{})R({},{})WP({},{})L({},{})".format(*numbers)


def _av1(crf: float, grain: int, colour: Colour | None) -> list[str]:
    denoise = f":film-grain={grain}:film-grain-denoise=1" if grain else ""
    # FFmpeg's own option takes whole rate factors, the encoder quarters.
    how = f"crf={crf:g}:keyint=-1:scd=0:lp=1{denoise}"
    return ["-svtav1-params", how + (_av1_range(colour) if colour else "")]


def _av1_range(colour: Colour) -> str:
    told = ""
    if (display := colour.mastering) is not None:
        points = [float(one) for point in (display.green, display.blue, display.red, display.white) for one in point]
        light = [float(one) for one in (display.brightest, display.darkest)]
        told = ":mastering-display=" + _display([f"{one:.5g}" for one in (*points, *light)])
    return told + (f":content-light={colour.max_cll},{colour.max_fall}" if colour.max_cll else "")


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
            depth=8,
            least=2,
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
            depth=8,
            least=16,
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
            depth=10,
            least=4,
            private=_av1,
            strip="null",
        ),
    )
}
