"""Jobs and resources as Genie tells them: JSON with links and pages (HAL), times as ISO 8601.

https://datatracker.ietf.org/doc/html/draft-kelly-json-hal
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from matinee.base.clock import to_iso, took_ms
from matinee.base.errors import InvalidInput
from matinee.jobs.queue.resources import KINDS
from matinee.jobs.records import Application, Cluster, Command, JobRequest, JobStatus, Progress, Usable
from matinee.jobs.views.search import Attempt, Found, Kept, Page, Whole

T = TypeVar("T")
MOST_ON_A_PAGE = 10_000
_DURATION = TypeAdapter(timedelta)


class Hal(JSONResponse):
    """JSON with links."""

    media_type = "application/hal+json"


class _Told(BaseModel):
    # Fields that have no value are left out.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True)


class Link(_Told):
    """The address of something."""

    href: str


Links = Annotated[dict[str, Link], Field(alias="_links")]


class ToldApplication(Application):
    """An application, when it was stored, and where more is told of it."""

    created: str = ""
    updated: str = ""
    links: Links


class ToldCommand(Command):
    """A command, when it was stored, and where more is told of it."""

    executable: str
    """With its arguments as one text, as Genie 3 has it."""
    created: str = ""
    updated: str = ""
    links: Links


class ToldCluster(Cluster):
    """A cluster, when it was stored, and where more is told of it."""

    created: str = ""
    updated: str = ""
    links: Links


class ToldJob(_Told):
    """What came of a request, and where more is told of it."""

    id: str
    name: str
    user: str
    version: str
    description: str | None = None
    metadata: Any = None
    status: JobStatus
    status_msg: str
    """Why it has that status."""
    tags: list[str]
    cluster_name: str | None = None
    command_name: str | None = None
    command_args: str
    grouping: str | None = None
    grouping_instance: str | None = None
    attempt: int
    """How often it was begun."""
    exit_code: int | None = None
    archive_location: str | None = None
    progress: Progress | None = None
    created: str
    updated: str
    started: str | None = None
    finished: str | None = None
    runtime: str | None = None
    """From its start to its end, as an ISO 8601 duration."""
    links: Links


class ToldRequest(JobRequest):
    """What was asked for."""

    command_args: str
    """All arguments as one text, as Genie 3 has it."""
    created: str
    updated: str
    links: Links


class ToldStatus(_Told):
    """Where a job stands."""

    status: JobStatus


class ToldExecution(_Told):
    """Where and how a job runs."""

    id: str
    host_name: str
    created: str
    updated: str
    exit_code: int | None = None
    memory: int | None = None
    timeout: str | None = None
    attempts: list[Attempt]


class ToldMetadata(_Told):
    """What came with a job, and how much it wrote."""

    id: str
    num_attachments: int
    total_size_of_attachments: int
    std_out_size: int | None = None
    std_err_size: int | None = None


class PageFacts(_Told):
    """Which page this is."""

    size: int
    total_elements: int
    total_pages: int
    number: int


class Listing(_Told):
    """A page of what was found."""

    embedded: dict[str, list[dict[str, Any]]] | None = Field(None, alias="_embedded")
    """One list, called after what is in it; left out where nothing is."""
    page: PageFacts
    links: Links


TOLD: Mapping[type[Usable], type[BaseModel]] = {
    Application: ToldApplication,
    Command: ToldCommand,
    Cluster: ToldCluster,
}
_LINKS: Mapping[type[Usable], Sequence[str]] = {
    Application: ("commands",),
    Command: ("applications", "clusters"),
    Cluster: ("commands",),
}
_JOB_LINKS = ("output", "request", "execution", "metadata", "status", "cluster", "command", "applications")
_SORT = Query(description="a field, and `,desc` where the greatest comes first; several times for more", max_length=10)


def address(request: Request, *names: str) -> str:
    """The address of something below ``/api/v3``, as whoever asks has to call it."""
    return f"{request.base_url}api/v3/{'/'.join(quote(name, safe='') for name in names)}"


def asked_page(default_size: int) -> Any:
    """The parameters of a page, as a dependency; Genie's pages begin at 0."""

    def page(
        page: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        size: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = default_size,
        sort: Annotated[list[str], _SORT] = [],  # noqa: B006  FastAPI copies it
    ) -> Page:
        return Page(number=page, size=size, sort=[_order(one) for one in sort if one])

    return Depends(page)


