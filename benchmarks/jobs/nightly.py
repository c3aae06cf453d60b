"""The nightly workflow, killed in the middle of every step in turn: does it end in the same published model?"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.report import Bar, Row, at_least
from matinee.base.clock import DAY_MS
from matinee.base.workspace import Workspace
from matinee.catalog.records import Kind, TitleDraft
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service as Jobs
from matinee.learning.shelf import Shelf
from matinee.recommendation.service import SHELF
from matinee.recommendation.training_set import version_of
from matinee.subsystems import create_workspace, open_workspace
from matinee.workflows import nightly
from matinee.workflows.steps import Run, enrol

NOW = 1_790_000_000_000
VERSION = version_of(NOW, 7)
VIEWERS, FILMS, GENRES = 1_000, 500, 10
KINDS = ("agent", "step")
"""What is killed: the agent, with which all it runs dies, or the processes of the step alone."""


@dataclass(slots=True)
class Night:
    """What a night came to."""

    models: str = ""
    """Digest of the models that are served, and which recommends."""
    took_s: dict[str, float] = field(default_factory=dict)
    """By step, of its last attempt."""
    attempts: dict[str, int] = field(default_factory=dict)
    wall_s: float = 0.0


def measure(data: Path) -> Iterator[Row]:  # noqa: ARG001  every part is called alike
    """One night undisturbed, and one for each step and each thing that can be killed."""
    with tempfile.TemporaryDirectory() as folder:
        evening = Path(folder) / "evening"
        _made(evening)
        calm = _night(evening, Path(folder) / "calm")
        print(calm, flush=True)
        yield Row(system="matinee", data="undisturbed", metric="the whole night", value=calm.wall_s, unit="s")
        for step, took_s in calm.took_s.items():
            yield Row(system="matinee", data="undisturbed", metric=step, value=took_s, unit="s")
        for killed in KINDS:
            for step, took_s in calm.took_s.items():
                night = _broken_off(evening, Path(folder), killed, step, took_s / 2)
                print(killed, step, night, flush=True)
                told = "the agent killed" if killed == "agent" else "its processes killed"
                yield Row(system=step, data=told, metric="attempts", value=night.attempts[step])
                yield Row(system=step, data=told, metric="the same models", value=float(night.models == calm.models))


def bars(rows: Iterable[Row]) -> list[Bar]:
    """What the issue of workflows asks for."""
    same = [row.value for row in rows if row.metric == "the same models"]
    return [
        at_least(f"Nights that end in the same models, of {len(same)} killed half way through a step", sum(same), 10)
    ]


def _made(root: Path) -> None:
    """A cinema whose viewers like two genres each; what is served was trained two days ago."""
    rng = np.random.default_rng(0)
    with create_workspace(root) as workspace:
        drafts = [
            TitleDraft(kind=Kind.FILM, name=f"Film {n}", original_name=f"La nuit {n}", genres=(f"Genre {n % GENRES}",))
            for n in range(FILMS)
        ]
        films = np.array(workspace.service("catalog").merge(drafts, NOW).ids)
        tastes = rng.random((VIEWERS, GENRES)).argsort(axis=1)[:, :2]
        liked = (np.arange(FILMS) % GENRES == tastes[:, :, None]).any(axis=1)
        viewers, places = np.nonzero(rng.random(liked.shape) < np.where(liked, 0.4, 0.05))
        stars = np.where(liked[viewers, places], 5.0, 3.0)
        times = NOW - rng.integers(0, 100 * DAY_MS, viewers.size)
        workspace.service("events").record_ratings(viewers + 1, films[places], stars, times)
        workspace.service("recommendation").train(NOW - 2 * DAY_MS, rng)


def _broken_off(evening: Path, folder: Path, killed: str, step: str, after_s: float) -> Night:
    """A night whose step was killed; where it was over before that, another one is killed earlier."""
    night = _night(evening, folder / f"{killed}-{step}-{after_s:.3f}", killed, step, after_s)
    return night if night.attempts[step] > 1 else _broken_off(evening, folder, killed, step, after_s / 2)


def _night(evening: Path, root: Path, killed: str = "", step: str = "", after_s: float = 0) -> Night:
    """A night in a copy of the workspace; half way through a step something is killed with SIGKILL."""
    shutil.copytree(evening, root)
    with open_workspace(root) as workspace:
        jobs: Jobs = workspace.service("jobs")
        enrol(workspace)
        began = time.monotonic()
        made = jobs.submit_graph(nightly.graph(Run(workflow="nightly", id=VERSION, user="ada"), VERSION))
        ids = {name: job.id for name, job in made.items()}
        agents = [_agent(root)]
        try:
            if killed:
                while jobs.job(ids[step]).status != JobStatus.RUNNING:
                    time.sleep(0.02)
                time.sleep(after_s)
                _kill(agents, ids[step], root, killed)
            jobs.wait(ids["publish"], 300)
            return _told(workspace, jobs, ids, time.monotonic() - began)
        finally:
            agents[-1].terminate()
            for one in agents:
                one.wait()


def _agent(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "matinee", "--workspace", str(root), "jobs", "agent"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def _kill(agents: list[subprocess.Popen[bytes]], job_id: str, root: Path, killed: str) -> None:
    if killed == "agent":
        agents[-1].send_signal(signal.SIGKILL)
        agents[-1].wait()
        agents.append(_agent(root))
        return
    for one in psutil.Process(agents[-1].pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if one.environ().get("GENIE_JOB_ID") == job_id:
                one.kill()


def _told(workspace: Workspace, jobs: Jobs, ids: dict[str, str], wall_s: float) -> Night:
    shelf, done = Shelf(workspace.backends.objects, SHELF), {name: jobs.job(id_) for name, id_ in ids.items()}
    assert all(one.status == JobStatus.SUCCEEDED for one in done.values()), done
    entry = shelf.entry(shelf.current() or "")
    return Night(
        models=f"{entry.version} {entry.digest} {entry.facts['order'][0]}",
        took_s={name: ((one.finished_ms or 0) - (one.started_ms or 0)) / 1000 for name, one in done.items()},
        attempts={name: one.attempt for name, one in done.items()},
        wall_s=round(wall_s, 1),
    )
