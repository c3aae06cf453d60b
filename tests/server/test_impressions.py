"""Impressions of home pages: complete, once, beside the requests, and not for those who look on."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from random import Random

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter
from tests.server.conftest import PASSWORD, Cinema, fill, running

from matinee.base.errors import Unavailable
from matinee.base.ids import new_id
from matinee.catalog.records import Kind, Title
from matinee.events import codec
from matinee.events.records import Impression
from matinee.events.service import IMPRESSIONS
from matinee.recommendation.records import HomePage, Item, Row
from matinee.recommendation.service import shown
from matinee.server import impressions as subject
from matinee.server.impressions import EventWriter
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
def counters() -> tuple[Counter, Counter]:
    registry = CollectorRegistry()
    return Counter("written", "", registry=registry), Counter("dropped", "", registry=registry)


def total(counter: Counter) -> float:
    return next(iter(counter.collect())).samples[0].value


def test_what_is_written_is_what_the_page_showed() -> None:
    page = a_page()
    places = [("hero", 0, page.hero)] + [(row.slug, n, one) for n, row in enumerate(page.rows, 1) for one in row.items]
    event = shown(page)
    assert codec.decode(codec.encode(event)) == event  # checked field by field, as from a stranger
    written = list(event.impressions())
    assert len({one.id for one in written}) == 201
    for one, (slug, above, item) in zip(written, places, strict=True):
        assert one == Impression(
            id=one.id, viewer_id=7, at_ms=page.at_ms, title_id=item.title.id, page=page.id, row=slug,
            row_position=above, position=item.position, reason=item.reason, model="als-1", propensity=0.25,
        )  # fmt: skip
        assert codec.decode(codec.encode(one)) == one


def test_stopping_writes_what_waits(counters: tuple[Counter, Counter], cinema: Cinema) -> None:
    writer = EventWriter(lambda: cinema.events, queued=100, written=counters[0], dropped=counters[1])
    writer.start()
    session, before = a_session(cinema), recorded(cinema)
    for n in range(25):
        writer.shown(a_page(n), session)
    writer.stop(30)
    assert recorded(cinema) - before == total(counters[0]) == 25
    assert total(counters[1]) == 0


def recorded(cinema: Cinema) -> int:
    return cinema.workspace.backends.bus.end(IMPRESSIONS)


def a_session(cinema: Cinema):
    from matinee.base.clock import DAY_MS, now_ms
    from matinee.server.session_store import SessionStore

    store = SessionStore(cinema.workspace.backends.tables, lambda: cinema.catalog, DAY_MS)
    return store.start(cinema.catalog.account_of("other@example.org"), now_ms())[1]


def test_more_than_may_wait_is_dropped_and_counted(counters, cinema: Cinema) -> None:
    writer = EventWriter(lambda: cinema.events, queued=3, written=counters[0], dropped=counters[1])
    session, before = a_session(cinema), recorded(cinema)
    for n in range(100, 110):  # it has not been started: nothing is taken out
        writer.shown(a_page(n), session)
    assert total(counters[1]) == 7
    writer.start()
    writer.stop(30)
    assert recorded(cinema) - before == 3


def test_a_bus_that_fails_costs_its_pages_and_no_more(
    counters, cinema: Cinema, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(subject, "LINGER_S", 0.0)
    bus, before = cinema.workspace.backends.bus, recorded(cinema)
    writer = EventWriter(lambda: cinema.events, queued=100, written=counters[0], dropped=counters[1])
    real, session = bus.publish, a_session(cinema)

    def full(topic: str, messages: object) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(bus, "publish", full)
    writer.start()
    with caplog.at_level(logging.WARNING, "matinee"):
        writer.shown(a_page(201), session)
        for _ in range(500):
            if total(counters[1]):
                break
            time.sleep(0.01)
        monkeypatch.setattr(bus, "publish", real)
        writer.shown(a_page(202), session)
        writer.stop(30)
    assert "The disk is full." in caplog.text
    assert (recorded(cinema) - before, total(counters[1])) == (1, 1)


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
    [event] = events
    assert event.viewer_id == cinema.viewers["boss"].id
    assert cinema.titles["Meadow"] in {one.title_id for one in event.impressions()}
