"""Units of different sizes in one file: parameter sets stand in band, where each unit begins, rather than in the head.

A file of ``avc1`` or ``hvc1`` tells decoders the size of its pictures once, before any of them. In ``avc3`` and
``hev1`` (ISO/IEC 14496-15) pictures may bring it along. AV1 always does: key frames stand behind a sequence header.

FFmpeg cannot put such units together, since its list of files takes all parameter sets from the first; PyAV can.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from matinee.base.disk import disk_errors
from matinee.media.containers import open_container
from matinee.media.run import Stopped


def assemble_in_band(
    encodes: Sequence[Path], head: Path, out: Path, aspect: Fraction, stop: threading.Event | None = None
) -> None:
    """Write one MP4 file of these encodes, in order, each of whatever size; `aspect` is width to height on the screen.

    The file's head tells the size and level of `head`, the largest of them. Raises `NotFound` where an encode is gone,
    `Unavailable` where the disk is full, and `matinee.media.run.Stopped`.
    """
    with open_container(head) as largest, disk_errors(out):
        template, options = largest.streams.video[0], {"fflags": "+bitexact"}
        try:
            with av.open(f"file:{out.absolute()}", "w", format="mp4", options=options) as container:
                # "opaque" since the template was opened to be decoded, by a program that encodes nothing.
                stream = container.add_stream_from_template(template, opaque=True)
                stream.codec_context.codec_tag = _IN_BAND[template.codec_context.codec_tag]
                stream.codec_context.sample_aspect_ratio = aspect * template.height / template.width
                for packet in _joined(encodes, template, stop):
                    packet.stream = stream
                    container.mux(packet)
        except av.error.FFmpegError as error:
            # Not one of Python's own errors, though it is the disk's refusal.
            raise OSError(error.errno, error.strerror) from error


def _joined(encodes: Sequence[Path], template: VideoStream, stop: threading.Event | None) -> Iterator[Packet[Stream]]:
    """All packets, each unit's after those of the last in time."""
    start, number = 0, -_early(encodes)
    for path in encodes:
        if stop is not None and stop.is_set():
            raise Stopped
        with open_container(path) as unit:
            stream, end = unit.streams.video[0], start
            assert stream.time_base == template.time_base, "units of a film have one clock"
            for packet in unit.demux(stream):
                if packet.pts is not None and packet.duration and packet.size:
                    made = _led(packet, stream)
                    made.pts, made.duration, made.time_base = start + packet.pts, packet.duration, packet.time_base
                    # Not the unit's own: one of very few pictures is decoded less early than the others are.
                    made.dts = number * packet.duration
                    end, number = max(end, made.pts + packet.duration), number + 1
                    yield made
        start = end


def _early(encodes: Sequence[Path]) -> int:
    """By how many pictures decoding is ahead of showing: the same in all units that are long enough to tell."""
    most = 0
    for path in encodes:
        with open_container(path) as unit:
            stream = unit.streams.video[0]
            first = next(unit.demux(stream))
            if first.dts is not None and first.duration:
                most = max(most, -first.dts // first.duration)
            if stream.frames > _REORDERED:
                break
    return most


def _led(packet: Packet[VideoStream], stream: VideoStream) -> Packet[Stream]:
    """A packet behind the unit's parameter sets, where decoding begins with it."""
    record = bytes(stream.codec_context.extradata or b"")
    sets = _PARAMETER_SETS[stream.codec_context.codec_tag](record) if packet.is_keyframe else b""
    made = Packet(sets + bytes(packet))
    made.is_keyframe = packet.is_keyframe
    return made


def avc_sets(record: bytes) -> bytes:
    """The parameter sets of an ``avcC`` record, each behind its length as pictures are.

    >>> avc_sets(bytes.fromhex("0164000cff" "e1" "0002" "6764" "01" "0003" "68eeff")).hex()
    '0000000267640000000368eeff'
    """
    sequences, at = _units(record, 6, record[5] & 31)
    pictures, _ = _units(record, at + 1, record[at])
    return sequences + pictures


def hevc_sets(record: bytes) -> bytes:
    """The parameter sets of an ``hvcC`` record, as those of `avc_sets`."""
    made, at = b"", 23
    for _ in range(record[22]):
        units, at = _units(record, at + 3, int.from_bytes(record[at + 1 : at + 3]))
        made += units
    return made


def _units(record: bytes, at: int, count: int) -> tuple[bytes, int]:
    """So many units with lengths of two bytes, with lengths of four; and where they end in the record."""
    made = b""
    for _ in range(count):
        end = at + 2 + int.from_bytes(record[at : at + 2])
        made += (end - at - 2).to_bytes(4) + record[at + 2 : end]
        at = end
    return made, at


_REORDERED = 16
"""Neither H.264 nor HEVC shows a picture later than after so many others that are decoded after it."""
_IN_BAND: Mapping[str, str] = {"avc1": "avc3", "hvc1": "hev1", "av01": "av01"}
"""The sample entry of pictures that bring their parameter sets along, by that of those that do not."""
_PARAMETER_SETS: Mapping[str, Callable[[bytes], bytes]] = {
    "avc1": avc_sets,
    "hvc1": hevc_sets,
    "av01": lambda _: b"",
}
