"""The commands of jobs, with a real agent."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.jobs.conftest import until

from matinee.base.workspace import Workspace
from matinee.cli.run import run
from matinee.jobs.service import Service
from matinee.jobs.views import silence
from matinee.jobs.views.census import Heartbeat
from matinee.jobs.views.silence import Silence


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


@pytest.fixture
def said(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What a command says as JSON, or as text; with the exit code that it is to end with."""

    def said(*arguments: str, text: bool = False, code: int = 0) -> Any:
        flags = [] if text else ["--json"]
        assert run(["--workspace", str(workspace.root), *flags, "jobs", *arguments]) == code
        told = capfd.readouterr()
        return (told.out + told.err) if text else json.loads(told.out)

    return said


def test_jobs_are_submitted_followed_and_listed(
    said: Callable[..., Any], agents: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    assert "No agent is up, so it waits." in said("submit", "true", text=True)
    agents()
    told = said("submit", "--name", "greet", "--wait", "--", "printf", "%s|", "two  words", "$HOME", text=True)
    assert "two  words|$HOME|" in told
    assert "SUCCEEDED" in told
    failed = said("submit", "--command", "type:shell", "--wait", "--", "echo oh >&2; exit 4", text=True, code=1)
    assert "FAILED It ended with exit code 4: oh" in failed
    latest, first, *_ = said("list")
    assert (first["name"], first["status"], first["exitCode"]) == ("greet", "SUCCEEDED", 0)
    assert said("show", latest["id"])["statusMsg"] == "It ended with exit code 4: oh"
    assert said("log", latest["id"], "--file", "stderr", text=True) == "oh\n"
    assert "export GENIE_JOB_NAME=greet" in said("log", first["id"], "--file", "run", text=True)
    assert [one["id"] for one in said("list", "--status", "failed")] == [latest["id"]]
    again = said("rerun", first["id"])
    assert (again["name"], again["id"] != first["id"]) == ("greet", True)
    graph = tmp_path / "graph.json"
    common = {"user": "ada", "version": "1", "clusterCriterias": [{"tags": ["type:local"]}]}
    job = {**common, "commandCriteria": ["type:program"], "commandArguments": ["true"]}
    graph.write_text(json.dumps({"b": {**job, "name": "b", "after": ["a"]}, "a": {**job, "name": "a"}}))
    made = said("submit-graph", str(graph))
    assert {name: one["status"] for name, one in made.items()} == {"a": "ACCEPTED", "b": "RESERVED"}
    assert said("log", made["b"]["id"], "--follow", text=True) == ""
    assert said("show", made["b"]["id"])["status"] == "SUCCEEDED"


def test_who_waits_is_told_once_that_nobody_runs_jobs(
    workspace: Workspace, said: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "QUIET_S", 0.3)
    service: Service = workspace.service("jobs")

    def kill() -> None:
        until(service.jobs)
        time.sleep(1)
        service.kill(service.jobs()[0].id)

    killer = threading.Thread(target=kill)
    killer.start()
    told = " ".join(said("submit", "--wait", "true", text=True, code=1).split())
    killer.join()
    assert told.count("No agent has been heard of for 0.3 s") == 1
    assert told.count("No agent") == 1
    assert "`matinee jobs agent`" in told


def test_agents_that_are_heard_of_are_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "QUIET_S", 0.05)
    lives: list[int] = [1]
    beat = Heartbeat(agent="a", host="h", pid=1, slots=1, busy=0, started_ms=0, beat_ms=0)
    told: list[str] = []
    listening = Silence(lambda: [beat.model_copy(update={"beat_ms": one}) for one in lives], told.append)
    for number in range(8):
        lives[:] = [number]
        time.sleep(0.06)
        listening.listen()
    assert told == []
    lives.clear()
    for _ in range(3):
        time.sleep(0.06)
        listening.listen()
    assert len(told) == 1


def test_resources_are_saved_listed_and_removed(said: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text(
        '{"id": "big", "name": "big", "user": "ada", "version": "1", "status": "UP", "tags": ["b", " ", "a"]}'
    )
    assert said("save", "cluster", str(file))["tags"] == ["a", "b"]
    assert {one["id"] for one in said("resources", "clusters")} == {"big", "this-machine"}
    assert "this-machine" in said("resources", "cluster", text=True)
    said("remove", "cluster", "big")
    assert {one["id"] for one in said("resources", "clusters")} == {"this-machine"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["save", "planet", "x.json"],
            "There is no kind of resource called 'planet'. Use application, command, cluster.",
        ),
        (["save", "cluster", "missing.json"], "missing.json cannot be read"),
        (["show", "nobody"], "No job with id nobody exists. `matinee jobs list` lists them."),
        (
            ["submit", "--cluster", "type:moon", "--", "true"],
            "cluster 'this-machine' (this-machine) lacks the tag type:moon",
        ),
        (["submit", "--priority", "5000", "--", "true"], "priority: Input should be less than or equal to 1000."),
        (["submit", "--cluster", ",", "--", "true"], "a cluster criterion needs at least one tag"),
        (["submit", "--after", "nobody", "--", "true"], "No job with id nobody exists, which 'job' comes after."),
    ],
)
def test_what_is_wrong_is_said(said: Callable[..., Any], arguments: list[str], message: str) -> None:
    told = said(*arguments, text=True, code=4 if "nobody" in arguments else 3)
    assert message in " ".join(told.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Invalid JSON"),
        ('{"name": "x"}', "user: Field required."),
        ('{"name": "x", "user": "a", "version": "1", "status": "UP", "colour": "red"}', "colour: Extra inputs"),
        ('{"name": "x", "user": "a", "version": "1", "status": "DOWN"}', "status: Input should be 'UP'"),
        ('{"name": " ", "user": "a", "version": "1", "status": "UP"}', "name: String should match"),
    ],
)
def test_files_that_are_no_resources_are_refused(
    said: Callable[..., Any], tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "cluster.json"
    file.write_text(text)
    assert message in " ".join(said("save", "cluster", str(file), text=True, code=3).split())
