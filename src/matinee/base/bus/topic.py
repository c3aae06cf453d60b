"""One topic of the embedded bus: a folder of segments, of which the last is being written.

Threads that publish at the same time share one write and one sync: each leaves its batch in a queue, and whoever
gets hold of the leader's lock next commits all that waits. Processes take turns through the tail's lock.
"""

from __future__ import annotations

import copy
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from matinee.base.bus import Message, Receipt
from matinee.base.bus.digests import U64, digests
from matinee.base.bus.framing import encode, split
from matinee.base.bus.parts import Part, damaged, log_path, missing, scan
from matinee.base.bus.sealed import Sealed
from matinee.base.bus.sealing import Sealer, sweep
from matinee.base.bus.segment import Segment
from matinee.base.bus.tail import State, Tail
from matinee.base.clock import now_ms
from matinee.base.disk import disk_errors, sync_folder
from matinee.base.errors import Unavailable

Batch = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Limits:
    """When a segment is full, and how far back ids are compared."""

    segment_bytes: int = 64 << 20
    segment_messages: int = 500_000
    """Bounds the ids held in memory."""
    seal_ms: int = 24 * 3_600_000
    """Age of its first message at which a segment is closed though it is not full."""
    dedupe_segments: int = 64
    """Sealed segments, the newest first, whose ids are compared besides those of segments not yet sealed."""


@dataclass
class _Ticket:
    """A batch that waits to be committed."""

    messages: Batch
    digests: U64 | None = None
    receipt: Receipt | None = None
    error: BaseException | None = field(default=None, repr=False)

    def result(self) -> Receipt:
        if self.error is not None:
            raise copy.copy(self.error) from self.error
        assert self.receipt
        return self.receipt


