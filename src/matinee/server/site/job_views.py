"""What the console's templates on jobs are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from matinee.jobs.records import Job, JobStatus
from matinee.jobs.views.census import Heartbeat
from matinee.jobs.views.search import Attempt, Whole
from matinee.server.site import words
from matinee.server.site.console_views import Figure
from matinee.server.site.job_words import Advance, Span, State, elapsed, lately, memory, moment, state_of

_NAMED = 5
WAITING = (JobStatus.RESERVED, JobStatus.RESOLVED)


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job in a table."""

    id: str
    href: str
    name: str
    state: State
    status: str
    user: str
    command: str
    cluster: str
    advance: Advance | None
    created: str
    """In short; `when` is the whole of it."""
    when: str
    took: Span
    why: str

    @property
    def told(self) -> str:
        """Why it is so, where its state and its progress do not say enough."""
        plain = self.state.word == "succeeded" or (self.state.word == "running" and self.advance)
        return "" if plain else self.why

    @classmethod
    def of(cls, job: Job, now_ms: int, waits: str = "") -> JobLine:
        """The line of a job; `waits` says what it waits for."""
        return cls(
            id=job.id,
            href=job_href(job.id),
            name=job.name,
            state=state_of(job.status),
            status=job.status.value,
            user=job.user,
            command=job.command_name or "",
            cluster=job.cluster_name or "",
            advance=Advance.of(job),
            created=lately(job.created_ms, now_ms),
            when=f"{moment(job.created_ms)} UTC",
            took=Span.of(job.started_ms, job.finished_ms, now_ms),
            why=job.status_msg or waits,
        )


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One stretch of a job's time: an attempt, or the wait before it."""

    name: str
    left: float
    """Where its bar begins, in percent of the job's time."""
    width: float
    kind: str
    """``wait``, or the word of a state: the colour of its bar."""
    began: str
    took: Span
    ended: str = ""
    """What came of it, in words."""
    exit: str = ""
    where: str = ""
    cpu: str = ""
    peak: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known of a job."""

    label: str
    text: str
    href: str = ""
    code: bool = False


def job_href(id_: str, page: str = "") -> str:
    """The address of a job's page, or of another page of it.

    >>> job_href("a b"), job_href("a", "kill")
    ('/console/jobs/a%20b', '/console/jobs/a/kill')
    """
    return "/console/jobs/" + quote(id_, safe="") + (f"/{page}" if page else "")


def data_href(id_: str, page: str = "") -> str:
    """The address of what is told of a job as JSON."""
    return "/api/v3/jobs/" + quote(id_, safe="") + (f"/{page}" if page else "")


def figures(counts: Mapping[JobStatus, int], agents: Sequence[Heartbeat]) -> list[Figure]:
    """How jobs stand, on top of their list."""

    def count(*statuses: JobStatus) -> int:
        return sum(counts.get(one, 0) for one in statuses)

    slots = sum(one.slots for one in agents)
    return [
        Figure("Waiting", count(JobStatus.RESERVED, JobStatus.RESOLVED), _listed("waiting")),
        Figure("Queued", count(JobStatus.ACCEPTED), _listed("queued")),
        Figure("Running", count(JobStatus.CLAIMED, JobStatus.INIT, JobStatus.RUNNING), _listed("running")),
        Figure("Ended in 24 h", sum(count for one, count in counts.items() if one.final), _listed("ended")),
        Figure("Failed in 24 h", count(JobStatus.FAILED), _listed("failed")),
        Figure(f"Slots of {words.count(len(agents), 'agent')}", slots, "/api/v3/agents"),
    ]


def _listed(word: str) -> str:
    return f"/console/jobs?status={word}"


def waits_for(whole: Whole, now_ms: int) -> str:
    """What an active job waits for; of the jobs before it their number where they are not known."""
    asked = whole.request
    if whole.job.status not in WAITING:
        return "The next agent with a free slot takes it."
    names = [one.name for one in whole.after if not one.status.final]
    if names or (asked.after and not whole.after):
        return f"It comes after {words.listing(names[:_NAMED]) if names else words.count(len(asked.after), 'job')}" + (
            f" and {words.count(len(names) - _NAMED, 'more job')}." if len(names) > _NAMED else "."
        )
    if asked.not_before and asked.not_before.timestamp() * 1000 > now_ms:
        return f"It is not to begin before {moment(_ms(asked.not_before))} UTC."
    return "It waits for room: its owner, or one of its tags, has as many jobs under way as the settings allow."


def facts(whole: Whole) -> list[Fact]:
    """What stands beside a job; what nobody said is left out."""
    job, asked, chosen = whole.job, whole.request, whole.chosen or {}
    resources = asked.runtime.resources
    found = [
        Fact("Id", job.id, code=True),
        Fact("Owner", job.user, _filtered(user=job.user)),
        Fact("Cluster", _named(chosen.get("cluster"))),
        Fact("Command", _named(chosen.get("command"))),
        Fact("Applications", ", ".join(_named(one) for one in chosen.get("applications", ()))),
        Fact("Version", job.version),
        Fact("Created, UTC", moment(job.created_ms)),
        Fact("Ended, UTC", moment(job.finished_ms)),
        Fact("Priority", f"{asked.priority:+d}" if asked.priority else ""),
        Fact("Retries", _retries(whole)),
        Fact("May take", _limits(asked.timeout, resources.memory_mb, resources.cpu, resources.gpu)),
        Fact("Not before, UTC", moment(_ms(asked.not_before))),
        Fact("Deadline, UTC", moment(_ms(asked.deadline))),
        Fact("CPU", _cpu(sum(one.cpu_s or 0 for one in whole.attempts))),
        Fact("Memory at most", memory(max((one.peak_mb for one in whole.attempts if one.peak_mb), default=None))),
        Fact("Description", asked.description or ""),
    ]
    return [one for one in found if one.text]


def tags(job: Job) -> list[Fact]:
    """Tags of a job, each with the way to the other jobs that have it."""
    return [Fact("Tag", one, _filtered(tag=one)) for one in job.tags]


def _filtered(**state: str) -> str:
    return f"/console/jobs?{urlencode(state)}"


def _named(resource: dict[str, Any] | None) -> str:
    return "" if resource is None else f"{resource['name']} {resource['version']}"


def _retries(whole: Whole) -> str:
    most = whole.request.retries
    return f"{max(0, whole.job.attempt - 1)} of {most}" if most else ""


def _limits(timeout_s: int | None, memory_mb: int | None, cpu: int | None, gpu: int | None) -> str:
    told = [
        words.duration(timeout_s),
        memory(memory_mb),
        words.count(cpu, "processor") if cpu else "",
        words.count(gpu, "GPU") if gpu else "",
    ]
    return ", ".join(one for one in told if one)


def _ms(time: Any) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)


def _cpu(seconds: float | None) -> str:
    return elapsed(seconds) if seconds else ""


def attempt_lines(whole: Whole, now_ms: int) -> list[AttemptLine]:
    """A job's time from its creation to its end, or until now: waits and attempts by turns."""
    job = whole.job
    start_ms, end_ms = job.created_ms, job.finished_ms or now_ms
    whole_ms = max(1, end_ms - start_ms)

    def place(from_ms: int, to_ms: int | None) -> tuple[float, float]:
        left = min(100.0, max(0.0, 100 * (from_ms - start_ms) / whole_ms))
        width = 100 * ((to_ms or end_ms) - from_ms) / whole_ms
        return round(left, 2), round(min(100 - left, max(0.0, width)), 2)

    found: list[AttemptLine] = []
    waits_since: int | None = job.created_ms
    for one in whole.attempts:
        if waits_since is not None:
            found.append(_wait(waits_since, one.started_ms, now_ms, place(waits_since, one.started_ms)))
        found.append(_attempt(job, one, now_ms, place(one.started_ms, one.finished_ms)))
        waits_since = one.finished_ms
    if waits_since is not None and not (whole.attempts and job.status.final):
        found.append(_wait(waits_since, job.finished_ms, now_ms, place(waits_since, job.finished_ms)))
    return found


def _wait(since_ms: int, until_ms: int | None, now_ms: int, bar: tuple[float, float]) -> AttemptLine:
    return AttemptLine(
        "waited" if until_ms else "waits", *bar, "wait", moment(since_ms), Span.of(since_ms, until_ms, now_ms), ""
    )


def _attempt(job: Job, one: Attempt, now_ms: int, bar: tuple[float, float]) -> AttemptLine:
    last, ended = one.attempt == job.attempt, one.finished_ms is not None
    state = state_of(job.status).word if last and job.status.final else "failed" if ended else "running"
    return AttemptLine(
        name=f"attempt {one.attempt}",
        left=bar[0],
        width=bar[1],
        kind=state,
        began=moment(one.started_ms),
        took=Span.of(one.started_ms, one.finished_ms, now_ms),
        ended=one.message,
        exit="" if one.exit_code is None else str(one.exit_code),
        where=one.host.split(" ")[0],
        cpu=_cpu(one.cpu_s),
        peak=memory(one.peak_mb),
    )
