from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.media.clips import clip

from matinee.base.workspace import Workspace
from matinee.cli.run import run

FLAGS = ["--set", "encoding.preset=ultrafast", "--set", "encoding.heights=[90,180]"]


def _json(capfdbinary: pytest.CaptureFixture[bytes]) -> object:
    return json.loads(capfdbinary.readouterr().out)


def test_run_status_and_probe(
    workspace: Workspace, add: Callable[[Path], int], film: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    id_ = add(film)
    there = ["--json", "--workspace", str(workspace.root), *FLAGS]
    assert run([*there, "encoding", "status"]) == 0
    assert [row["state"] for row in _json(capfdbinary)] == ["pending"]
    assert run([*there, "encoding", "encode"]) == 0
    (row,) = _json(capfdbinary)
    assert (row["title_id"], row["state"], row["sizes"]) == (id_, "encoded", ["160x90", "320x180"])
    assert run([*there, "encoding", "encode"]) == 0
    assert _json(capfdbinary) == []
    assert run([*there, "encoding", "encode", str(id_)]) == 0
    assert _json(capfdbinary)[0]["state"] == "unchanged"
    assert run([*there, "encoding", "tidy"]) == 0
    assert _json(capfdbinary) == {"removed": 0}
    assert run([*there, "encoding", "probe", str(film)]) == 0
    assert _json(capfdbinary)["picture"] == "320x180"


def test_a_bad_film_is_told_at_the_end_with_an_exit_code(
    workspace: Workspace, add: Callable[[Path], int], film: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.mp4").write_text("no film")
    add(tmp_path / "bad.mp4")
    add(film)
    assert run(["--workspace", str(workspace.root), *FLAGS, "encoding", "encode"]) == 1
    out, err = capfd.readouterr()
    assert "encoded" in out
    assert "bad.mp4 is not a film: it is a text" in " ".join(err.split())
    assert "1 of 2 could not be encoded" in err


@pytest.mark.parametrize("name", ["empty.mp4", "none.mp4"])
def test_probing_what_is_no_film(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.mp4").touch()
    assert run(["encoding", "probe", str(tmp_path / name)]) == {"empty.mp4": 3, "none.mp4": 4}[name]
    assert name in capfd.readouterr().err.replace("\n", "")


def test_probe_needs_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["encoding", "probe", str(clip(tmp_path / "film.mp4"))]) == 0
