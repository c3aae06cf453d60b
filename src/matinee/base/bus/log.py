"""The embedded bus: a folder with a folder for each topic, in which segment files are written and sealed.

    events/
      matinee-events.json       says that this folder is a log, and of which format
      viewing/
        tail                    writers' lock; how far the log is durable
        00000000000000000001.parquet   sealed: offset, id, time_ms, body
        00000000000000000001.ids       digests of its ids
        00000000000000262145.log       frames, the last file is being written
        consumers/tables        offset that a consumer has worked through

Any number of processes may publish to and read from one folder on a local disk. What `publish` acknowledged
survives a kill of any process and a power cut; see `docs/backends.md` for limits.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from matinee.base import urls
from matinee.base.bus import Message, Receipt, consumers
from matinee.base.bus.following import follow
from matinee.base.bus.names import check_consumer, check_messages, check_topic
from matinee.base.bus.parts import is_topic
from matinee.base.bus.topic import Limits, TopicLog
from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.base.errors import InvalidInput, Unavailable

MARKER = "matinee-events.json"
FORMAT = 1
_PAUSE_S = 0.01


class LogBus:
    """An open log. Methods may be called from any thread."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        """Open the log in `folder`, creating it where there is none; see `open` for the errors."""
        self.folder = folder
        self._limits = limits or Limits()
        self._open: dict[str, TopicLog] = {}
        self._opening = threading.Lock()
        with disk_errors(folder):
            make_folder(folder)
            _claim(folder)

    @classmethod
    def open(cls, url: str, root: Path) -> LogBus:
        """Open ``file://FOLDER``; a relative folder is taken from `root`.

        Options: `segment_bytes`, `segment_messages` and `seal_hours` say when a segment is sealed, `dedupe_segments`
        how many sealed ones are searched for an id. Raises `SettingsError` for an address that makes no sense and
        `Unavailable` where the folder holds something else or may not be used.
        """
        address = urls.parse(
            "backends.bus", url, ("segment_bytes", "segment_messages", "seal_hours", "dedupe_segments")
        )
        usual = Limits()
        limits = Limits(
            segment_bytes=address.number("segment_bytes", usual.segment_bytes),
            segment_messages=address.number("segment_messages", usual.segment_messages),
            seal_ms=int(address.number("seal_hours", usual.seal_ms / 3_600_000) * 3_600_000),
            dedupe_segments=address.number("dedupe_segments", usual.dedupe_segments),
        )
        return cls(address.path(root), limits)

    def publish(self, topic: str, messages: Sequence[tuple[str, bytes]]) -> Receipt:
        """Append `(id, body)` pairs in order; returns when they are durable."""
        check_topic(topic)
        check_messages(messages)
        with disk_errors(self.folder / topic):
            return self._topic(topic).publish(messages)

    def read(self, topic: str, after: int = 0, limit: int = 1000) -> list[Message]:
        """Up to `limit` messages with an offset greater than `after`, in order."""
        with disk_errors(self.folder / check_topic(topic)):
            found = self._existing(topic)
            return found.read(after, limit) if found else []

    def follow(self, topic: str, after: int = 0, limit: int = 1000, wait_s: float = 1.0) -> Iterator[list[Message]]:
        """Batches as they arrive, for ever; an empty one each time `wait_s` passes without any."""
        return follow(lambda seen: self.read(topic, seen, limit), after, wait_s, _PAUSE_S)

    def end(self, topic: str) -> int:
        """Offset of the topic's last message, 0 where it has none."""
        with disk_errors(self.folder / check_topic(topic)):
            found = self._existing(topic)
            return found.end if found else 0

    def topics(self) -> list[str]:
        """Names of all topics that hold a message, sorted."""
        with disk_errors(self.folder):
            names = sorted(path.name for path in self.folder.iterdir() if path.is_dir())
        return [name for name in names if not name.startswith(".") and self.end(name)]

    def commit(self, topic: str, consumer: str, offset: int) -> None:
        """Remember durably that `consumer` has worked through `offset`."""
        check_consumer(consumer)
        if offset < 0:
            raise InvalidInput(f"{offset} is not an offset.", next_step="Offsets count from 1; 0 is the beginning.")
        folder = self.folder / check_topic(topic) / "consumers"
        with disk_errors(folder):
            consumers.store(folder, consumer, offset)

    def committed(self, topic: str, consumer: str) -> int:
        """The last offset that `consumer` committed, 0 where it never did."""
        folder = self.folder / check_topic(topic) / "consumers"
        with disk_errors(folder):
            return consumers.load(folder, check_consumer(consumer))

    def seal(self, topic: str) -> None:
        """Seal the topic's full segments now; `publish` has it done in the background."""
        with disk_errors(self.folder / check_topic(topic)):
            found = self._existing(topic)
            if found:
                found.seal()

    def close(self) -> None:
        """Close the files, after a sealing under way."""
        with self._opening:
            topics, self._open = list(self._open.values()), {}
        for topic in topics:
            topic.close()

    def _existing(self, topic: str) -> TopicLog | None:
        found = self._open.get(topic)
        if found is None and is_topic(self.folder / topic):
            return self._topic(topic)
        return found

    def _topic(self, topic: str) -> TopicLog:
        found = self._open.get(topic)
        if found is not None:
            return found
        with self._opening:
            if topic not in self._open:
                make_folder(self.folder / topic)
                self._open[topic] = TopicLog(self.folder / topic, self._limits)
            return self._open[topic]


def _claim(folder: Path) -> None:
    """Make sure that the folder is a log that we can read; an empty one becomes one."""
    marker = folder / MARKER
    if not marker.exists():
        strangers = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        if strangers and not marker.exists():
            raise Unavailable(
                f"The folder {folder} is not an event log: it holds {min(strangers)!r}.",
                next_step="Give the bus an empty folder of its own.",
            )
        replace_file(marker, json.dumps({"format": FORMAT}).encode() + b"\n")
        return
    try:
        found = json.loads(marker.read_bytes())["format"]
    except (ValueError, KeyError, TypeError):
        raise Unavailable(
            f"{marker} is damaged.", next_step=f'Write {{"format": {FORMAT}}} into it, as it was.'
        ) from None
    if found != FORMAT:
        raise Unavailable(
            f"The event log {folder} has format {found}, which this version of Matinee does not know.",
            next_step="Update Matinee.",
        )
