"""The catalogue in memory: a snapshot of all titles and the index of their names, renewed when they change."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from matinee.base.tables import Tables
from matinee.catalog.records import Kind, Snapshot
from matinee.catalog.search import NameIndex
from matinee.catalog.store import loading, revisions
from matinee.catalog.tables import credits_, people

FRESH_S = 0.1
"""For how long another process's change may go unnoticed: a page asks a dozen times for what rarely changes."""
_SEARCHED = (Kind.FILM, Kind.SERIES, Kind.EPISODE)


@dataclass(frozen=True, slots=True)
class Names:
    """What search knows as of one revision: titles by their ids, people by their negated ids."""

    index: NameIndex
    films_of: Mapping[int, tuple[int, ...]]
    """Titles of each person, by person id."""
    revision: int


class Memory:
    """Copies of what is read most. Methods may be called from any thread; what they return never changes.

    What this process commits is seen at once, what others do within `FRESH_S`.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = weakref.proxy(tables)
        self._looked = (-1, 0.0)
        self._snapshot = Snapshot({}, 0)
        self._names: Names | None = None
        self._loading, self._indexing = threading.Lock(), threading.Lock()

    def snapshot(self) -> Snapshot:
        """All titles; only those that changed since the last call are read again."""
        looked, (writes, at_s) = (self._tables.writes, time.monotonic()), self._looked
        if looked[0] == writes and looked[1] - at_s < FRESH_S:
            return self._snapshot
        with self._tables.read() as connection:
            if revisions.read(connection, revisions.CATALOG) != self._snapshot.revision:
                with self._loading:
                    self._renew(connection)
        self._looked = looked
        return self._snapshot

    def _renew(self, connection: Connection) -> None:
        # On PostgreSQL each statement sees what was committed before it: the revision is read first, so that a title
        # which changes in between is read again next time rather than missed.
        revision, old = revisions.read(connection, revisions.CATALOG), self._snapshot
        if revision > old.revision:
            changed = {title.id: title for title in loading.changed_since(connection, old.revision)}
            self._snapshot = Snapshot({**old.titles, **changed}, revision)

    def names(self) -> Names:
        """The index of names, built anew only when a name or a credit has changed."""
        with self._tables.read() as connection:
            revision = revisions.read(connection, revisions.NAMES)
        names = self._names
        if names is None or names.revision < revision:
            with self._indexing:
                names = self._names
                if names is None or names.revision < revision:
                    names = self._names = self._index(revision)
        return names

    def _index(self, revision: int) -> Names:
        snapshot = self.snapshot()  # taken after the revision was read: it may know more, never less
        with self._tables.read() as connection:
            return _index(connection, snapshot, revision)


_memories: weakref.WeakKeyDictionary[Tables, Memory] = weakref.WeakKeyDictionary()


def memory_of(tables: Tables) -> Memory:
    """The one copy of an open database that all services over it share."""
    return _memories.setdefault(tables, Memory(tables))


def _index(connection: Connection, snapshot: Snapshot, revision: int) -> Names:
    films: dict[int, list[int]] = {}
    query = select(credits_.c.person_id, credits_.c.title_id).order_by(credits_.c.person_id, credits_.c.position)
    for person, title in connection.execute(query):
        films.setdefault(person, []).append(title)
    persons = [(id_, name) for id_, name in connection.execute(select(people.c.id, people.c.name)) if id_ in films]
    named = [*_title_names(snapshot), *((-id_, name, None) for id_, name in persons)]
    return Names(NameIndex(named), {person: tuple(dict.fromkeys(ids)) for person, ids in films.items()}, revision)


def _title_names(snapshot: Snapshot) -> Iterator[tuple[int, str, int | None]]:
    for title in snapshot.titles.values():
        if title.kind in _SEARCHED:
            for name in {title.name, title.original_name, *title.aliases}:
                if name:
                    yield title.id, name, title.year
