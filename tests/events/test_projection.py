"""The projection: any order, any repetition and any split of the same events give the same state."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from matinee.base.tables import Tables
from matinee.events import projection, statements
from matinee.events import tables as t
from matinee.events.records import Event, ListChange, Play, Progress, Rating, Search, Stop, Thumb

ID = "event-id"
# Small ranges, so that events collide in viewer, title, playing and time.
_who = {"viewer_id": st.integers(1, 2), "at_ms": st.integers(0, 3), "id": st.just(ID)}
_what = {**_who, "title_id": st.integers(1, 2)}
_playing = {**_what, "play": st.sampled_from(["play-aaa", "play-bbb"]), "position_s": st.integers(0, 3).map(float)}
_length = {"duration_s": st.sampled_from([0.0, 5.0, 9.0])}
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Rating, **_what, stars=st.sampled_from([0.5, 3.0, 5.0])),
    st.builds(Thumb, **_what, value=st.sampled_from([-1, 0, 1])),
    st.builds(ListChange, **_what, on=st.booleans()),
    st.builds(Play, **_playing, page=st.sampled_from(["", "page"]), row=st.sampled_from(["", "new"])),
    st.builds(Progress, **_playing, **_length),
    st.builds(Stop, **_playing, **_length, watched_s=st.integers(0, 9).map(float)),
    st.builds(Search, **_who, query=st.just("x"), results=st.just(1)),
)

MERGES = (
    (t.opinions, statements.merge_opinions, projection.opinion_rows),
    (t.watching, statements.merge_watching, projection.watching_rows),
    (t.plays, statements.merge_plays, projection.play_rows),
    (t.listed, statements.merge_listed, projection.listed_rows),
)


def project(tables: Tables, batches: list[list[Event]]) -> list[Any]:
    """All rows after the batches, beginning with empty tables."""
    with tables.write() as connection:
        for table, _, _ in MERGES:
            connection.execute(delete(table))
        for batch in batches:
            changes = projection.fold(batch)
            for _, merge, rows_of in MERGES:
                if rows := rows_of(changes):
                    connection.execute(merge(tables), rows)
        return [sorted(map(tuple, connection.execute(select(table)))) for table, _, _ in MERGES]


def check_any_history(tables: Tables, examples: int) -> None:
    t.metadata.create_all(tables.engine)

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(EVENTS, max_size=25), st.data())
    def check(events: list[Event], data: st.DataObject) -> None:
        whole = project(tables, [events])
        shuffled = data.draw(st.permutations(events))
        again = shuffled + data.draw(st.lists(st.sampled_from(events), max_size=10) if events else st.just([]))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(again)), max_size=5)))
        batches = [again[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(again)], strict=True)]
        assert project(tables, batches) == whole

    check()
    tables.close()


def test_any_history_of_the_same_events_gives_the_same_rows() -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_any_history(Tables.open("sqlite:///matinee.db", Path(folder)), 150)


def test_the_latest_word_wins_and_a_thumb_is_taken_back() -> None:
    def thumb(at_ms: int, value: Any) -> Thumb:
        return Thumb(id=ID, viewer_id=1, title_id=1, at_ms=at_ms, value=value)

    changes = projection.fold([thumb(3, 0), thumb(1, 1), thumb(2, -1)])
    [row] = projection.opinion_rows(changes)
    assert (row["thumb"], row["thumb_ms"], row["stars"]) == (0, 3, None)


def test_a_resumed_film_keeps_the_length_it_was_said_to_have() -> None:
    common: dict[str, Any] = {"id": ID, "viewer_id": 1, "title_id": 1, "play": "play-aaa"}
    events = [Progress(**common, at_ms=1, position_s=30, duration_s=600), Play(**common, at_ms=2, position_s=30)]
    [row] = projection.watching_rows(projection.fold(events))
    assert (row["position_s"], row["duration_s"], row["at_ms"]) == (30, 600, 2)


@pytest.mark.server
def test_any_history_gives_the_same_rows_in_postgresql(postgres_url: str) -> None:
    check_any_history(Tables.open(postgres_url, Path()), 30)
