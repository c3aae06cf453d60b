"""A Spark cluster that a command keeps up, and programs that jobs hand to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.jobs.conftest import Agents, request, until
from tests.servers import QUICK, need_spark

from matinee.base.workspace import Workspace
from matinee.cli.run import run
from matinee.jobs import daemon
from matinee.jobs.daemon import Daemon
from matinee.jobs.records import Cluster, ClusterStatus, JobStatus, TagCriteria
from matinee.jobs.service import Service

pytestmark = pytest.mark.server
PROGRAM = """
from pyspark.sql import SparkSession

session = SparkSession.builder.getOrCreate()
numbers = session.sparkContext.parallelize(range(100), 4)
print(session.sparkContext.master, numbers.map(lambda number: number * number).sum())
"""


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


@pytest.fixture
def status(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    def status() -> dict[str, Any]:
        capfd.readouterr()
        assert run(["--workspace", str(workspace.root), "--json", "jobs", "cluster", "status"]) == 0
        [found] = json.loads(capfd.readouterr().out)
        return found

    return status


def command(workspace: Workspace) -> list[str]:
    options = [word for name, value in QUICK.items() for word in ("--conf", f"{name}={value}")]
    start = ["jobs", "cluster", "start", "--workers", "1", "--memory", "512m", "--port", "0", *options]
    return [sys.executable, "-m", "matinee", "--workspace", str(workspace.root), "--json", *start]


@contextmanager
def started(workspace: Workspace) -> Iterator[psutil.Popen]:
    """A cluster that is up."""
    with (
        (workspace.root / "cluster.log").open("ab") as log,
        psutil.Popen(command(workspace), stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            assert process.stdout.read(1) == b"{", (workspace.root / "cluster.log").read_text()
            yield process
        finally:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def test_a_cluster_is_kept_up_and_given_a_program(
    workspace: Workspace, service: Service, agents: Agents, status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    need_spark()
    agents()
    program = tmp_path / "a program.py"
    program.write_text(PROGRAM)
    with started(workspace) as process:
        up = status()
        assert (up["status"], up["answers"], up["workers"], up["cores"]) == ("UP", True, 1, 1)
        refused = subprocess.run(command(workspace), capture_output=True, text=True, check=False)
        assert refused.returncode == 5
        assert "A Spark cluster is up in" in refused.stderr
        on_spark = {
            "cluster_criterias": (TagCriteria(tags=("type:spark",)),),
            "command_criteria": ("type:spark-submit",),
        }
        job = service.wait(service.submit(request(str(program), **on_spark)).id, 120)
        assert service.output(job.id).read_text() == f"{up['master']} 328350\n"
        assert "WARN" not in service.output(job.id, "genie/logs/setup.log").read_text()
        assert job.status == JobStatus.SUCCEEDED

        worker = java(process, "worker.Worker")
        os.kill(worker.pid, signal.SIGKILL)
        until(lambda: java(process, "worker.Worker") not in (None, worker))
        until(lambda: status()["workers"] == 1, 60)
        assert (
            "Spark's worker-1 was ended by signal 9; it is started again in 0.5 s"
            in (workspace.root / "cluster.log").read_text()
        )

        family = process.children(recursive=True)
        process.kill()
        assert not psutil.wait_procs(family, timeout=20)[1], "something outlived the command"
    gone = status()
    assert (gone["status"], gone["answers"]) == ("UP", False)
    with started(workspace) as process:
        family = process.children(recursive=True)
        process.terminate()
        assert process.wait(30) == 0
        assert not psutil.wait_procs(family, timeout=5)[1]
    assert service.resource(Cluster, "spark").status == ClusterStatus.OUT_OF_SERVICE


def java(process: psutil.Popen, name: str) -> psutil.Process | None:
    """The child that is such a part of Spark, where it lives."""
    for one in process.children():
        with suppress(psutil.Error):
            if name in " ".join(one.cmdline()):
                return one
    return None


def test_what_ends_again_and_again_is_started_ever_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "FIRST_WAIT_S", 0.1)
    one = Daemon("the clock", ["bash", "-c", "echo tick; exit 3"], {}, tmp_path / "log")
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        one.tend()
        time.sleep(0.01)
    one.end(5)
    assert 2 <= one.last_words().count("tick") <= 3
    assert one.pid is None


@pytest.mark.parametrize(
    ("option", "message"),
    [("--conf=spark.x", "no setting of Spark"), ("--conf=hadoop.x=1", "no setting of Spark")],
)
def test_bad_settings_are_refused(
    workspace: Workspace, capfd: pytest.CaptureFixture[str], option: str, message: str
) -> None:
    assert run(["--workspace", str(workspace.root), "jobs", "cluster", "start", option]) == 3
    assert message in capfd.readouterr().err
