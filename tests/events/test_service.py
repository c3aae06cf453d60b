"""The service over real tables: exactly once, caught up, rebuilt, imported and exported."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matinee.base.backends import Backends
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.events import codec, ratings
from matinee.events.records import Event, Impression, ListChange, Play, Progress, Rating, Search, Stop, Thumb
from matinee.events.service import Service


def rating(viewer: int, title: int, stars: float, at_ms: int, key: str = "") -> Rating:
    key = key or f"rating-{viewer}-{title}-{at_ms}"
    return Rating(id=key, viewer_id=viewer, title_id=title, at_ms=at_ms, stars=stars)


def evening(viewer: int = 1) -> list[Event]:
    one: dict[str, Any] = {"viewer_id": viewer, "title_id": 10, "play": "play-aaa"}
    return [
        Play(id="event-01", at_ms=1000, **one, page="page-1", row="new"),
        Progress(id="event-02", at_ms=2000, position_s=60, duration_s=600, **one),
        Stop(id="event-03", at_ms=3000, position_s=120, duration_s=600, watched_s=110, **one),
        Thumb(id="event-04", viewer_id=viewer, title_id=10, at_ms=3100, value=1),
        ListChange(id="event-05", viewer_id=viewer, title_id=11, at_ms=3200, on=True),
        ListChange(id="event-06", viewer_id=viewer, title_id=12, at_ms=3300, on=True),
        ListChange(id="event-07", viewer_id=viewer, title_id=11, at_ms=3400, on=False),
        Search(id="event-08", viewer_id=viewer, at_ms=3500, query="sintel", results=1),
        rating(viewer, 13, 4.5, 900),
    ]


def test_an_evening_becomes_a_state(backends: Backends) -> None:
    service = Service(backends)
    receipt = service.record(evening())
    assert (receipt.accepted, receipt.doubled) == (9, 0)
    state = service.state(1)
    assert state.opinions[10] == (None, 1, 3100)
    assert state.opinions[13] == (4.5, None, 900)
    assert state.watching[10] == (120, 600, 3000)
    assert state.watching[10].share == 0.2
    assert state.listed == (12,)
    [playing] = service.plays_since(1000)
    assert playing == (1, 10, 1000, 110, "page-1", "new")
    assert service.plays_since(1001) == []
    assert [column.tolist() for column in service.last_plays_since(1000)] == [[1], [10], [1000]]
    assert service.last_plays_since(1001).title_ids.size == 0
    assert service.watched_since(1000) == {10: 110.0}
    assert service.watched_since(1001) == {}


def test_recording_again_changes_nothing(backends: Backends) -> None:
    service = Service(backends)
    service.record(evening())
    before = service.state(1)
    receipt = service.record(evening())
    assert (receipt.accepted, receipt.doubled) == (0, 9)
    assert service.state(1) == before


def test_nobody_is_somebody_without_a_past(backends: Backends) -> None:
    state = Service(backends).state(404)
    assert (state.opinions, state.watching, state.listed) == ({}, {}, ())
    assert Service(backends).interactions().count == 0


def test_a_thumb_taken_back_is_gone(backends: Backends) -> None:
    service = Service(backends)
    service.record([Thumb(id="thumb-01", viewer_id=1, title_id=1, at_ms=1, value=1)])
    service.record([Thumb(id="thumb-02", viewer_id=1, title_id=1, at_ms=2, value=0)])
    assert service.state(1).opinions == {}
    assert service.interactions().count == 0


def test_impressions_have_a_topic_of_their_own(backends: Backends) -> None:
    shown = Impression(
        id="shown-001", viewer_id=1, title_id=1, at_ms=1, page="p", row="new", row_position=0, position=0
    )
    service = Service(backends)
    service.record([shown, rating(1, 1, 3, 1)])
    assert (service.rate("impressions"), service.rate("viewing")) == (1, 1)
    assert codec.load(next(service.tail("impressions")).body) == shown


def test_what_was_published_but_not_projected_is_caught_up_on_open(backends: Backends) -> None:
    backends.bus.publish("viewing", [(one.id, codec.encode(one)) for one in evening()])
    assert Service(backends).state(1).listed == (12,)


def test_a_projection_that_dies_half_way_leaves_no_trace(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(backends)

    def fail(*_: object) -> None:
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("matinee.events.service.statements.merge_listed", fail)
        with pytest.raises(Unavailable):
            service.record(evening())
    assert service.state(1).opinions == {}
    assert Service(backends).state(1).listed == (12,)


@pytest.mark.logs_errors
def test_a_foreign_message_is_stepped_over(backends: Backends) -> None:
    backends.bus.publish("viewing", [("foreign-1", b"not an event"), ("foreign-2", b'{"kind":"rating","version":1}')])
    service = Service(backends)
    service.record([rating(1, 1, 3, 1)])
    assert service.state(1).opinions[1].stars == 3


def test_rebuilding_gives_the_same_state(backends: Backends) -> None:
    service = Service(backends)
    service.record(evening())
    service.record_ratings([1, 2], [20, 20], [3, 4], [5000, 6000])
    before = [service.state(1), service.state(2), service.plays_since(0)]
    assert service.rebuild() == 11
    assert [service.state(1), service.state(2), service.plays_since(0)] == before


def test_threads_may_record_at_once(backends: Backends) -> None:
    service = Service(backends)

    def work(viewer: int) -> None:
        for at_ms in range(20):
            service.record([rating(viewer, at_ms + 1, 3, at_ms)])

    threads = [threading.Thread(target=work, args=(viewer,)) for viewer in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(service.state(viewer).opinions) for viewer in range(1, 5)] == [20] * 4


def test_interactions_tell_strengths_and_times(backends: Backends) -> None:
    service = Service(backends)
    service.record(evening())
    service.record([Thumb(id="thumb-99", viewer_id=2, title_id=13, at_ms=50, value=-1)])
    known = service.interactions()
    assert known.viewer_ids.tolist() == [1, 2]
    assert known.title_ids.tolist() == [10, 13]
    assert known.values.toarray().tolist() == [[5.0, 4.5], [0.0, 1.0]]
    assert known.times.tolist() == [3100, 900, 50]


def test_ratings_in_columns_are_the_same_events(backends: Backends) -> None:
    columns = ratings.checked([2, 1], [5, 6], [0.5, 4.0], [10, 20])
    for key, body in ratings.messages(columns):
        event = codec.decode(body)
        assert event.id == key
        assert codec.encode(event) == body
    service = Service(backends)
    assert service.record_ratings([2, 1], [5, 6], [0.5, 4.0], [10, 20]).accepted == 2
    assert service.state(1).opinions == {6: (4.0, None, 20)}
    assert service.state(2).opinions == {5: (0.5, None, 10)}


def test_known_and_older_ratings_are_not_published(backends: Backends) -> None:
    service = Service(backends)
    service.record_ratings([1, 1], [1, 2], [3, 4], [10, 10])
    receipt = service.record_ratings([1, 1, 1, 1], [1, 2, 2, 3], [3, 5, 4, 1], [10, 5, 11, 10])
    assert (receipt.accepted, receipt.doubled) == (2, 2)
    assert service.rate() == 4
    assert {title: one.stars for title, one in service.state(1).opinions.items()} == {1: 3, 2: 4, 3: 1}
    assert service.record_ratings([], [], [], []).accepted == 0


@pytest.mark.parametrize(
    ("viewers", "titles", "stars", "times"),
    [
        ([1], [1], [6], [1]),
        ([1], [1], [np.nan], [1]),
        ([0], [1], [3], [1]),
        ([1], [2**31], [3], [1]),
        ([1], [1], [3], [-1]),
        ([1, 2], [1], [3], [1]),
    ],
)
def test_ratings_out_of_range_are_refused_whole(
    backends: Backends, viewers: Any, titles: Any, stars: Any, times: Any
) -> None:
    service = Service(backends)
    with pytest.raises(InvalidInput):
        service.record_ratings(viewers, titles, stars, times)
    assert service.rate() == 0


def test_a_file_goes_round(backends: Backends, tmp_path: Path) -> None:
    service = Service(backends)
    service.record(evening())
    file = tmp_path / "events.jsonl"
    assert service.export_jsonl(file) == 9
    report = service.import_jsonl(file)
    assert (report.accepted, report.doubled, report.refused) == (0, 9, 0)


def test_broken_lines_are_counted_by_reason(backends: Backends, tmp_path: Path) -> None:
    good = [codec.encode(one) for one in evening()]
    wrong = good[-1].replace(b"4.5", b"9.5")
    file = tmp_path / "events.jsonl"
    lines = [good[0], b"", b"{", wrong, wrong, b"\xff", good[1][:-10], b"x" * 100_000, *good[2:]]
    file.write_bytes(b"\n".join(lines))
    report = Service(backends).import_jsonl(file)
    assert (report.accepted, report.refused) == (8, 6)
    assert sum(count for _, count in report.reasons) == 6
    assert ("stars is refused: should be less than or equal to 5", 2) in report.reasons
    assert [one.index for one in report.first_refusals] == [2, 3, 4, 5, 6, 7]


def test_a_missing_file_is_said(backends: Backends, tmp_path: Path) -> None:
    service = Service(backends)
    with pytest.raises(NotFound, match="There is no file"):
        service.import_jsonl(tmp_path / "no.jsonl")
    with pytest.raises(Unavailable):
        service.export_jsonl(tmp_path / "no" / "events.jsonl")
