"""An import onto a disk that fills up: one sentence, nothing lost, and the same command goes on."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.disks import fill, small_disk

from matinee.cli.run import run
from matinee.subsystems import open_workspace

__all__ = ["small_disk"]
VIEWERS, FILMS = 60, 200


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A made-up MovieLens of the 1m layout: every viewer rates every film."""
    path = tmp_path / "ml-1m.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        films = "".join(f"{film}::Film Number {film} ({1950 + film % 50})::Drama\n" for film in range(1, FILMS + 1))
        users = "".join(f"{viewer}::F::25::1::12345\n" for viewer in range(1, VIEWERS + 1))
        ratings = "".join(
            f"{viewer}::{film}::{1 + (viewer * film) % 5}::{978_300_000 + viewer * 1000 + film}\n"
            for viewer in range(1, VIEWERS + 1)
            for film in range(1, FILMS + 1)
        )
        for name, text in (("movies.dat", films), ("users.dat", users), ("ratings.dat", ratings)):
            out.writestr(f"ml-1m/{name}", text)
    return path


def test_import_on_a_full_disk(small_disk: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = small_disk / "cinema"
    assert run(["init", str(workspace), "--quiet"]) == 0
    rest = fill(small_disk)
    assert run(["--workspace", str(workspace), "import", "movielens", str(archive)]) == 6
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("Error:")
    assert "space" in said.lower() or "full" in said.lower()
    assert "Traceback" not in said

    rest.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert run(["--workspace", str(workspace), "--quiet", "import", "movielens", str(archive)]) == 0
    with open_workspace(workspace) as opened:
        assert opened.service("catalog").counts()["film"] == FILMS
        assert opened.backends.bus.end("viewing") == VIEWERS * FILMS
        assert opened.service("events").interactions().count == VIEWERS * FILMS
