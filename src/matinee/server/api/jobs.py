"""For operators: jobs as Genie has them below ``/api/v3/jobs``, and graphs of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Query, Request
from fastapi import Path as InPath
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from matinee.base.clock import to_iso
from matinee.base.disk import disk_errors, make_folder
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.jobs.attempts import attachments
from matinee.jobs.fields import Id, Line, Text
from matinee.jobs.records import Application, Cluster, Command, Job, JobRequest, Usable
from matinee.jobs.views.connected import Graph
from matinee.jobs.views.search import JobFilter, Page, Whole
from matinee.server.api.jobs_hal import (
    Hal,
    Listing,
    ToldApplication,
    ToldCluster,
    ToldCommand,
    ToldExecution,
    ToldJob,
    ToldMetadata,
    ToldRequest,
    ToldStatus,
    address,
    asked_page,
    listing,
    told_job,
    told_request,
    told_resource,
)
from matinee.server.api.jobs_resources import refused
from matinee.server.context import Context, Here
from matinee.server.errors import documented_to_genie
from matinee.server.session import OPERATORS_ONLY

router = APIRouter(
    prefix="/api/v3/jobs",
    tags=["jobs"],
    dependencies=[OPERATORS_ONLY],
    responses=documented_to_genie(400, 401, 403, 404, 409, 412, 413, 503),
)
JobId = Annotated[Id, InPath(alias="id")]
Word = Annotated[Line, Query()]
Pattern = Annotated[Line, Query(description="% stands for any letters")]
Milliseconds = Annotated[int | None, Query(ge=0, le=2**53)]
_REQUEST = {"$ref": "#/components/schemas/JobRequest"}
_FORM = {
    "type": "object",
    "required": ["request"],
    "properties": {
        "request": _REQUEST,
        "attachment": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": _REQUEST}, "multipart/form-data": {"schema": _FORM}},
}


@router.post("", status_code=202, response_class=Response, openapi_extra={"requestBody": _BODY})
async def submit(request: Request, here: Here) -> Response:
    """Have something run; its address is in `Location`.

    Files that come with it are parts called `attachment` of a form, beside the request as a part called `request`.
    """
    # The body is read here, and not by the framework, so that nobody else's files are ever taken.
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        job = await run_sync(here.jobs.submit, _asked(await request.body()))
    else:
        async with request.form(max_files=attachments.MOST + 1, max_fields=2) as form:
            asked = _asked(await _content(form.get("request")))
            files = [_file(one) for one in form.getlist("attachment")]
            job = await run_sync(_with_files, here, asked, files)
    return Response(status_code=202, headers={"Location": address(request, "jobs", job.id)})


@router.post("/graph", status_code=202)
def submit_graph(requests: Annotated[dict[Line, JobRequest], Body()], here: Here) -> dict[str, Job]:
    """Have several jobs run, by names of your choice, each `after` others of them; all are taken in, or none.

    Genie has nothing like it.
    """
    return here.jobs.submit_graph(requests)


@router.get("", response_model=Listing, response_class=Hal)
def find(
    request: Request,
    here: Here,
    page: Annotated[Page, asked_page(10)],
    *,
    id_: Annotated[Pattern, Query(alias="id")] = "",
    name: Pattern = "",
    user: Word = "",
    status: Annotated[list[Line], Query(description="any of these")] = [],  # noqa: B006  FastAPI copies it
    tag: Annotated[list[Line], Query(description="all of these")] = [],  # noqa: B006
    cluster_id: Annotated[Word, Query(alias="clusterId")] = "",
    cluster_name: Annotated[Pattern, Query(alias="clusterName")] = "",
    command_id: Annotated[Word, Query(alias="commandId")] = "",
    command_name: Annotated[Pattern, Query(alias="commandName")] = "",
    grouping: Word = "",
    grouping_instance: Annotated[Word, Query(alias="groupingInstance")] = "",
    min_started: Annotated[Milliseconds, Query(alias="minStarted")] = None,
    max_started: Annotated[Milliseconds, Query(alias="maxStarted")] = None,
    min_finished: Annotated[Milliseconds, Query(alias="minFinished")] = None,
    max_finished: Annotated[Milliseconds, Query(alias="maxFinished")] = None,
) -> Hal:
    """Jobs that are so, the latest first."""
    wanted = JobFilter(
        id=id_,
        name=name,
        user=user,
        statuses=[one.upper() for one in status if one],
        tags=tag,
        cluster_id=cluster_id,
        cluster_name=cluster_name,
        command_id=command_id,
        command_name=command_name,
        grouping=grouping,
        grouping_instance=grouping_instance,
        min_started_ms=min_started,
        max_started_ms=max_started,
        min_finished_ms=min_finished,
        max_finished_ms=max_finished,
    )
    found = here.jobs.find_jobs(wanted, page)
    return listing(request, "jobSearchResultList", found, page, lambda one: told_job(request, one))


@router.get("/{id}", response_model=ToldJob, response_class=Hal)
def get(id_: JobId, request: Request, here: Here) -> Hal:
    """A job."""
    return Hal(told_job(request, here.jobs.whole(id_)))


@router.delete("/{id}", status_code=202, response_class=Response)
def kill(id_: JobId, here: Here, why: Annotated[Text, Query(max_length=1000)] = "Job was killed by user.") -> Response:
    """Have a job ended, soon; a final one stays as it is."""
    here.jobs.kill(id_, why)
    return Response(status_code=202)


@router.post("/{id}/rerun", status_code=202, response_class=Response)
def rerun(id_: JobId, request: Request, here: Here) -> Response:
    """Have the same run once more, as a new job, but for moments that have passed; its address is in `Location`.

    Genie has nothing like it.
    """
    return Response(status_code=202, headers={"Location": address(request, "jobs", here.jobs.rerun(id_).id)})


@router.get("/{id}/whole")
def whole(id_: JobId, here: Here) -> Whole:
    """A job with its request, its attempts and its neighbours, in one answer. Genie has nothing like it."""
    return here.jobs.whole(id_)


@router.get("/{id}/graph")
def graph(id_: JobId, here: Here) -> Graph:
    """All jobs that are connected with a job by what comes after what. Genie has nothing like it."""
    return here.jobs.graph(id_)


@router.get("/{id}/status")
def status(id_: JobId, here: Here) -> ToldStatus:
    """Where a job stands."""
    return ToldStatus(status=here.jobs.job(id_).status)


@router.get("/{id}/request", response_model=ToldRequest, response_class=Hal)
def asked_for(id_: JobId, request: Request, here: Here) -> Hal:
    """What was asked for."""
    return Hal(told_request(request, here.jobs.whole(id_)))


@router.get("/{id}/execution", response_model_exclude_none=True)
def execution(id_: JobId, here: Here) -> ToldExecution:
    """Where a job runs, in its latest attempt, and all its attempts. 404 before the first."""
    whole = here.jobs.whole(id_)
    if not whole.attempts:
        raise NotFound(f"The job {id_} has not begun.", next_step="Ask again later.")
    last, asked = whole.attempts[-1], whole.request
    return ToldExecution(
        id=id_,
        host_name=last.host,
        created=to_iso(last.started_ms),
        updated=to_iso(last.finished_ms or last.started_ms),
        exit_code=last.exit_code,
        memory=asked.runtime.resources.memory_mb,
        timeout=to_iso(last.started_ms + asked.timeout * 1000) if asked.timeout else None,
        attempts=list(whole.attempts),
    )


@router.get("/{id}/cluster", response_model=ToldCluster, response_class=Hal)
def cluster(id_: JobId, request: Request, here: Here) -> Hal:
    """The cluster of a job, as it was when it was chosen. 404 before that."""
    return Hal(told_resource(request, _chosen(here.jobs.whole(id_), Cluster, "cluster")[0]))


@router.get("/{id}/command", response_model=ToldCommand, response_class=Hal)
def command(id_: JobId, request: Request, here: Here) -> Hal:
    """The command of a job, as it was when it was chosen. 404 before that."""
    return Hal(told_resource(request, _chosen(here.jobs.whole(id_), Command, "command")[0]))


@router.get("/{id}/applications", response_model=list[ToldApplication], response_class=Hal)
def applications(id_: JobId, request: Request, here: Here) -> Hal:
    """The applications of a job, as they were when it was resolved. 404 before that."""
    return Hal([told_resource(request, one) for one in _chosen(here.jobs.whole(id_), Application, "applications")])


@router.get("/{id}/metadata", response_model_exclude_none=True)
def metadata(id_: JobId, here: Here) -> ToldMetadata:
    """What came with a job, and how much it wrote."""
    here.jobs.job(id_)
    kept = [one.size_bytes for one in here.backends.objects.list(attachments.prefix(id_))]
    sizes = {name: _size(here, id_, name) for name in ("stdout", "stderr")}
    return ToldMetadata(
        id=id_,
        num_attachments=len(kept),
        total_size_of_attachments=sum(kept),
        std_out_size=sizes["stdout"],
        std_err_size=sizes["stderr"],
    )


def _asked(content: bytes) -> JobRequest:
    try:
        return JobRequest.model_validate_json(content)
    except ValidationError as error:
        raise refused(error) from None


async def _content(part: str | UploadFile | None) -> bytes:
    if part is None:
        raise InvalidInput("The form has no part called request.", next_step="Send the job request as JSON in it.")
    return part.encode() if isinstance(part, str) else await part.read()


def _file(part: str | UploadFile) -> UploadFile:
    if isinstance(part, str):
        raise InvalidInput("An attachment has no name.", next_step="Send it as a file with a name.")
    return part


def _with_files(here: Context, asked: JobRequest, files: Sequence[UploadFile]) -> Job:
    work = here.backends.work
    with disk_errors(work):
        make_folder(work)
        folder = tempfile.TemporaryDirectory(dir=work, prefix="attachments-")
    with folder as place:
        paths = [_laid(Path(place, str(number)), one) for number, one in enumerate(files)]
        return here.jobs.submit(asked, paths)


def _laid(folder: Path, file: UploadFile) -> Path:
    path = folder / attachments.check_name(file.filename or "")
    with disk_errors(folder):
        folder.mkdir()
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out)
    return path


def _chosen(whole: Whole, kind: type[Usable], key: str) -> list[Usable]:
    if whole.chosen is None:
        raise NotFound(f"The job {whole.job.id} has no {key} yet.", next_step="Ask again later.")
    found = whole.chosen[key]
    return [kind.model_validate(one) for one in (found if isinstance(found, list) else [found])]


def _size(here: Context, id_: str, name: str) -> int | None:
    try:
        return here.jobs.folder(id_).info(name).size_bytes
    except (NotFound, Unavailable):
        return None
