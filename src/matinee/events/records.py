"""Typed, versioned records of what viewers did.

Every event carries who, when and its own id; the id makes it safe to send twice. `kind` tells the types apart in
JSON and `version` counts up when a type's fields change: `matinee.events.codec` upgrades older ones as it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

Id = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Seconds = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
Short = Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    # A misspelt field would otherwise be dropped in silence, and with it what the viewer did.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: Id
    """Unique; sending an event again does nothing."""
    viewer_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    at_ms: Annotated[int, Field(ge=0, le=253_402_300_799_999)]
    """When it happened, in milliseconds since 1970 UTC."""
    session: Short = ""
    """One visit on one device."""
    device: Short = ""
    """``tv``, ``phone``, ``tablet``, ``desktop``, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _TitleEvent(_Event):
    title_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression(_TitleEvent):
    """A title was put before a viewer."""

    page: Short
    """Id of the page that showed it, to attribute plays to it."""
    row: Short
    """Which row, as ``top-picks``."""
    row_position: Annotated[int, Field(ge=0, le=1000)]
    position: Annotated[int, Field(ge=0, le=10_000)]
    """Place in the row, from 0."""
    reason: Short = ""
    model: Short = ""
    """Name and version of the model that chose it."""
    propensity: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Probability with which this title was put in this place."""
    fallback: Short = ""
    """Why it was not the recommender of first choice, as ``no-history``; empty where it was."""
    version: Literal[2] = 2
    kind: Literal["impression"] = "impression"


Slots = Field(max_length=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A row of a page: what stood in its slots, as columns of equal length."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    row: Short
    """Which row, as ``top-picks``; ``hero`` for the title at the head of the page."""
    titles: Annotated[tuple[Annotated[int, Field(ge=1, le=2**31 - 1)], ...], Slots]
    reasons: Annotated[tuple[Short, ...], Slots]
    models: Annotated[tuple[Short, ...], Slots]
    """Name and version of the model that chose each."""
    propensities: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Slots]
    """Probability with which each was put in its place."""
    fallbacks: Annotated[tuple[Short, ...], Slots]
    """Why each was not from the recommender of first choice; empty where it was."""

    def __post_init__(self) -> None:
        columns = (self.reasons, self.models, self.propensities, self.fallbacks)
        if any(len(column) != len(self.titles) for column in columns):
            raise ValueError("has columns of different lengths")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageShown(_Event):
    """A page was put before a viewer: all its impressions in one event, whose id is the page's.

    A busy service shows some 20,000 titles a second; an event each would cost more than making the pages.
    """

    rows: Annotated[tuple[ShownRow, ...], Field(max_length=1000)]
    version: Literal[2] = 2
    kind: Literal["page"] = "page"

    def impressions(self) -> Iterator[Impression]:
        """An impression for every slot, in the order of the page; rows and slots count from 0."""
        for above, row in enumerate(self.rows):
            slots = zip(row.titles, row.reasons, row.models, row.propensities, row.fallbacks, strict=True)
            for position, (title_id, reason, model, propensity, fallback) in enumerate(slots):
                yield Impression(
                    id=f"{self.id}-{above}-{position}",
                    viewer_id=self.viewer_id,
                    at_ms=self.at_ms,
                    session=self.session,
                    device=self.device,
                    title_id=title_id,
                    page=self.id,
                    row=row.row,
                    row_position=above,
                    position=position,
                    reason=reason,
                    model=model,
                    propensity=propensity,
                    fallback=fallback,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(_TitleEvent):
    """A film began, at the start or where it was left."""

    play: Id
    """Names this playing; progress, stop and quality events repeat it."""
    position_s: Seconds = 0.0
    page: Short = ""
    row: Short = ""
    version: Literal[1] = 1
    kind: Literal["play"] = "play"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(_TitleEvent):
    """The film is still running."""

    play: Id
    position_s: Seconds
    duration_s: Seconds
    version: Literal[1] = 1
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(_TitleEvent):
    """The film was left or came to its end."""

    play: Id
    position_s: Seconds
    duration_s: Seconds
    watched_s: Seconds = 0.0
    """Time spent with the picture moving."""
    version: Literal[1] = 1
    kind: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(_TitleEvent):
    """Stars."""

    stars: Annotated[float, Field(ge=0.5, le=5)]
    version: Literal[1] = 1
    kind: Literal["rating"] = "rating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumb(_TitleEvent):
    """A thumb up (1), down (-1), or taken back (0)."""

    value: Literal[-1, 0, 1]
    version: Literal[1] = 1
    kind: Literal["thumb"] = "thumb"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange(_TitleEvent):
    """A title was put on the viewer's list or taken off."""

    on: bool
    version: Literal[1] = 1
    kind: Literal["list"] = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(_Event):
    """A viewer searched."""

    query: Short
    results: Annotated[int, Field(ge=0, le=10_000_000)]
    version: Literal[1] = 1
    kind: Literal["search"] = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(_TitleEvent):
    """Quality of experience over a stretch of playing, as CMCD (CTA-5004) counts it."""

    play: Id
    startup_ms: Annotated[int, Field(ge=0, le=86_400_000)] | None = None
    """From the press of play to the first frame; sent once."""
    bitrate_kbps: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    throughput_kbps: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    buffer_ms: Annotated[int, Field(ge=0, le=86_400_000)] | None = None
    stalled_ms: Annotated[int, Field(ge=0, le=86_400_000)] = 0
    dropped_frames: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    switches: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Changes of rendition."""
    error: Short = ""
    version: Literal[1] = 1
    kind: Literal["quality"] = "quality"


Event = Annotated[
    Impression | PageShown | Play | Progress | Stop | Rating | Thumb | ListChange | Search | Quality,
    Field(discriminator="kind"),
]
