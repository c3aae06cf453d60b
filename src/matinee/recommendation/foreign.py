"""The nouns of the sidecar: titles, events and answers under the ids of whoever calls.

A caller's ids are texts of its own. They are kept as external ids of the catalogue, under the name of their source,
so that several callers may share a workspace without knowing of each other.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from matinee.catalog.records import CreditDraft, ExternalId, Kind, TitleDraft

PLAIN = r"^[^\x00-\x1f\x7f]+$"
"""No control characters: PostgreSQL stores no NUL, and a line break in an id is a mistake."""
Key = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN, examples=["7f3a9c"])]
Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]


class _Foreign(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ForeignCredit(_Foreign):
    """Somebody's part in a title."""

    name: Word
    role: Word = "actor"
    """``director``, ``writer``, ``actor``, ``composer``..."""
    character: Text = ""


class ForeignTitle(_Foreign):
    """What is known of a title. Fields that are left out stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "7f3a9c", "name": "Heat", "year": 1995, "genres": ["Crime", "Drama"], "runtime_s": 10220},
                {"id": "b81e44", "name": "Borgen", "kind": "series", "year": 2010, "language": "da"},
            ]
        }
    )

    id: Key
    name: Word
    kind: Literal["film", "series", "season", "episode"] = "film"
    year: Annotated[int, Field(ge=1, le=9999)] | None = None
    parent: Key | None = None
    """Your id of the series of a season, or of the season or series of an episode."""
    number: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    original_name: Text = ""
    synopsis: Text = ""
    tagline: Text = ""
    runtime_s: Annotated[float, Field(ge=0, le=10_000_000)] | None = None
    language: Annotated[str, Field(max_length=35)] = ""
    """BCP 47 tag of the original."""
    maturity: Annotated[int, Field(ge=0, le=18)] | None = None
    """Youngest age it is meant for; titles that nobody rated count as 18."""
    genres: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    keywords: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    credits: Annotated[tuple[ForeignCredit, ...], Field(max_length=500)] = ()
    added_ms: Annotated[int, Field(ge=0, le=253_402_300_799_999)] = 0
    """When it joined your library; 0 for now."""

    def draft(self, source: str, parent_id: int | None) -> TitleDraft:
        """The same for the catalogue."""
        plain = self.model_dump(exclude={"id", "kind", "parent", "credits"})
        cast = [CreditDraft(**one.model_dump(), position=place) for place, one in enumerate(self.credits)]
        ids = (ExternalId(source=source, key=self.id),)
        return TitleDraft(kind=Kind(self.kind), parent_id=parent_id, ids=ids, credits=tuple(cast), **plain)


class TitlesTaken(_Foreign):
    """What became of the titles."""

    created: int
    updated: int
    unchanged: int


class ForeignEvent(_Foreign):
    """Something that a viewer did."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "viewer": "anna",
                    "title": "7f3a9c",
                    "kind": "stop",
                    "at_ms": 1790000000000,
                    "position_s": 10100,
                    "duration_s": 10220,
                },
                {"viewer": "anna", "title": "b81e44", "kind": "rating", "stars": 4.5},
            ]
        }
    )

    viewer: Key
    """Made where it is new."""
    title: Key
    kind: Literal["play", "progress", "stop", "rating", "thumb", "list"]
    id: Key | None = None
    """Yours; the same id again does nothing. Without one, the same event at the same time does nothing."""
    at_ms: int | None = None
    """Milliseconds since 1970 UTC; now where it is left out."""
    play: Key | None = None
    """Names one playing; without it, all of a viewer and a title on one day are one."""
    position_s: float | None = None
    duration_s: float | None = None
    watched_s: float | None = None
    stars: float | None = None
    """0.5 to 5, of a rating."""
    value: int | None = None
    """1, -1 or 0 (taken back), of a thumb."""
    on: bool | None = None
    """Put on the list, or taken off."""
    device: str | None = None
    session: str | None = None
    recommendation: Key | None = None
    """Of a play: the id of the answer that it began from."""


class ForeignRefusal(_Foreign):
    """Why one of several events was not taken."""

    index: int
    field: str
    reason: str


class EventsTaken(_Foreign):
    """What became of a batch of events."""

    accepted: int
    doubled: int
    """Known already."""
    refused: tuple[ForeignRefusal, ...]
    """Each with its place in the batch, the field and the reason; the others were taken."""


class ForeignItem(_Foreign):
    """A title in its place."""

    title: str
    name: str
    position: int
    """From 0."""
    reason: str
    """In the viewer's words."""
    model: str
    """Which recommender, and of which training."""
    fallback: str
    propensity: float
    """Probability with which it was put in this place."""


class ForeignRecommendation(_Foreign):
    """Titles for one viewer, best first."""

    id: str
    """Name it in the `recommendation` of plays that begin from it."""
    viewer: str
    at_ms: int
    model: str
    """The recommender that served, and of which training."""
    fallback: str
    """Why it was not the recommender of first choice: ``untrained``, ``no-history``, ``unknown-history`` or
    ``all-seen``; empty where it was."""
    words: str
    """What to tell the viewer where there is nothing, or nothing new."""
    items: tuple[ForeignItem, ...]


class ForeignSimilar(_Foreign):
    """Titles like one."""

    title: str
    items: tuple[dict[str, Any], ...] = Field(examples=[[{"title": "b81e44", "name": "Borgen", "year": 2010}]])


class ForeignEvidence(_Foreign):
    """One thing that speaks for or against a title."""

    kind: str
    words: str
    weight: float
    title: str | None
    """The title of the viewer's history that it is about."""


class ForeignExplanation(_Foreign):
    """Why a title is, or is not, for a viewer."""

    viewer: str
    title: str
    reason: str
    model: str
    fallback: str
    rank: int | None
    """Place among all that could be recommended, from 1."""
    among: int
    evidence: tuple[ForeignEvidence, ...]
