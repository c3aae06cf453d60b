"""Commands: events from and to files, and a look at the stream."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from matinee.base.clock import to_iso
from matinee.base.errors import InvalidInput
from matinee.base.terminal import Opener
from matinee.events.service import IMPRESSIONS, QUALITY, VIEWING, Service

app = typer.Typer(help="What viewers did: import, export and watch the stream of events.", no_args_is_help=True)

Topic = Annotated[str, typer.Option(help=f"{VIEWING}, {IMPRESSIONS} or {QUALITY}.")]


def _service(ctx: typer.Context) -> tuple[Opener, Service]:
    opener: Opener = ctx.obj
    return opener, opener.workspace().service("events")


def _known(topic: str) -> str:
    if topic not in {VIEWING, IMPRESSIONS, QUALITY}:
        raise InvalidInput(f"There is no topic {topic!r}.", next_step=f"Use {VIEWING}, {IMPRESSIONS} or {QUALITY}.")
    return topic


@app.command("import")
def import_(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="JSON Lines, one event per line.")]) -> None:
    """Record the events in a file; lines that are none are counted by reason and left out."""
    opener, service = _service(ctx)
    report = service.import_jsonl(file)
    table = Table("events", "count", title=str(file))
    table.add_row("accepted", f"{report.accepted:,}")
    table.add_row("known already", f"{report.doubled:,}")
    for reason, count in report.reasons:
        table.add_row(f"refused: {reason}", f"{count:,}")
    opener.show(report, table)
    if report.first_refusals:
        lines = ", ".join(str(one.index + 1) for one in report.first_refusals)
        opener.say(f"First refused lines: {lines}. Mend them and import the file again; nothing is doubled.")


@app.command()
def export(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="Where to write.")]) -> None:
    """Write every event to a file of JSON Lines."""
    opener, service = _service(ctx)
    count = service.export_jsonl(file)
    opener.show({"events": count, "file": str(file)}, f"{count:,} events in {file}")


@app.command()
def tail(
    ctx: typer.Context,
    topic: Topic = VIEWING,
    last: Annotated[int, typer.Option("--last", "-n", min=1, max=100_000, help="How many.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
) -> None:
    """Show the latest events of a topic, one line each."""
    opener, service = _service(ctx)
    for message in service.tail(_known(topic), last=last, follow=follow):
        if opener.json:
            opener.console.out(message.body.decode(errors="replace"), highlight=False)
            continue
        fields = orjson.loads(message.body)
        shown = {key: value for key, value in fields.items() if key not in _COMMON and value not in ("", None)}
        details = " ".join(f"{key}={value}" for key, value in shown.items())
        opener.console.out(
            f"{message.offset:>9}  {to_iso(fields['at_ms'])}  viewer {fields['viewer_id']:<6} "
            f"{fields['kind']:<10} {details}"
        )


_COMMON = {"id", "viewer_id", "at_ms", "session", "device", "version", "kind"}


@app.command()
def rate(
    ctx: typer.Context,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long to count.")] = 5.0,
) -> None:
    """Count what arrives for a while, by topic."""
    opener, service = _service(ctx)
    before = {topic: service.rate(topic) for topic in (VIEWING, IMPRESSIONS, QUALITY)}
    time.sleep(seconds)
    counted = {topic: service.rate(topic) for topic in before}
    table = Table("topic", "events", "per second")
    for topic, total in counted.items():
        table.add_row(topic, f"{total:,}", f"{(total - before[topic]) / seconds:,.1f}")
    rates = {topic: (counted[topic] - before[topic]) / seconds for topic in before}
    opener.show({"seconds": seconds, "totals": counted, "per_second": rates}, table)
