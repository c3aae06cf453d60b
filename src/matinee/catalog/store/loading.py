"""Titles as records: rows of `titles` with their tags and the assets that they are shown with."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Connection, Select, select

from matinee.catalog.records import AssetKind, Kind, Title
from matinee.catalog.tables import assets, tags, titles

_SHOWN = (AssetKind.STREAM, AssetKind.STILL, AssetKind.POSTER)
_KINDS = {kind.value: kind for kind in Kind}
_NOTHING: Mapping[str, Any] = {}


def changed_since(connection: Connection, revision: int) -> list[Title]:
    """Titles that changed after a revision; all of them where it is 0."""
    wanted = select(titles.c.id).where(titles.c.revision > revision)
    with _without_collection():
        return _load(connection, None if revision == 0 else wanted)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Spares the garbage collector half a million new objects, none of which is garbage: a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(connection: Connection, wanted: Select[tuple[int]] | None) -> list[Title]:
    tagged = _tags(connection, wanted)
    shown = _shown(connection, wanted)
    query = select(
        *(titles.c[name] for name in ("id", "kind", "name", "year", "parent_id", "number", "original_name")),
        *(titles.c[name] for name in ("synopsis", "tagline", "runtime_s", "language", "maturity", "mood", "added_ms")),
    ).order_by(titles.c.id)
    if wanted is not None:
        query = query.where(titles.c.id.in_(wanted))
    none: dict[str, Any] = {}
    return [
        _title(row, tagged.get(row[0], none), shown.get(row[0], _NOTHING)) for row in connection.execute(query).all()
    ]


def _title(row: Sequence[Any], tagged: dict[str, list[str]], shown: Mapping[str, Any]) -> Title:
    id_, kind, name, year, parent_id, number, original, synopsis, tagline, runtime_s, language, maturity, mood, ms = row
    return Title(
        id=id_,
        kind=_KINDS[kind],
        name=name,
        year=year,
        parent_id=parent_id,
        number=number,
        original_name=original,
        aliases=tuple(alias for alias in tagged.get("alias", ()) if alias != name),
        synopsis=synopsis,
        tagline=tagline,
        runtime_s=runtime_s,
        language=language,
        maturity=maturity,
        genres=tuple(tagged.get("genre", ())),
        keywords=tuple(tagged.get("keyword", ())),
        mood=mood,
        added_ms=ms,
        **shown,
    )


def _tags(connection: Connection, wanted: Select[tuple[int]] | None) -> dict[int, dict[str, list[str]]]:
    # Sorted here title by title, which is quicker than all of them in the database.
    query = select(tags.c.title_id, tags.c.kind, tags.c.position, tags.c.name)
    if wanted is not None:
        query = query.where(tags.c.title_id.in_(wanted))
    listed: dict[int, list[tuple[str, int, str]]] = {}
    for title_id, kind, position, name in connection.execute(query).all():
        listed.setdefault(title_id, []).append((kind, position, name))
    found: dict[int, dict[str, list[str]]] = {}
    for title_id, several in listed.items():
        several.sort()
        kinds = found[title_id] = {}
        for kind, _, name in several:
            kinds.setdefault(kind, []).append(name)
    return found


def _shown(connection: Connection, wanted: Select[tuple[int]] | None) -> dict[int, dict[str, Any]]:
    query = select(assets.c.title_id, assets.c.kind, assets.c.uri, assets.c.facts).order_by(assets.c.id)
    query = query.where(assets.c.kind.in_(_SHOWN))
    if wanted is not None:
        query = query.where(assets.c.title_id.in_(wanted))
    pictures: dict[tuple[int, str], list[tuple[str, dict[str, Any]]]] = {}
    found: dict[int, dict[str, Any]] = {}
    for title_id, kind, uri, facts in connection.execute(query):
        if kind == AssetKind.STREAM:
            found.setdefault(title_id, {})["playable"] = True
        else:
            pictures.setdefault((title_id, kind), []).append((uri, orjson.loads(facts)))
    for (title_id, kind), choices in sorted(pictures.items()):
        uri, facts = _chosen(choices)
        shown = found.setdefault(title_id, {})
        shown[kind] = uri
        if "colour" in facts:  # sorted: the still comes last and has the last word
            shown["colour"] = facts["colour"]
    return found


def _chosen(choices: Sequence[tuple[str, dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """The picture that somebody chose, else the latest."""
    return next((one for one in reversed(choices) if one[1].get("chosen")), choices[-1])
