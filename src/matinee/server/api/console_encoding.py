"""For operators: ways to encode a title beside each other, and the films of them to look at."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from matinee.catalog.records import Title
from matinee.encoding.compared import Compared, film_key
from matinee.server.context import Context, Here
from matinee.server.errors import documented
from matinee.server.media import ANY_FILE, STREAM_KEPT, send
from matinee.server.session import Operator

router = APIRouter(prefix="/api/console/encoding", tags=["console"], responses=documented(401, 403, 404, 422, 503))

TitleId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Folder = Annotated[str, Path(pattern="^[0-9a-f]{1,16}$", description="as the comparison names it")]
Film = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}[.]mp4$", description="as a rung of the comparison names it")]


class ComparedWayLine(BaseModel):
    """One way of a comparison in short."""

    way: str
    bd_rate: float | None = Field(description="percent of bits against the first way; null where nothing is in common")


class ComparedLine(BaseModel):
    """A title that was compared."""

    title: Title
    made_ms: int
    duration_s: float
    ways: list[ComparedWayLine] = Field(description="the first is the one that others are held against")


class ComparedTitle(BaseModel):
    """Everything that is shown of a comparison."""

    title: Title
    films: str = Field(description="address that names of files are put after")
    comparison: Compared


@router.get("/comparisons")
def comparisons(_: Operator, here: Here) -> list[ComparedLine]:
    """Titles that were encoded in several ways, the latest first."""
    return lines_of(here)


@router.get("/comparisons/{title_id}")
def comparison(_: Operator, title_id: TitleId, here: Here) -> ComparedTitle:
    """The latest comparison of a title: every rung of every way, over time and by unit, and pairs of rungs."""
    return compared_title(here, title_id)


@router.get("/comparisons/{title_id}/films/{folder}/{name}", responses=ANY_FILE, response_class=Response)
async def film(request: Request, _: Operator, title_id: TitleId, folder: Folder, name: Film, here: Here) -> Response:
    """The film of one rung, without sound."""
    return await send(request, here.backends.objects, film_key(title_id, folder, name), STREAM_KEPT)


def lines_of(here: Context) -> list[ComparedLine]:
    """What was compared of titles that the catalogue still has."""
    titles = here.catalog.snapshot().titles
    return [
        ComparedLine(
            title=titles[one.title_id],
            made_ms=one.made_ms,
            duration_s=one.duration_s,
            ways=[ComparedWayLine(way=way.way, bd_rate=way.bd_rate) for way in one.ways],
        )
        for one in here.encoding.comparisons()
        if one.title_id in titles
    ]


def compared_title(here: Context, title_id: int) -> ComparedTitle:
    """A title with its comparison. Raises `NotFound` where there is no such title, or it has none."""
    title, found = here.catalog.title(title_id), here.encoding.comparison(title_id)
    films = f"/api/console/encoding/comparisons/{title_id}/films/{found.folder}/"
    return ComparedTitle(title=title, films=films, comparison=found)
