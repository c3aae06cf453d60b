"""The first hour on real input, as docs/first-run.md tells it: MovieLens viewers, real clips, a real browser."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from tests.server.conftest import running

from matinee.base.clock import now_ms
from matinee.catalog.records import Role
from matinee.cli.run import run
from matinee.subsystems import open_workspace
from matinee.workflows.visit import visit

PASSWORD = "an evening at home"
CLIPS = ("chaplin_bw_360p_10s.mp4", "bikes_640x272_10s.mp4", "gotland_sailing_360p24_10s.mp4")
FAST = '\n[encoding]\npreset = "ultrafast"\nheights = [180, 360]\n'
TASTE = "Horror"

pytestmark = [pytest.mark.real_data, pytest.mark.browser]


def matinee(folder: Path, *args: str) -> None:
    assert run(["--workspace", str(folder), "--quiet", *args]) == 0, args


@pytest.fixture(scope="module")
def fan(real_data: Path) -> str:
    """The viewer whose history has the largest share of horror, from the data alone."""
    films: dict[str, bool] = {}
    seen: dict[str, Counter[bool]] = defaultdict(Counter)
    with zipfile.ZipFile(real_data / "movielens" / "ml-1m.zip") as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        for line in io.TextIOWrapper(archive.open(names["movies.dat"]), "latin-1"):
            film, _, genres = line.rstrip("\n").split("::")
            films[film] = TASTE in genres
        for line in io.TextIOWrapper(archive.open(names["ratings.dat"]), "latin-1"):
            viewer, film, _, _ = line.split("::")
            seen[viewer][films[film]] += 1
    fans = {viewer: kinds[True] / kinds.total() for viewer, kinds in seen.items() if kinds.total() >= 80}
    return max(fans, key=lambda viewer: (fans[viewer], viewer))


@pytest.fixture(scope="module")
def cinema(real_data: Path, fan: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made by the commands of docs/first-run.md."""
    if not shutil.which("chromium") and not os.environ.get("CI"):
        pytest.skip("there is no Chromium on this machine: run `apt-get install chromium`")
    folder = tmp_path_factory.mktemp("first-run")
    library = folder / "films"
    library.mkdir()
    for clip in CLIPS:
        (library / clip).symlink_to(real_data / "clips" / clip)
    workspace = folder / "cinema"
    assert run(["init", str(workspace), "--quiet"]) == 0
    with (workspace / "matinee.toml").open("a") as file:
        file.write(FAST)
    matinee(workspace, "import", "movielens", str(real_data / "movielens" / "ml-1m.zip"))
    matinee(workspace, "scan", str(library))
    matinee(workspace, "encode")
    matinee(workspace, "train")
    with open_workspace(workspace) as opened:
        catalog = opened.service("catalog")
        account = catalog.create_account("fan@example.org", PASSWORD, Role.OPERATOR, 0)
        for viewer in catalog.viewers(account.id):
            catalog.delete_viewer(viewer.id)
        catalog.claim_viewer(catalog.by_external("viewer", "movielens", fan), account.id)
    return workspace


def test_everything_came_in(cinema: Path) -> None:
    with open_workspace(cinema) as workspace:
        counts = workspace.service("catalog").counts()
        assert (counts["film"], counts["viewers"]) == (3_883 + len(CLIPS), 6_040)
        assert workspace.backends.bus.end("viewing") == 1_000_209
        assert workspace.service("encoding").pending() == []
        history = workspace.service("events").interactions()
        assert history.values.nnz == 1_000_209


def test_rows_fit_the_history(cinema: Path, fan: str) -> None:
    """A viewer of horror is shown far more horror than the library holds, and nothing already seen."""
    with open_workspace(cinema) as workspace:
        catalog = workspace.service("catalog")
        viewer = catalog.viewer(catalog.by_external("viewer", "movielens", fan))
        page = workspace.service("recommendation").page(viewer, now_ms(), Random(0))
        titles = catalog.snapshot().titles.values()
        everywhere = sum(TASTE in title.genres for title in titles) / len(titles)
        (picks,) = [row for row in page.rows if row.slug == "top-picks"]
        shown = sum(TASTE in item.title.genres for item in picks.items) / len(picks.items)
        assert shown > 3 * everywhere, f"{shown:.0%} of the picks are {TASTE}, {everywhere:.0%} of the library"
        seen = set(workspace.service("events").state(viewer.id).opinions)
        assert not seen & {item.title.id for item in picks.items}
        assert any(row.slug.startswith("because-") for row in page.rows)


def test_the_site_in_a_browser(cinema: Path, tmp_path: Path) -> None:
    """Sign in as the MovieLens viewer, play a clip, and see the rows change."""
    with open_workspace(cinema) as workspace, running(workspace) as address, ThreadPoolExecutor(1) as aside:
        # In a thread of its own: other tests may hold a browser in this one, and Playwright allows one a thread.
        verdict = aside.submit(visit, address, "fan@example.org", PASSWORD, tmp_path).result()
    failed = [f"{check.name}: {check.words}" for check in verdict.checks if not check.passed]
    assert not failed, failed
    assert {"play", "rows changed", "console"} <= {check.name for check in verdict.checks}
