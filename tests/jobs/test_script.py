"""The run script: what it does when it is run by a real shell."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.jobs.attempts.script import ENVIRONMENT, LOG_FOLDER, Script, Setup, tags, variables_of


def ran(folder: Path, script: Script, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / "run").write_text(str(script))
    base = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    command = ["bash", str(folder / "run")]
    return subprocess.run(command, env=base | environment, cwd="/", capture_output=True, text=True, check=False)


def script(*executable: str, **fields: Any) -> Script:
    return Script(**{"job_id": "job-1", "variables": {}, "executable": executable, **fields})


def test_it_runs_the_command_in_its_folder(tmp_path: Path) -> None:
    made = script("pwd; echo", arguments=["two  words", "$HOME", "it's"], tail='"$GENIE_JOB_DIR" *.txt')
    (tmp_path / "a.txt").touch()
    result = ran(tmp_path, made)
    assert result.stdout == f"{tmp_path}\ntwo  words $HOME it's {tmp_path} a.txt\n"
    assert (result.stderr, result.returncode) == ("", 0)


def test_setup_files_are_sourced_in_order_and_kept_out_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "one.sh").write_text("echo first; export WORD=red")
    (tmp_path / "two.sh").write_text("echo second $WORD >&2; export WORD=$WORD-dwarf")
    made = script("echo $WORD", setups=[Setup(whose="cluster 'x'", path="one.sh"), Setup(whose="job", path="two.sh")])
    result = ran(tmp_path, made)
    assert (result.stdout, result.stderr) == ("red-dwarf\n", "")
    told = (tmp_path / "genie/logs/setup.log").read_text()
    assert told == "Sourcing the setup file of cluster 'x'\nfirst\nSourcing the setup file of job\nsecond red\n"
    assert 'declare -x WORD="red-dwarf"\n' in (tmp_path / "genie/logs/env.log").read_text()


def test_setup_that_fails_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.sh").write_text("false")
    result = ran(tmp_path, script("echo never", setups=[Setup(whose="job", path="bad.sh")]))
    assert result.returncode == 1
    assert result.stdout == ""
    assert not (tmp_path / ENVIRONMENT).exists()


@pytest.mark.parametrize(
    ("command", "code"), [("exit 7", 7), ("false | cat", 1), ("no-such-program", 127), ("kill -9 $$", -9)]
)
def test_its_exit_code_is_the_command_s(tmp_path: Path, command: str, code: int) -> None:
    assert ran(tmp_path, script(command)).returncode == code


def test_secrets_are_there_and_in_no_log(tmp_path: Path) -> None:
    made = script("echo ${#TOKEN}", secrets=frozenset({"TOKEN"}), variables={"OPEN": "word"})
    result = ran(tmp_path, made, TOKEN="first\nsecond")
    assert result.stdout == "12\n"
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert "first" not in path.read_text()
            assert "second" not in path.read_text()
    assert 'OPEN="word"' in (tmp_path / "genie/logs/env.log").read_text()


@settings(max_examples=25)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_variables_and_arguments_arrive_as_they_are(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("job")
    made = script(
        "printf '%s|%s'",
        variables={"GENIE_JOB_NAME": text},
        arguments=[text],
        tail='"$GENIE_JOB_NAME"',
        job_id=text or "x",
    )
    ran(folder, made)
    result = subprocess.run(["bash", str(folder / "run")], capture_output=True, check=True)
    assert result.stdout == f"{text}|{text}".encode()


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'A B' is no name of a variable"):
        str(script("true", variables={"A B": ""}))


def test_the_variables_are_genie_s() -> None:
    found = variables_of(
        job={"ID": "1", "TAGS": tags(["b", "a,c"])},
        cluster={"ID": "c"},
        command={"ID": "p"},
        asked=[["x"], ["y", "z"]],
    )
    assert found == {
        "GENIE_VERSION": "4",
        "GENIE_JOB_ID": "1",
        "GENIE_JOB_TAGS": "a\\,c,b",
        "GENIE_CLUSTER_ID": "c",
        "GENIE_COMMAND_ID": "p",
        "GENIE_REQUESTED_CLUSTER_TAGS": "[[x],[y,z]]",
        "GENIE_REQUESTED_CLUSTER_TAGS_0": "x",
        "GENIE_REQUESTED_CLUSTER_TAGS_1": "y,z",
    }
