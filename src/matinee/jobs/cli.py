"""Commands: resources and jobs, and the agent that runs them."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from matinee.base.clock import DAY_MS, SECOND_MS, now_ms, to_iso, took_ms
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.terminal import Opener
from matinee.jobs import cli_schedules, cli_secrets
from matinee.jobs.attempts.elsewhere import PIECE_BYTES
from matinee.jobs.cli_parts import PLAIN, Graph, plain, read, refused, service_of, user
from matinee.jobs.queue import resources as resource_rows
from matinee.jobs.records import Job, JobRequest, JobStatus, TagCriteria, Usable
from matinee.jobs.service import Service
from matinee.jobs.spark import cli as cli_spark
from matinee.jobs.views.census import awake
from matinee.jobs.views.silence import Silence

app = typer.Typer(
    help="Anything that is to be run: commands, clusters, and jobs that outlive whoever started them.",
    no_args_is_help=True,
)
app.add_typer(cli_secrets.app, name="secret")
app.add_typer(cli_schedules.app, name="schedule")
app.add_typer(cli_spark.app, name="cluster")
KINDS = {name: kind for kind, name in resource_rows.KINDS.items()}
JobId = Annotated[str, typer.Argument(help="As `matinee jobs list` tells it.")]
Kind = Annotated[str, typer.Argument(help="application, command or cluster.")]


def _kind(name: str) -> type[Usable]:
    kind = KINDS.get(name.removesuffix("s"))
    if kind is None:
        raise InvalidInput(f"There is no kind of resource called {name!r}.", next_step=f"Use {', '.join(KINDS)}.")
    return kind


@app.command()
def save(
    ctx: typer.Context, kind: Kind, file: Annotated[Path, typer.Argument(help="JSON in Genie's shape, or -.")]
) -> None:
    """Store an application, a command or a cluster; one of the same id is written over."""
    opener, service = service_of(ctx)
    one = service.save(read(_kind(kind), file))
    opener.show(plain(one), f"{kind} {one.name} has the id {one.id}")


@app.command()
def resources(ctx: typer.Context, kind: Kind) -> None:
    """List the applications, commands or clusters."""
    opener, service = service_of(ctx)
    found = service.resources(_kind(kind))
    table = Table("id", "name", "status", "tags", **PLAIN)
    for one in found:
        table.add_row(one.id, one.name, one.status, ", ".join(one.tags))
    opener.show([plain(one) for one in found], table)


@app.command()
def remove(ctx: typer.Context, kind: Kind, id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Remove an application, a command or a cluster."""
    opener, service = service_of(ctx)
    service.remove(_kind(kind), id_)
    opener.show({"removed": id_}, f"{kind} {id_} is gone")


@app.command()
def submit(
    ctx: typer.Context,
    arguments: Annotated[list[str] | None, typer.Argument(help="Of the command, each handed over as it is.")] = None,
    request: Annotated[Path | None, typer.Option(help="A job request as JSON in Genie's shape, or -.")] = None,
    name: Annotated[str, typer.Option(help="What the job is called.")] = "job",
    command: Annotated[list[str] | None, typer.Option(help="A tag that the command has to have.")] = None,
    cluster: Annotated[
        list[str] | None, typer.Option(help="Tags of a cluster, parted by commas; more of them are tried in order.")
    ] = None,
    after: Annotated[list[str] | None, typer.Option(help="A job that has to succeed first.")] = None,
    priority: Annotated[int, typer.Option(help="More goes first.")] = 0,
    retries: Annotated[int, typer.Option(help="How often it is tried again where it fails.")] = 0,
    rerunnable: Annotated[bool, typer.Option(help="It may run again where its agent died.")] = False,
    timeout: Annotated[int | None, typer.Option(help="Seconds that it may run.")] = None,
    secret: Annotated[list[str] | None, typer.Option(help="A secret that it finds in its environment.")] = None,
    attach: Annotated[list[Path] | None, typer.Option(help="A file that is copied beside the job.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for its end, and show what it prints meanwhile.")] = False,
) -> None:
    """Have something run: by default a program on this machine, as in `matinee jobs submit -- ls -l`."""
    opener, service = service_of(ctx)
    if request is not None:
        made = read(JobRequest, request)
    else:
        try:
            made = JobRequest(
                name=name,
                user=user(),
                version="1",
                cluster_criterias=tuple(TagCriteria(tags=tuple(one.split(","))) for one in cluster or ["type:local"]),
                command_criteria=tuple(command or ["type:program"]),
                command_arguments=tuple(arguments or ()),
                after=tuple(after or ()),
                priority=priority,
                retries=retries,
                rerunnable=rerunnable,
                timeout=timeout,
                secrets=tuple(secret or ()),
            )
        except ValidationError as error:
            raise refused("The job", error) from None
    job = service.submit(made, attach or ())
    if wait:
        opener.say(f"job {job.id}")
        job = _follow(opener, service, job.id)
    elif not awake(service.agents(), now_ms()):
        opener.say("No agent is up, so it waits. `matinee serve` keeps one up, `matinee jobs agent` is one.")
    opener.show(plain(job), f"job {job.id}: {job.status} {job.status_msg}".rstrip())
    if wait and job.status != JobStatus.SUCCEEDED:
        raise typer.Exit(1)


