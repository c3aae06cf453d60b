import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from matinee import __version__
from matinee.base import errors
from matinee.cli.app import app
from matinee.cli.exits import exit_code
from matinee.cli.lazy import LazyCommand
from matinee.cli.run import run, shared_first


def commands() -> Iterator[tuple[str, ...]]:
    """The path of every command and group."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        real = command.load() if isinstance(command, LazyCommand) else command
        if hasattr(real, "list_commands"):
            context = typer.Context(real)
            for name in real.list_commands(context):
                yield from walk(real.get_command(context, name), (*path, name))

    yield from walk(typer.main.get_command(app), ())


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_help_of_every_command(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Usage: matinee" in said
    sentence = said.split("Usage:", 1)[1].split("\n", 1)[1].strip()
    assert sentence[:1].isupper(), "each command says in a sentence what it does"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"matinee {__version__}\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b", "--json"], ["--json", "a", "b"]),
        (["a", "--workspace", "w", "b", "--set=x.y=1"], ["--workspace", "w", "--set=x.y=1", "a", "b"]),
        (["a", "--", "--json"], ["a", "--", "--json"]),
        (["a", "--workspace"], ["--workspace", "a"]),
        (["a", "--force"], ["a", "--force"]),
    ],
)
def test_shared_options_stand_anywhere(given: list[str], expected: list[str]) -> None:
    assert shared_first(given) == expected


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["settings", "--workspace", "nowhere"], 4, "nowhere is not a Matinee workspace"),
        (["settings"], 4, "Make one with `matinee init`"),
        (["popcorn"], 2, "No such command 'popcorn'"),
        (["init", "--colour"], 2, "No such option: --colour"),
        (["settings", "--set", "encoding"], 2, "is not a setting"),
    ],
)
def test_wrong_use_is_told_in_words(
    args: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if "encoding" in args:
        run(["init", "--quiet"])
    assert run(args) == code
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_every_kind_of_error_has_its_own_code() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.MatineeError)]
    codes = [exit_code(kind("x")) for kind in kinds]
    assert len(set(codes)) == len(kinds) == 7
    assert not {0, 130} & set(codes)


def test_init_and_settings_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out) == {"workspace": str(tmp_path)}
    assert run(["settings", "backends", "--json", "--set", "backends.bus=file://log"]) == 0
    rows = {row["setting"]: row for row in json.loads(capsysbinary.readouterr().out)}
    assert rows["backends.bus"]["value"] == "file://log"
    assert rows["backends.bus"]["default"] == "file://events"
    assert all(row["meaning"] for row in rows.values())


def test_error_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["settings", "--json"]) == 4
    row = json.loads(capfdbinary.readouterr().err)
    assert row["kind"] == "NotFound"
    assert "matinee init" in row["next_step"]


def test_help_of_the_root_imports_nothing_heavy() -> None:
    code = (
        "import sys; from matinee.cli.run import run; run(['--help']);"
        "heavy = {'numpy', 'av', 'fastapi', 'pyarrow', 'matplotlib', 'scipy'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_reader_that_leaves_early(tmp_path: Path) -> None:
    command = f"cd {tmp_path} && {sys.executable} -m matinee init -q && {sys.executable} -m matinee settings | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
