"""The streaming example: minutes counted as events come in are those counted afterwards, though it was killed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matinee.base.compute.local import LocalCompute

PROGRAM = Path(__file__).parents[2] / "examples/streaming/plays_by_minute.py"
FILES, TOO_LATE = 7, 999
pytestmark = pytest.mark.server


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Files of half a minute each, whose events are up to a minute out of order; one in the last is too late."""
    folder, rng = tmp_path / "events", np.random.default_rng(0)
    folder.mkdir()
    for number in range(FILES):
        at_ms = 1_790_000_000_000 + 30_000 * number + rng.integers(0, 60_000, 200)
        title = rng.integers(0, 5, 200)
        if number == FILES - 1:
            at_ms[0], title[0] = at_ms[0] - 1_000_000, TOO_LATE
        pq.write_table(pa.table({"at_ms": at_ms, "title": title}), folder / f"{number:03d}.parquet")
    return folder


def killed_half_way(events: Path, counts: Path) -> None:
    """A run with a file in each batch, on a Spark of its own, killed when the second batch is written."""
    with (counts.parent / "log").open("wb") as log:
        run = subprocess.Popen([sys.executable, PROGRAM, events, counts, "1"], stdout=log, stderr=log)
        try:
            while len(list(counts.glob("batch-*"))) < 2:
                assert run.poll() is None, (counts.parent / "log").read_text()
                time.sleep(0.02)
        finally:
            run.kill()
            run.wait()


@pytest.fixture
def follow(spark_url: str, tmp_path: Path) -> Iterator[object]:
    from matinee.base.compute.spark.compute import SparkCompute

    spec = importlib.util.spec_from_file_location("plays_by_minute", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    compute = SparkCompute.open(spark_url, tmp_path)
    yield program, compute.session
    compute.close()


def test_minutes_are_counted_once_though_the_program_was_killed(follow, events: Path, tmp_path: Path) -> None:
    program, session = follow
    killed_half_way(events, tmp_path / "counts")
    batches = len(list((tmp_path / "counts").glob("batch-*")))
    program.follow(session, events, tmp_path / "counts", files_at_once=1)
    assert len(list((tmp_path / "counts").glob("batch-*"))) >= FILES > batches
    compute = LocalCompute(1)
    told = compute.sql("SELECT * FROM counts ORDER BY minute_ms, title", {"counts": str(tmp_path / "counts/batch-*")})
    asked = compute.sql(program.QUESTION, {"events": events}).to_pylist()
    assert told.to_pylist() == [row for row in asked if row["title"] != TOO_LATE]
    assert len(asked) > len(told) > 5
