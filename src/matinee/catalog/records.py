"""The nouns of the catalogue: frozen records, one per thing, as services return them and as JSON shows them.

Ids are integers given by the tables. What another service calls the same thing stands in `ExternalId`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, Generic, TypeVar

from matinee.base.errors import InvalidInput

T = TypeVar("T")


class Kind(StrEnum):
    """What a title is. A series holds seasons, a season holds episodes."""

    FILM = "film"
    SERIES = "series"
    SEASON = "season"
    EPISODE = "episode"


class AssetKind(StrEnum):
    """What a file of a title is for."""

    SOURCE = "source"
    """The film as it was delivered; `uri` is a path outside the workspace that is only read."""
    STREAM = "stream"
    """A folder of CMAF segments with ``master.m3u8`` and ``manifest.mpd``; `uri` is an object prefix."""
    POSTER = "poster"
    """An upright (2:3) picture."""
    STILL = "still"
    """A wide (16:9) picture."""
    SUBTITLES = "subtitles"
    STORYBOARD = "storyboard"
    """A WebVTT file of seek thumbnails."""
    NFO = "nfo"


class Role(StrEnum):
    """What an account may do. An operator sees the console and may view the site as any viewer."""

    MEMBER = "member"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A film, series, season or episode."""

    id: int
    kind: Kind
    name: str
    year: int | None = None
    parent_id: int | None = None
    """The season of an episode, the series of a season."""
    number: int | None = None
    """Which season of the series, which episode of the season."""
    original_name: str = ""
    aliases: tuple[str, ...] = ()
    """Other names it goes by; search finds them."""
    synopsis: str = ""
    tagline: str = ""
    runtime_s: float | None = None
    language: str = ""
    """BCP 47 of the original, as ``en`` or ``pt-BR``; empty where unknown."""
    maturity: int | None = None
    """The youngest age it is meant for, 0 to 18; None where nobody has rated it."""
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mood: str = ""
    added_ms: int = 0
    """When it entered this catalogue."""
    playable: bool = False
    """Whether a stream has been encoded."""
    still: str = ""
    """Object key of its wide picture; empty where there is none."""
    poster: str = ""
    """Object key of its upright picture; empty where there is none."""
    colour: str = ""
    """Dominant colour of its pictures as ``#rrggbb``; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Somebody's part in a title."""

    title_id: int
    person_id: int
    name: str
    role: str
    """``director``, ``writer``, ``actor``, ``composer``... in lower case."""
    character: str = ""
    position: int = 0
    """Billing order, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalId:
    """What another service calls a title, person or viewer."""

    source: str
    """``imdb``, ``tmdb``, ``movielens``, ``path``..."""
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that belongs to a title."""

    id: int
    title_id: int
    kind: AssetKind
    uri: str
    """An object key, or for a source an absolute path."""
    mime: str = ""
    language: str = ""
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    etag: str = ""
    """Changes when the content does."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What only this kind of asset has, as the renditions of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Something that is true of a stretch of a title: a shot, a face, a mood, a line of speech."""

    title_id: int
    track: str
    """What sort of annotation, as ``shots`` or ``speech``."""
    start: Fraction
    """Seconds from the beginning, exact."""
    end: Fraction
    value: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    """Which method and version found it; writing a track replaces what the same source wrote before."""
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in; holds one or more viewers."""

    id: int
    email: str
    role: Role
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A profile: one person (or the children) in front of the screen."""

    id: int
    name: str
    account_id: int | None = None
    """None for a viewer who was imported and whom nobody has claimed."""
    maturity: int = 18
    """Titles meant for an older age are hidden, everywhere; unrated titles count as 18."""
    child: bool = False
    language: str = ""
    avatar: str = ""
    """A colour of the avatar as ``#rrggbb``."""

    def may_see(self, title: Title) -> bool:
        """Whether the title lies within this viewer's maturity limit."""
        return self.maturity >= (18 if title.maturity is None else title.maturity)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditDraft:
    """Somebody's part in a title, before the catalogue knows who that is."""

    name: str
    role: str
    character: str = ""
    position: int = 0
    ids: tuple[ExternalId, ...] = ()
    """What other services call the person; without any, people of one name are one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleDraft:
    """What a source says of a title. Fields it leaves blank stay as the catalogue has them.

    Raises `InvalidInput` where a field cannot be stored.
    """

    kind: Kind
    name: str
    year: int | None = None
    parent_id: int | None = None
    number: int | None = None
    original_name: str = ""
    aliases: tuple[str, ...] = ()
    synopsis: str = ""
    tagline: str = ""
    runtime_s: float | None = None
    language: str = ""
    maturity: int | None = None
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mood: str = ""
    added_ms: int = 0
    """When it entered the catalogue; 0 for the time of the merge."""
    ids: tuple[ExternalId, ...] = ()
    credits: tuple[CreditDraft, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInput("A title has no name.", next_step="Give every title a name.")
        for field_, value, low, high in (
            ("year", self.year, 1, 9999),
            ("maturity", self.maturity, 0, 18),
            ("number", self.number, 0, 1_000_000),
        ):
            if value is not None and not low <= value <= high:
                raise InvalidInput(
                    f"{self.name!r}: {field_} {value} is refused.", next_step=f"It lies from {low} to {high}."
                )


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What became of merged drafts."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ids: tuple[int, ...] = ()
    """The title of each draft, in their order."""

    def __add__(self, other: MergeReport) -> MergeReport:
        return MergeReport(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.ids + other.ids,
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A stretch of a longer list."""

    items: tuple[T, ...]
    total: int
    """How many there are altogether."""


@dataclass(frozen=True)
class Snapshot:
    """All titles as of one revision, in memory. Never changes; a later one is another object."""

    titles: Mapping[int, Title]
    revision: int

    @cached_property
    def children(self) -> Mapping[int, tuple[Title, ...]]:
        """The titles under each title that has any, by number."""
        found: dict[int, list[Title]] = {}
        for title in self.titles.values():
            if title.parent_id is not None:
                found.setdefault(title.parent_id, []).append(title)
        return {
            parent: tuple(sorted(below, key=lambda one: (one.number is None, one.number or 0, one.id)))
            for parent, below in found.items()
        }
