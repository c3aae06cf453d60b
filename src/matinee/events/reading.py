"""Queries over the projected tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Integer,
    Text,
    bindparam,
    cast,
    func,
    select,
)

from matinee.events import exposures
from matinee.events import tables as t
from matinee.events.ratings import Ratings
from matinee.events.state import Moments, Opinion, Playing, Plays, ViewerState, Watching
from matinee.events.strength import UNKNOWN_SHARE, strength
from matinee.learning.interactions import Interactions


def offset(connection: Connection, topic: str) -> int:
    """How far the topic has been projected."""
    query = select(t.projections.c.offset).where(t.projections.c.topic == topic)
    return connection.execute(query).scalar() or 0


def _state_query(dialect: Dialect) -> Any:
    """One row: what is known of a viewer as four texts of JSON.

    The database puts them together without Python's lock; fetched row by row, each row would give the lock away and
    wait for it again, which on a busy server costs more than everything else here.
    """
    array, whole = _JSON[dialect.name]
    viewer = bindparam("viewer", type_=Integer)

    def text(columns: Any, table: Any, *conditions: Any) -> Any:
        rows = select(cast(whole(array(*columns)), Text)).where(table.c.viewer_id == viewer, *conditions)
        return rows.scalar_subquery()

    o, w, x = t.opinions.c, t.watching.c, t.listed.c
    return select(
        text((o.title_id, o.stars, o.stars_ms, o.thumb, o.thumb_ms), t.opinions),
        text((w.title_id, w.position_s, w.duration_s, w.at_ms), t.watching),
        text((x.at_ms, x.title_id), t.listed, x.on),
        select(t.exposures.c.seen).where(t.exposures.c.viewer_id == viewer).scalar_subquery(),
    )


_JSON = {
    "sqlite": (func.json_array, func.json_group_array),
    "postgresql": (func.json_build_array, func.json_agg),
}
"""Functions for an array of values and of rows; SQLite writes numbers to 15 digits."""


@lru_cache(maxsize=4)
def _state_sql(dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement as this driver takes it, and the order of its parameters where they go by place.

    Every page asks it: handing the driver finished text saves a third of the time.
    """
    compiled = _state_query(dialect).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ())


def _state_rows(connection: Connection, viewer_id: int) -> Iterator[list[list[Any]]]:
    sql, places = _state_sql(connection.dialect)
    parameters: Any = (viewer_id,) * len(places) if places else {"viewer": viewer_id}
    for text in _cursor(connection.exec_driver_sql(sql, parameters)).fetchone():
        yield orjson.loads(text) if text else []


def state(connection: Connection, viewer_id: int) -> ViewerState:
    """What is known of one viewer."""
    said, begun, kept, seen = _state_rows(connection, viewer_id)
    return ViewerState(
        viewer_id=viewer_id,
        opinions={
            title: Opinion(stars, thumb or None, max(stars_ms or 0, thumb_ms or 0))
            for title, stars, stars_ms, thumb, thumb_ms in said
            if stars is not None or thumb
        },
        watching={title: Watching(*rest) for title, *rest in begun},
        listed=tuple(title for _, title in sorted(kept, key=lambda one: (-one[0], one[1]))),
        exposures=exposures.parse(seen),
    )


def exposures_of(connection: Connection, viewer_ids: Sequence[int]) -> dict[int, exposures.Exposures]:
    """What these viewers were shown of late, of those who were shown anything."""
    c = t.exposures.c
    rows = connection.execute(select(c.viewer_id, c.seen).where(c.viewer_id.in_(viewer_ids)))
    return {viewer_id: exposures.parse(orjson.loads(seen)) for viewer_id, seen in rows}


