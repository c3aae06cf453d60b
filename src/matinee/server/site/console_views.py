"""What the console's templates are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from matinee.base.clock import to_iso
from matinee.base.work import Work
from matinee.catalog.records import Account, Title, Viewer
from matinee.server.site import words


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and where to read more."""

    label: str
    value: int
    href: str


class _Kind(NamedTuple):
    label: str
    key: Callable[[Title], Any]
    figures: bool = False


COLUMNS: Mapping[str, _Kind] = {
    "id": _Kind("Id", lambda title: title.id, figures=True),
    "name": _Kind("Name", lambda title: (title.name.casefold(), title.id)),
    "kind": _Kind("Kind", lambda title: (title.kind.value, title.id)),
    "year": _Kind("Year", lambda title: (title.year or 0, title.id), figures=True),
    "runtime": _Kind("Length", lambda title: (title.runtime_s or 0, title.id), figures=True),
    "maturity": _Kind("For", lambda title: (-1 if title.maturity is None else title.maturity, title.id), figures=True),
    "added": _Kind("Added", lambda title: (title.added_ms, title.id), figures=True),
}


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column: a link that sorts by it."""

    label: str
    href: str
    sorted: str
    """As ``aria-sort``."""
    figures: bool

    @classmethod
    def of(
        cls, path: str, state: Mapping[str, Any], key: str, label: str, *, figures: bool = False, down: bool = False
    ) -> Column:
        """The head of a column of the table at `path`, `down` if that is how it is sorted first."""
        current = state["sort"] == key
        down = state["order"] == "up" if current else down
        sorted_ = {"up": "ascending", "down": "descending"}[state["order"]] if current else "none"
        return cls(label, address(path, state, sort=key, order="down" if down else "up"), sorted_, figures)


def address(path: str, state: Mapping[str, Any], **changes: Any) -> str:
    """The address of a table in a state with some changes; what is empty, and the first page, is left out.

    >>> address("/console/jobs", {"q": "", "tag": "a b"}, page=2)
    '/console/jobs?tag=a+b&page=2'
    """
    chosen = {key: value for key, value in {**state, **changes}.items() if value not in {"", 1}}
    return f"{path}?{urlencode(chosen)}" if chosen else path


@dataclass(frozen=True, slots=True)
class TitleLine:
    """One title in the table."""

    title: Title
    name: str
    length: str
    age: str
    added: str

    @classmethod
    def of(cls, title: Title, titles: Mapping[int, Title]) -> TitleLine:
        """The line of a title; episodes tell their series."""
        above: list[str] = []
        parent = titles.get(title.parent_id) if title.parent_id is not None else None
        while parent is not None:
            above.insert(0, parent.name)
            parent = titles.get(parent.parent_id) if parent.parent_id is not None else None
        return cls(
            title=title,
            name=" › ".join([*above, title.name]),
            length=words.duration(title.runtime_s),
            age=words.age(title.maturity),
            added=to_iso(title.added_ms)[:10] if title.added_ms else "",
        )


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One piece of work."""

    id: str
    label: str
    state: str
    done: str
    share: int | None
    left: str
    """Time that is left, as far as the past tells."""
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account."""

    email: str
    role: str
    since: str
    viewers: str

    @classmethod
    def of(cls, account: Account, viewers: Sequence[Viewer]) -> AccountLine:
        """The line of an account and its profiles."""
        names = words.listing([viewer.name for viewer in viewers]) or "nobody yet"
        return cls(account.email, account.role.value, to_iso(account.created_ms)[:10], names)


def work_lines(work: Iterable[Work], now_ms: int) -> list[WorkLine]:
    """Work as it is shown; `console.js` writes the same words from the same figures."""
    return [_line(one, now_ms) for one in work]


def _line(one: Work, now_ms: int) -> WorkLine:
    share = min(1.0, one.done / one.total) if one.total else None
    elapsed_s = (now_ms - one.started_ms) / 1000
    running = one.state == "running"
    left = elapsed_s * (1 - share) / share if running and share else 0.0
    of = f" of {one.total:,.0f}" if one.total else ""
    return WorkLine(
        id=one.id,
        label=one.label[:1].upper() + one.label[1:],
        state=one.state,
        done=f"{one.done:,.0f}{of} {one.unit}".strip(),
        share=None if share is None else round(share * 100),
        left=f"{words.duration(left)} left" if left else words.duration((one.updated_ms - one.started_ms) / 1000),
        error=one.error,
        where=f"{one.host}, process {one.pid}",
    )
