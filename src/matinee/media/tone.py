"""Tone: pictures of high dynamic range as a screen of standard range shows them, by FFmpeg's filters."""

from __future__ import annotations

from matinee.media.records import Colour

# Reinhard-like curves wash out; Hable's keeps the shadows, at the reference white of ITU-R BT.2408.
TO_SDR = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)


def tagged(colour: Colour) -> str:
    """The filter that tells pictures what their samples stand for, and with them whoever encodes them.

    Options such as ``-color_primaries`` are overruled by what the pictures say, which is nothing in YUV4MPEG2.
    """
    codes = f"color_primaries={colour.primaries}:color_trc={colour.transfer}:colorspace={colour.matrix}"
    return f"setparams={codes}:range={'pc' if colour.full_range else 'tv'}"
