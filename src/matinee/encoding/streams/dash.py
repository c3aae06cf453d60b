"""The DASH manifest (ISO/IEC 23009-1, profiles isoff-live and CMAF) of a presentation."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from math import gcd
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from matinee.encoding.streams.devices import everybodys, narrowed
from matinee.encoding.streams.presentation import Presentation, SoundTrack, Subtitles, Track, VideoRendition
from matinee.media.records import Colour

MANIFEST = "manifest.mpd"
_NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_PROFILES = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
_ROLE = "urn:mpeg:dash:role:2011"
_PROTECTION = "urn:mpeg:dash:mp4protection:2011"
_CLEARKEY = "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"
_COMMON_SYSTEM = UUID("1077efec-c0b2-4d02-ace3-3c1e52e2fb4b")
_CICP = "urn:mpeg:mpegB:cicp"
_CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"


def manifests(stream: Presentation) -> dict[str, str]:
    """Every manifest by its name: that for everybody, and those for families that should be offered something else."""
    return {
        **{manifest_name(family): manifest(part) for family, part in narrowed(stream).items()},
        MANIFEST: manifest(everybodys(stream)),
    }


def manifest_name(family: str) -> str:
    """Name of the manifest of a family of devices."""
    return f"manifest-{family}.mpd"


def manifest(stream: Presentation) -> str:
    """The manifest, as XML."""
    root = Element(
        "MPD",
        {"xmlns": _NAMESPACE, **({} if stream.scheme == "none" else {"xmlns:cenc": "urn:mpeg:cenc:2013"})},
        profiles=_PROFILES,
        type="static",
        mediaPresentationDuration=_duration(stream.duration),
        maxSegmentDuration=_duration(max(one.seconds(part) for one in stream.video for part in one.segments)),
        minBufferTime=_duration(stream.segment_s),
    )
    period = SubElement(root, "Period", id="film", start="PT0S")
    codecs = stream.by_codec()
    for number, renditions in enumerate(codecs):
        _pictures(period, stream, renditions, number)
    for number, sound in enumerate(stream.sound, len(codecs)):
        _sound(period, stream, sound, number)
    for number, text in enumerate(stream.subtitles, len(codecs) + len(stream.sound)):
        _text(period, text, number)
    for number, track in enumerate(stream.imsc, len(codecs) + len(stream.sound) + len(stream.subtitles)):
        _representation(_words(period, track.words, number, "application/mp4"), track)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _pictures(period: Element, stream: Presentation, renditions: Sequence[VideoRendition], number: int) -> None:
    """The renditions of one codec; of several codecs the later ones are to be preferred by who decodes them."""
    largest = renditions[-1]
    adaptation = SubElement(
        period,
        "AdaptationSet",
        id=str(number),
        contentType="video",
        mimeType="video/mp4",
        segmentAlignment="true",
        startWithSAP="1",
        par=f"{stream.aspect.numerator}:{stream.aspect.denominator}",
        maxWidth=str(largest.width),
        maxHeight=str(largest.height),
        frameRate=_rate(largest.frame_rate),
        selectionPriority=str(number + 1),
    )
    _protected(adaptation, largest, stream)
    if stream.high:
        _coloured(adaptation, largest.colour)
    SubElement(adaptation, "Role", schemeIdUri=_ROLE, value="main")
    for one in renditions:
        representation = _representation(adaptation, one)
        representation.attrib.update(width=str(one.width), height=str(one.height), sar=_sample_aspect(one, stream))


def _coloured(adaptation: Element, colour: Colour) -> None:
    """Which range a set has (DASH-IF IOP 4.3, by ISO/IEC 23091-2): players that do not know a high one pass over it.

    Standard range is told as well, or some players would take it for whichever range they like.
    """
    kind = "SupplementalProperty" if colour.dynamic == "sdr" else "EssentialProperty"
    codes = {
        "ColourPrimaries": colour.primaries,
        "TransferCharacteristics": colour.transfer,
        "MatrixCoefficients": colour.matrix,
    }
    for name, code in codes.items():
        SubElement(adaptation, kind, schemeIdUri=f"{_CICP}:{name}", value=str(code))


def _sound(period: Element, stream: Presentation, track: SoundTrack, number: int) -> None:
    adaptation = SubElement(
        period,
        "AdaptationSet",
        id=str(number),
        contentType="audio",
        mimeType="audio/mp4",
        segmentAlignment="true",
        startWithSAP="1",
        lang=track.language or "und",
    )
    _protected(adaptation, track, stream)
    SubElement(adaptation, "Label").text = track.label
    if track.described:
        SubElement(adaptation, "Role", schemeIdUri=_ROLE, value="description")
    else:
        SubElement(adaptation, "Role", schemeIdUri=_ROLE, value="main" if track.default else "alternate")
    representation = _representation(adaptation, track)
    representation.set("audioSamplingRate", str(track.sample_rate))
    channels = Element("AudioChannelConfiguration", schemeIdUri=_CHANNELS, value=str(track.channels))
    representation.insert(0, channels)


def _text(period: Element, track: Subtitles, number: int) -> None:
    adaptation = _words(period, track, number, "text/vtt")
    representation = SubElement(adaptation, "Representation", id=f"vtt-{number}", bandwidth="256")
    SubElement(representation, "BaseURL").text = track.file


def _words(period: Element, track: Subtitles, number: int, mime: str) -> Element:
    adaptation = SubElement(
        period, "AdaptationSet", id=str(number), contentType="text", mimeType=mime, lang=track.language or "und"
    )
    role = "forced-subtitle" if track.forced else "caption" if track.hearing_impaired else "subtitle"
    SubElement(adaptation, "Label").text = track.label
    SubElement(adaptation, "Role", schemeIdUri=_ROLE, value=role)
    return adaptation


def _protected(adaptation: Element, track: Track, stream: Presentation) -> None:
    """How and by which key all renditions of a set are encrypted: in general, for ClearKey, and for any browser."""
    if stream.scheme == "none":
        return
    common = {"value": stream.scheme, "cenc:default_KID": str(UUID(track.kid))}
    SubElement(adaptation, "ContentProtection", {"schemeIdUri": _PROTECTION, **common})
    SubElement(adaptation, "ContentProtection", schemeIdUri=_CLEARKEY, value="ClearKey1.0")
    element = SubElement(adaptation, "ContentProtection", schemeIdUri=f"urn:uuid:{_COMMON_SYSTEM}")
    SubElement(element, "cenc:pssh").text = b64encode(_pssh(bytes.fromhex(track.kid))).decode()


def _pssh(kid: bytes) -> bytes:
    """The box by which a browser asks for a key, for no key system in particular (W3C, "cenc" initialisation data)."""
    body = struct.pack(">B3x16sI16sI", 1, _COMMON_SYSTEM.bytes, 1, kid, 0)
    return struct.pack(">I4s", 8 + len(body), b"pssh") + body


def _representation(adaptation: Element, track: Track) -> Element:
    representation = SubElement(
        adaptation, "Representation", id=track.id, codecs=track.codecs, bandwidth=str(track.peak_bps)
    )
    template = SubElement(
        representation,
        "SegmentTemplate",
        timescale=str(track.timescale),
        initialization="init-$RepresentationID$.mp4",
        media="segment-$RepresentationID$-$Number%05d$.m4s",
        startNumber="1",
    )
    timeline = SubElement(template, "SegmentTimeline")
    for ticks, run in groupby(one.ticks for one in track.segments):
        again = len(list(run)) - 1
        SubElement(timeline, "S", {"d": str(ticks), **({"r": str(again)} if again else {})})
    timeline[0].set("t", "0")
    return representation


def _sample_aspect(one: VideoRendition, stream: Presentation) -> str:
    across, down = stream.aspect.numerator * one.height, stream.aspect.denominator * one.width
    shared = gcd(across, down)
    return f"{across // shared}:{down // shared}"


def _rate(rate: Fraction) -> str:
    return str(rate)


def _duration(seconds: Fraction) -> str:
    """ISO 8601, to the microsecond.

    >>> _duration(Fraction(61, 2))
    'PT30.5S'
    """
    return f"PT{float(seconds):.6f}".rstrip("0").rstrip(".") + "S"
