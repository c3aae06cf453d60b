"""Frames: how a batch of messages lies in a segment file.

One frame holds one batch and carries a CRC-32 over all that follows it, so that a frame torn by a power cut, a
kill or a full disk is recognised and cut off whole. Little-endian:

    4  magic "MBF1"             4  CRC-32 of everything after this field
    4  bytes of payload         4  messages
    8  offset of the first      8  time_ms
    payload: u16 length of each id, u32 length of each body, all ids (ASCII), all bodies
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from matinee.base.bus import Message

MAGIC = b"MBF1"
_HEADER = struct.Struct("<4sIIIqq")
HEADER_BYTES = _HEADER.size
_COVERED = 8
"""The CRC covers the header from here."""

MAX_MESSAGES = 4096
MAX_PAYLOAD = 4 << 20
"""A batch with more is laid down as several frames; a single message may exceed it."""

_READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Frame:
    """One intact frame."""

    position: int
    """Where it begins in its file."""
    stop: int
    """Where it ends."""
    first: int
    """Offset of its first message."""
    count: int
    time_ms: int
    payload: bytes

    @property
    def last(self) -> int:
        """Offset of its last message."""
        return self.first + self.count - 1

    def lengths(self) -> tuple[list[int], list[int]]:
        """Lengths of the ids and of the bodies."""
        ids = np.frombuffer(self.payload, "<u2", self.count)
        bodies = np.frombuffer(self.payload, "<u4", self.count, offset=2 * self.count)
        return ids.tolist(), bodies.tolist()

    def ids(self) -> list[str]:
        """The ids, in order."""
        lengths, _ = self.lengths()
        start = 6 * self.count
        text = self.payload[start : start + sum(lengths)].decode("ascii")
        return [text[a:b] for a, b in pairwise(accumulate(lengths, initial=0))]

    def messages(self) -> list[Message]:
        """The messages, in order."""
        id_lengths, body_lengths = self.lengths()
        start = 6 * self.count + sum(id_lengths)
        payload = self.payload
        bodies = [payload[a:b] for a, b in pairwise(accumulate(body_lengths, initial=start))]
        offsets = range(self.first, self.first + self.count)
        return list(map(Message, offsets, self.ids(), [self.time_ms] * self.count, bodies))


def encode(first: int, time_ms: int, messages: Sequence[tuple[str, bytes]]) -> bytes:
    """One frame with all the messages."""
    ids = [one for one, _ in messages]
    bodies = [body for _, body in messages]
    payload = b"".join(
        (
            np.fromiter(map(len, ids), "<u2", len(ids)).tobytes(),
            np.fromiter(map(len, bodies), "<u4", len(bodies)).tobytes(),
            "".join(ids).encode("ascii"),
            *bodies,
        )
    )
    header = _HEADER.pack(MAGIC, 0, len(payload), len(ids), first, time_ms)
    crc = zlib.crc32(payload, zlib.crc32(header[_COVERED:]))
    return _HEADER.pack(MAGIC, crc, len(payload), len(ids), first, time_ms) + payload


def split(messages: Sequence[tuple[str, bytes]]) -> Iterator[Sequence[tuple[str, bytes]]]:
    """The messages in runs that each make one frame."""
    if len(messages) <= MAX_MESSAGES and sum([len(body) for _, body in messages]) <= MAX_PAYLOAD:
        yield messages
        return
    start = size = 0
    for at, (_, body) in enumerate(messages):
        if at > start and (at - start >= MAX_MESSAGES or size + len(body) > MAX_PAYLOAD):
            yield messages[start:at]
            start, size = at, 0
        size += len(body)
    yield messages[start:]


def frames(fd: int, position: int, stop: int) -> Iterator[Frame]:
    """Intact frames of an open file from `position` on; ends at `stop` or at the first that is not intact."""
    held, origin = b"", position
    while position < stop:
        needed = _length(held, position - origin)
        for _ in range(2):  # the first time to learn from the header how much the second has to bring
            if needed is None or position - origin + needed > len(held):
                wanted = max(needed or 0, _READ_BYTES)
                held, origin = os.pread(fd, min(wanted, stop - position), position), position
                needed = _length(held, 0)
        frame = _frame(held, position - origin, position) if needed else None
        if frame is None:
            return
        yield frame
        position = frame.stop


def _length(held: bytes, at: int) -> int | None:
    """Bytes of the frame at that place, None where it does not begin like one."""
    if len(held) - at < HEADER_BYTES:
        return None
    magic, _, payload, _, _, _ = _HEADER.unpack_from(held, at)
    return HEADER_BYTES + payload if magic == MAGIC else None


def _frame(held: bytes, at: int, position: int) -> Frame | None:
    """The frame at that place of `held`, None where it is torn."""
    _, crc, payload, count, first, time_ms = _HEADER.unpack_from(held, at)
    stop = at + HEADER_BYTES + payload
    if stop > len(held) or not count or zlib.crc32(memoryview(held)[at + _COVERED : stop]) != crc:
        return None
    return Frame(position, position + stop - at, first, count, time_ms, held[at + HEADER_BYTES : stop])
