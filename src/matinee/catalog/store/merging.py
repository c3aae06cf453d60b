"""Drafts into the tables, in chunks that are each stored whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, update

from matinee.base import bulk
from matinee.base.tables import Tables
from matinee.catalog.records import ExternalId, MergeReport, TitleDraft
from matinee.catalog.store import revisions
from matinee.catalog.store.cast import Cast
from matinee.catalog.store.inserting import insert_many
from matinee.catalog.store.known import Known
from matinee.catalog.store.lookup import Lookup, in_chunks
from matinee.catalog.tables import credits_, external_ids, people, tags, titles

_CHUNK = 5_000  # drafts in one transaction: other writers wait for less than a second

_MANY = 1_000


def merge(tables: Tables, drafts: Iterable[TitleDraft], now_ms: int) -> MergeReport:
    """Store what the drafts say; see `Service.merge`."""
    report = MergeReport()
    for chunk in in_chunks(drafts, _CHUNK):
        with tables.write() as connection:
            report += _Chunk(tables, connection, now_ms).merge(chunk)
    return report


class _Chunk:
    def __init__(self, tables: Tables, connection: Connection, now_ms: int) -> None:
        self._tables = tables
        self._connection = connection
        self._now_ms = now_ms

    def merge(self, drafts: Sequence[TitleDraft]) -> MergeReport:
        revisions.lock(self._tables, self._connection, revisions.CATALOG)
        lookup = Lookup(self._connection, drafts)
        meant: list[Known] = []
        for draft in drafts:
            known = lookup.find(draft) or self._fresh(draft)
            known.learn(lookup.admissible(draft, known))
            lookup.add(known)
            meant.append(known)
        distinct = list(dict.fromkeys(meant))
        touched = [known for known in distinct if known.changed]
        created = [known for known in touched if not known.was]
        if touched:
            self._store(touched, created)
        updated = len(touched) - len(created)
        return MergeReport(len(created), updated, len(distinct) - len(touched), tuple(one.id for one in meant))

    def _fresh(self, draft: TitleDraft) -> Known:
        return Known(0, {"kind": draft.kind.value, "added_ms": draft.added_ms or self._now_ms})

    def _store(self, touched: list[Known], created: list[Known]) -> None:
        revision = revisions.bump(self._tables, self._connection, revisions.CATALOG)
        if any(known.renamed for known in touched):
            revisions.bump(self._tables, self._connection, revisions.NAMES)
        self._update([known for known in touched if known.was], revision)
        self._insert(created, revision)
        bulk.append(
            self._connection,
            tags,
            ("title_id", "kind", "name", "position"),
            (
                (known.id, kind, name, known.tags[kind][name])
                for known in touched
                for kind, name in known.tags_to_store()
            ),
            keys=("title_id", "kind", "name"),
            keep=("position",),
        )
        self._name("title", ((known.id, one) for known in touched for one in known.new_ids))
        self._credit(touched)
        if len(created) >= _MANY and self._connection.dialect.name == "postgresql":
            # Until it is told how large they have grown, PostgreSQL searches these tables as if they were empty: the
            # next chunk took minutes.
            self._connection.exec_driver_sql("ANALYZE titles, tags, external_ids")

    def _update(self, changed: list[Known], revision: int) -> None:
        columns = [column.name for column in titles.columns if column.name not in ("id", "revision", "added_ms")]
        statement = (
            update(titles)
            .where(titles.c.id == bindparam("b_id"))
            .values(revision=revision, **{name: bindparam(f"b_{name}") for name in columns})
        )
        rows = [{"b_id": known.id} | {f"b_{name}": known.row[name] for name in columns} for known in changed]
        if rows:
            self._connection.execute(statement, rows)

    def _insert(self, created: list[Known], revision: int) -> None:
        blank = {column.name: "" if column.server_default is not None else None for column in titles.columns}
        del blank["id"]
        rows = [blank | known.row | {"revision": revision} for known in created]
        for known, id_ in zip(created, insert_many(self._connection, titles, rows), strict=True):
            known.id = id_

    def _name(self, kind: str, named: Iterable[tuple[int, ExternalId]]) -> None:
        """Store what sources call titles or people; a key that is taken stays where it is."""
        bulk.append(
            self._connection,
            external_ids,
            ("kind", "source", "key", "id"),
            ((kind, one.source, one.key, id_) for id_, one in named),
            keys=("kind", "source", "key"),
            keep=("id",),
        )

    def _credit(self, touched: list[Known]) -> None:
        new = [(known, credit) for known in touched for credit in known.new_credits]
        if not new:
            return
        cast = Cast(self._connection, [credit for _, credit in new])
        parts = [(known, credit, cast.person(credit)) for known, credit in new]
        strangers = list(dict.fromkeys(person for _, _, person in parts if not person.id))
        for person, id_ in zip(
            strangers, insert_many(self._connection, people, [{"name": one.name} for one in strangers]), strict=True
        ):
            person.id = id_
        self._name("person", ((person.id, one) for _, credit, person in parts for one in credit.ids))
        bulk.append(
            self._connection,
            credits_,
            ("title_id", "person_id", "role", "character", "position"),
            ((known.id, person.id, one.role, one.character, one.position) for known, one, person in parts),
            keys=("title_id", "person_id", "role"),
            keep=("character", "position"),
        )
