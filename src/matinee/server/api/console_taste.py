"""For operators: models on the shelf, what one viewer is shown and why, and the map of tastes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from matinee.base import clock
from matinee.catalog.records import Title, Viewer
from matinee.learning.model import Context as Asked
from matinee.recommendation.records import HomePage, ShelfReport, TasteMap
from matinee.server.context import RNG, Context, Here
from matinee.server.errors import documented
from matinee.server.session import Operator
from matinee.server.tastes import Known, Share, known_of, mixtures

router = APIRouter(prefix="/api/console/taste", tags=["console"], responses=documented(401, 403, 404, 422, 503))

ViewerId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Device = Annotated[Literal["", "phone", "tablet", "desktop", "tv"], Query(description="on which screen; empty: any")]
Hour = Annotated[int, Query(ge=-1, le=23, description="at which hour of the viewer's clock; -1: now, in UTC")]


class Served(BaseModel):
    """A version that is served from now on."""

    version: str


class ViewerTaste(BaseModel):
    """What a viewer would be shown now, and what the taste behind it is made of."""

    viewer: Viewer
    page: HomePage
    known: list[Known] = Field(description="titles that the viewer touched, newest first")
    mixture: list[Share] = Field(description="genres of what the viewer likes, of the page and of the library")


@router.get("/models")
def models(_: Operator, here: Here) -> ShelfReport:
    """Every version on the shelf, newest first, with what was measured of each model."""
    return here.recommendation.shelf_report()


@router.post("/rollback")
def rollback(_: Operator, here: Here) -> Served:
    """Serve the version before the current one; running servers take it up within a second or so."""
    return Served(version=here.recommendation.roll_back())


@router.get("/viewers/{viewer_id}")
def viewer(_: Operator, viewer_id: ViewerId, here: Here, device: Device = "", hour: Hour = -1) -> ViewerTaste:
    """A viewer's home page as it would be made now, slot by slot; nothing of it is recorded as shown."""
    return viewer_taste(here, here.catalog.viewer(viewer_id), device, hour)


@router.get("/map")
def taste_map(_: Operator, here: Here, limit: Annotated[int, Query(ge=1, le=3000)] = 2000) -> TasteMap:
    """The most watched titles as points: near to each other is what the same viewers watch."""
    return here.recommendation.taste_map(limit)


def viewer_taste(here: Context, viewer: Viewer, device: str, hour: int) -> ViewerTaste:
    """What the viewer would be shown on this screen at this hour, and why."""
    now = clock.now_ms()
    state = here.events.state(viewer.id)
    page = here.recommendation.page(viewer, now, RNG, state, asked_at(now, device, hour))
    known = known_of(here, state)
    shown: list[Title] = [item.title for row in page.rows for item in row.items]
    return ViewerTaste(viewer=viewer, page=page, known=known, mixture=mixtures(here, viewer, known, shown))


def asked_at(now_ms: int, device: str, hour: int) -> Asked:
    """The context of a viewer whose clock shows this hour.

    >>> asked_at(1_700_000_000_000, "tv", 20).utc_offset_min  # 22:13 in UTC
    -120
    """
    if hour < 0:
        return Asked(now_ms=now_ms, device=device)
    ahead = (hour - now_ms // 3_600_000 + 12) % 24 - 12
    return Asked(now_ms, ahead * 60, device)
