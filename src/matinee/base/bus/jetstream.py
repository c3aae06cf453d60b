"""The bus on NATS JetStream: a stream for each topic, whose sequence numbers are the offsets.

A stream is kept in files without limits, refuses deletes and purges, and drops an id it has seen within its window
without counting it: so offsets count from 1 without gaps. How much of what is acknowledged survives a power cut is
the server's `sync_interval`, or its replicas; a kill of the server loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, NotFoundError

from matinee.base import urls
from matinee.base.bus import Message, Receipt
from matinee.base.bus.acks import publish
from matinee.base.bus.following import follow
from matinee.base.bus.link import Link
from matinee.base.bus.names import check_consumer, check_messages, check_topic
from matinee.base.errors import InvalidInput, SettingsError, Unavailable

_OPTIONS = ("stream", "dedupe_hours", "replicas", "timeout_s", "credentials")
_PAUSE_S = 0.02
_IDLE_S = 300.0
_KEPT_READERS = 8


class JetStreamBus:
    """An open connection. Methods may be called from any thread."""

    def __init__(self, link: Link, stream: str, dedupe_s: float, replicas: int) -> None:
        self._link = link
        self._stream = stream
        self._dedupe_s = dedupe_s
        self._replicas = replicas
        self._js = link.client.jetstream(timeout=link.timeout_s)
        self._made: set[str] = set()
        self._readers: dict[tuple[str, int], Any] = {}
        """Consumers on the server, by topic and the offset they have delivered."""
        self._reconnects = 0

    @classmethod
    def open(cls, url: str, root: Path) -> JetStreamBus:
        """Open ``nats://HOST:PORT,HOST:PORT?stream=NAME``.

        `stream` begins the name of every stream; `dedupe_hours` (24) is how long an id is remembered, in the server's
        memory; `replicas` (1) how many servers of a cluster keep a copy; `timeout_s` (10) how long to wait for an
        answer; `credentials` a file of them, inside `root`. Raises `SettingsError` for an address that makes no sense
        and `Unavailable` where no server answers or it has no JetStream.
        """
        address = urls.parse("backends.bus", url, _OPTIONS)
        stream = address.options.get("stream", "matinee")
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", stream):
            raise SettingsError(
                f"backends.bus = {url!r}: stream={stream!r} is no name.", next_step="Use letters, digits and hyphens."
            )
        if not address.place:
            raise SettingsError(f"backends.bus = {url!r} names no server.", next_step="Write nats://HOST:PORT.")
        credentials = address.options.get("credentials")
        servers = [f"nats://{server}" for server in address.place.split(",")]
        link = Link(servers, str(root / credentials) if credentials else None, address.number("timeout_s", 10.0))
        bus = cls(link, stream, address.number("dedupe_hours", 24.0) * 3600, address.number("replicas", 1))
        try:
            link.call(bus._js.account_info())
        except BaseException:
            link.close()
            raise
        return bus

    def publish(self, topic: str, messages: Sequence[tuple[str, bytes]]) -> Receipt:
        """Append `(id, body)` pairs in order; returns when the server has stored all."""
        check_topic(topic)
        check_messages(messages)
        if not messages:
            return Receipt(0, 0, self.end(topic))
        answers = self._link.call(self._publish(topic, messages))
        accepted = len(messages) - len(answers.doubled)
        end = max(answers.offsets.values()) if accepted else self.end(topic)
        return Receipt(accepted, len(answers.doubled), end)

    def read(self, topic: str, after: int = 0, limit: int = 1000) -> list[Message]:
        """Up to `limit` messages with an offset greater than `after`, in order."""
        after = max(0, after)
        wanted = min(limit, self.end(topic) - after)
        return self._link.call(self._read(topic, after, wanted)) if wanted > 0 else []

    def follow(self, topic: str, after: int = 0, limit: int = 1000, wait_s: float = 1.0) -> Iterator[list[Message]]:
        """Batches as they arrive, for ever; an empty one each time `wait_s` passes without any."""
        return follow(lambda seen: self.read(topic, seen, limit), after, wait_s, _PAUSE_S)

    def end(self, topic: str) -> int:
        """Offset of the topic's last message, 0 where it has none."""
        return self._link.call(self._end(check_topic(topic)))

    def topics(self) -> list[str]:
        """Names of all topics that hold a message, sorted."""
        return self._link.call(self._topics())

    def commit(self, topic: str, consumer: str, offset: int) -> None:
        """Remember durably that `consumer` has worked through `offset`."""
        check_topic(topic)
        check_consumer(consumer)
        if offset < 0:
            raise InvalidInput(f"{offset} is not an offset.", next_step="Offsets count from 1; 0 is the beginning.")
        self._link.call(self._commit(topic, consumer, offset))

    def committed(self, topic: str, consumer: str) -> int:
        """The last offset that `consumer` committed, 0 where it never did."""
        check_topic(topic)
        check_consumer(consumer)
        return self._link.call(self._committed(topic, consumer))

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    # On the loop

    def _name(self, topic: str) -> str:
        return f"{self._stream}_{topic.replace('.', '_')}"

    @property
    def _bucket(self) -> str:
        return f"{self._stream}-offsets"

    async def _publish(self, topic: str, messages: Sequence[tuple[str, bytes]]) -> Any:
        if topic not in self._made:
            await self._make(topic)
            self._made.add(topic)
        return await publish(self._link, f"{self._stream}.{topic}", messages)

    async def _make(self, topic: str) -> None:
        wanted = StreamConfig(
            name=self._name(topic),
            subjects=[f"{self._stream}.{topic}"],
            storage=StorageType.FILE,
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.NEW,
            num_replicas=self._replicas,
            duplicate_window=self._dedupe_s,
            deny_delete=True,
            deny_purge=True,
        )
        try:
            found = await self._js.stream_info(self._name(topic))
        except NotFoundError:
            await self._js.add_stream(wanted)
            return
        if found.config.duplicate_window != self._dedupe_s or found.config.num_replicas != self._replicas:
            await self._js.update_stream(found.config, duplicate_window=self._dedupe_s, num_replicas=self._replicas)

    async def _end(self, topic: str) -> int:
        try:
            found = await self._js.stream_info(self._name(topic))
        except NotFoundError:
            return 0
        return int(found.state.last_seq)

    async def _topics(self) -> list[str]:
        found: list[StreamInfo] = []
        while page := await self._js.streams_info(offset=len(found)):
            found += page
        start = f"{self._stream}."
        subjects = [one.config.subjects[0] for one in found if one.state.messages and one.config.subjects]
        return sorted(subject.removeprefix(start) for subject in subjects if subject.startswith(start))

    async def _read(self, topic: str, after: int, wanted: int) -> list[Message]:
        if self._reconnects != self._link.client.stats["reconnects"]:  # a server that was restarted forgot them
            self._reconnects = self._link.client.stats["reconnects"]
            while self._readers:
                await _drop(self._readers.popitem()[1])
        reader = self._readers.pop((topic, after), None)
        if reader is not None:  # it may be gone from the server, which then says so or nothing
            try:
                return await self._fetch(reader, topic, after, wanted, self._link.timeout_s / 4)
            except Exception:  # whatever it was, a new one tells
                await _drop(reader)
        return await self._fetch(await self._reader(topic, after), topic, after, wanted, self._link.timeout_s)

    async def _reader(self, topic: str, after: int) -> Any:
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            inactive_threshold=_IDLE_S,
            mem_storage=True,
            num_replicas=1,
        )
        made = await self._js.add_consumer(self._name(topic), config)
        return await self._js.pull_subscribe_bind(made.name, self._name(topic))

    async def _fetch(self, reader: Any, topic: str, after: int, wanted: int, timeout_s: float) -> list[Message]:
        found = [_message(one) for one in await reader.fetch(wanted, timeout=timeout_s)]
        if [one.offset for one in found] != list(range(after + 1, after + 1 + len(found))):
            await _drop(reader)
            raise Unavailable(
                f"NATS gave offset {found[0].offset} of {topic} where {after + 1} was due.", next_step="Read again."
            )
        self._readers[topic, after + len(found)] = reader
        while len(self._readers) > _KEPT_READERS:
            await _drop(self._readers.pop(next(iter(self._readers))))
        return found

    async def _commit(self, topic: str, consumer: str, offset: int) -> None:
        try:
            bucket = await self._js.key_value(self._bucket)
        except BucketNotFoundError:
            bucket = await self._js.create_key_value(bucket=self._bucket, replicas=self._replicas)
        await bucket.put(f"{topic}/{consumer}", b"%d" % offset)

    async def _committed(self, topic: str, consumer: str) -> int:
        try:
            bucket = await self._js.key_value(self._bucket)
            return int((await bucket.get(f"{topic}/{consumer}")).value or b"0")
        except (BucketNotFoundError, KeyNotFoundError):
            return 0


async def _drop(reader: Any) -> None:
    """Forget a consumer; the server removes it when it has been idle for some minutes."""
    try:
        await reader.unsubscribe()
    except Exception:  # the connection is gone, and with it the subscription
        return


def _message(one: Any) -> Message:
    meta = one.metadata
    name = (one.headers or {}).get("Nats-Msg-Id", "")
    return Message(meta.sequence.stream, name, round(meta.timestamp.timestamp() * 1000), one.data)
