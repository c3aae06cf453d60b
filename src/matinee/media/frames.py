"""Pictures of a film as arrays of (height, width, 3) bytes: those at given times, or every one in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from matinee.media import run
from matinee.media.containers import input_options, open_container

Picture = NDArray[np.uint8]

_SEEK_S = Fraction(3)
"""Gaps longer than this are jumped over; shorter ones are decoded through."""


def evenly(duration: Fraction, n: int) -> list[Fraction]:
    """Times in the middle of `n` equal parts.

    >>> evenly(Fraction(4), 2)
    [Fraction(1, 1), Fraction(3, 1)]
    """
    return [duration * (2 * i + 1) / (2 * n) for i in range(n)]


def frames_at(path: Path, times: Sequence[Fraction], width: int | None = None) -> Iterator[Picture]:
    """The picture on the screen at each of the `times`, which must ascend; the last one for times past the end.

    They are upright, with square pixels in red, green and blue, scaled to `width` where one is given. Fewer come back
    where the film cannot be decoded to its end.
    Raises what `matinee.media.containers.open_container` raises.
    """
    with open_container(path) as container:
        reel = _Reel(container, container.streams.video[0])
        for time in times:
            frame = reel.at(time)
            if frame is None:
                return
            yield _upright(frame, reel.stream, width)


def every_frame(
    path: Path, size: tuple[int, int], *, filters: str = "null", track: int = 0, stop: threading.Event | None = None
) -> Iterator[Picture]:
    """Every picture of a film in order, after FFmpeg's `filters`, scaled to `size` (width, height): blue, green, red.

    `track` is the index of the stream. Raises what `matinee.media.run.ffmpeg` raises.
    """
    width, height = size
    graph = f"[0:{track}]{filters},scale={width}:{height}:flags=area,format=bgr24"
    arguments = [*input_options(path), "-filter_complex", graph, "-f", "rawvideo", "-fps_mode", "passthrough", "pipe:1"]
    for data in run.pictures(arguments, 3 * width * height, about=str(path), stop=stop):
        yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


class _Reel:
    """A film wound forward to the times that are asked for."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.stream = stream
        stream.thread_type = "AUTO"
        self._container = container
        self._tick = Fraction(stream.time_base or Fraction(1, 1000))
        self._start = (stream.start_time or 0) * self._tick
        self._frames = self._decoded()
        self._now: VideoFrame | None = None
        self._next: VideoFrame | None = next(self._frames, None)
        self._gap = _SEEK_S

    def at(self, time: Fraction) -> VideoFrame | None:
        if self._next is not None and time - self._time(self._next) > self._gap:
            reached = self._time(self._next)
            self._jump(time)
            if self._next is not None and self._time(self._next) < reached:
                # Keyframes are so far apart that a jump leads back: gaps like this one are better decoded through.
                self._gap = max(self._gap, time - reached)
        while self._next is not None and (self._now is None or self._time(self._next) <= time):
            self._now, self._next = self._next, next(self._frames, None)
        return self._now

    def _jump(self, time: Fraction) -> None:
        if not self._wind(round((time + self._start) / self._tick), time):
            # A container without an index may land too late; then everything is decoded, from the beginning.
            self._wind(round(self._start / self._tick), time)

    def _wind(self, tick: int, time: Fraction) -> bool:
        """Go to a keyframe at or before `tick`; whether nothing of what is shown at `time` was passed over."""
        with suppress(av.error.FFmpegError):
            self._container.seek(tick, stream=self.stream)
            self._frames = self._decoded()
            self._now, self._next = None, next(self._frames, None)
        return self._next is not None and self._time(self._next) <= time

    def _time(self, frame: VideoFrame) -> Fraction:
        return (frame.pts or 0) * self._tick - self._start

    def _decoded(self) -> Iterator[VideoFrame]:
        for packet in self._container.demux(self.stream):
            # One damaged packet costs its own picture, not the film.
            with suppress(av.error.InvalidDataError):
                yield from packet.decode()


def _upright(frame: VideoFrame, stream: VideoStream, width: int | None) -> Picture:
    turns = round(frame.rotation) % 360 // 90
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    across, down = max(1, round(frame.width * aspect)), frame.height
    if width is not None:
        shown = down if turns % 2 else across
        across, down = max(1, round(across * width / shown)), max(1, round(down * width / shown))
    array = frame.reformat(across, down, format="rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(array, turns))
