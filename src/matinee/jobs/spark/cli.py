"""Commands: a Spark cluster on this machine, and how it does."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from matinee.base.errors import InvalidInput
from matinee.base.terminal import grid
from matinee.jobs.cli_parts import service_of
from matinee.jobs.records import Cluster, ClusterStatus
from matinee.jobs.spark.resources import TAG, cluster_of, submit_command, told
from matinee.jobs.spark.standalone import Plan, Standalone, state

app = typer.Typer(help="A Spark cluster on this machine, for `compute` and for jobs.", no_args_is_help=True)


@app.command()
def start(
    ctx: typer.Context,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Workers, each a process of its own.")] = 2,
    cores: Annotated[int, typer.Option(min=1, max=256, help="Tasks that each worker runs at once.")] = 1,
    memory: Annotated[str, typer.Option(help="What each worker may give to applications.")] = "1g",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the master; 0 for a free one.")] = 7077,
    conf: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A setting of Spark's own.")] = None,
) -> None:
    """Bring up a Spark master and workers on loopback, and keep them up until Ctrl-C."""
    opener, service = service_of(ctx)
    workspace = opener.workspace()
    plan = Plan(workers=workers, cores=cores, memory=memory, port=port, settings=_settings(conf or []))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Standalone(workspace.backends.work / "spark", plan) as spark:
        opener.say(f"Starting Spark with {workers} workers ...")
        spark.start(stop)
        if stop.is_set():
            return
        cluster = service.save(cluster_of(spark, ClusterStatus.UP))
        try:
            service.save(submit_command(spark.home))
            address = f"{spark.url}?conf={spark.conf.relative_to(workspace.root.absolute())}"
            opener.show(told(cluster, state(spark.page)), f"Spark is up: {spark.url}, {spark.page}")
            opener.say(f'Work there with compute = "{address}" in the table [backends].')
            opener.say("Hand it programs with `matinee jobs submit --cluster type:spark --command type:spark-submit`.")
            opener.say("Ctrl-C ends it.")
            spark.serve(stop)
        finally:
            service.save(cluster_of(spark, ClusterStatus.OUT_OF_SERVICE))


@app.command()
def status(ctx: typer.Context) -> None:
    """Tell of every Spark cluster that jobs know whether it answers, and what it has."""
    opener, service = service_of(ctx)
    known = [one for one in service.resources(Cluster) if TAG in one.tags]
    found = [told(one, state(one.metadata["page"]) if _has_page(one) else {}) for one in known]
    columns = ("id", "status", "answers", "master", "workers", "cores", "coresUsed", "applications")
    opener.show(found, grid(found, columns))


def _has_page(cluster: Cluster) -> bool:
    return isinstance(cluster.metadata, dict) and str(cluster.metadata.get("page", "")).startswith("http")


def _settings(given: list[str]) -> dict[str, str]:
    found = dict[str, str]()
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.startswith("spark.") or "\n" in one:
            raise InvalidInput(f"{one!r} is no setting of Spark.", next_step="Write --conf spark.name=value.")
        found[name] = value
    return found
