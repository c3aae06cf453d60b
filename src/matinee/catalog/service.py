"""The catalogue: what there is to see, who is in it, and who watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

from sqlalchemy import func, select

from matinee.base.backends import Backends
from matinee.base.clock import now_ms as clock_ms
from matinee.base.errors import NotFound
from matinee.catalog.audience import Audience
from matinee.catalog.names import match_name
from matinee.catalog.records import (
    Annotation,
    Asset,
    AssetKind,
    Credit,
    ExternalId,
    Kind,
    MergeReport,
    Page,
    Snapshot,
    Title,
    TitleDraft,
)
from matinee.catalog.store import assets, merging, timeline
from matinee.catalog.store.memory import memory_of
from matinee.catalog.tables import credits_, external_ids, people

Sort = Literal["added", "name", "year"]


class Service(Audience):
    """The catalogue of a workspace. Methods may be called from any thread.

    Titles come from memory, which is compared with the tables first: what this process changed is seen at once, what
    another one did within a fiftieth of a second. Accounts and viewers are in `Audience`.
    """

    def __init__(self, backends: Backends) -> None:
        super().__init__(backends.tables)
        self._backends = backends
        self._memory = memory_of(backends.tables)

    # Titles

    def snapshot(self) -> Snapshot:
        """All titles in memory, as of now."""
        return self._memory.snapshot()

    def title(self, id: int) -> Title:  # noqa: A002  the record calls it so
        """One title. Raises `NotFound`."""
        found = self.snapshot().titles.get(id)
        if found is None:
            raise NotFound(f"There is no title {id}.", next_step="`matinee catalog list` shows what there is.")
        return found

    def titles(self, ids: Sequence[int]) -> list[Title]:
        """The titles of these ids in their order, without those that do not exist."""
        known = self.snapshot().titles
        return [known[one] for one in ids if one in known]

    def children(self, id: int) -> list[Title]:  # noqa: A002
        """Seasons of a series, episodes of a season, by number."""
        return list(self.snapshot().children.get(id, ()))

    def browse(
        self,
        *,
        kind: Kind | None = None,
        genre: str | None = None,
        maturity: int = 18,
        playable: bool | None = None,
        sort: Sort = "added",
        limit: int = 50,
        offset: int = 0,
    ) -> Page[Title]:
        """Films and series (or another `kind`) within a maturity limit, newest, or by name, or latest year first.

        `genre` is compared without regard to case; unrated titles count as 18.
        """
        wanted = None if genre is None else genre.casefold()
        kinds = (Kind.FILM, Kind.SERIES) if kind is None else (kind,)
        found = [
            title
            for title in self.snapshot().titles.values()
            if title.kind in kinds
            and (maturity >= 18 or _age(title) <= maturity)
            and (playable is None or title.playable is playable)
            and (wanted is None or any(one.casefold() == wanted for one in title.genres))
        ]
        found.sort(key=_ORDER[sort])
        return Page(tuple(found[offset : offset + limit]), len(found))

    def search(self, query: str, *, limit: int = 20, maturity: int = 18) -> list[Title]:
        """Titles whose name, other names or people come close to the query, best first."""
        snapshot = self.snapshot()
        names = self._memory.names()
        found: dict[int, float] = {}
        for key, score in names.index.find(query, _ALL):
            # A person's films follow the films that are called so.
            ids, worth = ((key,), score) if key > 0 else (names.films_of[-key], score - 0.02)
            for id_ in ids:
                found[id_] = max(found.get(id_, 0.0), worth)
        known = snapshot.titles
        seen = [id_ for id_ in found if id_ in known and (maturity >= 18 or _age(known[id_]) <= maturity)]
        seen.sort(key=lambda id_: (-found[id_], not known[id_].playable, -(known[id_].year or 0), id_))
        return [known[id_] for id_ in seen[:limit]]

    def merge(self, drafts: Iterable[TitleDraft], now_ms: int = 0) -> MergeReport:
        """Store what a source says of titles; merging the same again changes nothing.

        A draft means the title that shares any external id with it, else the one with its number under its parent,
        else the one of the same kind, parent, name (see `names.match_name`) and year (or, where a source names the
        draft, a year apart) that its sources do not call by another id, else a new one. Blanks never overwrite;
        genres, keywords, other names, ids and credits add up; a name that is replaced stays as another name. Stored
        in chunks, each whole or not at all: an import that was killed can be run again.
        """
        return merging.merge(self._tables, drafts, now_ms or clock_ms())

    # People and external ids

    def credits(self, id: int) -> list[Credit]:  # noqa: A002
        """Who took part in a title, by role and billing."""
        query = (
            select(credits_, people.c.name)
            .join_from(credits_, people)
            .where(credits_.c.title_id == id)
            .order_by(credits_.c.role, credits_.c.position, people.c.name)
        )
        with self._tables.read() as connection:
            return [Credit(**row) for row in connection.execute(query).mappings()]

    def all_credits(self) -> list[Credit]:
        """Who took part in every title, by title, role and billing: one query, where asking title by title is many."""
        c = credits_.c
        query = select(credits_, people.c.name).join_from(credits_, people).order_by(c.title_id, c.role, c.position)
        with self._tables.read() as connection:
            return [Credit(**row) for row in connection.execute(query).mappings()]

    def external_ids(self, kind: str, id: int) -> list[ExternalId]:  # noqa: A002
        """What other services call a title, person or viewer (`kind`)."""
        table = external_ids.c
        query = select(table.source, table.key).where(table.kind == kind, table.id == id)
        with self._tables.read() as connection:
            found = connection.execute(query.order_by(table.source, table.key))
            return [ExternalId(source=source, key=key) for source, key in found]

    def by_external(self, kind: str, source: str, key: str) -> int | None:
        """The title, person or viewer (`kind`) that another service calls so."""
        table = external_ids.c
        with self._tables.read() as connection:
            return connection.scalar(
                select(table.id).where(table.kind == kind, table.source == source, table.key == key)
            )

    def external_keys(self, kind: str, source: str) -> dict[str, int]:
        """All that another service calls its own: key to id."""
        table = external_ids.c
        with self._tables.read() as connection:
            query = select(table.key, table.id).where(table.kind == kind, table.source == source)
            return {row.key: row.id for row in connection.execute(query)}

    # Assets and annotations

    def assets(self, id: int, kind: AssetKind | None = None) -> list[Asset]:  # noqa: A002
        """The files of a title, oldest first."""
        with self._tables.read() as connection:
            return assets.of_title(connection, id, kind)

    def all_assets(self, kind: AssetKind) -> list[Asset]:
        """The files of a kind of all titles, by title."""
        with self._tables.read() as connection:
            return assets.of_kind(connection, kind)

    def put_asset(self, title_id: int, kind: AssetKind, uri: str, **fields: Any) -> Asset:
        """Store a file of a title, replacing what was known of the same kind and URI. Fields as in `Asset`.

        Raises `NotFound` where there is no such title.
        """
        with self._tables.write() as connection:
            return assets.put(self._tables, connection, title_id, kind, uri, **fields)

    def put_assets(self, rows: Iterable[tuple[int, AssetKind, str, Mapping[str, Any]]]) -> list[Asset]:
        """Store several files, given as title, kind, URI and fields, all or none; see `put_asset`."""
        with self._tables.write() as connection:
            return [assets.put(self._tables, connection, id_, kind, uri, **fields) for id_, kind, uri, fields in rows]

    def drop_asset(self, id: int) -> None:  # noqa: A002
        """Forget a file; nothing happens where it is forgotten already."""
        with self._tables.write() as connection:
            assets.drop(self._tables, connection, id)

    def set_pictures(self, title_id: int, *, still: str = "", poster: str = "", colour: str = "") -> None:
        """Choose the pictures (object keys) that a title is shown with; a blank leaves what was chosen before."""
        with self._tables.write() as connection:
            for kind, uri in ((AssetKind.STILL, still), (AssetKind.POSTER, poster)):
                if uri:
                    assets.choose(self._tables, connection, title_id, kind, uri, colour=colour)

    def annotate(self, title_id: int, track: str, source: str, found: Iterable[Annotation]) -> int:
        """Store a track as one source found it, in place of what the same source found before; how many."""
        self.title(title_id)
        with self._tables.write() as connection:
            return timeline.replace(connection, title_id, track, source, found)

    def annotations(
        self, title_id: int, track: str | None = None, start: Fraction | None = None, end: Fraction | None = None
    ) -> list[Annotation]:
        """Annotations of a title in order of time; those that overlap `start` to `end`, where given."""
        with self._tables.read() as connection:
            return timeline.read(connection, title_id, track, start, end)

    def counts(self) -> Mapping[str, int]:
        """How many titles of each kind, people, viewers and accounts there are."""
        found = {kind.value: 0 for kind in Kind}
        for title in self.snapshot().titles.values():
            found[title.kind.value] += 1
        with self._tables.read() as connection:
            found["people"] = connection.scalar(select(func.count()).select_from(people)) or 0
        return found | self.audience_counts()


_ALL = 10_000  # candidates of one query; what a maturity limit hides must not crowd out what it shows


def _age(title: Title) -> int:
    return 18 if title.maturity is None else title.maturity


_ORDER: Mapping[Sort, Any] = {
    "added": lambda title: (-title.added_ms, -title.id),
    "name": lambda title: (match_name(title.name), title.year or 0, title.id),
    "year": lambda title: (-(title.year or 0), match_name(title.name), title.id),
}
