"""Every implementation of the bus against one suite."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.base.bus import Bus
from matinee.base.bus.jetstream import JetStreamBus
from matinee.base.bus.log import LogBus
from matinee.testing.bus import BusContract


class TestLog(BusContract):
    @pytest.fixture
    def open_bus(self, tmp_path: Path) -> Callable[[], Bus]:
        return lambda: LogBus.open("file://events", tmp_path)


class TestLogOfSmallSegments(BusContract):
    """Every few batches a segment is full, so that most is read from sealed ones."""

    @pytest.fixture
    def open_bus(self, tmp_path: Path) -> Callable[[], Bus]:
        return lambda: LogBus.open("file://events?segment_messages=3", tmp_path)


@pytest.mark.server
class TestJetStream(BusContract):
    @pytest.fixture
    def open_bus(self, nats_url: str, tmp_path: Path) -> Callable[[], Bus]:
        return lambda: JetStreamBus.open(nats_url, tmp_path)
