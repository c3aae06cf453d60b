"""Growth: features by SQL, ALS and lists for everybody at 1, 10 and 50 million interactions, here and on Spark.

    python -m benchmarks.compute growth          # MATINEE_GROWTH="1 10" measures some of the sizes

Interactions are drawn from ml-1m: each million is a copy of its viewers, whose histories keep their length, with titles
dealt out anew, which keep their popularity; what a viewer is dealt twice counts once. They lie in Parquet, a file for
each copy. Every figure is of a process of its own, that reads what it needs; memory is the greatest that it and all
that it started held at once, the parts of the cluster among them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.compute.answers import ratings
from benchmarks.compute.cluster import cluster, opened
from benchmarks.report import Bar, Row
from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.learning.interactions import Interactions
from matinee.learning.ranking import best_spread
from matinee.recommendation import counting
from matinee.recommendation.methods.als import ImplicitALS
from matinee.recommendation.methods.als_spark import columns_of, learn

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MILLIONS = (1, 10, 50)
FACTORS, SWEEPS, N = 32, 2, 10
YEAR_MS = 365 * 86_400_000
SYSTEMS = ("local", "spark")


def measure(data: Path) -> Iterator[Row]:
    """Seconds of each task and the greatest memory, by size and system."""
    known = ratings(data / "movielens/ml-1m.zip")
    for millions in map(int, os.environ.get("MATINEE_GROWTH", " ".join(map(str, MILLIONS))).split()):
        with tempfile.TemporaryDirectory() as folder:
            count = write(known, millions, Path(folder))
            name = f"{millions} million interactions"
            yield Row(system="data", data=name, metric="interactions", value=count)
            for system in SYSTEMS:
                for task in TASKS:
                    command = [sys.executable, "-m", "benchmarks.compute.growth", system, task, folder]
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    seconds, gib = json.loads(done.stdout.splitlines()[-1])
                    print(f"{name}, {system}: {task} {seconds:.1f} s, {gib:.2f} GiB", flush=True)
                    yield Row(system=system, data=name, metric=task, value=round(seconds, 2), unit="s")
                    yield Row(system=system, data=name, metric=f"{task}, memory", value=round(gib, 2), unit="GiB")


def bars(rows: Sequence[Row]) -> list[Bar]:  # noqa: ARG001
    """None: growth is told, not promised."""
    return []


def write(known: Interactions, copies: int, folder: Path) -> int:
    """Parquet of viewing, a file for each copy; returns how many interactions there are."""
    rng, count = np.random.default_rng(0), 0
    viewers, titles, values, _ = known.columns()
    for copy in range(copies):
        pairs = np.unique(viewers * 10_000 + rng.permutation(titles))
        columns = {
            "viewer": pairs // 10_000 + copy * 10_000,
            "title": pairs % 10_000,
            "value": rng.permutation(values)[: pairs.size].astype(float),
            "at_ms": 1_760_000_000_000 + rng.integers(0, YEAR_MS, pairs.size),
        }
        pq.write_table(pa.table(columns), folder / f"{copy:04d}.parquet")
        count += pairs.size
    return count


def counts(compute: Compute, viewing: Path) -> None:
    """What is counted of titles and of viewers."""
    counting.of_titles(compute, viewing)
    counting.of_viewers(compute, viewing)


def pairs(compute: Compute, viewing: Path) -> None:
    """Which titles go together."""
    counting.together(compute, viewing)


def factors(compute: Compute, viewing: Path) -> None:
    """Vectors of titles."""
    compute.run(Factors(viewing))


def lists(compute: Compute, viewing: Path) -> None:
    """The ten best for everybody, of vectors that are drawn."""
    known, rng = read(viewing), np.random.default_rng(0)
    people, titles = (rng.normal(size=(size, FACTORS)).astype(np.float32) for size in known.values.shape)
    best_spread(compute, people, titles, known.values, N)


TASKS: dict[str, Callable[[Compute, Path], None]] = {
    "titles and viewers counted": counts,
    "titles that go together": pairs,
    f"ALS, {FACTORS} factors, {SWEEPS} sweeps": factors,
    "lists for everybody": lists,
}


@dataclass(frozen=True)
class Factors:
    """A fit on Parquet that Spark reads itself, and that is read into memory here."""

    viewing: Path

    def locally(self, workers: int) -> np.ndarray:  # noqa: ARG002
        return (
            ImplicitALS(factors=FACTORS, epochs=SWEEPS).fit(read(self.viewing), np.random.default_rng(0)).title_factors
        )

    def on_spark(self, session: SparkSession, workers: int) -> np.ndarray:
        wanted = session.read.parquet(str(self.viewing)).selectExpr(
            "CAST(viewer AS INT) AS row", "CAST(title AS INT) AS column", "CAST(1 AS FLOAT) AS wanted"
        )
        knobs = ImplicitALS(factors=FACTORS, epochs=SWEEPS)
        return columns_of(learn(wanted, knobs, 0, workers), knobs).factors


def read(viewing: Path) -> Interactions:
    """All of it in memory."""
    table = pq.read_table(viewing, columns=["viewer", "title"])
    return Interactions.from_columns(table["viewer"].to_numpy(), table["title"].to_numpy())


@contextmanager
def watched() -> Iterator[list[float]]:
    """GiB held at once by this process and all below it; the last is the greatest."""
    greatest, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            greatest[0] = max(greatest[0], _held() / 2**30)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield greatest
    finally:
        stop.set()
        watching.join()


def _held() -> int:
    me, held = psutil.Process(), 0
    for one in (me, *me.children(recursive=True)):
        try:
            held += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return held


def _timed(compute: Compute, task: Callable[[Compute, Path], None], viewing: Path) -> tuple[float, float]:
    list(compute.map(abs, range(4)))  # what has to be started is
    with watched() as greatest:
        begun = time.perf_counter()
        task(compute, viewing)
        return time.perf_counter() - begun, greatest[0]


def _one(system: str, task: str, viewing: str) -> tuple[float, float]:
    if system == "local":
        return _timed(LocalCompute(2), TASKS[task], Path(viewing))
    with cluster() as spark:
        compute = opened(spark)
        try:
            return _timed(compute, TASKS[task], Path(viewing))
        finally:
            compute.close()


if __name__ == "__main__":
    print(json.dumps(_one(*sys.argv[1:])))
