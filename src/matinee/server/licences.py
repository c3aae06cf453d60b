"""Keys of encrypted streams, for whoever may see the title: as ClearKey licences, and bare for HLS.

Clear keys reach the browser as they are. They keep streams from those who are given nothing but the segments, such as a
cache or a proxy; they keep nothing from a viewer who may see the film anyway.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from matinee.base.errors import InvalidInput, NotFound
from matinee.base.keys import ContentKey
from matinee.catalog.records import Viewer
from matinee.encoding.streams.encryption import content_id
from matinee.server.context import Context, Here
from matinee.server.errors import documented
from matinee.server.media import TitleId
from matinee.server.session import Watching
from matinee.server.visibility import seen_by

router = APIRouter(tags=["media"], responses=documented(401, 404, 409, 422, 503))

_NEVER_KEPT = {"Cache-Control": "no-store"}
_MOST = 64
Kid = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url without padding")]


class Wish(BaseModel):
    """A licence request, as browsers write it (W3C Encrypted Media Extensions, 9.1.3)."""

    kids: list[Kid] = Field(min_length=1, max_length=_MOST)
    type: str = Field("temporary", max_length=40)


class Jwk(BaseModel):
    """A key (RFC 7517)."""

    kty: str = "oct"
    kid: Kid
    k: str = Field(description="the key, in base64url without padding")


class Licence(BaseModel):
    """The keys of those that were asked for which belong to the title."""

    keys: list[Jwk]
    type: str = "temporary"


# Browsers do not say that what they send is JSON, so the body is read by hand.
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": Wish.model_json_schema()}}}}


@router.post("/media/{title_id}/licence", response_model=Licence, openapi_extra=_BODY)
async def licence(request: Request, title_id: TitleId, viewer: Watching, here: Here) -> Response:
    """A ClearKey licence for a title's streams."""
    wish = _read(await request.body())
    wanted = {urlsafe_b64decode(one + "==") for one in wish.kids}
    keys = [one for one in await run_sync(_keys, here, viewer, title_id) if one.kid in wanted]
    if not keys:
        raise _no_key(title_id)
    made = Licence(keys=[Jwk(kid=_text(one.kid), k=_text(one.key)) for one in keys])
    return JSONResponse(made.model_dump(), headers=_NEVER_KEPT)


_KEY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The key", "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


@router.get("/media/{title_id}/keys/{kid}", responses=_KEY, response_class=Response)
async def key(
    title_id: TitleId, kid: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], viewer: Watching, here: Here
) -> Response:
    """The 16 bytes of one key, which HLS asks for by the address in a playlist."""
    for one in await run_sync(_keys, here, viewer, title_id):
        if one.kid.hex() == kid:
            return Response(one.key, headers=_NEVER_KEPT, media_type="application/octet-stream")
    raise _no_key(title_id)


def _keys(here: Context, viewer: Viewer, title_id: int) -> tuple[ContentKey, ...]:
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    return here.backends.keys.keys(content_id(title_id))


def _read(body: bytes) -> Wish:
    try:
        return Wish.model_validate_json(body)
    except ValidationError:
        raise InvalidInput(
            "This is no licence request.", next_step='Send {"kids": ["..."], "type": "temporary"}, as browsers do.'
        ) from None


def _no_key(title_id: int) -> NotFound:
    return NotFound(f"Title {title_id} has no such key.", next_step="Ask for one that its manifest names.")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
