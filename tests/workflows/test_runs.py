"""Workflows as graphs of jobs: their steps, and a nightly run by real agents, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.jobs.conftest import until
from tests.media.clips import clip

from matinee.base.clock import DAY_MS, now_ms
from matinee.base.settings import as_flags, load
from matinee.base.workspace import Workspace
from matinee.catalog.records import Kind, TitleDraft
from matinee.cli import workflows
from matinee.cli.run import run as run_command
from matinee.jobs.records import Command
from matinee.jobs.views import silence
from matinee.learning.shelf import Shelf
from matinee.recommendation.service import SHELF, Service
from matinee.recommendation.settings import RecommendationSettings
from matinee.recommendation.training_set import version_of
from matinee.subsystems import create_workspace
from matinee.workflows import ingest, nightly
from matinee.workflows.steps import COMMAND, Run, enrol, options

RUN = Run(workflow="nightly", id="tonight", user="ilse", settings=("--set", "@settings"))
METHODS = ("popularity", "als", "content")
FLAGS = (f"recommendation.models={json.dumps(METHODS)}", "recommendation.factors=3")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with create_workspace(tmp_path / "a house") as opened:
        yield opened


def watch(workspace: Workspace) -> None:
    """Three sorts of viewers, who each like another sort of films."""
    rng, now = np.random.default_rng(0), now_ms()
    drafts = [
        TitleDraft(
            kind=Kind.FILM, name=f"Film {n}", original_name=f"La nuit {n % 7}", genres=(f"G{n % 3}",), maturity=0
        )
        for n in range(60)
    ]
    films = np.array(workspace.service("catalog").merge(drafts, now).ids)
    likes = (np.arange(90)[:, None] % 3 == np.arange(60) % 3) & (rng.random((90, 60)) < 0.3)
    viewers, places = np.nonzero(likes)
    times = now - DAY_MS * rng.integers(1, 300, viewers.size)
    stars = np.full(viewers.size, 5.0)
    workspace.service("events").record_ratings(viewers + 1, films[places], stars, times)


def test_the_steps_of_a_night() -> None:
    graph = nightly.graph(RUN, "V", "als", 0.05)
    assert {name: one.after for name, one in graph.items()} == {
        "freeze": (),
        "train": ("freeze",),
        "evaluate": ("freeze",),
        "gate": ("train", "evaluate"),
        "publish": ("gate",),
    }
    before = ("--set", "@settings", "recommendation", "challenger")
    assert graph["freeze"].command_arguments == (*before, "freeze", "V", "--models", "als")
    assert graph["gate"].command_arguments == (*before, "gate", "V", "--tolerance", "0.05")
    assert all(one.rerunnable and one.id == f"tonight-{name}" for name, one in graph.items())
    assert graph["train"].tags == ("run:tonight", "workflow:nightly")
    assert "--models" not in nightly.graph(RUN, "V")["freeze"].command_arguments


def test_a_night_by_the_clock(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    every = ("--every", "30 3 * * *", "--timezone", "Europe/Berlin")
    where = ("--workspace", str(workspace.root), "--json")
    assert run_command([*where, "run", "nightly", *every, "--tolerance", "0.1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schedule"]["id"], told["schedule"]["timezone"]) == ("nightly", "Europe/Berlin")
    (step,) = told["schedule"]["requests"].values()
    assert step["commandArguments"][-6:] == ["run", "nightly", "--seed", "0", "--tolerance", "0.1"]
    assert run_command([*where, "run", "nightly", "--every", "never"]) == 3
    assert "no line of a crontab" in capsys.readouterr().err


def test_the_steps_of_a_folder_and_of_its_titles() -> None:
    graph = ingest.graph(RUN, Path("/films"))
    assert (graph["scan"].command_arguments[2:], graph["titles"].after) == (("scan", "/films"), ("scan",))
    assert list(ingest.of_titles(RUN, [3, 1])) == ["encode-3", "encode-1"]


def test_settings_reach_jobs_and_nobody_else(workspace: Workspace) -> None:
    assert options(workspace, ()) == ()
    given = as_flags({"MATINEE_RECOMMENDATION__ROWS": "4", "MATINEE_AGENT": "x"}, ["recommendation.rows=5"])
    flag, file = options(workspace, given)
    assert options(workspace, given) == (flag, file)
    path = Path(file.removeprefix("@"))
    assert (path.stat().st_mode | path.parent.stat().st_mode << 9) & 0o077_000 == 0
    found = load({"recommendation": RecommendationSettings}, None, {}, [file, "recommendation.factors=2"])
    table = found.table("recommendation", RecommendationSettings)
    assert (table.rows, table.factors) == (5, 2)


def test_the_command_is_enrolled_once(workspace: Workspace) -> None:
    for _ in range(2):
        enrol(workspace)
    command = workspace.service("jobs").resource(Command, COMMAND)
    assert command.executable_and_arguments[-1] == f"'{workspace.root}'"


@pytest.fixture
def agents(workspace: Workspace) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "matinee", "--workspace", str(workspace.root), "jobs", "agent"]
        with (workspace.root / "agent.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


def said(workspace: Workspace, capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    capfd.readouterr()
    assert run_command(["--workspace", str(workspace.root), "--json", *arguments]) == code
    return json.loads(capfd.readouterr().out)


def test_who_waits_for_a_night_is_told_that_nobody_runs_it(
    workspace: Workspace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "QUIET_S", 0.2)
    monkeypatch.setattr(workflows, "_LOOK_S", 0.1)
    jobs = workspace.service("jobs")

    def kill() -> None:
        until(jobs.jobs)
        time.sleep(1)
        for one in jobs.jobs():
            jobs.kill(one.id)

    killer = threading.Thread(target=kill)
    killer.start()
    assert run_command(["--workspace", str(workspace.root), "run", "nightly", "--wait"]) == 1
    killer.join()
    assert " ".join(capfd.readouterr().err.split()).count("No agent has been heard of") == 1


def test_a_night_that_is_interrupted_and_one_that_is_refused(
    workspace: Workspace, agents: Callable[[], subprocess.Popen[bytes]], capfd: pytest.CaptureFixture[str]
) -> None:
    watch(workspace)
    sets = [part for one in FLAGS for part in ("--set", one)]
    told = said(workspace, capfd, *sets, "run", "nightly", "--seed", "7")
    jobs, shelf, version = workspace.service("jobs"), Shelf(workspace.backends.objects, SHELF), told["run"]
    first = agents()
    until(lambda: jobs.job(f"{version}-train").status == "RUNNING", 60)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    agents()
    assert jobs.wait(f"{version}-publish", 120).status == "SUCCEEDED"
    assert jobs.job(f"{version}-train").attempt == 2
    assert shelf.current() == version

    alone = Service(workspace.backends, RecommendationSettings(models=METHODS, factors=3)).challengers
    again = version_of(now_ms(), 7)
    for step in (alone.freeze, alone.train):
        step(again)
    assert shelf.entry(again).digest == shelf.entry(version).digest

    bad = ("--set", "recommendation.regularisation=1e6", "run", "nightly", "--models", "als", "--wait")
    steps = {one["job"].rpartition("-")[2]: one for one in said(workspace, capfd, *bad, code=1)["steps"]}
    assert (steps["gate"]["status"], steps["publish"]["status"]) == ("FAILED", "INVALID")
    assert "is worse than what is served: NDCG@10 is" in steps["gate"]["why"]
    assert shelf.current() == version


def test_runs_have_plain_names(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--workspace", str(workspace.root), "run", "reencode", "--into", "../x"]) == 3
    assert "'../x' is no name of a run" in capfd.readouterr().err


def test_a_film_of_a_folder_gets_its_stream(
    workspace: Workspace, agents: Callable[[], subprocess.Popen[bytes]], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = workspace.root.parent / "films" / "Dawn (2001)"
    folder.mkdir(parents=True)
    clip(folder / "Dawn (2001).mp4", seconds=1)
    sets = ("--set", "encoding.preset=ultrafast", "--set", "encoding.heights=[90]")
    agents()
    told = said(workspace, capfd, *sets, "run", "ingest", str(folder.parent), "--wait")
    [(id_, title)] = workspace.service("catalog").snapshot().titles.items()
    assert title.playable
    assert [one["job"] for one in told["steps"]] == [
        f"{told['run']}-{name}" for name in ("scan", "titles", f"encode-{id_}")
    ]
    assert said(workspace, capfd, *sets, "run", "reencode")["steps"] == []
    other = said(workspace, capfd, "run", "reencode", "--dry-run")
    assert [one["command"] for one in other] == [f"matinee encoding encode {id_}"]
