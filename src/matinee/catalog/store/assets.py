"""Files of titles."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, select, update

from matinee.base.errors import NotFound
from matinee.base.tables import Tables
from matinee.catalog.records import Asset, AssetKind
from matinee.catalog.store import revisions
from matinee.catalog.tables import assets, titles


def of_title(connection: Connection, title_id: int, kind: AssetKind | None) -> list[Asset]:
    """The files of a title, oldest first."""
    query = select(assets).where(assets.c.title_id == title_id).order_by(assets.c.id)
    if kind is not None:
        query = query.where(assets.c.kind == kind.value)
    return [_asset(row) for row in connection.execute(query)]


def of_kind(connection: Connection, kind: AssetKind) -> list[Asset]:
    """All files of a kind, by title."""
    query = select(assets).where(assets.c.kind == kind.value).order_by(assets.c.title_id, assets.c.id)
    return [_asset(row) for row in connection.execute(query)]


def put(tables: Tables, connection: Connection, title_id: int, kind: AssetKind, uri: str, **fields: Any) -> Asset:
    """Store a file of a title, replacing what was known of the same kind and URI."""
    touch(tables, connection, title_id)
    blank = {"mime": "", "language": "", "width": None, "height": None, "duration_s": None, "etag": ""}
    facts = orjson.dumps(fields.pop("facts", {}), option=orjson.OPT_SORT_KEYS)
    row = blank | fields | {"title_id": title_id, "kind": kind.value, "uri": uri, "facts": facts}
    connection.execute(tables.upsert(assets, ("title_id", "kind", "uri")), row)
    stored = select(assets).where(assets.c.title_id == title_id, assets.c.kind == kind.value, assets.c.uri == uri)
    return _asset(connection.execute(stored).one())


def drop(tables: Tables, connection: Connection, asset_id: int) -> None:
    """Forget a file; nothing happens where it is forgotten already."""
    title_id = connection.scalar(select(assets.c.title_id).where(assets.c.id == asset_id))
    if title_id is not None:
        touch(tables, connection, title_id)
        connection.execute(delete(assets).where(assets.c.id == asset_id))


def choose(tables: Tables, connection: Connection, title_id: int, kind: AssetKind, uri: str, *, colour: str) -> None:
    """Make a picture the one that is shown for its kind."""
    for old in of_title(connection, title_id, kind):
        if old.uri != uri and old.facts.get("chosen"):
            facts = {name: value for name, value in old.facts.items() if name != "chosen"}
            connection.execute(update(assets).where(assets.c.id == old.id).values(facts=orjson.dumps(facts)))
    known = next((one for one in of_title(connection, title_id, kind) if one.uri == uri), None)
    facts = (known.facts if known else {}) | {"chosen": True} | ({"colour": colour} if colour else {})
    kept = {"mime": known.mime, "width": known.width, "height": known.height, "etag": known.etag} if known else {}
    put(tables, connection, title_id, kind, uri, facts=facts, **kept)


def touch(tables: Tables, connection: Connection, title_id: int) -> None:
    """Tell every process that the title has changed. Raises `NotFound` where there is none."""
    revision = revisions.bump(tables, connection, revisions.CATALOG)
    changed = connection.execute(update(titles).where(titles.c.id == title_id).values(revision=revision))
    if changed.rowcount == 0:
        raise NotFound(f"There is no title {title_id}.", next_step="`matinee catalog list` shows what there is.")


def _asset(row: Row[Any]) -> Asset:
    values = dict(row._mapping)
    values["kind"] = AssetKind(values["kind"])
    values["facts"] = orjson.loads(values["facts"])
    return Asset(**values)
