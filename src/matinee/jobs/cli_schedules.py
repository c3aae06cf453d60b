"""Commands for schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from matinee.base.clock import to_iso
from matinee.jobs.cli_parts import PLAIN, Graph, plain, read, refused, service_of, user
from matinee.jobs.queue.schedules import Schedule

app = typer.Typer(help="Jobs by the clock.", no_args_is_help=True)
ScheduleId = Annotated[str, typer.Argument(metavar="ID", help="As `matinee jobs schedule list` tells it.")]


@app.command()
def add(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="One of the same id is written over.")],
    cron: Annotated[str, typer.Argument(help='As in a crontab: "30 3 * * MON-FRI".')],
    file: Annotated[Path, typer.Argument(help="JSON as of `matinee jobs submit-graph`: job requests by name. Or -.")],
    timezone: Annotated[str, typer.Option(help="Where the clock stands, as Europe/Berlin.")] = "UTC",
    overlap: Annotated[bool, typer.Option(help="Begin though the jobs of the last time have not ended.")] = False,
) -> None:
    """Have jobs submitted at certain hours."""
    opener, service = service_of(ctx)
    requests = read(Graph, file).root
    try:
        one = Schedule(id=id_, name=id_, user=user(), cron=cron, timezone=timezone, requests=requests, overlap=overlap)
    except ValidationError as error:
        raise refused("The schedule", error) from None
    planned = service.save_schedule(one)
    opener.show(plain(planned), f"{id_} is due at {to_iso(planned.next_ms or 0)}")


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """List schedules, the soonest first."""
    opener, service = service_of(ctx)
    found = service.schedules()
    table = Table("id", "cron", "time zone", "next", "last", "jobs", "", **PLAIN)
    for one in found:
        hours = (to_iso(at)[:16] if at else "" for at in (one.next_ms, one.last_ms))
        plan = one.schedule
        table.add_row(plan.id, plan.cron, plan.timezone, *hours, ", ".join(plan.requests), one.message)
    opener.show([plain(one) for one in found], table)


@app.command()
def pause(ctx: typer.Context, id_: ScheduleId) -> None:
    """Let it be due no more until it is resumed."""
    _paused(ctx, id_, paused=True)


@app.command()
def resume(ctx: typer.Context, id_: ScheduleId) -> None:
    """Let a paused one be due again, from now on."""
    _paused(ctx, id_, paused=False)


@app.command()
def run(ctx: typer.Context, id_: ScheduleId) -> None:
    """Submit its jobs now, beside its hours."""
    opener, service = service_of(ctx)
    planned = service.run_schedule(id_)
    table = Table("name", "id", **PLAIN)
    for name, job in planned.last_jobs.items():
        table.add_row(name, job)
    opener.show(plain(planned), planned.message or table)


@app.command()
def remove(ctx: typer.Context, id_: ScheduleId) -> None:
    """Remove one; the jobs that it has submitted stay."""
    opener, service = service_of(ctx)
    service.remove_schedule(id_)
    opener.show({"removed": id_}, f"schedule {id_} is gone")


def _paused(ctx: typer.Context, id_: str, *, paused: bool) -> None:
    opener, service = service_of(ctx)
    one = service.schedule(id_).schedule
    planned = service.save_schedule(one.model_copy(update={"paused": paused}))
    opener.show(plain(planned), f"{id_} is paused" if paused else f"{id_} is due at {to_iso(planned.next_ms or 0)}")
