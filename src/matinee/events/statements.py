"""The SQL that merges folded rows into the tables: for each register, the greater ``(time, value)`` stays.

The same rule as `matinee.events.projection`, said in SQL so that nothing has to be read first and the same statement
serves SQLite and PostgreSQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Table, and_, case, func, literal, or_, select, tuple_

from matinee.base.tables import Tables
from matinee.events import tables as t
from matinee.events.ratings import Ratings


def merge_opinions(tables: Tables) -> Any:
    """Merge rows of `projection.opinion_rows`."""
    insert = tables.insert(t.opinions)
    return _on_conflict(
        insert,
        ("viewer_id", "title_id"),
        _later(t.opinions, insert, "stars_ms", "stars") | _later(t.opinions, insert, "thumb_ms", "thumb"),
    )


def merge_ratings(connection: Connection, tables: Tables, ratings: Ratings) -> None:
    """Merge columns of stars, each viewer and title at most once.

    The driver's own ``executemany`` on tuples, and arrays unnested by PostgreSQL: SQLAlchemy's way, a dictionary
    per row, takes three times as long, and an import has millions of rows.
    """
    insert, opinions = tables.insert(t.opinions), t.opinions
    names = ["viewer_id", "title_id", "stars", "stars_ms"]
    if connection.dialect.name == "sqlite":
        statement = _on_conflict(insert, ("viewer_id", "title_id"), _later(opinions, insert, "stars_ms", "stars"))
        compiled = statement.compile(dialect=connection.dialect, column_keys=names)
        connection.exec_driver_sql(str(compiled), list(zip(*(column.tolist() for column in ratings), strict=True)))
        return
    arrays = [
        func.unnest(literal(column.tolist(), ARRAY(opinions.c[name].type))).label(name)
        for name, column in zip(names, ratings, strict=True)
    ]
    insert = insert.from_select(names, select(*arrays))
    connection.execute(_on_conflict(insert, ("viewer_id", "title_id"), _later(opinions, insert, "stars_ms", "stars")))


def merge_watching(tables: Tables) -> Any:
    """Merge rows of `projection.watching_rows`."""
    insert = tables.insert(t.watching)
    return _on_conflict(
        insert,
        ("viewer_id", "title_id"),
        _later(t.watching, insert, "at_ms", "position_s") | _later(t.watching, insert, "duration_ms", "duration_s"),
    )


def merge_listed(tables: Tables) -> Any:
    """Merge rows of `projection.listed_rows`."""
    insert = tables.insert(t.listed)
    return _on_conflict(insert, ("viewer_id", "title_id"), _later(t.listed, insert, "at_ms", "on"))


def merge_plays(tables: Tables) -> Any:
    """Merge rows of `projection.play_rows`: the earliest start, the longest watch."""
    insert = tables.insert(t.plays)
    new, old = insert.excluded, t.plays.c
    changed = {
        "at_ms": case((new.at_ms < old.at_ms, new.at_ms), else_=old.at_ms),
        "watched_s": case((new.watched_s > old.watched_s, new.watched_s), else_=old.watched_s),
        "device": case((new.device > old.device, new.device), else_=old.device),
    } | _later(t.plays, insert, "page", "row")
    return _on_conflict(insert, ("viewer_id", "title_id", "id"), changed)


def put_exposures(tables: Tables) -> Any:
    """Replace the rows of `exposures`."""
    insert = tables.insert(t.exposures)
    return _on_conflict(insert, ("viewer_id",), {"seen": insert.excluded.seen})


def _on_conflict(insert: Any, keys: tuple[str, ...], changed: dict[str, Any]) -> Any:
    return insert.on_conflict_do_update(index_elements=list(keys), set_=changed)


def _later(table: Table, insert: Any, time: str, value: str) -> dict[str, ColumnElement[Any]]:
    """Assignments that keep the greater of the register in the table and the one that arrives."""
    old, new = table.c, insert.excluded
    wins = and_(
        new[time].is_not(None),
        or_(old[time].is_(None), tuple_(new[time], new[value]) > tuple_(old[time], old[value])),
    )
    return {name: case((wins, new[name]), else_=old[name]) for name in (time, value)}
