"""A Spark cluster for a benchmark: two workers of one core on loopback, kept up, and killed when asked."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from matinee.base.compute.spark.compute import SparkCompute
from matinee.jobs.spark.standalone import Plan, Standalone

MEMORY = "3g"
DRIVER = {"spark.driver.memory": "4g", "spark.driver.maxResultSize": "3g"}


@contextmanager
def cluster() -> Iterator[Standalone]:
    """The cluster, whose parts are started again when they end."""
    stop = threading.Event()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ThreadPoolExecutor(1, "spark") as keeper,
        Standalone(Path(folder), Plan(port=0, memory=MEMORY, settings=DRIVER)) as found,
    ):
        keeper.submit(found.start).result()
        kept = keeper.submit(found.serve, stop)
        try:
            yield found
        finally:
            stop.set()
            kept.result()


def opened(found: Standalone) -> SparkCompute:
    """Compute on the cluster, with its session begun."""
    compute = SparkCompute.open(f"{found.url}?conf={found.conf}&workers=2&memory={MEMORY}", found.conf.parent)
    assert compute.session
    return compute


@contextmanager
def killing(found: Standalone, after_s: float) -> Iterator[list[float]]:
    """Kills a worker with all that runs on it when this block has lasted so long; the list tells, once it did."""
    kills: list[float] = []

    def kill() -> None:
        pid = found.workers[0].pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        kills.append(after_s)

    timer = threading.Timer(after_s, kill)
    timer.start()
    try:
        yield kills
    finally:
        timer.cancel()
        timer.join()
