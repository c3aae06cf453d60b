"""Subtitles in segments: players fetch them as the film goes on. WebVTT for HLS, and IMSC for both manifests.

A cue that reaches into several segments stands in each of them, with the same times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

from matinee.encoding.streams.presentation import INITIALISATION, SEGMENT, Segment, Subtitles, TimedText
from matinee.media import imsc
from matinee.media.subtitles import Cue, write_vtt

_USUAL_S = 60
# Times in the file are those of the film, which begins at 0 (RFC 8216, 3.5).
_CLOCK = "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"


def lengths(duration: Fraction, segment_s: Fraction) -> tuple[Fraction, ...]:
    """Seconds of each segment of text, in whole milliseconds: about a minute, as long as so many of the picture."""
    step = round(segment_s * max(1, round(_USUAL_S / segment_s)) * 1000)
    whole = ceil(duration * 1000)
    return tuple(Fraction(min(step, whole - start), 1000) for start in range(0, whole, step))


def webvtt(words: Mapping[Subtitles, Sequence[Cue]]) -> dict[str, bytes]:
    """The segments of every subtitle track by name."""
    return {
        name: write_vtt(part, _CLOCK).encode()
        for track, cues in words.items()
        for name, part in zip(track.parts(), _parts(cues, track.segments), strict=True)
    }


def fragmented(words: Mapping[Subtitles, Sequence[Cue]]) -> tuple[dict[str, bytes], tuple[TimedText, ...]]:
    """Every subtitle track as IMSC in fragmented MP4: the files by name, and what the manifests say of them."""
    files: dict[str, bytes] = {}
    tracks: list[TimedText] = []
    for number, (track, cues) in enumerate(words.items()):
        id_, ticks = f"text-{number}", [round(one * imsc.TIMESCALE) for one in track.segments]
        documents = [imsc.document(part, track.language) for part in _parts(cues, track.segments)]
        initialisation, segments = imsc.fragments(documents, ticks)
        files[INITIALISATION.format(id=id_)] = initialisation
        files.update((SEGMENT.format(id=id_, number=i), data) for i, data in enumerate(segments, 1))
        tracks.append(
            TimedText(
                id=id_,
                codecs=imsc.CODECS,
                timescale=imsc.TIMESCALE,
                segments=tuple(Segment(n, len(data)) for n, data in zip(ticks, segments, strict=True)),
                words=track,
            )
        )
    return files, tuple(tracks)


def _parts(cues: Sequence[Cue], segments: Sequence[Fraction]) -> list[list[Cue]]:
    """The cues that are shown during each segment."""
    found, start = [], Fraction(0)
    for length in segments:
        found.append([cue for cue in cues if cue.start < start + length and cue.end > start])
        start += length
    return found
