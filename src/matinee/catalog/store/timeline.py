"""Time-coded annotations."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import orjson
from sqlalchemy import Connection, delete, insert, select

from matinee.base.errors import InvalidInput
from matinee.catalog.records import Annotation
from matinee.catalog.tables import annotations as annotated


def replace(connection: Connection, title_id: int, track: str, source: str, found: Iterable[Annotation]) -> int:
    """Store a track as one source found it, in place of what the same source found before; how many."""
    table = annotated.c
    old = (table.title_id == title_id, table.track == track, table.source == source)
    connection.execute(delete(annotated).where(*old))
    rows = [_row(one) | {"title_id": title_id, "track": track, "source": source} for one in found]
    if rows:
        connection.execute(insert(annotated), rows)
    return len(rows)


def read(
    connection: Connection, title_id: int, track: str | None, start: Fraction | None, end: Fraction | None
) -> list[Annotation]:
    """Annotations of a title in order of time; those that overlap `start` to `end`, where given."""
    table = annotated.c
    query = select(table.track, table.start, table.end, table.value, table.source, table.confidence)
    query = query.where(table.title_id == title_id).order_by(table.start_s, table.id)
    if track is not None:
        query = query.where(table.track == track)
    found = []
    for name, first, last, value, source, confidence in connection.execute(query):
        begins, ends = Fraction(first), Fraction(last)
        if (start is None or ends > start or begins == ends == start) and (end is None or begins < end):
            found.append(
                Annotation(
                    title_id=title_id,
                    track=name,
                    start=begins,
                    end=ends,
                    value=orjson.loads(value),
                    source=source,
                    confidence=confidence,
                )
            )
    return found


def _row(one: Annotation) -> dict[str, object]:
    if not 0 <= one.start <= one.end:
        raise InvalidInput(
            f"An annotation of {one.track} runs from {one.start} s to {one.end} s.",
            next_step="It begins at 0 or later and ends no earlier than it begins.",
        )
    return {
        "start_s": float(one.start),
        "start": str(one.start),
        "end": str(one.end),
        "value": orjson.dumps(one.value),
        "confidence": one.confidence,
    }
