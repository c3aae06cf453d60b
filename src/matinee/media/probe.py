"""What is in a film file, read with PyAV, and not believed before packets and a picture have been seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from struct import Struct
from typing import cast

import av
from av.container import InputContainer
from av.sidedata.sidedata import SideDataContainer, Type
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from matinee.base.errors import InvalidInput
from matinee.media.cadence import frame_rate, shown
from matinee.media.containers import open_container
from matinee.media.languages import language_tag
from matinee.media.packets import spans
from matinee.media.records import (
    AudioTrack,
    Chapter,
    Colour,
    DynamicMetadata,
    Mastering,
    Media,
    TextTrack,
    VideoTrack,
)
from matinee.media.time import parse_clock

MAX_PIXELS = 8192 * 8192
_TEXT_CODECS = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "ttml", "subviewer", "microdvd"})
# Containers whose header tells how long the file ought to be; the others are measured, and end where they end.
_TELL_DURATION = ("mov,", "matroska,", "avi", "asf", "mxf", "flv")
_HEAD_PACKETS = 240
_DISPLAY, _LIGHT = Struct("=22i"), Struct("=II")
_MORE: Mapping[DynamicMetadata, frozenset[Type]] = {
    "Dolby Vision": frozenset({Type.DOVI_RPU_BUFFER, Type.DOVI_METADATA}),
    "HDR10+": frozenset({Type.DYNAMIC_HDR_PLUS}),
}
_NOT_THE_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


def probe(path: Path) -> Media:
    """What the film file holds.

    Raises `InvalidInput` where it is empty, broken off, no film, only sound or only a picture, and what
    `matinee.media.containers.open_container` raises.
    """
    with open_container(path) as container:
        stream = _film(container, path)
        try:
            frame = _first_frame(container, stream)
            times = shown(container, stream)
            ends = _ends(container, stream)
        except av.error.FFmpegError as error:
            raise _broken(path, f"its pictures cannot be read: {error.strerror}") from None
        if frame is None:
            raise _broken(path, "not one of its pictures can be decoded")
        if len(times[0]) < 2:
            raise InvalidInput(f"{path} is not a film: it holds a single picture.", next_step="Replace it by a film.")
        start = min(times[0][0], Fraction(container.start_time or 0, av.time_base))
        _complete(container, path, max(ends.values()) - start)
        return Media(
            path=path,
            container=container.format.name,
            size_bytes=path.stat().st_size,
            start=start,
            duration=max(ends.values()) - start,
            video=_video(stream, frame, times, ends[stream.index]),
            audio=tuple(_audio(one) for one in container.streams.audio if one.codec_context is not None),
            subtitles=tuple(_text(one) for one in container.streams.subtitles),
            chapters=tuple(_chapters(container, start, max(ends.values()) - start)),
        )


def _film(container: InputContainer, path: Path) -> VideoStream:
    """The moving pictures, not the cover."""
    streams = [one for one in container.streams.video if not one.disposition & _NOT_THE_FILM]
    if not streams:
        what = "it holds only sound" if container.streams.audio else "it holds no pictures"
        raise InvalidInput(f"{path} is not a film: {what}.", next_step="Replace it by a file with moving pictures.")
    stream = max(streams, key=lambda one: bool(one.disposition & Disposition.default))
    if stream.codec_context is None:
        raise _broken(path, "its pictures are in a codec that nothing here decodes")
    if not 0 < stream.codec_context.width * stream.codec_context.height <= MAX_PIXELS:
        size = f"{stream.codec_context.width}x{stream.codec_context.height}"
        raise _broken(path, f"its pictures are said to be {size} in size")
    return stream


def _broken(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path} is damaged: {why}.", next_step="Copy it again from where it came, or replace it.")


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """The first picture that can be decoded; damage before it is passed over."""
    for packet in islice(container.demux(stream), _HEAD_PACKETS):
        try:
            for frame in packet.decode():
                return frame
        except av.error.InvalidDataError:
            continue
    return None


def _ends(container: InputContainer, film: VideoStream) -> dict[int, Fraction]:
    """When the last packet of each track ends. Only the end of the file is read, where it can be found."""
    streams = [film, *(one for one in container.streams.audio)]
    length = container.duration
    if length:
        try:
            container.seek(max(0, (container.start_time or 0) + length - 2 * av.time_base))
            ends = _last(container, streams)
            if film.index in ends:
                return ends
        except av.error.FFmpegError:
            pass
    container.seek(container.start_time or 0)
    return _last(container, streams)


def _last(container: InputContainer, streams: Iterable[Stream]) -> dict[int, Fraction]:
    ends: dict[int, Fraction] = {}
    for index, _, end in spans(container, streams):
        ends[index] = max(end, ends.get(index, end))
    return ends


def _complete(container: InputContainer, path: Path, found: Fraction) -> None:
    """Refuse a file that ends long before its header says it does."""
    said = _said(container)
    if found < said - max(Fraction(1, 2), said / 50):
        raise InvalidInput(
            f"{path} is cut off: it should last {float(said):.1f} s and ends after {float(found):.1f} s.",
            next_step="Copy it again from where it came.",
        )


def _said(container: InputContainer) -> Fraction:
    """How long pictures and sound should last by the header; 0 where it does not tell."""
    if not container.format.name.startswith(_TELL_DURATION):
        return Fraction(0)
    told = [_told(stream) for stream in (*container.streams.video, *container.streams.audio)]
    if container.format.name == "avi":
        # FFmpeg cuts the durations of a broken off AVI down to its size, but leaves the numbers of frames as told.
        told += [one.frames / Fraction(one.average_rate) for one in container.streams.video if one.average_rate]
    if any(told):
        return max(told)
    # Subtitles may last beyond the film, and then the file's own word is about them.
    return Fraction(0) if container.streams.subtitles else Fraction(container.duration or 0, av.time_base)


def _told(stream: Stream) -> Fraction:
    """A stream's duration by its header, or by the tag that Matroska writers leave."""
    if stream.duration:
        return stream.duration * Fraction(stream.time_base or 0)
    try:
        return parse_clock(stream.metadata.get("DURATION", ""))
    except InvalidInput:
        return Fraction(0)


