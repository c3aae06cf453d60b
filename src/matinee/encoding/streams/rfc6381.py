"""What manifests call the codec of a track, as RFC 6381 has it, read from the track's initialisation file.

FFmpeg's DASH muxer leaves out the name of HEVC, so all names of pictures are made here: the sample entry, and what the
configuration records say that decoders read: ``avcC`` and ``hvcC`` (ISO/IEC 14496-15) and ``av1C`` (AV1 Codec ISO Media
File Format Binding).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import av

from matinee.base.errors import Unavailable
from matinee.media.records import BT709, Colour


def codec_string(initialisation: Path) -> str:
    """The name of the codec of the pictures that follow an initialisation file, as ``hvc1.1.6.L93.90``.

    Raises `Unavailable` where the file holds no pictures of a codec that is known here.
    """
    try:
        with av.open(str(initialisation)) as container:
            codec = container.streams.video[0].codec_context
            entry, record = codec.codec_tag, bytes(codec.extradata or b"")
        colour = av1_colour(record, colour_of(initialisation)) if entry == "av01" else ""
        return f"{entry}.{_NAMED[entry](record)}{colour}"
    except (av.error.FFmpegError, IndexError, KeyError):
        raise Unavailable(
            f"{initialisation.name} does not say what its pictures are coded in.",
            next_step="Encode the film again with --force.",
        ) from None


def colour_of(initialisation: Path) -> Colour:
    """What the pictures that follow an initialisation file say of their colours (its box ``colr``)."""
    with av.open(str(initialisation)) as container:
        codec = container.streams.video[0].codec_context
        return Colour(
            primaries=int(codec.color_primaries),
            transfer=int(codec.color_trc),
            matrix=int(codec.colorspace),
            full_range=int(codec.color_range) == 2,
        )


def avc(record: bytes) -> str:
    """H.264: profile, constraints and level.

    >>> avc(bytes.fromhex("0164001f"))
    '64001f'
    """
    return f"{record[1]:02x}{record[2]:02x}{record[3]:02x}"


def hevc(record: bytes) -> str:
    """HEVC (annex E.3): profile, its compatibility from the last bit to the first, tier and level, constraints.

    >>> hevc(bytes.fromhex("01016000000090000000000078"))
    '1.6.L120.90'
    >>> hevc(bytes.fromhex("01222000000000000000000099"))
    '2.4.H153'
    """
    space = ("", "A", "B", "C")[record[1] >> 6]
    compatible = int(f"{int.from_bytes(record[2:6]):032b}"[::-1], 2)
    tier = "H" if record[1] & 0x20 else "L"
    constraints = record[6:12].rstrip(b"\x00")
    return ".".join(
        [
            f"{space}{record[1] & 0x1F}",
            f"{compatible:X}",
            f"{tier}{record[12]}",
            *(f"{b:X}" for b in constraints),
        ]
    )


def av1(record: bytes) -> str:
    """AV1: profile, level and tier, and bits of a sample.

    >>> av1(bytes.fromhex("81080c00"))
    '0.08M.08'
    >>> av1(bytes.fromhex("810dcc00"))
    '0.13H.10'
    """
    bits = 8 if not record[2] & 0x40 else 12 if record[2] & 0x20 else 10
    return f"{record[1] >> 5}.{record[1] & 0x1F:02d}{'H' if record[2] & 0x80 else 'M'}.{bits:02d}"


def av1_colour(record: bytes, colour: Colour) -> str:
    """What is added to the name of AV1: chroma and colours; nothing where these are those of BT.709 or not known.

    >>> av1_colour(bytes.fromhex("81004c00"), Colour(primaries=9, transfer=16, matrix=9))
    '.0.110.09.16.09.0'
    >>> av1_colour(bytes.fromhex("81004c00"), BT709)
    ''
    """
    codes = (colour.primaries, colour.transfer, colour.matrix)
    if 2 in codes or colour == BT709:
        return ""
    flags = record[2]
    chroma = f"{flags >> 3 & 1}{flags >> 2 & 1}{flags & 3}"
    return ".".join(["", str(flags >> 4 & 1), chroma, *(f"{one:02d}" for one in codes), str(int(colour.full_range))])


_NAMED: Mapping[str, Callable[[bytes], str]] = {"avc1": avc, "avc3": avc, "hvc1": hevc, "hev1": hevc, "av01": av1}
"""By sample entry."""
