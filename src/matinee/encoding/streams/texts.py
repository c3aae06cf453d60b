"""The subtitles of a film, from files beside it and from tracks inside it, and its chapters, all as WebVTT."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from matinee.base.errors import InvalidInput
from matinee.encoding.streams.film import Sidecar
from matinee.encoding.streams.package import distinct
from matinee.encoding.streams.presentation import Subtitles
from matinee.media import run, subtitles
from matinee.media.containers import input_options
from matinee.media.languages import language_name
from matinee.media.records import Media, TextTrack
from matinee.media.subtitles import Cue

FOLDER = "subtitles"
CHAPTERS = "chapters.vtt"


def gather(
    media: Media,
    beside: Iterable[Sidecar],
    segments: Sequence[Fraction],
    space: Path,
    stop: threading.Event | None = None,
) -> tuple[dict[Subtitles, list[Cue]], list[str]]:
    """The cues of every subtitle track, and a sentence for each that cannot be used.

    Files beside the film come first, since people put them there on purpose. `segments` are the seconds of each, the
    film's length together. `space` is an empty folder to work in.
    """
    found: list[tuple[Sidecar, list[Cue]]] = []
    duration = sum(segments, Fraction(0))
    refused: list[str] = []
    for one in [*beside, *_inside(media, space, refused, stop)]:
        try:
            cues = subtitles.valid(subtitles.parse(subtitles.decode(one.data, one.language), one.name), duration)
        except InvalidInput as error:
            refused.append(str(error))
            continue
        if cues:
            found.append((one, cues))
        else:
            refused.append(f"{one.name} has no words within the {float(duration):.0f} s of the film.")
    return _named(found, tuple(segments)), refused


def chapters(media: Media, duration: Fraction) -> dict[str, bytes]:
    """The file of the chapters by its name; nothing where there are none, or only one, which would tell nothing."""
    told = [Cue(one.start, one.end, subtitles.escaped(one.title)) for one in media.chapters]
    cues = subtitles.valid(told, duration)
    return {CHAPTERS: subtitles.write_vtt(cues).encode()} if len(cues) > 1 else {}


def _named(found: Sequence[tuple[Sidecar, list[Cue]]], segments: tuple[Fraction, ...]) -> dict[Subtitles, list[Cue]]:
    labels = distinct([_label(one) for one, _ in found])
    return {
        Subtitles(
            language=one.language,
            label=label,
            file=f"{FOLDER}/{i}-{one.language or 'und'}.vtt",
            segments=segments,
            hearing_impaired=one.hearing_impaired,
            forced=one.forced,
        ): cues
        for i, ((one, cues), label) in enumerate(zip(found, labels, strict=True))
    }


def _label(one: Sidecar) -> str:
    name = one.label or language_name(one.language)
    return f"{name} (SDH)" if one.hearing_impaired and not one.label else name


def _inside(media: Media, space: Path, refused: list[str], stop: threading.Event | None) -> Iterator[Sidecar]:
    """The text tracks of the file, converted by FFmpeg one by one, so that a bad one does not cost the others."""
    for track in media.subtitles:
        name = f"Subtitle track {track.index} of {media.path}"
        if not track.text:
            refused.append(f"{name} consists of pictures ({track.codec}), which cannot be shown as text.")
            continue
        out = space / f"{track.index}.vtt"
        arguments = ["-y", *input_options(media.path), "-map", f"0:{track.index}", "-f", "webvtt", f"file:{out}"]
        try:
            run.ffmpeg(arguments, about=name, stop=stop)
        except InvalidInput as error:
            refused.append(str(error))
            continue
        yield _sidecar(track, name, out.read_bytes())


def _sidecar(track: TextTrack, name: str, data: bytes) -> Sidecar:
    return Sidecar(
        name=name,
        data=data,
        language=track.language,
        label=track.title,
        hearing_impaired=track.hearing_impaired,
        forced=track.forced,
    )
