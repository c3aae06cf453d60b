"""`evaluate` and `compare`, on files and in a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.recommendation.conftest import add_films, add_viewing

from matinee.cli.run import run
from matinee.subsystems import create_workspace

FAST = "popularity,item-neighbours"


@pytest.fixture
def tastes(tmp_path: Path) -> Path:
    """Sixty viewers of two tastes, with ratings and times."""
    rng, rows = np.random.default_rng(0), []
    for viewer in range(60):
        films = [film for film in rng.permutation(40)[:25] if film % 2 == viewer % 2]
        rows += [f"{viewer},{film},{rng.integers(3, 6)},{978_300_000 + rng.integers(0, 10**6)}" for film in films]
    path = tmp_path / "tastes.csv"
    path.write_text("user_id,item_id,rating,timestamp\n" + "\n".join(rows))
    return path


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert run(["--json", "recommendation", *map(str, words)]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("protocol", ["leave-last-out", "time", "strong", "cold-viewers"])
def test_every_protocol_compares_models_on_a_file(
    tastes: Path, protocol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("compare", "--data", tastes, "--protocol", protocol, "--models", FAST, "-n", 5)
    found = asked(capsys, *words)
    popularity, neighbours = found["models"]
    assert neighbours["metrics"]["ndcg"]["value"] > popularity["metrics"]["ndcg"]["value"]  # two tastes are in there
    between = neighbours["against"]["ndcg"]
    assert between["low"] < between["value"] < between["high"]
    assert between["value"] == pytest.approx(
        neighbours["metrics"]["ndcg"]["value"] - popularity["metrics"]["ndcg"]["value"]
    )
    again = asked(capsys, *words)
    assert [one["metrics"] for one in again["models"]] == [one["metrics"] for one in found["models"]]


def test_ratings_are_judged_by_their_error(tastes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(
        capsys, "evaluate", "--data", tastes, "--protocol", "rating", "--models", "svd", "--knob", "svd.factors=4"
    )
    assert 0.5 < found["models"][0]["metrics"]["rmse"]["value"] < 1.5
    assert found["models"][0]["knobs"] == {"factors": 4}


def test_tables_fit_a_terminal_and_plots_lie_in_the_folder(
    tastes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(tastes), "--models", "popularity,als", "--plots", str(tmp_path / "plots")]
    for command in ("compare", "evaluate"):
        assert run(["recommendation", command, *words, "--knob", "als.epochs=2"]) == 0
        said = capsys.readouterr()
        assert "NDCG@10" in said.out
        assert "…" not in said.out
        assert "als: learnt in" in said.err
    assert {one.name for one in (tmp_path / "plots").iterdir()} == {
        "ndcg-by-slice.svg",
        "learning-curves.svg",
        "popularity-bias.svg",
    }


def test_a_split_of_somebody_elses(tastes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header, *rows = tastes.read_text().splitlines()
    for name, part in (("base", rows[::2]), ("test", rows[1::2])):
        (tmp_path / name).write_text("\n".join([header, *part]))
    found = asked(
        capsys, "evaluate", "--data", tmp_path / "base", "--test", tmp_path / "test", "--models", "popularity"
    )
    assert (found["protocol"], found["split"]["train"]) == ("given", len(rows[::2]))


def test_a_workspace_is_evaluated_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with create_workspace(tmp_path / "cinema") as opened:
        add_viewing(opened.backends, add_films(opened.backends))
    command = ["--workspace", str(tmp_path / "cinema"), "--json", "recommendation", "compare", "--models", FAST]
    assert run(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"] == "workspace"
    assert 0 < found["models"][1]["metrics"]["diversity"]["value"] < 1


def test_broken_rows_are_said_beside_the_results(tastes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tastes.write_text(tastes.read_text() + "\n1,2,seven,978300000\n")
    assert run(["recommendation", "evaluate", "--data", str(tastes), "--models", "popularity"]) == 0
    assert "refused 1 of" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--models", "oracle"], "There is no model 'oracle'"),
        (["--protocol", "magic"], "There is no protocol 'magic'"),
        (["--models", "als", "--knob", "als.wisdom=3"], "no knob wisdom"),
        (["--models", "als", "--knob", "factors=3"], "MODEL.KNOB=VALUE"),
        (["--models", "content"], "needs to know what titles are about"),
        (["--models", "als", "--protocol", "rating"], "predicts no ratings"),
        (["--least", "6"], "No rating is 6 or more"),
        (["--share", "2", "--protocol", "time"], "not between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_is_said(
    tastes: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["recommendation", "evaluate", "--data", str(tastes), *words]) != 0
    assert says in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("rows", "protocol", "says"),
    [
        ("1,2\n1,3\n1,4\n", "leave-last-out", ""),  # one viewer: figures without intervals
        ("1,2\n2,2\n3,2\n", "leave-last-out", "Every viewer has one entry only"),
        ("1,2\n1,3\n", "time", "no times to split by"),
        ("1,2\n1,3\n", "strong", "cannot be drawn"),
    ],
)
def test_one_viewer_and_one_title(
    tmp_path: Path, rows: str, protocol: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "few.csv").write_text(rows)
    code = run(
        ["recommendation", "evaluate", "--data", str(tmp_path / "few.csv"), "--protocol", protocol, "--models", FAST]
    )
    said = " ".join(capsys.readouterr().err.split())
    assert (code == 0) == (not says)
    assert says in said


def test_an_empty_workspace_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_workspace(tmp_path / "empty").close()
    assert run(["--workspace", str(tmp_path / "empty"), "recommendation", "evaluate"]) != 0
    assert "matinee import movielens" in " ".join(capsys.readouterr().err.split())
