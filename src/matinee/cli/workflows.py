"""``matinee run``: workflows as graphs of jobs, which agents run."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from matinee.base.clock import DAY_MS, SECOND_MS, now_ms, to_iso, took_ms
from matinee.base.errors import InvalidInput, NotFound
from matinee.base.ids import new_id
from matinee.base.progress import working
from matinee.base.settings import as_flags
from matinee.base.terminal import Opener, grid
from matinee.cli.exits import INTERRUPTED
from matinee.jobs.cli_parts import plain, refused
from matinee.jobs.queue.schedules import Schedule
from matinee.jobs.records import Job, JobStatus
from matinee.jobs.service import Service as Jobs
from matinee.jobs.views.silence import Silence
from matinee.recommendation.training_set import version_of
from matinee.workflows import ingest as ingesting
from matinee.workflows import nightly as by_night
from matinee.workflows.steps import Graph, Run, enrol, options

app = typer.Typer(help="Workflows as graphs of jobs: nightly, ingest, reencode. Agents run them.", no_args_is_help=True)
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the end, and tell of each step as it ends.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the steps.")]
Priority = Annotated[int, typer.Option(min=-1000, max=1000, help="More goes first.")]
_RUN = re.compile(r"[A-Za-z0-9-]{1,100}")
_ALL = 100_000
_LOOK_S = 1.0


@app.command()
def nightly(
    ctx: typer.Context,
    models: Annotated[str, typer.Option(help="Methods, separated by commas; else those of the settings.")] = "",
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The same viewing and seed give the same models.")
    ] = 0,
    tolerance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="How much worse than what is served it may be; else as in the settings."),
    ] = None,
    every: Annotated[
        str, typer.Option(metavar="CRON", help='Not now, but at these hours, as in a crontab: "30 3 * * *".')
    ] = "",
    timezone: Annotated[str, typer.Option(help="Where the clock of --every stands, as Europe/Berlin.")] = "UTC",
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """Train on all viewing so far, and serve the models if they are no worse than those that are served."""
    opener: Opener = ctx.obj
    if every:
        chosen = (*(("--models", models) if models else ()), "--seed", str(seed))
        allowed = ("--tolerance", str(tolerance)) if tolerance is not None else ()
        _schedule(opener, "nightly", (*chosen, *allowed), every, timezone)
        return
    version = version_of(now_ms(), seed)
    run = _run(opener, "nightly", version)
    _begin(opener, run, by_night.graph(run, version, models, tolerance), wait=wait, dry_run=dry_run)


@app.command()
def ingest(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A library as Jellyfin, Plex or Kodi have it; it is only read.")],
    priority: Priority = 0,
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """Scan a folder, and do for each title what it needs to be watched."""
    opener: Opener = ctx.obj
    run = _run(opener, "ingest", priority=priority)
    _begin(opener, run, ingesting.graph(run, folder), wait=wait, dry_run=dry_run)


@app.command()
def reencode(
    ctx: typer.Context,
    titles: Annotated[list[int] | None, typer.Argument(help="Ids of titles; all that wait if left out.")] = None,
    priority: Priority = -10,
    into: Annotated[str, typer.Option(help="The run that these jobs join.", show_default="a new one")] = "",
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """Encode each title whose stream is not as film and settings have it, most watched first, each as a job."""
    opener: Opener = ctx.obj
    workspace = opener.workspace()
    watched = workspace.service("events").watched_since(now_ms() - 28 * DAY_MS)
    ids = set(workspace.service("encoding").pending())
    order = sorted(ids & set(titles) if titles else ids, key=lambda id_: (-watched.get(id_, 0), id_))
    run = _run(opener, "reencode", into, priority)
    _begin(opener, run, ingesting.of_titles(run, order), wait=wait, dry_run=dry_run)


def _run(opener: Opener, workflow: str, name: str = "", priority: int = 0) -> Run:
    """A run with the settings that this command was given."""
    workspace = opener.workspace()
    settings, id_ = options(workspace, as_flags(os.environ, opener.flags)), name or new_id(now_ms(), SystemRandom())
    if not _RUN.fullmatch(id_):
        raise InvalidInput(f"{id_!r} is no name of a run.", next_step="Use letters, digits and dashes.")
    return Run(workflow=workflow, id=id_, user=getuser(), settings=settings, priority=priority)


def _schedule(opener: Opener, workflow: str, arguments: Sequence[str], cron: str, timezone: str) -> None:
    """Have a workflow begun at certain hours, by a job that runs this command."""
    workspace = opener.workspace()
    run = _run(opener, workflow)
    step = run.step("begin", "run", workflow, *arguments).model_copy(update={"tags": (f"workflow:{workflow}",)})
    enrol(workspace)
    try:
        one = Schedule(
            id=workflow, name=workflow, user=run.user, cron=cron, timezone=timezone, requests={"begin": step}
        )
    except ValidationError as error:
        raise refused("The schedule", error) from None
    jobs: Jobs = workspace.service("jobs")
    planned = jobs.save_schedule(one)
    opener.show(plain(planned), f"{workflow} begins at {to_iso(planned.next_ms or 0)} for the first time")


def _begin(opener: Opener, run: Run, graph: Graph, *, wait: bool, dry_run: bool) -> None:
    """Submit what has not been submitted, and follow it where that is wanted."""
    if dry_run:
        rows = [
            {"step": name, "after": ", ".join(one.after), "command": _typed(run, one.command_arguments)}
            for name, one in graph.items()
        ]
        opener.show(rows, _table(rows))
        return
    workspace = opener.workspace()
    jobs: Jobs = workspace.service("jobs")
    known, places = {one.id for one in _jobs_of(jobs, run)}, {one.id: i for i, one in enumerate(graph.values())}
    enrol(workspace)
    if fresh := {name: one for name, one in graph.items() if one.id not in known}:
        jobs.submit_graph(fresh)
    try:
        if wait:
            _follow(jobs, run, opener.say)
    except KeyboardInterrupt:
        opener.say(f"The jobs go on; `matinee jobs list --tag {run.tag}` tells how far they are.")
        raise typer.Exit(INTERRUPTED) from None
    found = sorted(_jobs_of(jobs, run), key=lambda one: places.get(one.id, len(places)))
    rows = [_row(jobs, one) for one in found]
    opener.show({"run": run.id, "steps": rows}, _table(rows))
    if rows and not wait:
        opener.say(f"`matinee jobs agent` runs them; `matinee jobs list --tag {run.tag}` tells how far they are.")
    if wait and any(one.status != JobStatus.SUCCEEDED for one in found):
        raise typer.Exit(1)


def _table(rows: Sequence[Mapping[str, Any]]) -> Table | str:
    told = [{key: escape(value) for key, value in row.items()} for row in rows]
    return grid(told, tuple(told[0])) if told else "There is nothing to do."


def _jobs_of(jobs: Jobs, run: Run) -> list[Job]:
    return jobs.jobs(tags=[run.tag], limit=_ALL)


def _typed(run: Run, arguments: Sequence[str]) -> str:
    """The command as somebody would type it."""
    return " ".join(("matinee", *arguments[len(run.settings) :]))


def _follow(jobs: Jobs, run: Run, say: Callable[[str], None]) -> None:
    """Wait until all jobs of a run have ended; also those that were added by others of them."""
    told: set[str] = set()
    silence = Silence(jobs.agents, say)
    while waiting := [one for one in _jobs_of(jobs, run) if one.id not in told]:
        with working(f"{run.workflow} {run.id}", len(waiting), "steps") as task:
            while open_ := {one.id for one in waiting} - told:
                for one in _jobs_of(jobs, run):
                    if one.id in open_ and one.status.final:
                        told.add(one.id)
                        say(f"{one.name}: {one.status}")
                        task.advance(1)
                silence.listen()
                time.sleep(_LOOK_S)


def _row(jobs: Jobs, one: Job) -> dict[str, Any]:
    ran = one.started_ms is not None and one.finished_ms is not None
    took = f"{took_ms(one.started_ms or 0, one.finished_ms or 0) / SECOND_MS:.1f} s" if ran else ""
    return {"job": one.id, "status": one.status.value, "took": took, "why": _why(jobs, one)}


def _why(jobs: Jobs, one: Job) -> str:
    """Why a job failed, in its own last words."""
    if one.status == JobStatus.FAILED:
        with suppress(NotFound):
            said = jobs.output(one.id, "stderr").read_text(errors="replace").rpartition("Error: ")[2]
            return " ".join(said.split())[-500:] or one.status_msg
    return "" if one.status == JobStatus.SUCCEEDED else one.status_msg
