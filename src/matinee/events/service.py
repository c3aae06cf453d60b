"""Records events on the bus and projects them into tables, each exactly once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from matinee.base.backends import Backends
from matinee.base.bus import Message, Receipt
from matinee.base.errors import InvalidInput
from matinee.base.progress import working
from matinee.events import codec, exposures, jsonl, projection, ratings, reading, statements
from matinee.events import tables as t
from matinee.events.records import Event, Impression, PageShown, Quality
from matinee.events.state import Moments, Playing, Plays, ViewerState
from matinee.learning.interactions import Interactions

VIEWING, IMPRESSIONS, QUALITY = "viewing", "impressions", "quality"
BATCH = 20_000
"""Events per transaction while catching up: some seconds of work lost at most where the process is killed."""
PAGES = 500
"""Pages per transaction while taking in what was shown: each is some 15 kB."""
RATINGS = 50_000
"""Ratings per batch in `record_ratings`: bounds its memory to some 50 MB."""

log = logging.getLogger(__name__)


class Service:
    """The events of a workspace. Safe to use from several threads and processes at once."""

    def __init__(self, backends: Backends) -> None:
        self._bus = backends.bus
        self._tables = backends.tables
        self.catch_up()

    def record(self, events: Sequence[Event]) -> Receipt:
        """Make the events durable and project them; returns how many were new.

        Events whose id is known are dropped, so a batch may be sent again after any failure. Raises `Unavailable`
        where the bus or the tables are: what had become durable by then is projected by the next call.
        """
        topics: dict[str, list[Event]] = {}
        for event in events:
            topics.setdefault(topic_of(event), []).append(event)
        receipts = {
            topic: self._bus.publish(topic, [(one.id, codec.encode(one)) for one in group])
            for topic, group in topics.items()
        }
        if VIEWING in topics:
            self._project()
        if IMPRESSIONS in topics:
            shown, receipt = topics[IMPRESSIONS], receipts[IMPRESSIONS]
            self._project_exposures(shown if receipt.accepted == len(shown) else (), receipt.end)
        return _sum(list(receipts.values()))

    def record_ratings(self, viewer_ids: object, title_ids: object, stars: object, at_ms: object) -> Receipt:
        """Record ratings given as columns (NumPy arrays or lists of equal length).

        Ratings that are known already, or are older than the known rating of the same viewer and title, count as
        doubled. Raises `InvalidInput` for values out of range, before anything is recorded.
        """
        columns = ratings.checked(viewer_ids, title_ids, stars, at_ms)
        self.catch_up()
        receipts = []
        with working("recording ratings", columns.rows, "ratings") as task:
            for start in range(0, columns.rows, RATINGS):
                chunk = columns.take(slice(start, start + RATINGS))
                receipts.append(self._record_chunk(chunk))
                task.advance(chunk.rows)
        return _sum(receipts)

    def _record_chunk(self, chunk: ratings.Ratings) -> Receipt:
        """Publish what is news and project it as columns, without reading it back from the bus.

        The offset is locked before the bus is written, so where the bus has grown by these messages alone they are
        the ones to project; otherwise, or where the process dies in between, `catch_up` projects them.
        """
        with self._tables.write() as connection:
            offset = self._lock_offset(connection, VIEWING)
            known = reading.ratings_between(connection, int(chunk.viewer_ids[0]), int(chunk.viewer_ids[-1]))
            fresh = ratings.news(chunk, known)
            if not fresh.rows:
                return Receipt(accepted=0, doubled=chunk.rows, end=offset)
            receipt = self._bus.publish(VIEWING, ratings.messages(fresh))
            if receipt.accepted == fresh.rows == receipt.end - offset:
                statements.merge_ratings(connection, self._tables, ratings.latest(fresh))
                self._move_offset(connection, VIEWING, receipt.end)
        self.catch_up()
        return Receipt(receipt.accepted, receipt.doubled + chunk.rows - fresh.rows, receipt.end)

    def catch_up(self) -> int:
        """Project what the bus holds beyond the tables; returns how many events that was."""
        with self._tables.read() as connection:
            if self._bus.end(VIEWING) <= reading.offset(connection, VIEWING):
                return 0
        return self._project()

    def _project(self) -> int:
        done = count = self._project_batch()
        while count == BATCH:
            count = self._project_batch()
            done += count
        return done

    def _project_batch(self) -> int:
        """Project one batch. The offset's row is locked, so that one process works and the others find it done."""
        with self._tables.write() as connection:
            offset = self._lock_offset(connection, VIEWING)
            messages = self._bus.read(VIEWING, offset, BATCH)
            if messages:
                self._apply(connection, messages)
            return len(messages)

    def _lock_offset(self, connection: Connection, topic: str, start: int = 0) -> int:
        insert = self._tables.insert(t.projections).on_conflict_do_nothing()
        connection.execute(insert, {"topic": topic, "offset": start})
        # SQLite has locked the whole file already; its dialect leaves FOR UPDATE out.
        query = select(t.projections.c.offset).where(t.projections.c.topic == topic).with_for_update()
        return int(connection.execute(query).scalar_one())

    def _apply(self, connection: Connection, messages: Sequence[Message]) -> None:
        changes = projection.fold(_load(messages))
        for statement, rows in (
            (statements.merge_opinions, projection.opinion_rows(changes)),
            (statements.merge_watching, projection.watching_rows(changes)),
            (statements.merge_plays, projection.play_rows(changes)),
            (statements.merge_listed, projection.listed_rows(changes)),
        ):
            if rows:
                connection.execute(statement(self._tables), rows)
        self._move_offset(connection, VIEWING, messages[-1].offset)

    def _move_offset(self, connection: Connection, topic: str, offset: int) -> None:
        connection.execute(update(t.projections).where(t.projections.c.topic == topic).values(offset=offset))

    def _project_exposures(self, latest: Sequence[Event] = (), end: int = 0) -> None:
        """Take in what pages showed since the last time; what lies too far back has faded, and is left out.

        `latest` are the events that were just published and end at offset `end`: mostly they are all there is to take
        in, and need not be read back.
        """
        while self._project_pages(latest, end) == PAGES:
            pass

    def _project_pages(self, latest: Sequence[Event], latest_end: int) -> int:
        recent = max(0, self._bus.end(IMPRESSIONS) - exposures.BEHIND)
        with self._tables.write() as connection:
            offset = self._lock_offset(connection, IMPRESSIONS, recent)
            if latest and offset == latest_end - len(latest):
                found, end = [exposures.shown_by(one) for one in latest], latest_end
            else:
                messages = self._bus.read(IMPRESSIONS, max(offset, recent), PAGES)
                found = [exposures.shown_in(message.body) for message in messages]
                end = messages[-1].offset if messages else offset
            pages = exposures.by_viewer(one for one in found if one is not None)
            held = reading.exposures_of(connection, list(pages))
            rows = [
                {"viewer_id": viewer, "seen": exposures.dump(exposures.merged(held.get(viewer, exposures.NONE), shown))}
                for viewer, shown in pages.items()
            ]
            if rows:
                connection.execute(statements.put_exposures(self._tables), rows)
            if end > offset:
                self._move_offset(connection, IMPRESSIONS, end)
            return len(found)

    def rebuild(self) -> int:
        """Empty the tables and project the whole bus again; readers see the old rows until it is done.

        Returns the number of events projected.
        """
        done = 0
        with (
            working("projecting events", self._bus.end(VIEWING), "events") as task,
            self._tables.write() as connection,
        ):
            self._lock_offset(connection, VIEWING)
            for table in (t.opinions, t.watching, t.plays, t.listed):
                connection.execute(delete(table))
            while messages := self._bus.read(VIEWING, done, BATCH):
                self._apply(connection, messages)
                task.advance(messages[-1].offset - done)
                done = messages[-1].offset
            connection.execute(delete(t.exposures))
            connection.execute(delete(t.projections).where(t.projections.c.topic == IMPRESSIONS))
        self._project_exposures()
        return done

    def state(self, viewer_id: int) -> ViewerState:
        """What is known of a viewer now; empty for one who has done nothing."""
        with self._tables.read() as connection:
            return reading.state(connection, viewer_id)

    def interactions(self) -> Interactions:
        """All viewers and titles, with strengths and times: see `matinee.events.strength`."""
        with self._tables.read() as connection:
            return reading.interactions(connection)

    def plays_since(self, since_ms: int) -> list[Playing]:
        """Playings that began at `since_ms` or later, oldest first."""
        with self._tables.read() as connection:
            return reading.plays_since(connection, since_ms)

    def watched_since(self, since_ms: int) -> dict[int, float]:
        """Seconds that each title was watched in playings that began at `since_ms` or later."""
        with self._tables.read() as connection:
            return reading.watched_since(connection, since_ms)

    def last_plays_since(self, since_ms: int) -> Plays:
        """When each viewer last began each title, for playings that began at `since_ms` or later, as columns."""
        with self._tables.read() as connection:
            return reading.last_plays_since(connection, since_ms)

    def moments_since(self, since_ms: int) -> Moments:
        """When and on what playings began, at `since_ms` or later; the last 200,000 at most."""
        with self._tables.read() as connection:
            return reading.moments_since(connection, since_ms)

    def import_jsonl(self, path: Path) -> jsonl.Import:
        """Record the events in a file of JSON Lines, as `export_jsonl` writes it.

        Lines that are no events are counted by reason and left out. Importing a file again doubles nothing that
        the tables show. Raises `NotFound`, or `InvalidInput` where the file is not text at all.
        """
        return jsonl.read(path, self.record)

    def export_jsonl(self, path: Path) -> int:
        """Write every event of every topic, one per line, and return how many; replaces the file at the end."""
        return jsonl.write(path, self._all())

    def tail(self, topic: str = VIEWING, *, last: int = 10, follow: bool = False) -> Iterator[Message]:
        """The last messages of a topic and, where `follow`, those that come, for ever."""
        after = max(0, self._bus.end(topic) - last)
        if not follow:
            yield from self._bus.read(topic, after, last)
            return
        for batch in self._bus.follow(topic, after):
            yield from batch

    def rate(self, topic: str = VIEWING) -> int:
        """Messages that the topic has ever taken; the difference over time is its rate."""
        return self._bus.end(topic)

    def _all(self) -> Iterator[bytes]:
        for topic in (VIEWING, IMPRESSIONS, QUALITY):
            after = 0
            while messages := self._bus.read(topic, after, BATCH):
                yield from (message.body for message in messages)
                after = messages[-1].offset


def topic_of(event: Event) -> str:
    """The topic of the bus that an event is published to."""
    match event:
        case Impression() | PageShown():
            return IMPRESSIONS
        case Quality():
            return QUALITY
        case _:
            return VIEWING


def _load(messages: Sequence[Message]) -> Iterator[Event]:
    for message in messages:
        try:
            yield codec.load(message.body)
        except InvalidInput as error:
            # Somebody else wrote to our topic. Stopping here would stop the projection for ever.
            log.error("Message %d of topic %s is left out: %s", message.offset, VIEWING, error)


def _sum(receipts: Sequence[Receipt]) -> Receipt:
    return Receipt(
        accepted=sum(one.accepted for one in receipts),
        doubled=sum(one.doubled for one in receipts),
        end=receipts[-1].end if receipts else 0,
    )
