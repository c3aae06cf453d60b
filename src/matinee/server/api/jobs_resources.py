"""For operators: applications, commands and clusters, as Genie has them below ``/api/v3``."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of a route defined inside a function, and
# as text they could not name that function's arguments.
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast

import jsonpatch
import orjson
from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from jsonpatch import JsonPatchException
from jsonpointer import JsonPointerException
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from matinee.base.errors import InvalidInput
from matinee.jobs.fields import Id, Line
from matinee.jobs.queue.resources import KINDS
from matinee.jobs.records import Usable
from matinee.jobs.views.search import Page, ResourceFilter
from matinee.server.api.jobs_hal import TOLD, Hal, Listing, address, asked_page, listing, told_kept
from matinee.server.context import Context, Here
from matinee.server.errors import documented_to_genie
from matinee.server.session import OPERATORS_ONLY

router = APIRouter(
    prefix="/api/v3",
    tags=["jobs"],
    dependencies=[OPERATORS_ONLY],
    responses=documented_to_genie(401, 403, 404, 409, 412, 503),
)
R = TypeVar("R", bound=Usable)
MOST_BYTES = 1 << 20
"""What a resource may grow to by a patch: one that copies into itself would double with every step."""


class Kind(StrEnum):
    """Kinds of resources, as addresses name them."""

    APPLICATIONS = "applications"
    COMMANDS = "commands"
    CLUSTERS = "clusters"


class Several(StrEnum):
    """What a resource has several of."""

    TAGS = "tags"
    CONFIGS = "configs"
    DEPENDENCIES = "dependencies"


class Step(BaseModel):
    """A step of a JSON Patch (RFC 6902)."""

    op: str = Field(pattern="^(add|remove|replace|move|copy|test)$")
    path: str
    value: Any = None
    from_: str = Field("", alias="from")


ResourceId = Annotated[Id, Path(alias="id")]
Word = Annotated[Line, Query()]
Milliseconds = Annotated[int, Query(ge=0, le=2**53)]
Words = Annotated[list[str], Body(max_length=1000)]
RECORDS: dict[Kind, type[Usable]] = {Kind(f"{name}s"): kind for kind, name in KINDS.items()}


def _add_routes(place: Kind, record: type[R]) -> None:
    """The routes that differ by the kind of a resource."""
    name, told = KINDS[record], TOLD[record]

    @router.post(f"/{place}", status_code=201, response_class=Response, name=f"create_{name}")
    def create(one: Annotated[record, Body()], request: Request, here: Here) -> Response:  # type: ignore[valid-type]
        """Store a new one; its address is in `Location`."""
        made = here.jobs.add(cast("Usable", one))
        return Response(status_code=201, headers={"Location": address(request, place, made.id or "")})

    @router.get(f"/{place}", response_model=Listing, response_class=Hal, name=f"find_{place}")
    def find(
        request: Request,
        here: Here,
        page: Annotated[Page, asked_page(64)],
        *,
        name: Annotated[Word, Query(description="% stands for any letters")] = "",
        user: Word = "",
        status: Annotated[list[Line], Query()] = [],  # noqa: B006  FastAPI copies it
        tag: Annotated[list[Line], Query(description="all of these")] = [],  # noqa: B006
        type: Word = "",  # noqa: A002  Genie's name
        min_update_time: Annotated[Milliseconds | None, Query(alias="minUpdateTime")] = None,
        max_update_time: Annotated[Milliseconds | None, Query(alias="maxUpdateTime")] = None,
    ) -> Hal:
        """Those that are so, the latest first."""
        wanted = ResourceFilter(
            name=name,
            user=user,
            statuses=[one.upper() for one in status if one],
            tags=tag,
            type=type,
            min_updated_ms=min_update_time,
            max_updated_ms=max_update_time,
        )
        found = here.jobs.find_resources(record, wanted, page)
        return listing(request, f"{KINDS[record]}List", found, page, lambda one: told_kept(request, one))

    @router.get(f"/{place}/{{id}}", response_model=told, response_class=Hal, name=f"get_{name}")
    def get(id_: ResourceId, request: Request, here: Here) -> Hal:
        """One of them."""
        return Hal(told_kept(request, here.jobs.kept(record, id_)))

    @router.put(f"/{place}/{{id}}", status_code=204, response_class=Response, name=f"replace_{name}")
    def replace(id_: ResourceId, one: Annotated[record, Body()], here: Here) -> None:  # type: ignore[valid-type]
        """Write one over."""
        fields = cast("Usable", one).model_dump(mode="json", by_alias=True)
        here.jobs.change(record, id_, lambda before: changed(before, fields))


for _place, _record in RECORDS.items():
    _add_routes(_place, _record)


@router.delete("/{kind}", status_code=204, response_class=Response)
def remove_all(kind: Kind, here: Here) -> None:
    """Remove all of a kind; jobs that had been resolved to them keep them as they were."""
    for one in here.jobs.resources(RECORDS[kind]):
        here.jobs.remove(RECORDS[kind], one.id or "")


@router.delete("/{kind}/{id}", status_code=204, response_class=Response)
def remove(kind: Kind, id_: ResourceId, here: Here) -> None:
    """Remove one; nothing happens where there is none."""
    here.jobs.remove(RECORDS[kind], id_)


@router.patch("/{kind}/{id}", status_code=204, response_class=Response)
def patch(kind: Kind, id_: ResourceId, steps: Annotated[list[Step], Body(max_length=1000)], here: Here) -> None:
    """Change some of its fields, by a JSON Patch (RFC 6902)."""
    told = [one.model_dump(by_alias=True, exclude_unset=True) for one in steps]
    _change(here, kind, id_, lambda one: _patched(one, told))


@router.get("/{kind}/{id}/{several}")
def words(kind: Kind, id_: ResourceId, several: Several, here: Here) -> list[str]:
    """Its tags, configs or dependencies."""
    kept = here.jobs.kept(RECORDS[kind], id_)
    return kept.tags if several is Several.TAGS else list(getattr(kept.resource, several))


@router.post("/{kind}/{id}/{several}", status_code=204, response_class=Response)
def add_words(kind: Kind, id_: ResourceId, several: Several, more: Words, here: Here) -> None:
    """Add some to its tags, configs or dependencies."""
    _change(here, kind, id_, lambda one: {several: [*getattr(one, several), *more]})


@router.put("/{kind}/{id}/{several}", status_code=204, response_class=Response)
def replace_words(kind: Kind, id_: ResourceId, several: Several, these: Words, here: Here) -> None:
    """Let these be its tags, configs or dependencies."""
    _change(here, kind, id_, lambda _: {several: these})


@router.delete("/{kind}/{id}/{several}", status_code=204, response_class=Response)
def remove_words(kind: Kind, id_: ResourceId, several: Several, here: Here) -> None:
    """Take away all its tags, configs or dependencies."""
    _change(here, kind, id_, lambda _: {several: []})


@router.delete("/{kind}/{id}/tags/{tag:path}", status_code=204, response_class=Response)
def remove_tag(kind: Kind, id_: ResourceId, tag: str, here: Here) -> None:
    """Take away one tag."""
    _change(here, kind, id_, lambda one: {"tags": [other for other in one.tags if other != tag]})


def _change(here: Context, kind: Kind, id_: str, how: Callable[[Any], dict[str, Any]]) -> None:
    """Give a resource the fields that `how` makes of it."""
    record = RECORDS[kind]
    here.jobs.change(record, id_, lambda one: changed(one, how(one)))


def changed(one: R, fields: Mapping[str, Any]) -> R:
    """A resource with other fields, by their names in JSON. Raises `InvalidInput` where they are not such fields."""
    told = {**one.model_dump(mode="json", by_alias=True), **fields}
    if told["id"] not in {None, one.id}:
        raise InvalidInput(f"The id of {one.id} cannot be changed.", next_step="Leave it out, or store a new one.")
    try:
        return type(one).model_validate({**told, "id": one.id})
    except ValidationError as error:
        raise refused(error) from None


def refused(error: ValidationError) -> RequestValidationError:
    """The refusal of what was sent, as of any other body."""
    return RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()])


def _patched(one: Usable, steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    told: Any = one.model_dump(mode="json", by_alias=True)
    try:
        for step in steps:
            told = jsonpatch.apply_patch(told, [step])
            if not isinstance(told, dict) or len(orjson.dumps(told)) > MOST_BYTES:
                raise ValueError(f"it makes it no object, or one above {MOST_BYTES:,} bytes")
    except (JsonPatchException, JsonPointerException, ValueError, TypeError) as error:
        raise InvalidInput(f"The patch cannot be applied: {error}.", next_step="Mend it; see RFC 6902.") from None
    removed = one.model_dump(by_alias=True).keys() - told.keys()
    return {**dict.fromkeys(removed), **told}
