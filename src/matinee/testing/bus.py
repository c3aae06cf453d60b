"""What every implementation of `matinee.base.bus.Bus` does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from matinee.base.bus import Bus, Message, Receipt
from matinee.base.bus.names import MAX_BODY_BYTES, MAX_ID
from matinee.base.errors import InvalidInput

BAD_TOPICS = [
    "",
    "Viewing",
    "a..b",
    ".a",
    "a.",
    "a/b",
    "../a",
    "a b",
    "a*",
    "a.>",
    "1a",
    "é",
    "a" * 101,
    "a\x00",
    "a_b",
]
BAD_IDS = ["", "a b", "a\nb", "é", "x" * (MAX_ID + 1), "a\x00"]


def numbered(start: int, stop: int, body: bytes = b"") -> list[tuple[str, bytes]]:
    """Messages with the ids m<start> to m<stop - 1>."""
    return [(f"m{number}", body or b"body %d" % number) for number in range(start, stop)]


def read_all(bus: Bus, topic: str, limit: int = 1000) -> list[Message]:
    """Everything in the topic, read in steps of `limit`."""
    found: list[Message] = []
    while batch := bus.read(topic, found[-1].offset if found else 0, limit):
        found += batch
    return found


class BusContract:
    """Subclass it and give it the fixture `open_bus`."""

    @pytest.fixture
    def open_bus(self) -> Callable[[], Bus]:
        """A function that opens the bus, which holds no topic when the test begins."""
        raise NotImplementedError

    @pytest.fixture
    def bus(self, open_bus: Callable[[], Bus]) -> Iterator[Bus]:
        """The open port."""
        opened = open_bus()
        yield opened
        opened.close()

    def test_what_was_published_is_read_in_order(self, bus: Bus) -> None:
        """Offsets count from 1; ids and bodies are untouched."""
        before_ms = time.time_ns() // 1_000_000
        assert bus.publish("viewing", numbered(0, 3)) == Receipt(3, 0, 3)
        assert bus.publish("viewing", numbered(3, 5)) == Receipt(2, 0, 5)
        found = bus.read("viewing")
        assert [one.offset for one in found] == [1, 2, 3, 4, 5]
        assert [(one.id, one.body) for one in found] == numbered(0, 5)
        assert all(before_ms - 1000 <= one.time_ms <= time.time_ns() // 1_000_000 + 1000 for one in found)

    def test_reading_begins_anywhere_and_stops_at_the_limit(self, bus: Bus) -> None:
        """`after` is excluded; behind the end there is nothing."""
        for start in range(0, 50, 7):
            bus.publish("viewing", numbered(start, min(50, start + 7)))
        for after in (0, 1, 6, 7, 8, 24, 49):
            for limit in (1, 3, 7, 100):
                offsets = [one.offset for one in bus.read("viewing", after, limit)]
                assert offsets == list(range(after + 1, min(50, after + limit) + 1))
        assert bus.read("viewing", 50) == []
        assert bus.read("viewing", 1000) == []
        assert bus.read("viewing", 0, 0) == []

    def test_a_topic_that_never_was_is_empty(self, bus: Bus) -> None:
        """Asking does not create it."""
        assert bus.read("viewing") == []
        assert bus.end("viewing") == 0
        assert bus.committed("viewing", "tables") == 0
        assert bus.topics() == []

    def test_an_empty_batch_changes_nothing(self, bus: Bus) -> None:
        """And tells the end."""
        assert bus.publish("viewing", []) == Receipt(0, 0, 0)
        bus.publish("viewing", numbered(0, 2))
        assert bus.publish("viewing", []) == Receipt(0, 0, 2)
        assert bus.end("viewing") == 2

    def test_topics_are_apart(self, bus: Bus) -> None:
        """Each counts for itself and holds its own ids; dots are part of the name."""
        for topic in ("viewing", "viewing.live", "viewing-live", "quality"):
            assert bus.publish(topic, numbered(0, 2)) == Receipt(2, 0, 2)
        assert bus.topics() == ["quality", "viewing", "viewing-live", "viewing.live"]
        assert [one.offset for one in bus.read("quality")] == [1, 2]

    def test_an_id_counts_once(self, bus: Bus) -> None:
        """Within a batch and across batches; what is doubled takes no offset."""
        bus.publish("viewing", numbered(0, 5))
        assert bus.publish("viewing", numbered(0, 5)) == Receipt(0, 5, 5)
        assert bus.publish("viewing", numbered(3, 8)) == Receipt(3, 2, 8)
        assert bus.publish("viewing", [("twice", b"1"), ("twice", b"2"), ("once", b"3")]) == Receipt(2, 1, 10)
        found = bus.read("viewing")
        assert [one.offset for one in found] == list(range(1, 11))
        assert [one.id for one in found] == [f"m{n}" for n in range(8)] + ["twice", "once"]
        assert found[8].body == b"1"

    def test_it_is_there_when_opened_again(self, bus: Bus, open_bus: Callable[[], Bus]) -> None:
        """Messages, ids and commits, for another client while the first is open and for one after it."""
        bus.publish("viewing", numbered(0, 5))
        bus.commit("viewing", "tables", 3)
        other = open_bus()
        assert [one.offset for one in other.read("viewing")] == [1, 2, 3, 4, 5]
        assert other.publish("viewing", numbered(4, 7)) == Receipt(2, 1, 7)
        assert other.committed("viewing", "tables") == 3
        other.close()
        assert [one.id for one in bus.read("viewing", 5)] == ["m5", "m6"]
        assert bus.publish("viewing", numbered(5, 9)) == Receipt(2, 2, 9)

    def test_commits_are_per_topic_and_consumer(self, bus: Bus) -> None:
        """The last one counts, also where it goes back."""
        bus.commit("viewing", "tables", 3)
        bus.commit("viewing", "trends", 7)
        bus.commit("viewing", "tables", 5)
        bus.commit("quality.live", "tables", 1)
        assert bus.committed("viewing", "tables") == 5
        assert bus.committed("viewing", "trends") == 7
        assert bus.committed("quality.live", "tables") == 1
        bus.commit("viewing", "tables", 0)
        assert bus.committed("viewing", "tables") == 0
        with pytest.raises(InvalidInput):
            bus.commit("viewing", "tables", -1)

    @pytest.mark.parametrize("name", BAD_TOPICS)
    def test_a_bad_name_is_refused(self, bus: Bus, name: str) -> None:
        """Of a topic or a consumer, by every method."""
        for act in (
            lambda: bus.publish(name, numbered(0, 1)),
            lambda: bus.read(name),
            lambda: bus.end(name),
            lambda: bus.commit(name, "tables", 1),
            lambda: bus.commit("viewing", name, 1),
            lambda: bus.committed(name, "tables"),
            lambda: bus.committed("viewing", name),
            lambda: next(bus.follow(name)),
        ):
            with pytest.raises(InvalidInput):
                act()
        assert bus.topics() == []

    @pytest.mark.parametrize("name", BAD_IDS)
    def test_a_bad_id_is_refused(self, bus: Bus, name: str) -> None:
        """And nothing of its batch is stored."""
        with pytest.raises(InvalidInput):
            bus.publish("viewing", [("good", b""), (name, b"")])
        assert bus.end("viewing") == 0

    def test_bodies_of_all_sizes_pass(self, bus: Bus) -> None:
        """From nothing to the limit; above it nothing of the batch is stored."""
        bodies = [b"", b"\x00\xff\r\n", bytes(range(256)) * 1000, b"x" * MAX_BODY_BYTES]
        bus.publish("viewing", [(f"b{number}", body) for number, body in enumerate(bodies)])
        assert [one.body for one in read_all(bus, "viewing", 2)] == bodies
        with pytest.raises(InvalidInput, match="too long"):
            bus.publish("viewing", [("good", b""), ("long", b"x" * (MAX_BODY_BYTES + 1))])
        assert bus.end("viewing") == 4
        long_id = "~" * MAX_ID
        bus.publish("viewing", [(long_id, b"")])
        assert bus.read("viewing", 4)[0].id == long_id

    def test_a_large_batch_passes(self, bus: Bus) -> None:
        """More than any buffer on the way holds."""
        messages = numbered(0, 6000, b"y" * 1000)
        assert bus.publish("viewing", messages) == Receipt(6000, 0, 6000)
        assert [(one.id, one.body) for one in read_all(bus, "viewing")] == messages
        assert bus.publish("viewing", messages) == Receipt(0, 6000, 6000)

    def test_threads_share_it(self, bus: Bus) -> None:
        """Batches of several threads lie side by side, each whole and in order."""
        with ThreadPoolExecutor(8) as pool:
            batches = [[(f"t{batch}-{n}", b"%d" % n) for n in range(10)] for batch in range(40)]
            receipts = list(pool.map(lambda batch: bus.publish("viewing", batch), batches))
        assert all(receipt.accepted == 10 for receipt in receipts)
        found = read_all(bus, "viewing", 33)
        assert [one.offset for one in found] == list(range(1, 401))
        for batch in range(40):
            assert [one.body for one in found if one.id.startswith(f"t{batch}-")] == [b"%d" % n for n in range(10)]

    def test_threads_that_repeat_each_other_double_nothing(self, bus: Bus) -> None:
        """The same ids from several threads at once."""
        with ThreadPoolExecutor(8) as pool:
            receipts = list(pool.map(lambda _: bus.publish("viewing", numbered(0, 50)), range(8)))
        assert sum(receipt.accepted for receipt in receipts) == 50
        assert sorted(one.id for one in read_all(bus, "viewing")) == sorted(f"m{n}" for n in range(50))

    def test_following_gives_what_arrives(self, bus: Bus, open_bus: Callable[[], Bus]) -> None:
        """From another client too, and an empty batch when nothing does."""
        bus.publish("viewing", numbered(0, 3))
        batches = bus.follow("viewing", after=1, wait_s=0.05)
        assert [one.id for one in next(batches)] == ["m1", "m2"]
        assert next(batches) == []
        other = open_bus()
        late = threading.Timer(0.1, lambda: other.publish("viewing", numbered(3, 5)))
        late.start()
        found: list[str] = []
        while len(found) < 2:
            found += [one.id for one in next(batches)]
        assert found == ["m3", "m4"]
        late.join()
        other.close()

    def test_following_a_topic_before_its_first_message(self, bus: Bus) -> None:
        """It waits."""
        batches = bus.follow("later", wait_s=0.02)
        assert next(batches) == []
        bus.publish("later", numbered(0, 1))
        assert [one.id for one in next(batches)] == ["m0"]