def listing(request: Request, name: str, found: Found[T], page: Page, told: Callable[[T], dict[str, Any]]) -> Hal:
    """The answer with a page of what was found."""
    pages = ceil(found.total / page.size)
    numbers = {"self": page.number, "first": 0, "last": max(0, pages - 1)}
    numbers |= {"prev": page.number - 1} if page.number > 0 else {}
    numbers |= {"next": page.number + 1} if page.number + 1 < pages else {}
    url = request.url.include_query_params
    facts = PageFacts(size=page.size, total_elements=found.total, total_pages=pages, number=page.number)
    body: dict[str, Any] = {"_embedded": {name: [told(one) for one in found.items]}} if found.items else {}
    body["page"] = facts.model_dump(by_alias=True)
    links = {rel: str(url(page=number, size=page.size)) for rel, number in numbers.items()}
    return Hal({**body, "_links": {rel: {"href": href} for rel, href in links.items()}})


def told_kept(request: Request, kept: Kept[Any]) -> dict[str, Any]:
    """A resource as it is kept."""
    times = {"created": to_iso(kept.created_ms), "updated": to_iso(kept.updated_ms)}
    return {**told_resource(request, kept.resource), "tags": kept.tags, **times}


def told_resource(request: Request, one: Usable) -> dict[str, Any]:
    """A resource as it was when a job was resolved to it."""
    body = one.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(one, Command):
        body["executable"] = " ".join(one.executable_and_arguments)
    return {**body, "_links": _links(request, _LINKS[type(one)], f"{KINDS[type(one)]}s", one.id or "")}


def told_job(request: Request, whole: Whole) -> dict[str, Any]:
    """A job."""
    job, asked = whole.job, whole.request
    fields = {name: getattr(asked, name) for name in ("description", "metadata", "grouping", "grouping_instance")}
    fields |= {name: value for name, value in job if not name.endswith("_ms")}
    fields |= {
        "command_args": _arguments(asked),
        "created": to_iso(job.created_ms),
        "updated": to_iso(job.updated_ms),
        "started": to_iso(job.started_ms) if job.started_ms else None,
        "finished": to_iso(job.finished_ms) if job.finished_ms else None,
        "links": _links(request, _JOB_LINKS, "jobs", job.id),
    }
    if job.started_ms and job.finished_ms:
        took = timedelta(milliseconds=took_ms(job.started_ms, job.finished_ms))
        fields["runtime"] = _DURATION.dump_python(took, mode="json")
    return ToldJob(**fields).model_dump(mode="json", by_alias=True, exclude_none=True)


def told_request(request: Request, whole: Whole) -> dict[str, Any]:
    """What was asked for."""
    job = whole.job
    return {
        **whole.request.model_dump(mode="json", by_alias=True, exclude_none=True),
        "id": job.id,
        "commandArgs": _arguments(whole.request),
        "created": to_iso(job.created_ms),
        "updated": to_iso(job.updated_ms),
        "_links": {"self": {"href": address(request, "jobs", job.id, "request")}},
    }


def _arguments(asked: JobRequest) -> str:
    return " ".join([*asked.command_arguments, *([asked.command_text] if asked.command_text else [])])


def _links(request: Request, names: Sequence[str], *place: str) -> dict[str, dict[str, str]]:
    own = {"self": {"href": address(request, *place)}}
    return own | {name: {"href": address(request, *place, name)} for name in names}


def _order(text: str) -> tuple[str, bool]:
    name, _, direction = text.partition(",")
    if direction.lower() not in {"", "asc", "desc"}:
        raise InvalidInput(f"{direction!r} is no direction.", next_step="Write asc or desc, as in `updated,desc`.")
    return name, direction.lower() == "desc"
