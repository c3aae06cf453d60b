"""Who the people of some credits are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from matinee.catalog.names import fold
from matinee.catalog.records import CreditDraft, ExternalId
from matinee.catalog.store.among import among
from matinee.catalog.store.lookup import in_chunks
from matinee.catalog.tables import external_ids, people


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who has a row, or is about to have one."""

    id: int
    """0 while there is no row."""
    name: str
    sources: set[str] = field(default_factory=set)
    """Services that have a key for them."""


class Cast:
    """People by any external id, else by name where no source tells the two apart."""

    def __init__(self, connection: Connection, drafts: Sequence[CreditDraft]) -> None:
        self._connection = connection
        self._by_key: dict[ExternalId, Person] = {}
        self._by_name: dict[str, Person] = {}
        self._by_row: dict[int, Person] = {}
        self._read_names(drafts)
        self._read_keys(drafts)

    def person(self, credit: CreditDraft) -> Person:
        """The person of a credit; a new one, known from now on, where there is none such."""
        person = self._find(credit)
        if person is None:
            person = Person(0, credit.name)
            self._by_name.setdefault(_folded(credit.name), person)
        for one in credit.ids:
            self._learn(one, person)
        return person

    def _find(self, credit: CreditDraft) -> Person | None:
        for one in credit.ids:
            if one in self._by_key:
                return self._by_key[one]
        person = self._by_name.get(_folded(credit.name))
        # A namesake whom the same source calls by another key is somebody else.
        if person is None or any(one.source in person.sources for one in credit.ids):
            return None
        return person

    def _learn(self, one: ExternalId, person: Person) -> None:
        self._by_key.setdefault(one, person)
        person.sources.add(one.source)

    def _row(self, id_: int) -> Person:
        return self._by_row.setdefault(id_, Person(id_, ""))

    def _read_names(self, drafts: Sequence[CreditDraft]) -> None:
        for names in in_chunks(dict.fromkeys(draft.name for draft in drafts), 10_000):
            query = (
                select(people.c.name, people.c.id)
                .where(among(self._connection, people.c.name, names))
                .order_by(people.c.id)
            )
            for name, id_ in self._connection.execute(query):
                self._by_name.setdefault(_folded(name), self._row(id_))

    def _read_keys(self, drafts: Sequence[CreditDraft]) -> None:
        table = external_ids.c
        query = select(table.source, table.key, table.id).where(table.kind == "person")
        keys: dict[str, dict[str, None]] = {}
        for one in (one for draft in drafts for one in draft.ids):
            keys.setdefault(one.source, {})[one.key] = None
        for source, named in keys.items():
            for some in in_chunks(named, 10_000):
                for _, key, id_ in self._connection.execute(
                    query.where(table.source == source, among(self._connection, table.key, some))
                ):
                    self._learn(ExternalId(source=source, key=key), self._row(id_))
        for ids in in_chunks(list(self._by_row), 10_000):
            for source, key, id_ in self._connection.execute(query.where(among(self._connection, table.id, ids))):
                self._learn(ExternalId(source=source, key=key), self._row(id_))


def _folded(name: str) -> str:
    return fold(name) or name
