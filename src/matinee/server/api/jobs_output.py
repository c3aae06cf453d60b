"""For operators: what jobs wrote, from the folders of their attempts.

A job may write what it likes, so nothing of it may act in a browser as if it were ours: texts are plain texts,
whatever their names say, and anything but pictures is kept, not shown.
"""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.responses import HTMLResponse, JSONResponse, Response

from matinee.base.errors import NotFound
from matinee.jobs.attempts.elsewhere import AnyOutput
from matinee.jobs.attempts.output import Entry
from matinee.server.api.jobs import JobId
from matinee.server.api.jobs_hal import address
from matinee.server.context import Here
from matinee.server.errors import documented_to_genie
from matinee.server.media_types import media_type
from matinee.server.sending import send
from matinee.server.session import OPERATORS_ONLY

_TEXTS = frozenset({"", ".log", ".txt", ".out", ".err", ".sh", ".py", ".sql", ".json", ".csv", ".tsv", ".md", ".toml"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif"})
_INERT = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "sandbox; default-src 'none'"}
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
ANY_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, or what is in the folder", "content": _BYTES},
    206: {"description": "Part of the file", "content": _BYTES},
    304: {"description": "It has not changed"},
}
router = APIRouter(
    prefix="/api/v3/jobs/{id}/output",
    tags=["jobs"],
    dependencies=[OPERATORS_ONLY],
    responses={**ANY_FILE, **documented_to_genie(401, 403, 404, 412, 416, 503)},
)
Attempt = Annotated[int | None, Query(ge=0, le=1000, description="the latest where none is named")]


class ToldEntry(BaseModel):
    """A file or a folder."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    """That of a folder ends in a slash."""
    url: str
    size: int
    last_modified: int
    """Milliseconds since 1970."""


class Folder(BaseModel):
    """What is in a folder."""

    parent: ToldEntry | None = None
    directories: list[ToldEntry]
    files: list[ToldEntry]


@router.get("", response_class=Response)
@router.get("/{path:path}", response_class=Response, name="output_file")
async def output(id_: JobId, request: Request, here: Here, path: str = "", attempt: Attempt = None) -> Response:
    """A file of a job, or part of it, or what is in a folder: as JSON, and as HTML for browsers."""
    found, name = await run_sync(here.jobs.folder, id_, attempt), path.strip("/")
    with suppress(NotFound):
        mime, headers = _how(name)
        return await send(request, found, name, mime, headers)
    folder = await run_sync(_folder, found, name, address(request, "jobs", id_, "output"))
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(name, folder), headers=_INERT)
    return JSONResponse(folder.model_dump(by_alias=True, exclude_none=True), headers=_INERT)


def _how(name: str) -> tuple[str, dict[str, str]]:
    """As what a file is sent, by its name."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _PICTURES:
        return media_type(name), _INERT
    if suffix in _TEXTS:
        return "text/plain; charset=utf-8", _INERT
    kept = f"attachment; filename*=UTF-8''{quote(PurePosixPath(name).name, safe='')}"
    return "application/octet-stream", {**_INERT, "Content-Disposition": kept}


def _folder(output: AnyOutput, name: str, base: str) -> Folder:
    here = f"{base}/{quote(name)}/" if name else f"{base}/"
    entries = [(one.folder, _told(one, here)) for one in output.entries(name)]
    above = base if "/" not in name else f"{base}/{quote(name.rpartition('/')[0])}"
    return Folder(
        parent=ToldEntry(name="../", url=above, size=0, last_modified=0) if name else None,
        directories=[one for folder, one in entries if folder],
        files=[one for folder, one in entries if not folder],
    )


def _told(one: Entry, here: str) -> ToldEntry:
    slash = "/" if one.folder else ""
    shown = one.name.encode(errors="replace").decode() + slash  # a name may be any bytes
    url = f"{here}{quote(one.name, safe='', errors='surrogateescape')}{slash}"
    return ToldEntry(name=shown, url=url, size=one.size_bytes, last_modified=one.modified_ms)


def _page(name: str, folder: Folder) -> str:
    """What is in a folder, for people."""
    entries = [*([folder.parent] if folder.parent else []), *folder.directories, *folder.files]
    rows = "".join(
        f'<tr><td><a href="{escape(one.url)}">{escape(one.name)}</a><td>{one.size:,}</tr>' for one in entries
    )
    title = escape(f"/{name}")
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1><table>{rows}'
