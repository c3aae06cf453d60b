"""For operators: what commands need and where they run, as Genie has it below ``/api/v3/commands``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request
from starlette.responses import Response

from matinee.base.errors import NotFound
from matinee.jobs.fields import Id
from matinee.jobs.queue.selection import runs_on
from matinee.jobs.records import Application, Cluster, Command, Criterion
from matinee.server.api.jobs_hal import Hal, ToldApplication, ToldCluster, ToldCommand, told_kept, told_resource
from matinee.server.api.jobs_resources import ResourceId, changed
from matinee.server.context import Context, Here
from matinee.server.errors import documented_to_genie
from matinee.server.session import OPERATORS_ONLY

router = APIRouter(
    prefix="/api/v3",
    tags=["jobs"],
    dependencies=[OPERATORS_ONLY],
    responses=documented_to_genie(401, 403, 404, 412, 503),
)

Ids = Annotated[list[Id], Body(max_length=1000)]
Place = Annotated[int, Path(ge=0, le=1000, description="from 0, which is tried first")]


@router.get("/applications/{id}/commands", response_model=list[ToldCommand], response_class=Hal)
def commands_of_application(id_: ResourceId, request: Request, here: Here) -> Hal:
    """Commands that need an application."""
    here.jobs.resource(Application, id_)
    return Hal([told_resource(request, one) for one in here.jobs.resources(Command) if id_ in one.applications])


@router.get("/clusters/{id}/commands", response_model=list[ToldCommand], response_class=Hal)
def commands_of_cluster(id_: ResourceId, request: Request, here: Here) -> Hal:
    """Commands whose criteria a cluster meets."""
    cluster = here.jobs.resource(Cluster, id_)
    return Hal([told_resource(request, one) for one in here.jobs.resources(Command) if runs_on(one, [cluster])])


@router.get("/commands/{id}/clusters", response_model=list[ToldCluster], response_class=Hal)
def clusters_of_command(id_: ResourceId, request: Request, here: Here) -> Hal:
    """Clusters that meet the criteria of a command, best first."""
    command = here.jobs.resource(Command, id_)
    return Hal([told_resource(request, one) for one in runs_on(command, here.jobs.resources(Cluster))])


@router.get("/commands/{id}/applications", response_model=list[ToldApplication], response_class=Hal)
def applications_of_command(id_: ResourceId, request: Request, here: Here) -> Hal:
    """Applications that a command needs, in the order in which they are set up."""
    wanted = here.jobs.resource(Command, id_).applications
    return Hal([told_kept(request, here.jobs.kept(Application, one)) for one in wanted])


@router.post("/commands/{id}/applications", status_code=204, response_class=Response)
def add_applications(id_: ResourceId, more: Ids, here: Here) -> None:
    """Let a command need more applications, after those that it needs."""
    _check(here, more)
    _set_applications(here, id_, lambda before: list(dict.fromkeys([*before, *more])))


@router.put("/commands/{id}/applications", status_code=204, response_class=Response)
def replace_applications(id_: ResourceId, these: Ids, here: Here) -> None:
    """Let these be the applications that a command needs."""
    _check(here, these)
    _set_applications(here, id_, lambda _: these)


@router.delete("/commands/{id}/applications", status_code=204, response_class=Response)
def remove_applications(id_: ResourceId, here: Here) -> None:
    """Let a command need no application."""
    _set_applications(here, id_, lambda _: [])


@router.delete("/commands/{id}/applications/{application_id}", status_code=204, response_class=Response)
def remove_application(id_: ResourceId, application_id: str, here: Here) -> None:
    """Let a command need one application less."""
    _set_applications(here, id_, lambda before: [one for one in before if one != application_id])


@router.get("/commands/{id}/clusterCriteria")
def criteria(id_: ResourceId, here: Here) -> list[Criterion]:
    """What clusters have to be that a command runs on, best first."""
    return list(here.jobs.resource(Command, id_).cluster_criteria)


@router.post("/commands/{id}/clusterCriteria")
def add_criterion(id_: ResourceId, criterion: Criterion, here: Here) -> list[Criterion]:
    """Let a command run on more clusters, after those that it runs on; all criteria, as they are then."""
    return _set_criteria(here, id_, lambda before: [*before, criterion])


@router.put("/commands/{id}/clusterCriteria")
def replace_criteria(
    id_: ResourceId, these: Annotated[list[Criterion], Body(max_length=1000)], here: Here
) -> list[Criterion]:
    """Let these be the criteria of a command."""
    return _set_criteria(here, id_, lambda _: these)


@router.delete("/commands/{id}/clusterCriteria")
def remove_criteria(id_: ResourceId, here: Here) -> list[Criterion]:
    """Let a command run nowhere."""
    return _set_criteria(here, id_, lambda _: [])


@router.put("/commands/{id}/clusterCriteria/{place}")
def insert_criterion(id_: ResourceId, place: Place, criterion: Criterion, here: Here) -> list[Criterion]:
    """Put a criterion at a place among the others; at their end where there are fewer."""
    return _set_criteria(here, id_, lambda before: [*before[:place], criterion, *before[place:]])


@router.delete("/commands/{id}/clusterCriteria/{place}")
def remove_criterion(id_: ResourceId, place: Place, here: Here) -> list[Criterion]:
    """Take away the criterion at a place."""

    def without(before: list[Criterion]) -> list[Criterion]:
        if place >= len(before):
            raise NotFound(f"The command {id_} has no criterion {place}.", next_step=f"It has {len(before)}, from 0.")
        return [*before[:place], *before[place + 1 :]]

    return _set_criteria(here, id_, without)


def _check(here: Context, ids: list[str]) -> None:
    for id_ in ids:
        here.jobs.resource(Application, id_)


def _set_applications(here: Context, id_: str, how: Callable[[list[str]], list[str]]) -> None:
    here.jobs.change(Command, id_, lambda one: changed(one, {"applications": how(list(one.applications))}))


def _set_criteria(here: Context, id_: str, how: Callable[[list[Criterion]], list[Criterion]]) -> list[Criterion]:
    def change(command: Command) -> Command:
        told: list[Any] = [one.model_dump(mode="json", by_alias=True) for one in how(list(command.cluster_criteria))]
        return changed(command, {"clusterCriteria": told})

    return list(here.jobs.change(Command, id_, change).cluster_criteria)
