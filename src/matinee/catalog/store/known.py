"""What the catalogue knows of a title while drafts are merged into it: pure, no queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from matinee.catalog.names import fold, match_name
from matinee.catalog.records import CreditDraft, ExternalId, TitleDraft

FILE = "file"
"""Source of the ids by which a file is known when it is moved or renamed; a title may have many, over time."""
SCALARS = ("parent_id", "number", "original_name", "synopsis", "tagline", "runtime_s", "language", "mood")
"""Columns in which a draft's word replaces an older one unless it is blank; `name` and `maturity` besides."""


@dataclass(slots=True, eq=False)
class Known:
    """A title and what has changed of it so far."""

    id: int
    """0 while it has no row."""
    row: dict[str, Any]
    tags: dict[str, dict[str, int]] = field(default_factory=dict)
    """Kind of tag, name, position."""
    ids: set[ExternalId] = field(default_factory=set)
    cast: set[tuple[str, str]] = field(default_factory=set)
    """Folded names and roles of the credits."""
    was: dict[str, Any] = field(default_factory=dict)
    """The row as it is stored; empty while there is none."""
    new_tags: list[tuple[str, str]] = field(default_factory=list)
    new_ids: list[ExternalId] = field(default_factory=list)
    new_credits: list[CreditDraft] = field(default_factory=list)

    def contradicts(self, ids: Iterable[ExternalId]) -> bool:
        """Whether a source that names the draft calls this title something else."""
        sources = {one.source for one in self.ids} - {FILE}
        return any(one.source in sources and one not in self.ids for one in ids)

    @property
    def only_a_file(self) -> bool:
        """Whether nothing but a file has ever told of it."""
        return all(one.source == FILE for one in self.ids)

    @property
    def changed(self) -> bool:
        """Whether anything is to be stored."""
        return bool(self.row != self.was or self.tags_to_store() or self.new_ids or self.new_credits)

    @property
    def renamed(self) -> bool:
        """Whether search must hear of it."""
        names = any(self.row.get(column) != self.was.get(column) for column in ("name", "year", "original_name"))
        return names or bool(self.new_credits) or any(kind == "alias" for kind, _ in self.tags_to_store())

    def tags_to_store(self) -> list[tuple[str, str]]:
        """New tags; a name that the title has after all is no other name of it."""
        return [(kind, name) for kind, name in self.new_tags if kind != "alias" or name != self.row["name"]]

    def learn(self, draft: TitleDraft) -> None:
        """Take over what the draft says."""
        self._learn_name(draft)
        for column in SCALARS:
            self._set(column, getattr(draft, column))
        # Sources differ by one year between first showing and release: the first word stays.
        if draft.year is not None and abs(draft.year - (self.row.get("year") or 0)) > 1:
            self.row["year"] = draft.year
        if draft.maturity is not None:
            self._set("maturity", draft.maturity)
        for kind, names in (("genre", draft.genres), ("keyword", draft.keywords), ("alias", draft.aliases)):
            for name in names:
                self._tag(kind, name)
        self._learn_ids(draft.ids)
        self._learn_credits(draft.credits)

    def _learn_name(self, draft: TitleDraft) -> None:
        old = self.row.get("name")
        # A name that it is known by already does not push the present one aside: two sources that differ would do
        # so in turns for ever.
        if old == draft.name or draft.name in self.tags.get("alias", ()):
            return
        self.row["name"], self.row["match_name"] = draft.name, match_name(draft.name)
        if old:  # it was known by that name and must still be found by it
            self._tag("alias", old)

    def _set(self, column: str, value: Any) -> None:
        if value is not None and value != "":
            self.row[column] = value

    def _tag(self, kind: str, name: str) -> None:
        names = self.tags.setdefault(kind, {})
        if name and name not in names:
            names[name] = len(names)
            self.new_tags.append((kind, name))

    def _learn_ids(self, ids: Iterable[ExternalId]) -> None:
        for one in ids:
            if one not in self.ids:
                self.ids.add(one)
                self.new_ids.append(one)

    def _learn_credits(self, drafts: Iterable[CreditDraft]) -> None:
        for credit in drafts:
            key = (fold(credit.name) or credit.name, credit.role)
            if key not in self.cast:
                self.cast.add(key)
                self.new_credits.append(credit)
