"""Steps of workflows: jobs that run one ``matinee`` command each, over the workspace that they were asked for in.

A step is what anybody could type. It does only what is still to be done and leaves it whole or not at all, so it may be
killed at any moment and run again, by an agent or by hand.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from shlex import quote

from matinee import __version__
from matinee.base.disk import disk_errors, make_folder, replace_file
from matinee.base.errors import NotFound
from matinee.base.workspace import Workspace
from matinee.jobs.records import ApplicationStatus, Command, Criterion, JobRequest, TagCriteria
from matinee.jobs.service import Service as Jobs

COMMAND, TAG = "matinee", "type:matinee"
Graph = Mapping[str, JobRequest]
"""Steps by name, each `after` names of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a workflow, which makes its steps."""

    workflow: str
    id: str
    """Ids of its jobs begin with it, so that nothing is submitted twice."""
    user: str
    settings: Sequence[str] = ()
    """Options of every command that say what does not stand in ``matinee.toml``; see `options`."""
    priority: int = 0

    @property
    def tag(self) -> str:
        """That all jobs of this run have."""
        return f"run:{self.id}"

    def step(
        self, name: str, *arguments: str, after: Sequence[str] = (), retries: int = 2, tags: Sequence[str] = ()
    ) -> JobRequest:
        """Run ``matinee ARGUMENTS`` once the steps that it comes after have succeeded."""
        return JobRequest(
            id=f"{self.id}-{name}",
            name=f"{self.workflow} {name}",
            user=self.user,
            version="1",
            tags=(f"workflow:{self.workflow}", self.tag, *tags),
            grouping=self.workflow,
            grouping_instance=self.id,
            cluster_criterias=(TagCriteria(tags=("type:local",)),),
            command_criteria=(TAG,),
            command_arguments=(*self.settings, *arguments),
            after=tuple(after),
            priority=self.priority,
            retries=retries,
            retry_wait_s=2,
            rerunnable=True,
        )


def enrol(workspace: Workspace) -> None:
    """Let jobs know the command ``matinee``: this program over this workspace, on machines where both lie here."""
    jobs: Jobs = workspace.service("jobs")
    program = (quote(sys.executable), "-m", "matinee", "--workspace", quote(str(workspace.root)))
    command = Command(
        id=COMMAND,
        name=COMMAND,
        user="matinee",
        version=__version__,
        status=ApplicationStatus.ACTIVE,
        tags=(TAG,),
        executable_and_arguments=program,
        cluster_criteria=(Criterion(tags=("type:local",)),),
    )
    with suppress(NotFound):
        if jobs.resource(Command, COMMAND) == command:
            return
    jobs.save(command)


def options(workspace: Workspace, flags: Sequence[str]) -> tuple[str, ...]:
    """The options that give a command these settings, which lie in a file: command lines are no place for secrets.

    It is called after what is in it, so a run goes on with the settings that it was begun with.
    """
    if not flags:
        return ()
    text = "".join(f"{flag}\n" for flag in flags).encode()
    path = workspace.backends.work / "settings" / hashlib.sha256(text).hexdigest()[:16]
    if not path.exists():
        with disk_errors(path):
            make_folder(path.parent)
            path.parent.chmod(0o700)
            replace_file(path, text)
    return "--set", f"@{path}"
