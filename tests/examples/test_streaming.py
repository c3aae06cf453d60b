"""The streaming example: minutes counted as events come in are those counted afterwards, though it was killed."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matinee.base.compute.local import LocalCompute

PROGRAM = Path(__file__).parents[2] / "examples/streaming/plays_by_minute.py"
FILES, TOO_LATE = 5, 999
pytestmark = pytest.mark.server


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Files of a minute each, whose events are up to a minute out of order; one in the last is too late."""
    folder, rng = tmp_path / "events", np.random.default_rng(0)
    folder.mkdir()
    for number in range(FILES):
        at_ms = 1_790_000_000_000 + 60_000 * number + rng.integers(0, 60_000, 200)
        title = rng.integers(0, 5, 200)
        if number == FILES - 1:
            at_ms[0], title[0] = at_ms[0] - 1_000_000, TOO_LATE
        pq.write_table(pa.table({"at_ms": at_ms, "title": title}), folder / f"{number:03d}.parquet")
    return folder


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plays_by_minute", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def run_until_death(events: Path, counts: Path) -> None:
    """On a Spark of its own; killed when the second batch is written, before Spark has noted that."""
    from pyspark.sql import SparkSession

    mortal = program()
    put = mortal._put

    def put_and_die(rows: pa.Table, folder: Path, number: int) -> None:
        put(rows, folder, number)
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    mortal._put = put_and_die
    mortal.follow(SparkSession.builder.getOrCreate(), events, counts, files_at_once=1)


def test_minutes_are_counted_once_though_the_program_was_killed(spark_url: str, events: Path, tmp_path: Path) -> None:
    from matinee.base.compute.spark.compute import SparkCompute

    counts = tmp_path / "counts"
    killed = multiprocessing.get_context("spawn").Process(target=run_until_death, args=(events, counts))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert len(list(counts.glob("batch-*"))) == 2
    spark = SparkCompute.open(spark_url, tmp_path)
    program().follow(spark.session, events, counts, files_at_once=1)
    spark.close()
    here = LocalCompute(1)
    told = here.sql("SELECT * FROM counts ORDER BY minute_ms, title", {"counts": str(counts / "batch-*")}).to_pylist()
    asked = here.sql(program().QUESTION, {"events": events}).to_pylist()
    assert told == [row for row in asked if row["title"] != TOO_LATE]
    assert len(asked) > len(told) > 5
