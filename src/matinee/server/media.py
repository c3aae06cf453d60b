"""Streams and pictures, straight from the objects: ranges, entity tags, and the maturity limit.

Answers may be kept by the browser for the viewer who asked, and by nobody in between.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response

from matinee.base.errors import NotFound
from matinee.base.objects import Objects
from matinee.catalog.records import Viewer
from matinee.server import sending
from matinee.server.context import Context, Here
from matinee.server.errors import documented
from matinee.server.media_types import media_type
from matinee.server.session import Watching
from matinee.server.visibility import seen_by

router = APIRouter(tags=["media"])

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
ANY_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "Part of it", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "It has not changed"},
    **documented(401, 404, 408, 409, 416, 422, 503),
}
TitleId = Annotated[int, Path(ge=1, le=2**31 - 1)]
# A stream that is kept must still be asked for: another viewer of this browser may have a lower limit. Pictures are
# kept an hour, apart for each viewer.
STREAM_KEPT = "private, no-cache"
PICTURE_KEPT = "private, max-age=3600"


@router.get("/media/{title_id}/{path:path}", responses=ANY_FILE, response_class=Response)
async def media(request: Request, title_id: TitleId, path: str, viewer: Watching, here: Here) -> Response:
    """A file of a title's stream: manifest, segment, subtitles or storyboard."""
    _check(here, viewer, title_id, path)
    return await send(request, here.backends.objects, f"streams/{title_id}/{path}", STREAM_KEPT)


@router.get("/pictures/{title_id}/{path:path}", responses=ANY_FILE, response_class=Response)
async def picture(request: Request, title_id: TitleId, path: str, viewer: Watching, here: Here) -> Response:
    """A still or poster of a title."""
    _check(here, viewer, title_id, path)
    return await send(request, here.backends.objects, f"pictures/{title_id}/{path}", PICTURE_KEPT)


@router.get("/static/{version}/{name:path}", include_in_schema=False)
async def static(
    version: str,
    name: str,
    here: Here,
    accept_encoding: Annotated[str, Header()] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """A style sheet, script or font."""
    return here.static.answer(version, name, accept_encoding, if_none_match)


def _check(here: Context, viewer: Viewer, title_id: int, path: str) -> None:
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    if len(path) > 200 or not _NAME.fullmatch(path):
        raise _no_file(title_id)


def _no_file(title_id: int) -> NotFound:
    return NotFound(f"Title {title_id} has no such file.", next_step="Ask its playback for the addresses of today.")


async def send(request: Request, objects: Objects, key: str, kept: str) -> Response:
    """The answer with an object of a title, or the part of it that is asked for; `key` is ``KIND/TITLE/...``.

    Raises `NotFound` where nothing lies there, and `matinee.server.ranges.Unsatisfiable`.
    """
    try:
        return await sending.send(request, objects, key, media_type(key), {"Cache-Control": kept, "Vary": "Cookie"})
    except NotFound:
        raise _no_file(int(key.split("/")[1])) from None
