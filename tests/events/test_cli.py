"""The commands of events, in a real workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matinee.cli.run import run
from matinee.events import codec
from matinee.events.records import Thumb
from matinee.subsystems import create_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> str:
    create_workspace(tmp_path / "cinema").close()
    return str(tmp_path / "cinema")


def test_events_go_in_and_out(workspace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    thumbs = [Thumb(id=f"thumb-{one:04d}", viewer_id=1, title_id=one, at_ms=one, value=1) for one in range(1, 6)]
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\n".join([*map(codec.encode, thumbs), b"broken"]))
    assert run(["--workspace", workspace, "events", "import", str(file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["doubled"], report["refused"]) == (5, 0, 1)
    assert run(["--workspace", workspace, "events", "import", str(file)]) == 0
    said = capsys.readouterr()
    assert "known already" in said.out
    assert "First refused lines: 6." in said.err

    out = tmp_path / "out.jsonl"
    assert run(["--workspace", workspace, "events", "export", str(out)]) == 0
    assert "5 events" in capsys.readouterr().out
    assert [codec.decode(line) for line in out.read_bytes().splitlines()] == thumbs

    assert run(["--workspace", workspace, "events", "tail", "-n", "2"]) == 0
    said_lines = capsys.readouterr().out.splitlines()
    assert len(said_lines) == 2
    assert "1970-01-01T00:00:00.005Z" in said_lines[-1]
    assert "title_id=5 value=1" in said_lines[-1]
    assert run(["--workspace", workspace, "events", "rate", "--seconds", "0.1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["viewing"] == 5


def test_what_is_wrong_is_said_with_an_exit_code(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--workspace", workspace, "events", "import", "missing.jsonl"]) != 0
    assert "There is no file missing.jsonl." in " ".join(capsys.readouterr().err.split())
    assert run(["--workspace", workspace, "events", "tail", "--topic", "gossip"]) != 0
    assert "There is no topic 'gossip'" in " ".join(capsys.readouterr().err.split())