@app.command("submit-graph")
def submit_graph(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON: job requests by name; `after` lists names of others. Or -.")],
) -> None:
    """Have several jobs run, one after another as they say."""
    opener, service = service_of(ctx)
    made = service.submit_graph(read(Graph, file).root)
    table = Table("name", "id", "status", **PLAIN)
    for name, job in made.items():
        table.add_row(name, job.id, job.status)
    opener.show({name: plain(job) for name, job in made.items()}, table)


@app.command("list")
def list_(
    ctx: typer.Context,
    status: Annotated[list[str] | None, typer.Option(help="Only those with one of these statuses.")] = None,
    owner: Annotated[str, typer.Option("--user", help="Only this owner's.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only those with all of these tags.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
) -> None:
    """List jobs, the latest first."""
    opener, service = service_of(ctx)
    found = service.jobs(statuses=[one.upper() for one in status or ()], owner=owner, tags=tag or (), limit=limit)
    table = Table(**PLAIN)
    for column in ("id", "status", "took", "user", "name"):
        table.add_column(column, no_wrap=True)  # ids are there to be copied
    table.add_column("")
    for one in found:
        why = "" if one.status == JobStatus.SUCCEEDED else one.status_msg
        table.add_row(one.id, one.status, _took(one), one.user, one.name, why)
    opener.show([plain(one) for one in found], table)


@app.command()
def show(ctx: typer.Context, id_: JobId) -> None:
    """Everything that is known of a job."""
    opener, service = service_of(ctx)
    job = service.job(id_)
    table = Table(show_header=False, **PLAIN)
    for key, value in plain(job).items():
        table.add_row(key, to_iso(value) if key.endswith("Ms") and value else str(value))
    opener.show(plain(job), table)


@app.command()
def log(
    ctx: typer.Context,
    id_: JobId,
    file: Annotated[
        str, typer.Option(help="Of the job's folder: stdout, stderr, run, genie/logs/setup.log ...")
    ] = "stdout",
    follow: Annotated[bool, typer.Option(help="Go on until the job ends.")] = False,
) -> None:
    """Print what a job wrote."""
    opener, service = service_of(ctx)
    if follow:
        _follow(opener, service, id_, file)
    else:
        with service.folder(id_).stream(file) as source:
            shutil.copyfileobj(source, sys.stdout.buffer)


@app.command()
def kill(ctx: typer.Context, id_: JobId) -> None:
    """End a job, politely at first."""
    opener, service = service_of(ctx)
    service.kill(id_, f"{user()} killed it.")
    job = service.job(id_)
    opener.show(plain(job), f"job {id_}: {'it ends soon' if not job.status.final else job.status}")


@app.command()
def rerun(ctx: typer.Context, id_: JobId) -> None:
    """Submit the request of a job once more, as a new job, without hours and deadlines that have passed."""
    opener, service = service_of(ctx)
    job = service.rerun(id_)
    opener.show(plain(job), f"job {job.id}: {job.status}")


@app.command()
def agent(ctx: typer.Context) -> None:
    """Run jobs on this machine until it is stopped."""
    opener, service = service_of(ctx)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    opener.say("The agent runs jobs; Ctrl-C ends it.")
    service.agent().serve(stop)


@app.command()
def costs(
    ctx: typer.Context,
    days: Annotated[float, typer.Option(min=0, help="Of how many days, until now.")] = 30,
) -> None:
    """What jobs have taken, by owner; money where `jobs.cpu_hour_price` and `jobs.gb_hour_price` are set."""
    opener, service = service_of(ctx)
    now = now_ms()
    found = service.costs(now - round(days * DAY_MS), now)
    table = Table("user", "jobs", "attempts", "failed", "processor h", "machine h", "GB h", "price", **PLAIN)
    for one in found:
        hours = (f"{value:.3f}" for value in (one.cpu_hours, one.wall_hours, one.memory_gb_hours))
        table.add_row(one.user, str(one.jobs), str(one.attempts), str(one.failed), *hours, f"{one.price:.2f}")
    opener.show([plain(one) for one in found], table)


def _follow(opener: Opener, service: Service, id_: str, file: str = "stdout") -> Job:
    """Print a file as it grows, until the job ends."""
    silence = Silence(service.agents, opener.say)
    attempt, at = 0, 0
    while True:
        job = service.job(id_)
        if job.attempt != attempt:
            attempt, at = job.attempt, 0
        try:
            folder = service.folder(id_, attempt)
            while piece := folder.read(file, at, at + PIECE_BYTES):
                at += sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        except NotFound:
            pass
        except Unavailable as error:  # others find out what became of its machine, and the job then ends or moves
            if job.status.final:
                opener.say(str(error))
        if job.status.final:
            return job
        silence.listen()
        time.sleep(0.2)


def _took(job: Job) -> str:
    if job.started_ms is None:
        return ""
    return f"{took_ms(job.started_ms, job.finished_ms or now_ms()) / SECOND_MS:.1f} s"
