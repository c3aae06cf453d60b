"""The commands of recommendation, in a real workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.recommendation.conftest import add_films, add_viewing

from matinee.cli.run import run
from matinee.subsystems import create_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    with create_workspace(tmp_path / "cinema") as opened:
        add_viewing(opened.backends, add_films(opened.backends))
    return str(tmp_path / "cinema")


def test_train_look_and_go_back(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--workspace", workspace, "recommendation"]
    assert run([*command, "train", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["titles"], len(report["losses"])) == (60, 10)
    assert run([*command, "page", "test:0", "-n", "3"]) == 0
    said = capsys.readouterr().out
    assert "Top picks for you" in said
    assert "Because you loved" in said
    assert run([*command, "page", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["viewer_id"] == 1
    assert run([*command, "similar", "Film 3", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 10
    assert run([*command, "rollback"]) != 0
    assert run([*command, "train"]) == 0
    assert run([*command, "rollback"]) == 0
    capsys.readouterr()
    assert run([*command, "shelf", "--json"]) == 0
    shelf = json.loads(capsys.readouterr().out)
    assert shelf["current"] == shelf["versions"][-1]["version"] == report["version"]
    assert [one["served"] for one in shelf["versions"]] == [False, True]


def test_list_and_explain(workspace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--workspace", workspace, "recommendation"]
    curves = tmp_path / "curves.svg"
    assert run([*command, "train", "--models", "content", "--plot", str(curves)]) == 0
    assert "content" in capsys.readouterr().out
    assert curves.read_text().startswith("<?xml")
    assert run([*command, "recommend", "test:0", "-n", "3", "--genre", "western", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["title"]["genres"] for one in found["items"]] == [["Western"]] * 3
    assert found["fallback"] == ""
    title = str(found["items"][0]["title"]["id"])
    assert run([*command, "explain", "test:0", title]) == 0
    assert "place" in capsys.readouterr().out
    assert run([*command, "recommend", "test:0", "--genre", "opera"]) == 0
    assert "Nothing in the library passes" in " ".join(capsys.readouterr().out.split())
    assert run([*command, "recommend", "test:0", "--device", "tv", "--hour", "21"]) == 0
    capsys.readouterr()
    assert run([*command, "page", "test:0", "--seed", "1", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["rows"]
    assert run([*command, "page", "test:0", "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == first
    assert run([*command, "train", "--models", "alz"]) != 0
    assert "There is no model 'alz'" in capsys.readouterr().err


def test_unknown_viewers_and_titles_are_said(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["page", "nobody"], ["page", "movielens:1"], ["page", "999"], ["similar", "999999"]):
        assert run(["--workspace", workspace, "recommendation", *words]) != 0
        assert "There is no" in capsys.readouterr().err


def test_an_empty_library_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_workspace(tmp_path / "empty").close()
    command = ["--workspace", str(tmp_path / "empty"), "recommendation"]
    assert run([*command, "train"]) != 0
    assert "matinee import movielens" in " ".join(capsys.readouterr().err.split())
    assert run([*command, "shelf"]) == 0
    assert "matinee recommendation train" in capsys.readouterr().err
