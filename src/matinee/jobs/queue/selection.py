"""Which cluster and command a job gets, and why not another.

The choices of clusters that a request gives are gone through in order; the first that any cluster meets counts. Of the
clusters that are UP, meet it, and are where an ACTIVE command with the tags asked for runs, the least busy is taken.
Every refusal on the way is kept, so that a request that nothing takes can be told which criterion failed where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from matinee.base.errors import InvalidInput
from matinee.jobs.records import ApplicationStatus, Cluster, ClusterStatus, Command, Criterion, JobRequest, Usable


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a resource was not taken."""

    resource: Usable
    reason: str

    def __str__(self) -> str:
        kind = type(self.resource).__name__.lower()
        return f"{kind} {self.resource.name!r} ({self.resource.id}) {self.reason}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cluster and command of a job, and who was passed over."""

    cluster: Cluster
    command: Command
    criterion: int
    """Which of the request's choices of clusters was met, from 0."""
    refusals: tuple[Refusal, ...] = ()


class NothingMatches(InvalidInput):
    """No cluster and command take a job; the message says of each why not."""


def choose(
    request: JobRequest, clusters: Sequence[Cluster], commands: Sequence[Command], busy: Mapping[str, int] | None = None
) -> Chosen:
    """The cluster and command of a request. `busy` counts the jobs that clusters have, by id.

    Raises `NothingMatches`.
    """
    wanted = Criterion.of_tags(request.command_criteria)
    runnable, refusals = list[Command](), list[Refusal]()
    for command in commands:
        reason = _refused(command, wanted, ApplicationStatus.ACTIVE) or _nowhere(command)
        if reason:
            refusals.append(Refusal(command, reason))
        else:
            runnable.append(command)
    if not runnable:
        raise NothingMatches(
            _told(f"No command takes {request.name!r}, which wants {wanted}.", refusals, "There is no command."),
            next_step="Give a command these tags and the status ACTIVE, or ask for others.",
        )
    told: list[str] = []
    for number, asked in enumerate(request.cluster_criterias):
        criterion = Criterion.of_tags(asked.tags)
        pairs, refused = _pairs(criterion, clusters, runnable)
        refusals += refused
        if pairs:
            cluster, command = min(pairs, key=lambda pair: _rank(pair[0], pair[1], busy or {}))
            return Chosen(cluster, command, number, tuple(refusals))
        told.append(_told(f"Criterion {number + 1} wants {criterion}:", refused, "there is no cluster."))
    raise NothingMatches(
        f"No cluster takes {request.name!r}. " + " ".join(told),
        next_step="Change the criteria of the request, or the tags or status of a cluster.",
    )


def runs_on(command: Command, clusters: Sequence[Cluster]) -> list[Cluster]:
    """Those of the clusters that a command runs on, best first."""
    found = [(priority, one) for one in clusters if (priority := _priority(command, one)) is not None]
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].name, pair[1].id))]


def _pairs(
    criterion: Criterion, clusters: Sequence[Cluster], commands: Sequence[Command]
) -> tuple[list[tuple[Cluster, Command]], list[Refusal]]:
    """Clusters that meet a criterion, each with the best command that runs there; and why others do not."""
    pairs, refused = list[tuple[Cluster, Command]](), list[Refusal]()
    for cluster in clusters:
        reason = _refused(cluster, criterion, ClusterStatus.UP)
        running = [] if reason else [one for one in commands if _priority(one, cluster) is not None]
        if running:
            pairs.append((cluster, min(running, key=lambda one: (_priority(one, cluster), one.name, one.id))))
        else:
            named = ", ".join(repr(one.name) for one in commands)
            refused.append(Refusal(cluster, reason or f"is none of the clusters that {named} runs on"))
    return pairs, refused


def _rank(cluster: Cluster, command: Command, busy: Mapping[str, int]) -> tuple[int, int, str, str]:
    """Less for what is better: where the command runs best, then who has least to do."""
    return _priority(command, cluster) or 0, busy.get(cluster.id or "", 0), cluster.name, cluster.id or ""


def _priority(command: Command, cluster: Cluster) -> int | None:
    """Which of a command's own choices a cluster is, from 0; None where it is none."""
    found = (i for i, one in enumerate(command.cluster_criteria) if not _refused(cluster, one, ClusterStatus.UP))
    return next(found, None)


def _nowhere(command: Command) -> str:
    return "" if command.cluster_criteria else "names no clusters to run on"


def _refused(resource: Usable, wanted: Criterion, usable: str) -> str:
    """Why a resource does not meet a criterion; nothing where it does."""
    return "; ".join(_differences(resource, wanted, usable))


def _differences(resource: Usable, wanted: Criterion, usable: str) -> Iterator[str]:
    if resource.status != (wanted.status or usable):
        yield f"is {resource.status}"
    for field in ("id", "name", "version"):
        value = getattr(wanted, field)
        if value and getattr(resource, field) != value:
            yield f"has another {field} than {value!r}"
    if missing := [one for one in wanted.tags if one not in resource.tags]:
        yield f"lacks {'the tag' if len(missing) == 1 else 'the tags'} {', '.join(missing)}"


def _told(heading: str, refusals: Sequence[Refusal], nobody: str) -> str:
    return f"{heading} {'; '.join(map(str, refusals)) + '.' if refusals else nobody}"
