"""Routes of the sidecar: recommendations over HTTP for a media server that keeps its own films and people."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of a route defined inside a function, and
# as text they could not name that function's arguments.
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from matinee.base.clock import now_ms
from matinee.catalog.records import Kind
from matinee.learning.model import Context
from matinee.recommendation.foreign import (
    EventsTaken,
    ForeignEvent,
    ForeignExplanation,
    ForeignRecommendation,
    ForeignSimilar,
    ForeignTitle,
    Key,
    TitlesTaken,
)
from matinee.recommendation.records import Filters
from matinee.recommendation.sidecar import Sidecar

MAX_TITLES, MAX_EVENTS = 1000, 1000

Source = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class _Asked(BaseModel):
    # A misspelt filter would otherwise let through what it was to keep out.
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    source: Source = "sidecar"
    """Whose ids these are; several media servers may share a workspace."""


class AskedRecommendation(_Asked):
    """Filters and context of a recommendation."""

    n: Annotated[int, Field(ge=1, le=200)] = 20
    genre: list[str] = []
    """At least one of these."""
    kind: list[Literal["film", "series"]] = []
    language: list[str] = []
    """Of the original, by the first part of the tag."""
    year_from: int | None = None
    year_to: int | None = None
    longest_s: Annotated[float, Field(gt=0)] | None = None
    maturity: Annotated[int, Field(ge=0, le=18)] = 18
    """The viewer's age; titles that nobody rated count as 18."""
    seen: bool = False
    """Also what the viewer has touched."""
    without: list[str] = []
    """Ids of titles to leave out."""
    device: Literal["", "tv", "phone", "tablet", "desktop"] = ""
    utc_offset_min: Annotated[int, Field(ge=-840, le=840)] = 0
    """What the viewer's clock shows beyond UTC."""
    locale: Annotated[str, Field(max_length=35)] = ""
    """BCP 47 tag of the language the viewer reads."""
    record: bool = True
    """Whether it is shown, so that plays can be attributed to it."""

    def filters(self) -> Filters:
        """Without the titles to leave out, which have other ids here."""
        return Filters(
            genres=tuple(self.genre),
            kinds=tuple(Kind(one) for one in self.kind),
            languages=tuple(self.language),
            years=(self.year_from, self.year_to),
            longest_s=self.longest_s,
            seen=self.seen,
        )


class AskedSimilar(_Asked):
    """How many, and for whom."""

    n: Annotated[int, Field(ge=1, le=200)] = 20
    viewer: Key | None = None
    maturity: Annotated[int, Field(ge=0, le=18)] = 18


# Each event is checked for itself, so that a bad one does not cost the others; the description shows what is good.
_SHOWN = {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": ForeignEvent.model_json_schema()}
Batch = Annotated[list[Any], Field(min_length=1, max_length=MAX_EVENTS), WithJsonSchema(_SHOWN)]
ViewerKey = Annotated[Key, Path(description="your id of the viewer", examples=["anna"])]
TitleKey = Annotated[Key, Path(description="your id of the title", examples=["7f3a9c"])]


def router(sidecar: Callable[..., Sidecar]) -> APIRouter:
    """The routes, given a FastAPI dependency that provides the sidecar."""
    routes = APIRouter(tags=["recommendation"])

    @routes.put("/titles", summary="Tell titles")
    def titles(
        titles: Annotated[list[ForeignTitle], Body(min_length=1, max_length=MAX_TITLES)],
        to: Annotated[Sidecar, Depends(sidecar)],
        by: Annotated[_Asked, Query()],
    ) -> TitlesTaken:
        """All or none; fields that are left out stay as they are, and telling the same again changes nothing."""
        return to.put_titles(by.source, titles, now_ms())

    @routes.post("/events", status_code=202, summary="Tell what viewers did")
    def events(
        events: Annotated[Batch, Body(description="1 to 1000 events.")],
        to: Annotated[Sidecar, Depends(sidecar)],
        by: Annotated[_Asked, Query()],
    ) -> EventsTaken:
        """Durable on return. The next recommendation knows of them; sending a batch again doubles nothing."""
        return to.take_events(by.source, events, now_ms())

    @routes.get("/recommendations/{viewer}", summary="Ask what to show to whom")
    def recommendations(
        viewer: ViewerKey, of: Annotated[Sidecar, Depends(sidecar)], asked: Annotated[AskedRecommendation, Query()]
    ) -> ForeignRecommendation:
        """The best titles first. A viewer of whom nothing was told gets what many watch, and `fallback` says so."""
        context = Context(now_ms(), asked.utc_offset_min, asked.device, asked.locale)
        return of.recommend(
            asked.source,
            viewer,
            asked.n,
            context,
            asked.filters(),
            maturity=asked.maturity,
            without=asked.without,
            record=asked.record,
        )

    @routes.get("/recommendations/{viewer}/{title}", summary="Ask why")
    def explanation(
        viewer: ViewerKey, title: TitleKey, of: Annotated[Sidecar, Depends(sidecar)], by: Annotated[_Asked, Query()]
    ) -> ForeignExplanation:
        """Why this title is, or is not, for this viewer, and what of the viewer's history speaks for it."""
        return of.explain(by.source, viewer, title, Context(now_ms()))

    @routes.get("/similar/{title}", summary="Ask for titles like one")
    def similar(
        title: TitleKey, of: Annotated[Sidecar, Depends(sidecar)], asked: Annotated[AskedSimilar, Query()]
    ) -> ForeignSimilar:
        """Nearest first."""
        return of.similar(asked.source, title, asked.n, asked.viewer, asked.maturity)

    return routes