def _video(stream: VideoStream, frame: VideoFrame, times: Sequence[list[Fraction]], end: Fraction) -> VideoTrack:
    rate, variable = frame_rate(stream, times)
    head = times[0]
    context, colour = stream.codec_context, _colour(frame)
    # Some containers give the last packet no duration.
    end = max(end, head[-1] + 1 / rate)
    return VideoTrack(
        index=stream.index,
        codec=context.name,
        profile=context.profile or "",
        width=frame.width,
        height=frame.height,
        sample_aspect=_sample_aspect(stream),
        rotation=round(frame.rotation) % 360,
        frame_rate=rate,
        variable=variable,
        start=head[0],
        duration=end - head[0],
        pixel_format=frame.format.name,
        bit_depth=max(one.bits for one in frame.format.components),
        matrix=int(frame.colorspace),
        dynamic=colour.dynamic,
        interlaced=bool(frame.interlaced_frame),
        colour=colour,
        transparent=any(one.is_alpha for one in frame.format.components),
    )


def _colour(frame: VideoFrame) -> Colour:
    """What the first picture says of its colours, by itself or with the container's help."""
    told = {one.type: bytes(one) for one in cast("SideDataContainer", frame.side_data)}
    light = told.get(Type.CONTENT_LIGHT_LEVEL, b"")
    max_cll, max_fall = _LIGHT.unpack(light) if len(light) == _LIGHT.size else (0, 0)
    return Colour(
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        matrix=int(frame.colorspace),
        full_range=int(frame.color_range) == 2,
        mastering=_mastering(told.get(Type.MASTERING_DISPLAY_METADATA, b"")),
        max_cll=max_cll,
        max_fall=max_fall,
        more=tuple(name for name, kinds in _MORE.items() if told.keys() & kinds),
    )


def _mastering(data: bytes) -> Mastering | None:
    """From FFmpeg's ``AVMasteringDisplayMetadata``: fractions for red, green, blue, white and luminance, two flags."""
    if len(data) != _DISPLAY.size:
        return None
    *numbers, has_primaries, has_luminance = _DISPLAY.unpack(data)
    if not (has_primaries and has_luminance and all(numbers[1::2])):
        return None
    told = [Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = zip(told[:8:2], told[1:8:2], strict=True)
    return Mastering(red=red, green=green, blue=blue, white=white, darkest=told[8], brightest=told[9])


def _sample_aspect(stream: VideoStream) -> Fraction:
    """Absurd values, which broken muxers write, count as square."""
    found = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(found) if found and Fraction(1, 8) <= found <= 8 else Fraction(1)


def _audio(stream: av.AudioStream) -> AudioTrack:
    context, kind = stream.codec_context, Disposition(stream.disposition)
    return AudioTrack(
        index=stream.index,
        codec=context.name,
        profile=context.profile or "",
        channels=context.channels,
        layout=context.layout.name,
        sample_rate=context.sample_rate,
        language=language_tag(stream.language),
        title=stream.metadata.get("title", ""),
        default=bool(kind & Disposition.default),
        described=bool(kind & (Disposition.visual_impaired | Disposition.descriptions | Disposition.comment)),
    )


def _text(stream: Stream) -> TextTrack:
    codec, kind = stream.codec_context.name if stream.codec_context else "unknown", Disposition(stream.disposition)
    return TextTrack(
        index=stream.index,
        codec=codec,
        text=codec in _TEXT_CODECS,
        language=language_tag(stream.language),
        title=stream.metadata.get("title", ""),
        forced=bool(kind & Disposition.forced),
        hearing_impaired=bool(kind & Disposition.hearing_impaired),
    )


def _chapters(container: InputContainer, start: Fraction, duration: Fraction) -> Iterator[Chapter]:
    """What the file names, in order: each to its end, to the next or to the end of the film, whichever is first."""
    told: dict[Fraction, tuple[Fraction, str]] = {}
    for one in container.chapters():
        tick = Fraction(one["time_base"] or 0)
        begin, end = one["start"] * tick - start, one["end"] * tick - start
        told.setdefault(max(begin, Fraction(0)), (end, " ".join(one["metadata"].get("title", "").split())))
    begins = sorted(begin for begin in told if begin < duration)
    for number, (begin, following) in enumerate(pairwise([*begins, duration]), 1):
        end, title = told[begin]
        until = min(end, following) if end > begin else following
        yield Chapter(start=begin, end=until, title=title or f"Chapter {number}")
