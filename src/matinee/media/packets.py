"""Compressed frames of a track as the file holds them, in order of decoding, without decoding any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream

from matinee.media.containers import open_container


@dataclass(frozen=True, slots=True)
class Packet:
    """One compressed frame."""

    time: Fraction
    """When it is shown, on the clock of the file."""
    key: bool
    """Whether decoding can begin with it."""
    size_bytes: int


def packets(path: Path, index: int) -> Iterator[Packet]:
    """The packets of one track; they end where the file cannot be read on.

    Raises what `matinee.media.containers.open_container` raises.
    """
    with open_container(path) as container:
        try:
            for packet in container.demux(container.streams[index]):
                if packet.pts is not None and packet.size:
                    yield Packet(packet.pts * Fraction(packet.time_base), packet.is_keyframe, packet.size)
        except av.error.FFmpegError:
            return


def spans(container: InputContainer, streams: Iterable[Stream]) -> Iterator[tuple[int, Fraction, Fraction]]:
    """Of each packet of these tracks its track's index, when it begins to be shown and when it ends.

    They come as they are stored, from where the container stands; an unreadable rest ends it.
    """
    try:
        for packet in container.demux(list(streams)):
            shown = packet.pts if packet.pts is not None else packet.dts
            if shown is not None and packet.size:
                base = Fraction(packet.time_base)
                yield packet.stream.index, shown * base, (shown + (packet.duration or 0)) * base
    except av.error.FFmpegError:
        return