def interactions(connection: Connection) -> Interactions:
    """Everything that everybody said and did, one strength for each viewer and title."""
    o, w = t.opinions.c, t.watching.c
    said = _columns(connection, select(o.viewer_id, o.title_id, o.stars, o.thumb, o.stars_ms, o.thumb_ms))
    done = _columns(connection, select(w.viewer_id, w.title_id, w.position_s, w.duration_s, w.at_ms))
    share = np.where(done[3] > 0, done[2] / np.maximum(done[3], 1e-9), UNKNOWN_SHARE)
    pairs = np.concatenate([_pairs(said), _pairs(done)])
    known, place = np.unique(pairs, return_inverse=True)
    table = np.full((4, known.size), np.nan)  # stars, thumb, share, time
    table[0, place[: said.shape[1]]] = said[2]
    table[1, place[: said.shape[1]]] = np.where(said[3] == 0, np.nan, said[3])
    table[2, place[said.shape[1] :]] = share
    np.fmax.at(table[3], place, np.concatenate([np.fmax(said[4], said[5]), done[4]]))
    says = ~np.isnan(table[:3]).all(axis=0)
    known, table = known[says], table[:, says]
    values = strength(table[0], table[1], table[2])
    return Interactions.from_columns(known >> 32, known & 0xFFFFFFFF, values, table[3].astype(np.int64))


def _columns(connection: Connection, query: Any) -> NDArray[np.float64]:
    """The result of a query of numbers, one row per column; NULL becomes NaN."""
    width = len(query.selected_columns)
    cursor = _cursor(connection.execute(query))
    parts = [np.empty((0, width))]
    while rows := cursor.fetchmany(50_000):
        parts.append(np.array(rows, dtype=np.float64))
    return np.concatenate(parts).T


def _cursor(result: CursorResult[Any]) -> Any:
    """The driver's own cursor: its rows are plain tuples, which are twice as quick to take apart as SQLAlchemy's."""
    return result.cursor


def _pairs(columns: NDArray[np.float64]) -> NDArray[np.int64]:
    pairs: NDArray[np.int64] = columns[0].astype(np.int64) << 32 | columns[1].astype(np.int64)
    return pairs


def ratings_between(connection: Connection, first_viewer: int, last_viewer: int) -> Ratings:
    """The stars that these viewers gave, sorted by viewer and title."""
    o = t.opinions.c
    query = (
        select(o.viewer_id, o.title_id, o.stars, o.stars_ms)
        .where(o.viewer_id >= first_viewer, o.viewer_id <= last_viewer, o.stars.is_not(None))
        .order_by(o.viewer_id, o.title_id)
    )
    columns = _columns(connection, query)
    return Ratings(columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], columns[3].astype(np.int64))


def last_plays_since(connection: Connection, since_ms: int) -> Plays:
    """When each viewer last began each title, for playings that began at `since_ms` or later."""
    p = t.plays.c
    query = (
        select(p.viewer_id, p.title_id, func.max(p.at_ms)).where(p.at_ms >= since_ms).group_by(p.viewer_id, p.title_id)
    )
    viewers, titles, times = _columns(connection, query).astype(np.int64)
    return Plays(viewers, titles, times)


def moments_since(connection: Connection, since_ms: int) -> Moments:
    """When and on what playings began, at `since_ms` or later; the last 200,000 at most."""
    p = t.plays.c
    query = select(p.title_id, p.at_ms, p.device).where(p.at_ms >= since_ms).order_by(p.at_ms.desc()).limit(200_000)
    rows = _cursor(connection.execute(query)).fetchall()
    titles, times, devices = zip(*rows, strict=True) if rows else ((), (), ())
    return Moments(np.array(titles, np.int64), np.array(times, np.int64), tuple(devices))


def watched_since(connection: Connection, since_ms: int) -> dict[int, float]:
    """Seconds that each title was watched in playings that began at `since_ms` or later."""
    p = t.plays.c
    query = select(p.title_id, func.sum(p.watched_s)).where(p.at_ms >= since_ms).group_by(p.title_id)
    return {title_id: float(seconds) for title_id, seconds in connection.execute(query)}


def plays_since(connection: Connection, since_ms: int) -> list[Playing]:
    """Playings that began at `since_ms` or later, oldest first."""
    p = t.plays.c
    query = (
        select(p.viewer_id, p.title_id, p.at_ms, p.watched_s, p.page, p.row)
        .where(p.at_ms >= since_ms)
        .order_by(p.at_ms, p.viewer_id, p.title_id)
    )
    return [Playing(*row) for row in connection.execute(query)]
