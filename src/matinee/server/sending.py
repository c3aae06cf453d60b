"""Files as answers: ranges and entity tags.

What is large is passed on in pieces, so that a film costs no more memory than a poster.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from typing import BinaryIO, Protocol

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from matinee.base.errors import Unavailable
from matinee.base.objects import ObjectInfo
from matinee.server.middleware.head import HEAD
from matinee.server.ranges import matches, span

PIECE_BYTES = 1 << 18
WHOLE_BYTES = 1 << 20  # up to this a file is read at once


class Readable(Protocol):
    """What files are read from: `matinee.base.objects.Objects`, or the folder of a job."""

    def info(self, key: str) -> ObjectInfo:
        """Size, time and etag."""

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes `start` (included) to `stop` (excluded)."""

    def stream(self, key: str) -> BinaryIO:
        """The file, readable and seekable; close it."""


async def send(request: Request, source: Readable, key: str, mime: str, extra: Mapping[str, str]) -> Response:
    """The answer with a file, or the part of it that is asked for, with `extra` headers.

    Raises `NotFound` where nothing lies there, and `matinee.server.ranges.Unsatisfiable`.
    """
    info = await run_sync(source.info, key)
    etag = f'"{info.etag.strip(chr(34))}"'
    headers = {
        "ETag": etag,
        "Last-Modified": formatdate(info.modified_ms / 1000, usegmt=True),
        "Accept-Ranges": "bytes",
        **extra,
    }
    if matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range", "")
    if request.headers.get("if-range", etag) != etag:
        wanted = ""
    part = span(wanted, info.size_bytes)
    start, stop = part or (0, info.size_bytes)
    headers["Content-Length"] = str(stop - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{info.size_bytes}"
    status = 206 if part else 200
    if HEAD in request.scope:
        return Response(status_code=status, headers=headers, media_type=mime)
    if stop - start <= WHOLE_BYTES:
        body = await run_sync(source.read, key, start, stop)
        return Response(body, status, headers, mime)
    return StreamingResponse(_pieces(source, key, start, stop), status, headers, mime)


async def _pieces(source: Readable, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
    stream = await run_sync(source.stream, key)
    try:
        await run_sync(stream.seek, start)
        while start < stop:
            piece = await run_sync(stream.read, min(PIECE_BYTES, stop - start))
            if not piece:
                raise Unavailable(f"{key} ended early.", next_step="Ask it again.")
            start += len(piece)
            yield piece
    finally:
        stream.close()
