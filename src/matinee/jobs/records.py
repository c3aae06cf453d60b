"""The nouns of jobs, in Genie's words and in the JSON that Genie's clients speak.

An *application* is what a command needs installed, a *command* is a program with its arguments, a *cluster* is where
commands run, and a *job request* names the last two by tags only, so that operators may move work without asking
anybody. What came of a request is a *job*; where it runs is its *execution*.

Shapes: https://netflix.github.io/genie/docs/4.3.20/rest/
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from matinee.jobs import secrets


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


def _distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Sorted, each once: tags and files are sets."""
    return tuple(sorted(set(found)))


def _without_blanks(found: Any) -> Any:
    """Genie drops blank entries in silence, and so do its clients expect."""
    return (
        [one for one in found if not isinstance(one, str) or one.strip()] if isinstance(found, list | tuple) else found
    )


Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]
# Ids name folders.
Id = Annotated[str, Field(max_length=255, pattern=r"^[^./\x00-\x1f][^/\x00-\x1f]*$")]
Tag = Annotated[str, Field(max_length=255)]
Tags = Annotated[tuple[Tag, ...], BeforeValidator(_without_blanks), AfterValidator(_distinct)]
File = Annotated[str, Field(max_length=1024)]
Files = Annotated[tuple[File, ...], BeforeValidator(_without_blanks), AfterValidator(_distinct)]
Secret = Annotated[str, Field(pattern=secrets.NAME)]
Argument = Annotated[str, Field(max_length=10_000)]


class Noun(BaseModel):
    """What all records of this module are: frozen, in camel case as JSON, and with no field that nobody knows."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid", use_attribute_docstrings=True
    )


class Criterion(Noun):
    """What a resource has to be: everything that is given, and every tag."""

    id: str | None = None
    name: str | None = None
    version: str | None = None
    status: str | None = None
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

    cpu: int | None = Field(None, ge=1)
    gpu: int | None = Field(None, ge=1)
    memory_mb: int | None = Field(None, ge=1)
    disk_mb: int | None = Field(None, ge=1)
    network_mbps: int | None = Field(None, ge=1)


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
    description: str | None = Field(None, max_length=1000)
    metadata: Any = None
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
    def _own_tags(cls, found: Any) -> Any:
        """The tags ``genie.id:`` and ``genie.name:`` are told by the server and never stored."""
        if isinstance(found, dict) and isinstance(found.get("tags"), list | tuple):
            return {**found, "tags": [one for one in found["tags"] if not str(one).startswith("genie.")]}
        return found


class Usable(Resource):
    """What jobs use, as long as its status allows it."""

    status: ApplicationStatus | ClusterStatus


class Application(Usable):
    """Something installed that commands need."""

    status: ApplicationStatus
    type: str | None = Field(None, max_length=255)


class Command(Usable):
    """A program with the arguments that come first."""

    status: ApplicationStatus
    executable_and_arguments: tuple[Annotated[str, Field(min_length=1, max_length=1024)], ...] = Field(min_length=1)
    cluster_criteria: tuple[Criterion, ...] = ()
    """Clusters that it runs on, best first; one without any runs nowhere."""
    applications: tuple[Id, ...] = ()
    """That it needs, in the order in which they are set up."""
    runtime: Runtime = Runtime()

    @model_validator(mode="before")
    @classmethod
    def _legacy(cls, found: Any) -> Any:
        """Genie 3 gave the program as one text, parted by single spaces."""
        if isinstance(found, dict) and isinstance(found.get("executable"), str):
            found = dict(found)
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
    command_text: str = Field("", max_length=10_000)
    """More of them, as the shell is to read them (`commandArgs` of Genie)."""
    applications: tuple[Id, ...] = ()
    """Instead of those of the command."""
    timeout: int | None = Field(None, ge=1)
    """Seconds that it may run."""
    group: str | None = Field(None, max_length=255)
    email: str | None = Field(None, max_length=255)
    grouping: str | None = Field(None, max_length=255)
    grouping_instance: str | None = Field(None, max_length=255)
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
    not_before: datetime | None = None
    deadline: datetime | None = None
    """When it has to have ended; it is not begun after that, and killed then."""

    @model_validator(mode="before")
    @classmethod
    def _legacy(cls, found: Any) -> Any:
        """Genie's older clients send the arguments as one text for the shell, and resources by themselves."""
        if not isinstance(found, dict):
            return found
        found = dict(found)
        text = found.pop("commandArgs", None)
        if text and not found.get("commandArguments"):
            found["commandText"] = text
        resources = {key: found.pop(old) for old, key in (("cpu", "cpu"), ("memory", "memoryMb")) if found.get(old)}
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
