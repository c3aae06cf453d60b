"""The scheduler's own time for a graph of a thousand jobs: taking it in, and moving on as each one ends."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import select

from benchmarks.jobs.house import job
from benchmarks.report import Bar, Row, at_most
from matinee.jobs.queue.flow import Ended, ticket
from matinee.jobs.queue.store import Runner
from matinee.jobs.records import JobStatus
from matinee.jobs.tables import jobs
from matinee.jobs.verdict import Verdict
from matinee.subsystems import create_workspace

WIDE, DEEP = 40, 25
AT_ONCE = 16


def measure(data: Path) -> Iterator[Row]:  # noqa: ARG001  every part is called alike
    """Layers of jobs, each after two of the layer before; no processes are started."""
    requests = {}
    for level in range(DEEP):
        for place in range(WIDE):
            after = () if not level else (f"{level - 1}.{place}", f"{level - 1}.{(place + 1) % WIDE}")
            requests[f"{level}.{place}"] = job(f"{level}.{place}", after)
    flags = ["jobs.active_limit=100000"]
    with tempfile.TemporaryDirectory() as folder, create_workspace(Path(folder) / "house", flags) as workspace:
        service, tables = workspace.service("jobs"), workspace.backends.tables
        flow, runner, now = service._opened().flow, Runner("agent", "here"), 0
        done = Verdict(status=JobStatus.SUCCEEDED, message="")
        own, began = time.process_time(), time.perf_counter()
        service.submit_graph(requests)
        taken_s = time.process_time() - own
        yield Row(
            system="matinee", data="1,000 jobs", metric="taking the graph in, CPU", value=round(taken_s, 2), unit="s"
        )
        ready = select(jobs.c.id).where(jobs.c.status == JobStatus.ACCEPTED.value).limit(AT_ONCE)
        ended = 0
        while True:
            with tables.write() as connection:
                ids = list(connection.execute(ready).scalars())
                begun = flow.begin(connection, [ticket(id_, 1) for id_ in ids], runner, now)
            with tables.write() as connection:
                flow.finish(connection, [Ended(one, done) for one in begun], now)
                flow.settle(connection, now)
            ended += len(ids)
            if not ids:
                break
        assert ended == len(requests), f"{ended} jobs ended"
        cpu_s, wall_s = time.process_time() - own, time.perf_counter() - began
        yield Row(system="matinee", data="1,000 jobs", metric="all of it, CPU", value=round(cpu_s, 2), unit="s")
        yield Row(system="matinee", data="1,000 jobs", metric="all of it", value=round(wall_s, 2), unit="s")
        print(round(taken_s, 2), round(cpu_s, 2), round(wall_s, 2), flush=True)


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the issue of jobs asks for."""
    found = {one.metric: one.value for one in rows}
    return [at_most("The scheduler's own time for a graph of 1,000 jobs", found["all of it, CPU"], 2, "s")]
