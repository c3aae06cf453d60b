"""Data sets come in through catalogue, bus and projection, whole, killed, and again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from matinee.base.workspace import Workspace
from matinee.catalog.records import Role
from matinee.events.tables import opinions
from matinee.subsystems import create_workspace, open_workspace
from matinee.workflows.ingest import import_movielens, import_tmdb, scan

NOW_MS = 1_800_000_000_000
FILMS, VIEWERS = 300, 200


def data_set(path: Path, ratings: int) -> Path:
    """A made-up ml-1m: every viewer has rated films, none twice."""
    rng = np.random.default_rng(3)
    pairs = rng.choice(FILMS * VIEWERS, ratings, replace=False)
    lines = [
        f"{pair // FILMS + 1}::{pair % FILMS + 1}::{stars}::{978_000_000 + at}"
        for at, (pair, stars) in enumerate(zip(pairs.tolist(), rng.integers(1, 6, ratings).tolist(), strict=True))
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ml-1m/movies.dat", "".join(f"{n}::Film {n} (1999)::Drama\n" for n in range(1, FILMS + 1)))
        file.writestr("ml-1m/users.dat", "".join(f"{n}::F::1::10::0\n" for n in range(1, VIEWERS + 1)))
        file.writestr("ml-1m/ratings.dat", "".join(line + "\n" for line in lines))
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def flags(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return () if request.param == "sqlite" else (f"backends.tables={request.getfixturevalue('postgres_url')}",)


@pytest.fixture
def root(tmp_path: Path, flags: tuple[str, ...]) -> Path:
    with create_workspace(tmp_path / "workspace", flags):
        return tmp_path / "workspace"


def counts(workspace: Workspace) -> tuple[int, int, int]:
    """Titles, viewers and opinions."""
    catalog = workspace.service("catalog")
    workspace.service("events")  # projects what is on the bus
    with workspace.backends.tables.read() as connection:
        rated = connection.scalar(select(func.count()).select_from(opinions))
    return len(catalog.snapshot().titles), catalog.audience_counts()["viewers"], int(rated or 0)


def test_an_import_is_whole_and_again_changes_nothing(tmp_path: Path, root: Path, flags: tuple[str, ...]) -> None:
    path = data_set(tmp_path / "ml-1m.zip", 5_000)
    with open_workspace(root, flags) as workspace:
        first = import_movielens(workspace, path, NOW_MS)
        assert (first.films.created, first.viewers, first.ratings, first.known) == (FILMS, VIEWERS, 5_000, 0)
        end = workspace.backends.bus.end("viewing")
        again = import_movielens(workspace, path, NOW_MS + 10**9)
        assert (again.films.unchanged, again.ratings, again.known) == (FILMS, 0, 5_000)
        assert workspace.backends.bus.end("viewing") == end == 5_000
        catalog, events = workspace.service("catalog"), workspace.service("events")
        viewer = catalog.by_external("viewer", "movielens", "42")
        titles = {catalog.by_external("title", "movielens", str(n)) for n in range(1, FILMS + 1)}
        opinions = events.state(viewer).opinions
        assert opinions
        assert opinions.keys() <= titles
        account = catalog.create_account("ada@example.org", "a quiet evening", Role.MEMBER, NOW_MS)
        assert catalog.claim_viewer(viewer, account.id).account_id == account.id


_IMPORT = """
import sys
from pathlib import Path
from matinee.events.tables import opinions
from matinee.subsystems import open_workspace
from matinee.workflows.ingest import import_movielens
print("ready", flush=True)
with open_workspace(Path(sys.argv[1]), tuple(sys.argv[3:])) as workspace:
    import_movielens(workspace, Path(sys.argv[2]), 1_800_000_000_000)
print("done", flush=True)
"""


def test_an_import_killed_at_any_moment_can_be_run_again(tmp_path: Path, root: Path, flags: tuple[str, ...]) -> None:
    path = data_set(tmp_path / "ml-1m.zip", 40_000)
    command = [sys.executable, "-c", _IMPORT, str(root), str(path), *flags]
    for delay_s in (0.05, 0.3, 0.6, 1.0, 1.6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(delay_s)
            child.send_signal(signal.SIGKILL)
    with open_workspace(root, flags) as workspace:
        report = import_movielens(workspace, path, NOW_MS)
        assert report.ratings + report.known == 40_000
        assert counts(workspace) == (FILMS, VIEWERS, 40_000)
        assert workspace.backends.bus.end("viewing") == 40_000, "no rating twice on the bus"


def test_nothing_is_stored_of_a_data_set_that_is_refused(tmp_path: Path, root: Path, flags: tuple[str, ...]) -> None:
    path = tmp_path / "ml-1m.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ml-1m/movies.dat", "1::Film (1999)::Drama\n")
        file.writestr("ml-1m/ratings.dat", "1::1::5::978300760\n" + "broken\n" * 30)
    with open_workspace(root, flags) as workspace:
        with pytest.raises(Exception, match="nothing was imported"):
            import_movielens(workspace, path, NOW_MS)
        assert counts(workspace)[:2] == (0, 0)


@pytest.mark.real_data
def test_ml_1m_joins_plots_and_clips(tmp_path: Path, real_data: Path) -> None:
    """The main job: a million ratings, plots for their films, and a folder of clips in one catalogue."""
    with create_workspace(tmp_path / "workspace") as workspace:
        report = import_movielens(workspace, real_data / "movielens" / "ml-1m.zip", NOW_MS)
        assert (report.films.created, report.viewers, report.ratings, report.refused) == (3883, 6040, 1_000_209, ())
        catalog = workspace.service("catalog")
        plots = import_tmdb(workspace, real_data / "tmdb" / "tmdb_5000_movies.zip", None, NOW_MS)
        assert plots.films.updated > 1_000
        [toys] = catalog.search("toy story 1995", limit=1)
        assert toys.synopsis.startswith("Led by Woody")
        assert catalog.by_external("title", "movielens", "1") == toys.id
        scanned = scan(workspace, real_data / "clips", NOW_MS)
        clips = [one for one in (real_data / "clips").iterdir() if one.suffix in {".mp4", ".webm"}]
        assert (scanned.new, scanned.refused) == (len(clips), [])
        assert counts(workspace)[2] == 1_000_209
