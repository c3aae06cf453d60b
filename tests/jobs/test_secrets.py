"""Secrets: jobs know them, and nothing that is kept of a job does."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jobs.conftest import Agents, request

from matinee.base.errors import InvalidInput, NotFound
from matinee.jobs.attempts.masking import Mask
from matinee.jobs.records import JobStatus
from matinee.jobs.secrets import Secrets
from matinee.jobs.service import Service

TOKEN = "s3cr3t-s3cr3t-x"
KEY = "-----BEGIN-----\nabcdefghij\nok\n-----END-----"


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


@given(st.lists(st.sampled_from([TOKEN, TOKEN[:9], "abcdefghij", "s3", "x", "\n", "words "])), st.data())
def test_no_cut_lets_a_secret_through(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    mask = Mask([TOKEN, KEY])
    pieces = [text[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    said = b"".join(map(mask.feed, pieces))
    whole = text.replace(TOKEN.encode(), b"***").replace(b"abcdefghij", b"***")
    held = len(whole) - len(said)
    assert whole.startswith(said)
    assert held < len(KEY)
    assert mask.end() == (b"***" if held > 3 else whole[len(said) :])


def test_they_are_files_for_nobody_else(tmp_path: Path) -> None:
    kept = Secrets(tmp_path / "secrets")
    assert kept.names() == []
    kept.put("TOKEN", "first")
    kept.put("TOKEN", TOKEN)
    kept.put("B", "b\n")
    assert kept.names() == ["B", "TOKEN"]
    assert kept.values(["TOKEN", "B"]) == {"TOKEN": TOKEN, "B": "b"}
    assert stat.S_IMODE((tmp_path / "secrets/TOKEN").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    kept.remove("B")
    with pytest.raises(NotFound, match="secret B is not in"):
        kept.values(["B"])
    for name in ("../x", "", "a b", "1"):
        with pytest.raises(InvalidInput, match="no name of a secret"):
            kept.put(name, "x")
    with pytest.raises(InvalidInput, match="empty"):
        kept.put("C", "")


def test_jobs_know_them_and_their_folders_do_not(service: Service, agents: Agents, tmp_path: Path) -> None:
    agents()
    service.secrets.put("TOKEN", TOKEN)
    service.secrets.put("KEY", KEY)
    (tmp_path / "setup.sh").write_text("set -x; MORE=$TOKEN; set +x; echo $KEY")
    text = 'echo ${#TOKEN} ${#KEY}; echo "<$TOKEN>"; echo "$KEY"; printf s3cr3t-; sleep .1; printf s3cr3t-x; env'
    wanted = {"secrets": ("TOKEN", "KEY"), "setup_file": str(tmp_path / "setup.sh")}
    done = service.wait(service.submit(request(text, **wanted)).id, 30)
    assert done.status == JobStatus.SUCCEEDED
    printed = service.output(done.id).read_text()
    assert printed.startswith(f"{len(TOKEN)} {len(KEY)}\n<***>\n***\n***")
    assert "MORE=***" in service.output(done.id, "genie/logs/setup.log").read_text()
    for path in service.output(done.id).parent.rglob("*"):
        if path.is_file():
            assert TOKEN not in path.read_text()
            assert "abcdefghij" not in path.read_text()
    lost = service.wait(service.submit(request("true", secrets=("NOBODY",))).id, 30)
    assert (lost.status, "The secret NOBODY is not in" in lost.status_msg) == (JobStatus.FAILED, True)
