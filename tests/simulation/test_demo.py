"""The demo as a whole, small: from nothing to pages, killed on the way, and ready at once the second time."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from matinee.base.errors import Conflict
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, Kind, Role
from matinee.simulation.films import Format
from matinee.simulation.world import World
from matinee.subsystems import create_workspace, open_workspace
from matinee.workflows.demo import MEMBER, OPERATOR, SIGN_IN, Demo, build, member

NOW_MS = 1_795_000_000_000
FORM = Format(width=160, height=90)
WORLD = World(seed=7, film_count=3, viewer_count=40)
ENCODING = ("encoding.preset=ultrafast", "encoding.heights=[90]", "encoding.keep_replaced_h=0")
# The same build in a process of its own, which can be killed.
SCRIPT = """
import sys
from pathlib import Path
from matinee.simulation.films import Format
from matinee.simulation.world import World
from matinee.subsystems import create_workspace, open_workspace
from matinee.workflows.demo import build

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    make = open_workspace if (folder / "matinee.toml").exists() else create_workspace
    with make(folder, sys.argv[3:]) as workspace:
        build(workspace, World(seed=7, film_count=3, viewer_count=40), int(sys.argv[2]),
              form=Format(width=160, height=90), tell=lambda step: print(step.name, flush=True))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "workspace"


@pytest.fixture(scope="module")
def made(folder: Path) -> Iterator[tuple[Workspace, Demo]]:
    with create_workspace(folder, ENCODING) as workspace:
        yield workspace, build(workspace, WORLD, NOW_MS, form=FORM)


def test_films_came_in_through_the_scan_and_can_be_played(made: tuple[Workspace, Demo]) -> None:
    workspace, _ = made
    catalog = workspace.service("catalog")
    films = [one for one in catalog.snapshot().titles.values() if one.kind in {Kind.FILM, Kind.EPISODE}]
    assert len(films) == 3
    for title in films:
        assert title.playable
        assert title.still
        assert title.synopsis
        assert title.maturity is not None
        (source,) = catalog.assets(title.id, AssetKind.SOURCE)
        assert Path(source.uri).is_relative_to(workspace.root / "library")
        assert catalog.assets(title.id, AssetKind.STREAM)
        assert catalog.credits(title.id)
        (stream,) = catalog.assets(title.id, AssetKind.STREAM)
        assert "en" in {one["language"] for one in stream.facts["subtitles"]}


def test_somebody_watched_and_a_model_learned(made: tuple[Workspace, Demo]) -> None:
    workspace, demo = made
    events = workspace.service("events")
    known = events.interactions()
    assert known.viewer_ids.size > 30
    assert workspace.service("recommendation").versions()[1] is not None
    assert [step.name for step in demo.steps] == [
        "films",
        "scan",
        "streams",
        "viewers",
        "viewing",
        "models",
        "accounts",
    ]


def test_accounts_have_profiles_and_passwords_that_only_the_owner_can_read(made: tuple[Workspace, Demo]) -> None:
    workspace, demo = made
    catalog = workspace.service("catalog")
    assert {one.email: one.role for one in catalog.accounts()} == {OPERATOR: Role.OPERATOR, MEMBER: Role.MEMBER}
    for email, password in demo.passwords.items():
        account = catalog.check_password(email, password)
        assert account is not None
        assert account.email == email
    assert stat.S_IMODE((workspace.root / SIGN_IN).stat().st_mode) == 0o600
    profiles = member(workspace)
    assert [one.child for one in profiles] == [False, False, True]
    assert profiles[2].maturity == 6


def test_the_member_sees_a_page_and_the_children_nothing_for_adults(made: tuple[Workspace, Demo]) -> None:
    workspace, _ = made
    service = workspace.service("recommendation")
    adult, _, child = member(workspace)
    page = service.page(adult, NOW_MS, Random(1))
    assert page.hero is not None
    assert len(page.rows) >= 2
    for row in service.page(child, NOW_MS, Random(1)).rows:
        assert all((item.title.maturity or 0) <= 6 for item in row.items)


def test_building_again_does_nothing(made: tuple[Workspace, Demo], folder: Path) -> None:
    workspace, before = made
    ends = {topic: workspace.backends.bus.end(topic) for topic in workspace.backends.bus.topics()}
    counts = dict(workspace.service("catalog").counts())
    files = {one: one.stat().st_mtime_ns for one in (folder / "library").rglob("*")}
    again = build(workspace, WORLD, NOW_MS + 86_400_000, form=FORM)
    assert again.passwords == before.passwords
    assert {topic: workspace.backends.bus.end(topic) for topic in workspace.backends.bus.topics()} == ends
    assert dict(workspace.service("catalog").counts()) == counts
    assert {one: one.stat().st_mtime_ns for one in (folder / "library").rglob("*")} == files


def test_another_seed_needs_another_folder(made: tuple[Workspace, Demo]) -> None:
    workspace, _ = made
    with pytest.raises(Conflict, match="holds another demo"):
        build(workspace, World(seed=8, film_count=3, viewer_count=40), NOW_MS, form=FORM)


def run(folder: Path, *, kill_after: str = "", delay_s: float = 0.0) -> list[str]:
    """Build in a process of its own and kill it, all its workers too, some time after it told of a step."""
    script = folder.parent / "build.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder), str(NOW_MS), *ENCODING]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATINEE_")}
    steps = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        if kill_after == "start":
            time.sleep(delay_s)
            os.killpg(process.pid, signal.SIGKILL)
        for line in process.stdout:
            steps.append(line.strip())
            if line.strip() == kill_after:
                time.sleep(delay_s)
                os.killpg(process.pid, signal.SIGKILL)
                break
        process.wait()
    return steps


def test_a_demo_that_is_killed_again_and_again_comes_out_like_one_that_was_not(
    made: tuple[Workspace, Demo], tmp_path: Path
) -> None:
    whole, _ = made
    folder = tmp_path / "workspace"
    chance = Random(5)
    for step, most_s in (
        ("start", 2.5),
        ("scan", 1.5),
        ("streams", 0.3),
        ("viewers", 0.6),
        ("viewers", 1.2),
        ("models", 0.1),
    ):
        run(folder, kill_after=step, delay_s=chance.uniform(0.2, 1) * most_s)
    steps = run(folder)
    assert steps == ["films", "scan", "streams", "viewers", "viewing", "models", "accounts"]
    assert not list((folder / "library").rglob("*.part"))
    with open_workspace(folder, ENCODING) as resumed:
        ours, theirs = resumed.service("events").interactions(), whole.service("events").interactions()
        assert (ours.values != theirs.values).nnz == 0
        assert np.array_equal(ours.times, theirs.times)
        for topic in ("viewing", "impressions", "quality"):
            assert resumed.backends.bus.end(topic) == whole.backends.bus.end(topic), "none lost, none doubled"
        counts = dict(resumed.service("catalog").counts())
        assert counts == dict(whole.service("catalog").counts())
    for film in (folder / "library").rglob("*.mp4"):
        twin = whole.root / film.relative_to(folder)
        assert film.read_bytes() == twin.read_bytes()


def test_the_passwords_file_is_json(made: tuple[Workspace, Demo]) -> None:
    workspace, demo = made
    assert json.loads((workspace.root / SIGN_IN).read_text()) == demo.passwords
