"""The nouns of jobs, in Genie's words and in the JSON that Genie's clients speak.

An *application* is what a command needs installed, a *command* is a program with its arguments, a *cluster* is where
commands run, and a *job request* names the last two by tags only, so that operators may move work without asking
anybody. What came of a request is a *job*; where it runs is its *execution*.

Shapes: https://netflix.github.io/genie/docs/4.3.20/rest/
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from matinee.jobs.fields import Amount, Argument, File, Files, Id, Line, Moment, Name, PlainJson, Secret, Tags, Text


class ApplicationStatus(StrEnum):
    """Whether an application, or a command, may be used."""

    ACTIVE = "ACTIVE"
    DEPRECATED = "DEPRECATED"
    INACTIVE = "INACTIVE"


class ClusterStatus(StrEnum):
    """Whether a cluster takes jobs."""

    UP = "UP"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    TERMINATED = "TERMINATED"


class JobStatus(StrEnum):
    """Where a job stands. The first six are active, the last four final: those never change."""

    RESERVED = "RESERVED"
    """It is stored, and waits for jobs that it comes after, for its hour, or for room."""
    RESOLVED = "RESOLVED"
    """Its cluster, command and applications are chosen."""
    ACCEPTED = "ACCEPTED"
    """It may run as soon as an agent is free."""
    CLAIMED = "CLAIMED"
    """An agent has taken it."""
    INIT = "INIT"
    """Its folder is being made."""
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    KILLED = "KILLED"
    FAILED = "FAILED"
    INVALID = "INVALID"
    """It never could have run."""

    @property
    def final(self) -> bool:
        """Whether nothing more will come of it."""
        return self in {JobStatus.SUCCEEDED, JobStatus.KILLED, JobStatus.FAILED, JobStatus.INVALID}


_SERVERS_WORDS = frozenset({"created", "updated", "_links"})
"""What the server adds when it tells of a resource; clients send it back with the rest."""


class Noun(BaseModel):
    """What all records of this module are: frozen, in camel case as JSON, and with no field that nobody knows."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid", use_attribute_docstrings=True
    )


class Criterion(Noun):
    """What a resource has to be: everything that is given, and every tag."""

    id: Line | None = None
    name: Line | None = None
    version: Line | None = None
    status: Line | None = None
    tags: Tags = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.id or self.name or self.version or self.status or self.tags):
            raise ValueError("a criterion needs an id, a name, a version, a status or a tag")
        return self

    @classmethod
    def of_tags(cls, tags: Iterable[str]) -> Criterion:
        """The criterion that tags stand for: ``genie.id:X`` and ``genie.name:X`` name one resource."""
        found: dict[str, Any] = {"tags": []}
        for tag in tags:
            key, colon, value = tag.partition(":")
            if colon and key in {"genie.id", "genie.name"}:
                found[key.removeprefix("genie.")] = value
            else:
                found["tags"].append(tag)
        return cls(**found)

    def __str__(self) -> str:
        given = {"id": self.id, "name": self.name, "version": self.version, "status": self.status}
        named = [f"{key} {value}" for key, value in given.items() if value]
        return ", ".join([*named, *(["tags " + ", ".join(self.tags)] if self.tags else [])])


class ComputeResources(Noun):
    """What a job may take of a machine; null where nobody said."""

    cpu: Amount | None = None
    gpu: Amount | None = None
    memory_mb: Amount | None = None
    disk_mb: Amount | None = None
    network_mbps: Amount | None = None


class Runtime(Noun):
    """What a job needs around it."""

    resources: ComputeResources = ComputeResources()


class Resource(Noun):
    """What applications, commands, clusters and job requests have in common."""

    id: Id | None = None
    """Given by the server where it is null."""
    name: Name
    user: Name
    version: Name
    description: Annotated[Text, Field(max_length=1000)] | None = None
    metadata: PlainJson = None
    """Any JSON, kept as it is."""
    tags: Tags = ()
    setup_file: File | None = None
    """A script that is sourced before the program starts: a path, or an address of objects or the web."""
    configs: Files = ()
    """Files that are laid beside the job."""
    dependencies: Files = ()
    """The same; Genie's clients tell them apart."""

    @model_validator(mode="before")
    @classmethod
    def _own_words(cls, found: Any) -> Any:
        """What the server tells of a resource, as its tags ``genie.id:`` and ``genie.name:``, is never stored."""
        if not isinstance(found, dict):
            return found
        found = {key: value for key, value in found.items() if key not in _SERVERS_WORDS}
        if isinstance(found.get("tags"), list | tuple):
            found["tags"] = [one for one in found["tags"] if not str(one).startswith("genie.")]
        return found


class Usable(Resource):
    """What jobs use, as long as its status allows it."""

    status: ApplicationStatus | ClusterStatus


