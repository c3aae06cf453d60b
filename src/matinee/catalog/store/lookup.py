"""Which title a draft means: by any external id, by its number under its parent, else by kind, name and year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from matinee.catalog.names import fold, match_name, natural
from matinee.catalog.records import ExternalId, TitleDraft
from matinee.catalog.store.among import among
from matinee.catalog.store.known import FILE, Known
from matinee.catalog.tables import credits_, external_ids, people, tags, titles

T = TypeVar("T")
_AT_ONCE = 10_000  # bound parameters in one query; SQLite takes 32,766


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _mistaken(draft: TitleDraft, known: Known) -> bool:
    """Whether a shared id is a mistake of its source: another source tells the two apart, and so do their years.

    Two dozen links of ml-25m lead from one film to a namesake of another decade.
    """
    year = known.row.get("year")
    far = draft.year is not None and year is not None and abs(draft.year - year) > 1
    return far and known.contradicts(draft.ids)


class Lookup:
    """The titles that some drafts may mean, read at once, and their index."""

    def __init__(self, connection: Connection, drafts: Sequence[TitleDraft]) -> None:
        self._connection = connection
        self._by_id: dict[ExternalId, Known] = {}
        self._by_number: dict[tuple[int, int], Known] = {}
        self._by_name: dict[tuple[Any, ...], list[Known]] = {}
        for known in self._read(drafts).values():
            self.add(known)

    def add(self, known: Known) -> None:
        """Let later drafts find this title."""
        row = known.row
        for one in known.ids:
            self._by_id[one] = known
        if row.get("parent_id") is not None and row.get("number") is not None:
            self._by_number[row["parent_id"], row["number"]] = known
        same = self._by_name.setdefault((row["kind"], row["match_name"], row.get("year"), row.get("parent_id")), [])
        if known not in same:
            same.append(known)

    def find(self, draft: TitleDraft) -> Known | None:
        """The title that the draft means; None where the catalogue has none such."""
        for one in draft.ids:
            known = self._by_id.get(one)
            if known is not None and one.source != FILE and not _mistaken(draft, known):
                return known
        return self._by_place_or_name(draft) or self._by_file(draft)

    def _by_file(self, draft: TitleDraft) -> Known | None:
        """The title whose file was renamed, unless somebody else knows the title too: then it keeps its name."""
        files = (self._by_id[one] for one in draft.ids if one.source == FILE and one in self._by_id)
        return next((known for known in files if known.only_a_file and known.row["kind"] == draft.kind), None)

    def _by_place_or_name(self, draft: TitleDraft) -> Known | None:
        if draft.parent_id is not None and draft.number is not None:
            return self._by_number.get((draft.parent_id, draft.number))
        name = match_name(draft.name)
        same = [one for one in self._named(draft, name, draft.year) if not one.contradicts(draft.ids)]
        return same[0] if same else self._a_year_apart(draft, name)

    def _named(self, draft: TitleDraft, name: str, year: int | None) -> Sequence[Known]:
        return self._by_name.get((draft.kind, name, year, draft.parent_id), ())

    def _a_year_apart(self, draft: TitleDraft, name: str) -> Known | None:
        """The only film of that name in the year before or after: sources count from first showing or release."""
        if draft.year is None or all(one.source == FILE for one in draft.ids):
            return None
        near = [known for year in (draft.year - 1, draft.year + 1) for known in self._named(draft, name, year)]
        alike = len(near) == 1 and fold(natural(near[0].row["name"])) == fold(natural(draft.name))
        return near[0] if alike and not near[0].contradicts(draft.ids) else None

    def admissible(self, draft: TitleDraft, known: Known) -> TitleDraft:
        """The draft without what belongs to another title already: its external ids, its place in the season."""
        ids = tuple(one for one in draft.ids if self._by_id.get(one, known) is known)
        if len(ids) != len(draft.ids):
            draft = replace(draft, ids=ids)
        place = (draft.parent_id or 0, draft.number or 0)
        if draft.parent_id is not None and self._by_number.get(place, known) is not known:
            draft = replace(draft, parent_id=None, number=None)
        return draft

    def _read(self, drafts: Sequence[TitleDraft]) -> dict[int, Known]:
        ids = self._ids_by_key(drafts) | self._ids_by_name(drafts) | self._ids_by_parent(drafts)
        found: dict[int, Known] = {}
        names = titles.columns.keys()
        for some in in_chunks(sorted(ids), _AT_ONCE):
            for values in self._connection.execute(
                select(titles).where(among(self._connection, titles.c.id, some))
            ).all():
                row = dict(zip(names, values, strict=True))
                found[values[0]] = Known(values[0], row, was=row.copy())
        self._read_tags(found)
        self._read_ids(found)
        if any(draft.credits for draft in drafts):
            self._read_credits(found)
        return found

    def _ids_by_key(self, drafts: Sequence[TitleDraft]) -> set[int]:
        keys: dict[str, list[str]] = {}
        for draft in drafts:
            for one in draft.ids:
                keys.setdefault(one.source, []).append(one.key)
        table, found = external_ids.c, set[int]()
        for source, named in keys.items():
            for some in in_chunks(named, _AT_ONCE):
                query = select(table.id).where(
                    table.kind == "title", table.source == source, among(self._connection, table.key, some)
                )
                found.update(self._connection.scalars(query))
        return found

    def _ids_by_name(self, drafts: Sequence[TitleDraft]) -> set[int]:
        found: set[int] = set()
        for some in in_chunks({match_name(draft.name) for draft in drafts}, _AT_ONCE):
            found.update(
                self._connection.scalars(select(titles.c.id).where(among(self._connection, titles.c.match_name, some)))
            )
        return found

    def _ids_by_parent(self, drafts: Sequence[TitleDraft]) -> set[int]:
        found: set[int] = set()
        for some in in_chunks({draft.parent_id for draft in drafts if draft.parent_id is not None}, _AT_ONCE):
            found.update(
                self._connection.scalars(select(titles.c.id).where(among(self._connection, titles.c.parent_id, some)))
            )
        return found

    def _read_tags(self, found: dict[int, Known]) -> None:
        table = tags.c
        for some in in_chunks(found, _AT_ONCE):
            query = select(table.title_id, table.kind, table.name).where(among(self._connection, table.title_id, some))
            for title_id, kind, name in self._connection.execute(query.order_by(table.title_id, table.position)).all():
                names = found[title_id].tags.setdefault(kind, {})
                names[name] = len(names)

    def _read_ids(self, found: dict[int, Known]) -> None:
        table = external_ids.c
        for some in in_chunks(found, _AT_ONCE):
            query = select(table.id, table.source, table.key).where(
                table.kind == "title", among(self._connection, table.id, some)
            )
            for title_id, source, key in self._connection.execute(query).all():
                found[title_id].ids.add(ExternalId(source=source, key=key))

    def _read_credits(self, found: dict[int, Known]) -> None:
        query = select(credits_.c.title_id, people.c.name, credits_.c.role).join_from(credits_, people)
        for some in in_chunks(found, _AT_ONCE):
            for title_id, name, role in self._connection.execute(
                query.where(among(self._connection, credits_.c.title_id, some))
            ):
                found[title_id].cast.add((fold(name) or name, role))
