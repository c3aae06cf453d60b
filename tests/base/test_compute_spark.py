"""Spark: workers, masters and sessions that die, and what is told where something is missing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.base.test_compute_local import eventually, first_quick, is_gone, numbers
from tests.servers import free_port, need_spark

from matinee.base.backends import BackendSettings, open_backends
from matinee.base.compute import Compute
from matinee.base.errors import Conflict, SettingsError, Unavailable
from matinee.jobs.spark.standalone import Standalone
from matinee.testing.programs import square

pytestmark = pytest.mark.server


def opened(url: str, root: Path) -> Compute:
    need_spark()
    backends = open_backends(BackendSettings.model_validate({"compute": url}), root)
    for port in (backends.keys, backends.bus, backends.objects, backends.tables):
        port.close()
    return backends.compute


@pytest.fixture
def compute(spark_url: str, tmp_path: Path) -> Iterator[Compute]:
    made = opened(spark_url, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("url", ["spark://", "spark://host:7077?workers=0", "spark://host:7077?cores=2"])
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.compute"):
        opened(url, tmp_path)


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for before it is needed."""
    nobody = opened(f"spark://127.0.0.1:{free_port()}", tmp_path)
    with pytest.raises(Unavailable, match=r"No Spark master answers at .* Start one with `matinee jobs cluster start`"):
        nobody.sql("SELECT 1 AS a", {})
    with pytest.raises(Unavailable, match="No Spark master"):
        next(nobody.map(square, [1]))
    with pytest.raises(Unavailable, match="No Spark master"):
        _ = nobody.workers
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match="needs Java 17"):
        next(nobody.map(square, [1]))
    nobody.close()


def test_a_process_has_one_session_on_the_same_terms(compute: Compute, spark_url: str, tmp_path: Path) -> None:
    assert list(compute.map(square, [3])) == [9]
    other = opened(f"{spark_url}&memory=511m", tmp_path)
    with pytest.raises(Conflict, match=r"uses spark://.* on other terms"):
        list(other.map(square, [3]))
    other.close()
    assert list(compute.map(square, [4])) == [16]


def die_once(place: str) -> str:
    """As a worker whose machine is switched off."""
    mark = Path(place)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return mark.name


def test_what_a_dead_worker_was_at_is_done_by_another(compute: Compute, tmp_path: Path) -> None:
    assert list(compute.map(die_once, [str(tmp_path / name) for name in "abc"])) == ["a", "b", "c"]


def test_leaving_early_stops_the_rest(compute: Compute, tmp_path: Path) -> None:
    results = compute.map(first_quick, [("", 3), (str(tmp_path / "a"), 0)])
    assert next(results) == 9
    worker, _ = numbers(tmp_path / "a")
    results.close()  # type: ignore[attr-defined]
    eventually(lambda: is_gone(worker))
    assert list(compute.map(square, [2])) == [4]


def slow_square(number: int) -> int:
    time.sleep(0.2)
    return number * number


def killed(spark: Standalone, which: Callable[[Standalone], int | None]) -> None:
    pid = which(spark)
    assert pid
    os.kill(pid, signal.SIGKILL)


def test_machines_die_in_the_middle_of_a_map(compute: Compute, spark: Standalone) -> None:
    """A worker of the cluster with all that runs on it, and then the master; both come back."""
    results = compute.map(slow_square, range(20))
    assert [next(results), next(results)] == [0, 1]
    killed(spark, lambda spark: spark.workers[0].pid)
    assert next(results) == 4
    killed(spark, lambda spark: spark.master.pid)
    assert list(results) == [number * number for number in range(3, 20)]
    eventually(spark.complete)
    assert list(compute.map(square, range(5))) == [0, 1, 4, 9, 16]