class Application(Usable):
    """Something installed that commands need."""

    status: ApplicationStatus
    type: Line | None = None


class Command(Usable):
    """A program with the arguments that come first."""

    status: ApplicationStatus
    executable_and_arguments: tuple[Annotated[File, Field(min_length=1)], ...] = Field(min_length=1)
    cluster_criteria: tuple[Criterion, ...] = ()
    """Clusters that it runs on, best first; one without any runs nowhere."""
    applications: tuple[Id, ...] = ()
    """That it needs, in the order in which they are set up."""
    runtime: Runtime = Runtime()

    @model_validator(mode="before")
    @classmethod
    def _legacy(cls, found: Any) -> Any:
        """Genie 3 gave the program as one text, parted by spaces, its memory by itself, and how often to look at it."""
        if not isinstance(found, dict):
            return found
        found = _with_runtime(found, memory="memoryMb")
        found.pop("checkDelay", None)
        if isinstance(found.get("executable"), str):
            found.setdefault("executableAndArguments", found.pop("executable").split())
        return found


class Cluster(Usable):
    """Somewhere commands run: this machine, or what its setup file points them to."""

    status: ClusterStatus


class TagCriteria(Noun):
    """One choice of clusters, by tags."""

    tags: Tags

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.tags:
            raise ValueError("a cluster criterion needs at least one tag")
        return self


class JobRequest(Resource):
    """What somebody wants run, and on which kind of cluster."""

    cluster_criterias: tuple[TagCriteria, ...] = Field(min_length=1)
    """The first that any cluster meets counts."""
    command_criteria: Tags = Field(min_length=1)
    command_arguments: tuple[Argument, ...] = ()
    """Each handed over as it is."""
    command_text: Argument = ""
    """More of them, as the shell is to read them (`commandArgs` of Genie)."""
    applications: tuple[Id, ...] = ()
    """Instead of those of the command."""
    timeout: Amount | None = None
    """Seconds that it may run."""
    group: Line | None = None
    email: Line | None = None
    grouping: Line | None = None
    grouping_instance: Line | None = None
    disable_log_archival: bool = False
    runtime: Runtime = Runtime()
    # What Genie lacks.
    after: tuple[Id, ...] = ()
    """Jobs that have to succeed first."""
    priority: int = Field(0, ge=-1000, le=1000)
    """More goes first."""
    retries: int = Field(0, ge=0, le=100)
    """How often it is tried again where it fails."""
    retry_wait_s: float = Field(10, ge=0, le=86_400)
    """Before the second attempt; each further one waits twice as long as the one before, for an hour at most."""
    rerunnable: bool = False
    """Whether it may run again where its agent died, and nobody can tell how far it had come."""
    secrets: tuple[Secret, ...] = ()
    """Secrets that it finds in variables of these names, and that are struck out of what it prints."""
    not_before: Moment | None = None
    deadline: Moment | None = None
    """When it has to have ended; it is not begun after that, and killed then."""

    @model_validator(mode="before")
    @classmethod
    def _legacy(cls, found: Any) -> Any:
        """Genie's older clients send the arguments as one text for the shell, and resources by themselves."""
        if not isinstance(found, dict):
            return found
        found = _with_runtime(found, cpu="cpu", memory="memoryMb")
        text = found.pop("commandArgs", None)
        if text and not found.get("commandArguments"):
            found["commandText"] = text
        return found

    def anew(self, now_ms: int) -> Self:
        """The same for a new job: without its id, and without moments that have passed."""
        moments = {"not_before": self.not_before, "deadline": self.deadline}
        passed = [name for name, one in moments.items() if one and one.timestamp() * 1000 <= now_ms]
        return self.model_copy(update=dict.fromkeys(["id", *passed]))


def _with_runtime(found: dict[str, Any], **names: str) -> dict[str, Any]:
    """A copy in which resources that stood by themselves, under older names, are the runtime's."""
    found = dict(found)
    resources = {new: value for old, new in names.items() if (value := found.pop(old, None))}
    if resources and not found.get("runtime"):
        found["runtime"] = {"resources": resources}
    return found


class Progress(Noun):
    """How far a job says that it has come."""

    label: str
    done: float
    total: float | None


class Job(Noun):
    """What came of a request."""

    id: str
    name: str
    user: str
    version: str
    status: JobStatus
    status_msg: str
    """Why it has that status."""
    tags: tuple[str, ...] = ()
    cluster_name: str | None = None
    command_name: str | None = None
    attempt: int = 0
    """How often it was begun."""
    exit_code: int | None = None
    archive_location: str | None = None
    progress: Progress | None = None
    created_ms: int
    updated_ms: int
    started_ms: int | None = None
    finished_ms: int | None = None
