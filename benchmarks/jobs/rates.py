"""Short jobs a second, how soon a lone one begins, and what an idle agent takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.jobs.house import house, job
from benchmarks.report import Bar, Row, at_least, at_most
from matinee.jobs.queue.store import ACTIVE

JOBS, LONE = 1_000, 50
SYSTEMS = {"SQLite, one agent": ("sqlite", 1), "PostgreSQL, two agents": ("postgresql", 2)}
SUBMITTERS = 16


def measure(data: Path) -> Iterator[Row]:  # noqa: ARG001  every part is called alike
    """Rates and delays on both databases."""
    # For minutes, ext4 makes new files more slowly where many were deleted: nothing is before all is measured.
    with TemporaryDirectory() as folder:
        for system, (kind, agents) in SYSTEMS.items():
            with house(kind, agents, Path(folder) / kind) as (service, processes):
                time.sleep(10)
                idle = sum(_cpu_s(one) for one in processes)
                time.sleep(20)
                idle = 100 * (sum(_cpu_s(one) for one in processes) - idle) / 20 / agents
                yield Row(system=system, data="nothing to do", metric="CPU of an agent", value=round(idle, 2), unit="%")
                began, own = time.perf_counter(), time.process_time()
                with ThreadPoolExecutor(SUBMITTERS) as threads:
                    list(threads.map(lambda _: service.submit(job()), range(JOBS)))
                submitted = time.perf_counter() - began
                own_ms = 1000 * (time.process_time() - own) / JOBS
                yield Row(system=system, data="submitting", metric="jobs", value=round(JOBS / submitted, 1), unit="1/s")
                yield Row(system=system, data="submitting", metric="CPU a job", value=round(own_ms, 2), unit="ms")
                while service.jobs(statuses=ACTIVE, limit=1):
                    time.sleep(0.05)
                rate = JOBS / (time.perf_counter() - began)
                failed = sum(one.status != "SUCCEEDED" for one in service.jobs(limit=JOBS))
                assert not failed, f"{failed} jobs failed"
                yield Row(system=system, data="to the last end", metric="jobs", value=round(rate, 1), unit="1/s")
                delays = []
                for _ in range(LONE):
                    done = service.wait(service.submit(job()).id, 30, 0.02)
                    delays.append((done.started_ms or 0) - done.created_ms)
                for share in (50, 99):
                    value = float(np.percentile(delays, share))
                    yield Row(
                        system=system, data="a lone job", metric=f"start overhead p{share}", value=value, unit="ms"
                    )
                print(system, round(idle, 2), round(rate, 1), delays, flush=True)


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the issue of jobs asks for."""
    found = {(one.system, one.data, one.metric): one.value for one in rows}
    lite, grown = SYSTEMS
    slowest = max(found[one, "a lone job", "start overhead p50"] for one in SYSTEMS)
    return [
        at_least("Short jobs on SQLite", found[lite, "to the last end", "jobs"], 50, "1/s"),
        at_least("Short jobs on PostgreSQL with two agents", found[grown, "to the last end", "jobs"], 150, "1/s"),
        at_most("Start overhead of a lone job, p50", slowest, 150, "ms"),
    ]


def _cpu_s(process: object) -> float:
    times = process.cpu_times()  # type: ignore[attr-defined]
    return float(times.user + times.system)
