"""Finished renditions cut into CMAF segments, and what came out read back from FFmpeg's manifest and the files."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import parse as parse_xml

from matinee.base.errors import Unavailable
from matinee.encoding.streams.presentation import INITIALISATION, SEGMENT, Segment, SoundTrack, VideoRendition
from matinee.encoding.streams.rfc6381 import codec_string, colour_of
from matinee.encoding.streams.transcode import Sound, Timing, packaging_arguments
from matinee.media import run
from matinee.media.languages import language_name
from matinee.media.loudness import Loudness

_DRAFT = "ffmpeg.mpd"
_NAMES = {"dash": "urn:mpeg:dash:schema:mpd:2011"}


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished sound track, and how loud it was and is; None where that was not measured."""

    path: Path
    sound: Sound
    before: Loudness | None = None
    after: Loudness | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The tracks of a film, cut into segments that lie in a folder."""

    video: tuple[VideoRendition, ...]
    sound: tuple[SoundTrack, ...]


def cut(
    folder: Path,
    videos: Sequence[Path],
    sounds: Sequence[Finished],
    *,
    clock: Timing,
    shape: Fraction,
    about: str,
    mixed: Collection[Path] = (),
    stop: threading.Event | None = None,
) -> Cut:
    """Write the segments of all tracks into `folder`, and say what they are; `mixed` are videos of changing size.

    A segment ends with the first group of pictures that makes it `clock.gop` frames long or longer, so that it consists
    of whole groups. All renditions must have key frames at the same times; their codecs may differ.
    Raises `Unavailable` where the disk is full, or where the renditions do not fit together.
    """
    arguments = packaging_arguments(videos, [(one.path, one.sound.codec) for one in sounds], shape, clock, mixed)
    run.ffmpeg([*arguments, f"file:{folder / _DRAFT}"], about=about, stop=stop)
    found = parse_xml(folder / _DRAFT)
    (folder / _DRAFT).unlink()
    elements = found.findall(".//dash:Representation", _NAMES)
    if len(elements) != len(videos) + len(sounds):
        raise Unavailable(f"FFmpeg packaged only a part of {about}.", next_step="Run this again with --force.")
    made = Cut(
        tuple(
            _video(folder, one, clock, mixed=path in mixed)
            for path, one in zip(videos, elements[: len(videos)], strict=True)
        ),
        _sounds(folder, elements[len(videos) :], sounds),
    )
    _aligned(made, about)
    for track, one in zip(made.sound, sounds, strict=True):
        if one.sound.codec == "opus":
            _without_priming(folder / track.initialisation)
    return made


def _video(folder: Path, element: Element, clock: Timing, *, mixed: bool) -> VideoRendition:
    track = element.attrib["id"]
    return VideoRendition(
        id=track,
        codecs=codec_string(folder / INITIALISATION.format(id=track)),
        colour=colour_of(folder / INITIALISATION.format(id=track)),
        timescale=_timescale(element),
        segments=_segments(folder, element),
        width=int(element.attrib["width"]),
        height=int(element.attrib["height"]),
        frame_rate=clock.frame_rate,
        mixed=mixed,
    )


def _sounds(folder: Path, elements: Sequence[Element], sounds: Sequence[Finished]) -> tuple[SoundTrack, ...]:
    labels, defaults = _labels(sounds)
    return tuple(
        SoundTrack(
            id=element.attrib["id"],
            codecs=element.attrib["codecs"],
            timescale=_timescale(element),
            segments=_segments(folder, element),
            language=one.sound.track.language,
            label=label,
            sample_rate=int(element.attrib["audioSamplingRate"]),
            channels=2,
            default=default,
            described=one.sound.track.described,
            before=one.before,
            after=one.after,
        )
        for element, one, label, default in zip(elements, sounds, labels, defaults, strict=True)
    )


def _labels(sounds: Sequence[Finished]) -> tuple[list[str], list[bool]]:
    """What each is called, and whether it is the one to begin with: the same in every codec."""
    tracks = list(dict.fromkeys(one.sound.track for one in sounds))
    default = next((one for one in tracks if one.default and not one.described), tracks[0] if tracks else None)
    labels = distinct([one.title or (language_name(one.language) if one.language else "Sound") for one in tracks])
    named = dict(zip(tracks, labels, strict=True))
    return [named[one.sound.track] for one in sounds], [one.sound.track == default for one in sounds]


def distinct(labels: Sequence[str]) -> list[str]:
    """The labels, numbered where one occurs again.

    >>> distinct(["English", "Deutsch", "English"])
    ['English', 'Deutsch', 'English (2)']
    """
    made: list[str] = []
    for label in labels:
        number = 2
        name = label
        while name in made:
            name, number = f"{label} ({number})", number + 1
        made.append(name)
    return made


def _without_priming(path: Path) -> None:
    """Have an initialisation file of Opus say that the sound begins with nothing to be left out.

    Its box `dOps` (Encapsulation of Opus in ISO BMFF, 4.3.2) still tells of the encoder's priming, which has been
    dropped. Decoders that go by it would leave out the first 6.5 ms, and some be early by as much ever after.
    """
    data = bytearray(path.read_bytes())
    skip = data.index(b"dOps") + len(b"dOps") + 2  # after version and number of channels
    data[skip : skip + 2] = bytes(2)
    path.write_bytes(data)


def _timescale(element: Element) -> int:
    return int(_template(element).attrib["timescale"])


def _template(element: Element) -> Element:
    found = element.find("dash:SegmentTemplate", _NAMES)
    assert found is not None, "FFmpeg writes a template for each representation"
    return found


def _segments(folder: Path, element: Element) -> tuple[Segment, ...]:
    """Ticks from FFmpeg's timeline, sizes from the files; the files are flushed to the disk by who stores them."""
    ticks = [
        int(one.attrib["d"])
        for one in _template(element).iterfind(".//dash:S", _NAMES)
        for _ in range(1 + int(one.get("r", "0")))
    ]
    track = element.attrib["id"]
    os.stat(folder / INITIALISATION.format(id=track))  # noqa: PTH116  only that it is there
    files = [folder / SEGMENT.format(id=track, number=i + 1) for i in range(len(ticks))]
    return tuple(Segment(ticks=n, size_bytes=file.stat().st_size) for n, file in zip(ticks, files, strict=True))


def _aligned(made: Cut, about: str) -> None:
    """All renditions begin their segments at the same times, or players could not change between them."""
    if len({tuple(one.seconds(part) for part in one.segments) for one in made.video}) != 1:
        raise Unavailable(f"The renditions of {about} are not cut alike.", next_step="Run this again with --force.")