class TopicLog:
    """An open topic. Methods may be called from any thread."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self._limits = limits
        self._tail = Tail(folder / "tail")
        self._parts: list[Part] = []
        self._changing = threading.RLock()
        self._leading = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._sealer = Sealer(folder, self._closed, self._rescan)
        with self._changing, self._tail.locked():
            self._recover()
            sweep(folder)

    @property
    def end(self) -> int:
        """Offset of the last durable message, whoever published it."""
        self._refresh()
        return self._active.end

    def publish(self, messages: Batch) -> Receipt:
        """Append what is not there yet; returns when it is durable."""
        ticket = _Ticket(messages)
        if isinstance(self._parts[0], Sealed):
            ticket.digests = digests(one for one, _ in messages)
        self._waiting.append(ticket)
        with self._leading:
            if ticket.receipt is None and ticket.error is None:
                self._lead([self._waiting.popleft() for _ in range(len(self._waiting))])
        return ticket.result()

    def read(self, after: int, limit: int) -> list[Message]:
        """Up to `limit` messages behind `after`."""
        self._refresh()
        after = max(0, after)
        parts = self._parts
        index = max(0, bisect_right(parts, after + 1, key=lambda part: part.first) - 1)
        found: list[Message] = []
        while len(found) < limit and index < len(parts):
            part = parts[index]
            found += part.read(after, limit - len(found))
            if isinstance(part, Sealed) and len(found) < limit:
                part.forget()
            index += 1
        return found

    def seal(self) -> None:
        """Seal every segment that is closed, unless another process is at it."""
        self._sealer.run()

    def close(self) -> None:
        """Seal what is full, then close the files."""
        self._sealer.finish()
        with self._leading, self._changing:
            for part in self._parts:
                if isinstance(part, Segment):
                    part.close()
            self._tail.close()

    # What other processes did

    @property
    def _active(self) -> Part:
        return self._parts[-1]

    def _known(self) -> State | None:
        active = self._active
        return State(active.first, active.position, active.end) if isinstance(active, Segment) else None

    def _refresh(self) -> None:
        """Take note of what other processes have made durable."""
        state = self._tail.load()
        if state is None or state == self._known():
            return
        with self._changing:
            if state.first != self._active.first:
                self._parts = scan(self.folder, self._parts)
            active = self._active
            if isinstance(active, Segment) and state.first == active.first:
                active.catch_up(state.position)

    def _recover(self) -> Segment:
        """The segment to write to, with a torn end cut off. Needs the tail's lock."""
        told = self._tail.load()
        parts = scan(self.folder, self._parts)
        active = parts[-1] if parts else None
        if isinstance(active, Segment):
            _mend(active, told)
        end = active.end if active else 0
        rolled = active and told and told.first > active.first
        if rolled and told and (told.first, told.position) != (end + 1, 0):
            raise missing(log_path(self.folder, told.first))
        if rolled or not isinstance(active, Segment):
            active = self._create(end + 1)
            parts = [*parts, active]
        self._parts = parts
        self._tell(active, told)
        return active

    def _tell(self, active: Segment, told: State | None) -> None:
        state = State(active.first, active.position, active.end)
        if state != told:
            self._tail.store(state)

    def _create(self, first: int) -> Segment:
        segment = Segment.create(log_path(self.folder, first))
        sync_folder(self.folder)
        return segment

    # Publishing

    def _lead(self, tickets: list[_Ticket]) -> None:
        try:
            with disk_errors(self.folder), self._changing, self._tail.locked():
                self._commit(tickets)
        except BaseException as error:
            mine = isinstance(error, Exception)
            for ticket in tickets:
                ticket.error = error if mine else Unavailable("Publishing was interrupted.", next_step="Publish again.")
            if not mine:
                raise
        else:
            self._sealer.start()

    def _commit(self, tickets: list[_Ticket]) -> None:
        active = self._writable()
        time_ms = now_ms()
        seen: set[str] = set()
        frames: list[tuple[bytes, int]] = []
        receipts = []
        end = active.end
        for ticket in tickets:
            fresh = self._fresh(ticket, seen)
            for run in split(fresh) if fresh else ():
                frames.append((encode(end + 1, time_ms, run), len(run)))
                end += len(run)
            receipts.append(Receipt(len(fresh), len(ticket.messages) - len(fresh), end))
        if frames:
            active.append(frames, time_ms, seen)
            self._tell(active, None)
        for ticket, receipt in zip(tickets, receipts, strict=True):
            ticket.receipt = receipt

    def _writable(self) -> Segment:
        """The segment to append to: a new one where the last is full or old. Needs the tail's lock."""
        active, told = self._active, self._tail.load()
        if isinstance(active, Segment) and told and told.first == active.first:
            _mend(active, told)
            self._tell(active, told)
        else:
            active = self._recover()
        return self._roll(active) if self._is_full(active) else active

    def _is_full(self, active: Segment) -> bool:
        messages = active.end - active.first + 1
        if not messages:
            return False
        limits = self._limits
        too_much = active.position >= limits.segment_bytes or messages >= limits.segment_messages
        return too_much or now_ms() - active.opened_ms >= limits.seal_ms

    def _roll(self, active: Segment) -> Segment:
        first = active.end + 1
        # The tail first: a process killed in between must not leave a new file that others do not write to.
        self._tail.store(State(first, 0, active.end))
        segment = self._create(first)
        self._parts = [*self._parts, segment]
        return segment

    def _fresh(self, ticket: _Ticket, seen: set[str]) -> Batch:
        """The messages whose id is neither in the log nor in `seen`, which takes them in."""
        fresh = ticket.messages
        ids = {one for one, _ in fresh}
        held = [seen, *(part.ids() for part in self._parts if isinstance(part, Segment))]
        if len(ids) != len(fresh) or not all(ids.isdisjoint(one) for one in held):
            first = {one: at for at, (one, _) in reversed(list(enumerate(fresh)))}
            fresh = [
                message
                for at, message in enumerate(fresh)
                if first[message[0]] == at and not any(message[0] in one for one in held)
            ]
        fresh = self._not_sealed(fresh, ticket)
        seen.update(one for one, _ in fresh)
        return fresh

    def _not_sealed(self, fresh: Batch, ticket: _Ticket) -> Batch:
        sealed = [part for part in self._parts if isinstance(part, Sealed)][-self._limits.dedupe_segments :]
        if not sealed or not fresh:
            return fresh
        wanted = ticket.digests
        if wanted is None or len(wanted) != len(fresh):
            wanted = digests(one for one, _ in fresh)
        held = np.zeros(len(fresh), np.bool_)
        for part in sealed:
            held |= part.holds(wanted)
        return [message for message, there in zip(fresh, held, strict=True) if not there] if held.any() else fresh

    def _closed(self) -> list[Segment]:
        return [part for part in self._parts[:-1] if isinstance(part, Segment)]

    def _rescan(self) -> None:
        with self._changing:
            self._parts = scan(self.folder, self._parts)


def _mend(active: Segment, told: State | None) -> None:
    """Read the segment to its end and cut off what is torn, unless that had been acknowledged."""
    size = active.size_bytes()
    if size > active.position:
        active.sync()
        active.catch_up(size)
    if told and told.first == active.first and active.position < told.position:
        raise damaged(active, f"{told.position:,} bytes of it were acknowledged")
    if size > active.position:
        active.cut()
