"""Impressions of home pages: complete, once, beside the requests, and not for those who look on."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter
from tests.server.conftest import PASSWORD, Cinema, fill, running

from matinee.base.bus.log import LogBus
from matinee.base.errors import Unavailable
from matinee.base.ids import new_id
from matinee.catalog.records import Kind, Title
from matinee.events import codec
from matinee.events.records import Impression
from matinee.events.service import IMPRESSIONS
from matinee.recommendation.records import HomePage, Item, Row
from matinee.server import impressions as subject
from matinee.server.impressions import EventWriter, impressions
from matinee.subsystems import create_workspace


def a_page(n: int = 1, items: int = 20, rows: int = 10) -> HomePage:
    made = tuple(
        Row(
            slug=f"genre-{above}",
            heading="Drama",
            reason="You like it",
            items=tuple(
                Item(
                    title=Title(id=100 * above + place + 1, kind=Kind.FILM, name="Ünïcode “quotes”"),
                    position=place,
                    reason="Because you watched “Amélie”",
                    model="als-1",
                    propensity=0.25,
                )
                for place in range(items)
            ),
        )
        for above in range(rows)
    )
    return HomePage(id=new_id(n, Random(n)), viewer_id=7, at_ms=1_000 + n, hero=made[0].items[0], rows=made)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[LogBus]:
    found = LogBus.open(f"file://{tmp_path}/events", tmp_path)
    yield found
    found.close()


@pytest.fixture
def counters() -> tuple[Counter, Counter]:
    registry = CollectorRegistry()
    return Counter("written", "", registry=registry), Counter("dropped", "", registry=registry)


def total(counter: Counter) -> float:
    return next(iter(counter.collect())).samples[0].value


def test_what_is_written_is_what_the_record_says() -> None:
    page = a_page()
    places = [("hero", 0, page.hero)] + [(row.slug, n, one) for n, row in enumerate(page.rows, 1) for one in row.items]
    written = impressions(page)
    assert len({name for name, _ in written}) == 201
    for (name, body), (slug, above, item) in zip(written, places, strict=True):
        event = codec.decode(body)  # checked field by field, as from a stranger
        assert event == Impression(
            id=name, viewer_id=7, at_ms=page.at_ms, title_id=item.title.id, page=page.id, row=slug,
            row_position=above, position=item.position, reason=item.reason, model="als-1", propensity=0.25,
        )  # fmt: skip
        assert codec.encode(event) == body


def test_stopping_writes_what_waits(bus: LogBus, counters: tuple[Counter, Counter], cinema: Cinema) -> None:
    writer = EventWriter(lambda: cinema.events, bus, queued=100, written=counters[0], dropped=counters[1])
    writer.start()
    session = a_session(cinema)
    for n in range(25):
        writer.shown(a_page(n), session)
    writer.stop(30)
    assert bus.end(IMPRESSIONS) == total(counters[0]) == 25 * 201
    assert total(counters[1]) == 0


def a_session(cinema: Cinema):
    from matinee.base.clock import DAY_MS, now_ms
    from matinee.server.session_store import SessionStore

    store = SessionStore(cinema.workspace.backends.tables, lambda: cinema.catalog, DAY_MS)
    return store.start(cinema.catalog.account_of("other@example.org"), now_ms())[1]


def test_more_than_may_wait_is_dropped_and_counted(bus: LogBus, counters, cinema: Cinema) -> None:
    writer = EventWriter(lambda: cinema.events, bus, queued=3, written=counters[0], dropped=counters[1])
    session = a_session(cinema)
    for n in range(10):  # it has not been started: nothing is taken out
        writer.shown(a_page(n), session)
    assert total(counters[1]) == 7
    writer.start()
    writer.stop(30)
    assert bus.end(IMPRESSIONS) == 3 * 201


def test_a_bus_that_fails_costs_its_pages_and_no_more(
    bus: LogBus, counters, cinema: Cinema, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(subject, "LINGER_S", 0.0)
    writer = EventWriter(lambda: cinema.events, bus, queued=100, written=counters[0], dropped=counters[1])
    real, session = bus.publish, a_session(cinema)

    def full(topic: str, messages: object) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(bus, "publish", full)
    writer.start()
    with caplog.at_level(logging.WARNING, "matinee"):
        writer.shown(a_page(1), session)
        for _ in range(500):
            if total(counters[1]):
                break
            time.sleep(0.01)
        monkeypatch.setattr(bus, "publish", real)
        writer.shown(a_page(2), session)
        writer.stop(30)
    assert "The disk is full." in caplog.text
    assert (bus.end(IMPRESSIONS), total(counters[1])) == (201, 1)


@pytest.mark.parametrize("where", ["/", "/api/home"])
def test_home_pages_are_recorded_and_looking_on_is_not(tmp_path: Path, where: str) -> None:
    with create_workspace(tmp_path, ("server.sign_ins_per_minute=1000",)) as workspace:
        cinema = fill(workspace)
        bus = workspace.backends.bus
        with running(workspace) as address, httpx.Client(base_url=address) as client:
            client.post("/api/session", json={"email": "boss@example.org", "password": PASSWORD})
            client.post("/api/view-as", json={"viewer_id": cinema.viewers["child"].id})
            assert client.get(where).status_code == 200
            client.post("/api/view-as", json={"viewer_id": None})
            assert client.get(where).status_code == 200
        events = [codec.load(message.body) for message in bus.read(IMPRESSIONS, 0, 10_000)]
    assert events
    assert {event.viewer_id for event in events} == {cinema.viewers["boss"].id}
    assert len({event.page for event in events}) == 1
    assert cinema.titles["Meadow"] in {event.title_id for event in events}
