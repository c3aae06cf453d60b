"""Workspaces for tests of events: real tables and a bus in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from matinee.base import migrations
from matinee.base.backends import Backends
from matinee.base.bus import Message, Receipt
from matinee.base.tables import Tables


class MemoryBus:
    def __init__(self) -> None:
        self.logs: dict[str, list[Message]] = {}
        self.seen: dict[str, set[str]] = {}

    def publish(self, topic: str, messages: Sequence[tuple[str, bytes]]) -> Receipt:
        log, seen = self.logs.setdefault(topic, []), self.seen.setdefault(topic, set())
        before = len(log)
        for key, body in messages:
            if key not in seen:
                seen.add(key)
                log.append(Message(len(log) + 1, key, 0, body))
        return Receipt(len(log) - before, len(messages) - len(log) + before, len(log))

    def read(self, topic: str, after: int = 0, limit: int = 1000) -> list[Message]:
        return self.logs.get(topic, [])[after : after + limit]

    def end(self, topic: str) -> int:
        return len(self.logs.get(topic, []))

    def topics(self) -> list[str]:
        return sorted(self.logs)

    def close(self) -> None:
        pass


def make(url: str, root: Path, bus: Any) -> Backends:
    tables = Tables.open(url, root)
    migrations.upgrade(tables, ["matinee.events"])
    nothing = cast("Any", None)
    return Backends(tables=tables, objects=nothing, bus=bus, compute=nothing, work=root)


@pytest.fixture
def backends(tmp_path: Path) -> Iterator[Backends]:
    opened = make("sqlite:///matinee.db", tmp_path, MemoryBus())
    yield opened
    opened.tables.close()
