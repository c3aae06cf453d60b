"""The folder of an attempt: its files and its `run` script, laid out as Genie's."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import fsspec

from matinee.base.disk import disk_errors
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.objects import Objects
from matinee.jobs.attempts.script import LOG_FOLDER, Script, Setup, tags, variables_of
from matinee.jobs.queue.store import Stored
from matinee.jobs.records import Application, Cluster, Command, JobRequest, Resource

SETUP = "genie_setup.sh"
OBJECTS = "objects:"
"""What an address begins with whose rest is a key of the workspace's objects."""
OURS = frozenset({"run", "stdout", "stderr", "genie"})
"""Names in a job's folder that its own files cannot have."""


def make(folder: Path, one: Stored, objects: Objects) -> None:
    """Make the folder, fetch what belongs into it, and write its `run` script; one that is there is made anew.

    `objects` are those of the workspace, where attachments lie.

    Raises `InvalidInput` where two files want one place, `NotFound` where one is missing, `Unavailable` where the disk
    is full or a file cannot be fetched.
    """
    assert one.chosen is not None
    cluster, command = Cluster.model_validate(one.chosen["cluster"]), Command.model_validate(one.chosen["command"])
    applications = [Application.model_validate(found) for found in one.chosen["applications"]]
    with disk_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / LOG_FOLDER).mkdir(parents=True)
        setups = [
            *_laid(cluster, folder, objects, f"genie/cluster/{cluster.id}", f"cluster {cluster.name!r}"),
            *(
                setup
                for found in applications
                for setup in _laid(
                    found, folder, objects, f"genie/applications/{found.id}", f"application {found.name!r}"
                )
            ),
            *_laid(command, folder, objects, f"genie/command/{command.id}", f"command {command.name!r}"),
            *_laid(one.request, folder, objects, "", "the job"),
        ]
        script = Script(
            job_id=one.job.id,
            variables=_variables(one, cluster, command),
            setups=setups,
            executable=command.executable_and_arguments,
            arguments=one.request.command_arguments,
            tail=one.request.command_text,
            secrets=frozenset(one.request.secrets),
        )
        path = folder / "run"
        path.write_text(str(script), encoding="utf-8")
        path.chmod(0o755)


def _laid(resource: Resource, folder: Path, objects: Objects, where: str, whose: str) -> Iterator[Setup]:
    """Fetch the files of a resource; its setup, where it has one."""
    beside = {"configs": "config", "dependencies": "dependencies"} if where else {"configs": "", "dependencies": ""}
    taken: set[Path] = set() if where else {folder / name for name in OURS}
    for kind, place in beside.items():
        for address in getattr(resource, kind):
            _fetch(objects, address, folder / where / place / _file_name(address), taken)
    if resource.setup_file:
        _fetch(objects, resource.setup_file, folder / where / SETUP, taken)
        yield Setup(whose=whose, path=f"{where}/{SETUP}" if where else SETUP)


def _fetch(objects: Objects, address: str, to: Path, taken: set[Path]) -> None:
    if to in taken:
        raise InvalidInput(f"Two files of the job are called {to.name}.", next_step="Give one another name.")
    taken.add(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _source(objects, address) as source, to.open("xb") as out:
            shutil.copyfileobj(source, out)
    except (FileNotFoundError, NotFound):
        raise NotFound(f"The job's file {address} is not there.", next_step="Mend its address.") from None
    except (OSError, ValueError, ImportError) as error:
        raise Unavailable(f"The job's file {address} cannot be fetched: {error}.", next_step="Try again.") from None


def _source(objects: Objects, address: str) -> AbstractContextManager[BinaryIO]:
    if address.startswith(OBJECTS):
        return objects.stream(address.removeprefix(OBJECTS))
    found: AbstractContextManager[BinaryIO] = fsspec.open(address, "rb")
    return found


def _file_name(address: str) -> str:
    name = address.rstrip("/").rpartition("/")[2]
    if name in {"", ".", ".."} or "\\" in name or "\0" in name:
        raise InvalidInput(f"{address!r} names no file.", next_step="Name a file.")
    return name


def _variables(one: Stored, cluster: Cluster, command: Command) -> Mapping[str, str]:
    request: JobRequest = one.request
    job = {
        "ID": one.job.id,
        "NAME": request.name,
        "TAGS": tags(request.tags),
        "MEMORY": str(_memory_mb(request, command) or ""),
        "GROUPING": request.grouping or "",
        "GROUPING_INSTANCE": request.grouping_instance or "",
    }
    found = variables_of(
        job=job,
        cluster=_named(cluster),
        command=_named(command),
        asked=[_plain(choice.tags) for choice in request.cluster_criterias],
    )
    more = {
        "GENIE_USER": request.user,
        "GENIE_USER_GROUP": request.group or "",
        "GENIE_REQUESTED_COMMAND_TAGS": tags(_plain(request.command_criteria)),
    }
    return {**found, **more}


def memory_mb(one: Stored) -> int | None:
    """What a job may take: by its own word, or by its command's."""
    assert one.chosen is not None
    return _memory_mb(one.request, Command.model_validate(one.chosen["command"]))


def _memory_mb(request: JobRequest, command: Command) -> int | None:
    own = request.runtime.resources.memory_mb
    return command.runtime.resources.memory_mb if own is None else own


def _named(resource: Resource) -> dict[str, str]:
    return {"ID": resource.id or "", "NAME": resource.name, "TAGS": tags(resource.tags)}


def _plain(found: Iterable[str]) -> list[str]:
    return [one for one in found if not one.startswith("genie.")]
