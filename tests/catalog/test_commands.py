"""The commands of the catalogue, as somebody types them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from matinee.cli.run import run
from matinee.subsystems import create_workspace


class Shell:
    """Runs commands in one workspace."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys

    def ok(self, *args: object) -> Any:
        """The result of a command, from its JSON."""
        assert run(["--workspace", str(self.root), "--json", *map(str, args)]) == 0, self._capsys.readouterr().err
        return json.loads(self._capsys.readouterr().out)

    def said(self, *args: object) -> str:
        """What a command prints for people."""
        assert run(["--workspace", str(self.root), *map(str, args)]) == 0
        return "".join(self._capsys.readouterr())

    def refused(self, *args: object) -> str:
        """What is said of a command that fails."""
        assert run(["--workspace", str(self.root), *map(str, args)]) != 0
        said = " ".join(self._capsys.readouterr().err.split())
        assert "Traceback" not in said
        return said


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    with create_workspace(tmp_path / "workspace"):
        return Shell(tmp_path / "workspace", capsys)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "ml-1m.zip"
    with zipfile.ZipFile(path, "w") as file:
        lines = "".join(f"{n}::Film {n}, The (1999)::Drama\n" for n in range(1, 31))
        file.writestr("ml-1m/movies.dat", lines + "31::no genres\n")
        file.writestr("ml-1m/ratings.dat", "".join(f"{n % 3 + 1}::{n}::4::{978300000 + n}\n" for n in range(1, 31)))
    return path


def test_from_import_to_export(shell: Shell, small: Path, tmp_path: Path) -> None:
    report = shell.ok("import", "movielens", small)
    assert (report["films new"], report["viewers"], report["ratings new"]) == (30, 3, 30)
    assert report["refused"] == ["refused 1 of 31 rows of ml-1m/movies.dat: 1 with too few fields (line 31)"]
    assert "ratings known already" in shell.said("import", "movielens", small)
    assert len(shell.ok("catalog", "list", "--limit", 7)) == 7
    [found] = shell.ok("catalog", "search", "flim 17", "--limit", 1)
    assert found["name"] == "The Film 17"
    shown = shell.ok("catalog", "show", found["id"])
    assert {"source": "movielens", "key": "17"} in shown["external_ids"]
    assert "The Film 17" in shell.said("catalog", "show", found["id"])
    assert "The Film 17" in shell.said("catalog", "search", "film 17")
    shell.ok("catalog", "export", tmp_path / "titles.jsonl")
    assert len((tmp_path / "titles.jsonl").read_text().splitlines()) == 30


def test_accounts(shell: Shell, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a quiet evening\n"))
    account = shell.ok("accounts", "add", "Ada@example.org", "--operator", "--password-stdin")
    assert (account["email"], account["role"]) == ("ada@example.org", "operator")
    shell.ok("import", "movielens", small)
    assert shell.ok("accounts", "claim", "ada@example.org", "--viewer", "movielens:2")["name"] == "MovieLens 2"
    [listed] = shell.ok("accounts", "list")
    assert [one["name"] for one in listed["viewers"]] == ["ada", "MovieLens 2"]
    assert "password" not in json.dumps(listed)
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert "8 to 1000 characters" in shell.refused("accounts", "password", "ada@example.org", "--password-stdin")
    monkeypatch.setattr("sys.stdin", io.StringIO("another evening\n"))
    assert "new password" in shell.said("accounts", "password", "ada@example.org", "--password-stdin")
    assert "There is no viewer 'movielens:99'" in shell.refused(
        "accounts", "claim", "ada@example.org", "--viewer", "movielens:99"
    )
    assert "There is no account" in shell.refused("accounts", "claim", "eve@example.org", "--viewer", "movielens:1")


def test_what_goes_wrong_is_one_sentence(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 cut off")
    assert "is truncated" in shell.refused("import", "movielens", tmp_path / "a.zip")
    assert "There is no" in shell.refused("import", "movielens", tmp_path / "none.zip")
    assert "holds no table of films" in shell.refused("import", "tmdb", Path(__file__))
    assert "is not a folder" in shell.refused("scan", Path(__file__))
    assert "There is no title 99" in shell.refused("catalog", "show", "99")
    assert "cannot be written" in shell.refused("catalog", "export", tmp_path / "none" / "titles.jsonl")


def test_a_scan_that_refuses_says_what(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "Broken [1] (2001).mp4").write_bytes(b"")
    said = "".join(shell.said("scan", tmp_path / "library").split())  # a long path may break anywhere
    assert "Broken[1](2001).mp4" in said
    assert "refused1" in said
