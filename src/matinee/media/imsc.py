"""Subtitles as IMSC 1.1 text (W3C, TTML Profiles for Internet Media Subtitles and Captions), alone and inside MP4.

`ttconv` turns WebVTT into TTML with regions, positions and styles; FFmpeg's muxer wraps documents as ISO/IEC 14496-30
has it: each sample is a whole document, whose times count from the beginning of the film.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, tostring

import av
from ttconv.imsc import writer
from ttconv.imsc.config import ContentProfilesSignaling, IMSCWriterConfiguration
from ttconv.imsc.designators import IMSC_11_TEXT_PROFILE_DESIGNATOR
from ttconv.vtt import reader

from matinee.media.subtitles import Cue, plain, write_vtt

CODECS = "stpp.ttml.im1t"
"""RFC 6381, as CMAF (ISO/IEC 23000-19) registers it."""
TIMESCALE = 1000
# It warns of every setting of a cue that it leaves as it would be without.
logging.getLogger("ttconv").setLevel(logging.ERROR)
_OPTIONS = {"movflags": "cmaf+frag_every_frame+empty_moov+default_base_moof", "fflags": "+bitexact"}


def document(cues: Sequence[Cue], language: str) -> bytes:
    """A TTML document of these cues, which may be none; `language` is BCP 47, or empty where unknown."""
    model = reader.to_model(io.StringIO(write_vtt([plain(cue) for cue in cues])))
    model.set_lang(language or "und")
    model.set_content_profiles({IMSC_11_TEXT_PROFILE_DESIGNATOR})
    how = IMSCWriterConfiguration(profile_signaling=ContentProfilesSignaling.CONTENT_PROFILES)
    root: Element = writer.from_model(model, how).getroot()
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def fragments(documents: Sequence[bytes], ticks: Sequence[int]) -> tuple[bytes, list[bytes]]:
    """The initialisation and one segment for each document, which lasts so many `TIMESCALE`ths of a second."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options=_OPTIONS) as container:
        stream = container.add_mux_stream("ttml")
        stream.time_base = Fraction(1, TIMESCALE)
        start = 0
        for data, length in zip(documents, ticks, strict=True):
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, TIMESCALE), True
            packet.pts = packet.dts = start
            packet.duration = length
            container.mux(packet)
            start += length
    boxes = list(_boxes(out.getvalue()))
    first = next(i for i, (kind, _) in enumerate(boxes) if kind == b"moof")
    segments = [b"".join(pair) for pair in zip(_of(boxes, b"moof"), _of(boxes, b"mdat"), strict=True)]
    return b"".join(data for _, data in boxes[:first]), segments


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at : at + size]))
        at += size
    return found


def _of(boxes: Sequence[tuple[bytes, bytes]], kind: bytes) -> list[bytes]:
    return [data for name, data in boxes if name == kind]
