"""What a job writes on another machine: an agent with a disk of its own, on the same PostgreSQL and objects."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, insert, select, update
from tests.jobs.conftest import request, until
from tests.server.conftest import PASSWORD, running
from tests.servers import Server, new_database

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.workspace import Workspace
from matinee.catalog.records import Role
from matinee.jobs.agents import answers, keeper
from matinee.jobs.agents.answers import Answers
from matinee.jobs.agents.keeper import Keeper
from matinee.jobs.agents.lease import Lease
from matinee.jobs.attempts import elsewhere
from matinee.jobs.attempts.archive import Archive
from matinee.jobs.attempts.elsewhere import Elsewhere
from matinee.jobs.attempts.output import Output
from matinee.jobs.client import Client
from matinee.jobs.queue.tickets import own_table
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service
from matinee.jobs.tables import job_questions
from matinee.server.site.left_views import Left
from matinee.subsystems import create_workspace

NOISE = "head -c 2500000 /dev/urandom >noise; sha256sum <noise; "


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Workspace]:
    """The machine that reads; no agent is on it."""
    with create_workspace(tmp_path_factory.mktemp("near"), [f"backends.tables={new_database(postgres)}"]) as made:
        made.service("catalog").create_account("boss@example.org", PASSWORD, Role.OPERATOR, 1)
        yield made


@pytest.fixture(scope="module")
def service(house: Workspace) -> Service:
    made: Service = house.service("jobs")
    return made


@pytest.fixture(scope="module")
def agent(house: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """The agent on the machine that runs jobs."""
    with machine(house, tmp_path_factory.mktemp("far")) as one:
        yield one


@contextmanager
def machine(house: Workspace, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An agent on a machine of its own."""
    settings = [
        f"backends.tables={address_of(house)}",
        f"backends.objects=file://{house.root / 'objects'}",
        "jobs.slots=4",
    ]
    create_workspace(root, settings).close()
    flags = [word for one in settings for word in ("--set", one)]
    command = [sys.executable, "-m", "matinee", "--workspace", str(root), *flags, "jobs", "agent"]
    with (root / "agent.log").open("wb") as log:
        one = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        yield one
    finally:
        one.kill()
        one.wait()


@pytest.fixture
def begun(service: Service, agent: subprocess.Popen[bytes]) -> Iterator[Callable[[str], str]]:
    """Have a shell read a text over there; the id of the job once it has printed something."""
    ids = []

    def begin(text: str) -> str:
        ids.append(service.submit(request(text)).id)
        until(lambda: grown(service, ids[-1]))
        return ids[-1]

    yield begin
    for id_ in ids if agent.poll() is None else ():
        service.kill(id_)


def held(note: Path) -> str:
    """Of a shell: wait for a file."""
    return f"until [ -e {note} ]; do sleep .02; done;"


def address_of(house: Workspace) -> str:
    return house.backends.tables.engine.url.render_as_string(hide_password=False)


def grown(service: Service, id_: str, name: str = "stdout") -> int:
    try:
        return service.folder(id_).info(name).size_bytes
    except NotFound:
        return 0


def questions(house: Workspace) -> int:
    with house.backends.tables.read() as connection:
        return int(connection.execute(select(func.count()).select_from(job_questions)).scalar_one())


def test_files_of_a_running_job_are_read(house: Workspace, service: Service, begun: Callable[[str], str]) -> None:
    text = r"mkfifo pipe; ln -s /etc/passwd link; mkdir -p d/e; echo in >'d/a b'; touch $'\xff' d/ö; "
    id_ = begun(NOISE + text + "sleep 60")
    found = service.folder(id_)
    assert isinstance(found, Elsewhere)
    noise = service.output(id_, "noise").read_bytes()
    assert found.read("stdout", 0, 1 << 20).decode() == f"{hashlib.sha256(noise).hexdigest()}  -\n"
    assert found.info("noise").size_bytes == len(noise) == 2_500_000
    assert found.info("noise") == found.info("noise")
    assert found.read("noise", 2_000_000, 2_000_005) == noise[2_000_000:2_000_005]
    assert found.read("noise", 2_499_999, 5_000_000) == noise[-1:]
    assert found.read("noise", 9_000_000, 9_000_001) == b""
    with found.stream("noise") as stream:
        assert stream.seek(-3, os.SEEK_END) == 2_499_997
        assert stream.read() == noise[-3:]
    assert found.read("d/a b", 0, 9) == b"in\n"
    assert [one.name for one in found.entries()] == ["d", "genie", "noise", "run", "stderr", "stdout", "\udcff"]
    assert [(one.name, one.folder, one.size_bytes) for one in found.entries("d")] == [
        ("a b", False, 3),
        ("e", True, 0),
        ("ö", False, 0),
    ]
    for outside in ("../../../matinee.toml", "link", "/etc/passwd"):
        with pytest.raises(InvalidInput, match="outside of the job's folder"):
            found.read(outside, 0, 10)
    for missing in ("pipe", "d", "nothing", "a\0b", "\udcfe", "stdout/x"):
        with pytest.raises(NotFound, match="has no file"):
            found.info(missing)
    with pytest.raises(NotFound, match="has no file stdout"):
        found.entries("stdout")
    assert questions(house) == 0


def test_a_log_is_followed_until_the_job_ends(
    house: Workspace, service: Service, begun: Callable[[str], str], tmp_path: Path
) -> None:
    """Line by line over there; then the archive has it, also for who is in the middle of a file."""
    id_ = begun(NOISE + "".join(f"{held(tmp_path / one)} printf '{one}\\0\\xff\\n'; " for one in ("one", "two")))
    flags = ["--workspace", str(house.root), "--set", f"backends.tables={address_of(house)}"]
    printed = tmp_path / "printed"
    with printed.open("wb") as out:
        command = [sys.executable, "-m", "matinee", *flags, "jobs", "log", id_, "--follow"]
        follower = subprocess.Popen(command, stdout=out)
    noise = service.output(id_, "noise").read_bytes()
    with service.folder(id_).stream("noise") as stream:
        until(lambda: b"  -\n" in printed.read_bytes())
        (tmp_path / "one").touch()
        until(lambda: printed.read_bytes().endswith(b"  -\none\0\xff\n"))
        read = stream.read(1_000_000)
        (tmp_path / "two").touch()
        assert follower.wait(30) == 0
        assert printed.read_bytes().endswith(b"one\0\xff\ntwo\0\xff\n")
        until(lambda: service.job(id_).archive_location)
        assert read + stream.read() == noise
    assert isinstance(service.folder(id_), Output)
    assert service.output(id_).read_bytes() == printed.read_bytes()
    assert service.output(id_, "noise").read_bytes() == noise


def test_over_http(house: Workspace, service: Service, begun: Callable[[str], str]) -> None:
    id_ = begun(NOISE + "echo more; sleep 60")
    until(lambda: grown(service, id_) > 70)
    noise = service.output(id_, "noise").read_bytes()
    with running(house) as address, httpx.Client(base_url=address, timeout=30) as boss:
        answer = boss.post("/api/session", json={"email": "boss@example.org", "password": PASSWORD})
        output = f"/api/v3/jobs/{id_}/output"
        assert boss.get(f"{output}/stdout", headers={"Range": "bytes=-5"}).text == "more\n"
        assert boss.get(f"{output}/noise").content == noise
        assert boss.head(f"{output}/noise").headers["content-length"] == "2500000"
        assert [one["name"] for one in boss.get(output).json()["files"]] == ["noise", "run", "stderr", "stdout"]
        assert boss.get(f"{output}/..%2F..%2Fmatinee.toml").status_code == 412
        assert boss.get(f"/api/v3/jobs/{id_}/metadata").json()["stdOutSize"] == 73
        page = boss.get(f"/console/jobs/{id_}").text
        assert f'data-source="{output}/stdout?attempt=1" data-grows' in page
        with Client(address, answer.json()["token"]) as client:
            assert client.output(id_, "noise").read_bytes() == noise


def test_attempts_on_several_machines(
    house: Workspace,
    service: Service,
    agent: subprocess.Popen[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One after the other goes on where the one before was, and each machine archives its own."""
    text = 'cd "$MATINEE_STATE"; n=${GENIE_JOB_DIR##*/}; cat last; echo $n | tee -a all; ln -sf all last; '
    text += "[ $n != 2 ] || sleep 60; [ $n = 3 ]"
    id_ = service.submit(request(text, retries=1, retry_wait_s=600, rerunnable=True)).id
    until(lambda: service.job(id_).status_msg.endswith("It is tried again in 600 s."))
    others = [service.submit(request("sleep 60")).id for _ in range(4)]
    until(lambda: {service.job(one).status for one in others} == {JobStatus.RUNNING})  # there is no slot for another
    hurry(house, f"{id_}/2")
    with machine(house, tmp_path / "third") as other:
        until(lambda: service.job(id_).attempt == 2 and grown(service, id_) == 4, 60)
        other.terminate()
        assert other.wait(30) == 0
    for one in others:
        service.kill(one)
    assert service.wait(id_, 30).status == JobStatus.SUCCEEDED
    until(lambda: service.job(id_).archive_location)
    with pytest.raises(Unavailable, match="whose agent is gone"):
        service.output(id_, attempt=2)
    keep(house, tmp_path / "third/work/jobs", monkeypatch)
    until(lambda: house.backends.objects.exists(f"jobs/{id_}/2.zip"))
    assert [service.output(id_, attempt=one).read_text() for one in (1, 2, 3)] == ["1\n", "1\n2\n", "1\n2\n3\n"]
    kept = [one.key for one in house.backends.objects.list(f"jobs/{id_}/")]
    assert kept == [f"jobs/{id_}/{one}.zip" for one in (1, 2, 3)], "nobody goes on from what they shared"


def hurry(house: Workspace, ticket: str) -> None:
    """Have a ticket taken now."""
    status = own_table(house.backends.tables.engine)
    with house.backends.tables.write() as connection:
        mine = update(status).where(status.c.workflow_uuid == ticket)
        assert connection.execute(mine.values(delay_until_epoch_ms=now_ms())).rowcount == 1


def keep(house: Workspace, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have somebody else on a machine look around."""
    monkeypatch.setattr(keeper, "_EVERY_S", 0.02)
    backends = house.backends
    archive = Archive(backends.objects, work)
    one = Keeper(backends.tables, backends.objects, archive, work, agent="next", keep_days=1, kept=lambda _: None)
    one.start()
    until(lambda: not any(archive.lacks(path.name) for path in work.iterdir()))
    one.stop()


def test_a_machine_that_is_silent_and_then_dead(
    house: Workspace,
    service: Service,
    agent: subprocess.Popen[bytes],
    begun: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id_ = begun("echo here; sleep 60")
    agent.send_signal(signal.SIGSTOP)
    with monkeypatch.context() as impatient:
        impatient.setattr(elsewhere, "PATIENCE_S", 0.3)
        with pytest.raises(Unavailable, match="does not answer"):
            service.output(id_)
        assert "which does not answer" in Left.of(service.whole(id_), service, 1, "stdout").why
    assert questions(house) == 0
    agent.send_signal(signal.SIGCONT)
    assert service.output(id_).read_text() == "here\n"
    agent.kill()
    agent.wait()
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.3)
    with pytest.raises(Unavailable, match="does not answer"):
        service.output(id_)
    Lease(house.backends.tables, "another", lambda _: None).begin(1)  # which strikes off the dead
    with pytest.raises(Unavailable, match="whose agent is gone") as gone:
        service.output(id_)
    assert "archives what was left" in gone.value.next_step


def test_what_nobody_takes_back_is_swept_away(
    house: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = house.backends.tables
    row = {"agent": "gone", "job_id": "a", "attempt": 1, "name": "stdout", "start": 0, "stop": 1}
    with tables.write() as connection:
        connection.execute(insert(job_questions), [{**row, "id": str(age), "asked_ms": age} for age in (1, 2**45)])
    monkeypatch.setattr(answers, "_SWEEP_S", 0)
    one = Answers(tables, tmp_path, "one")
    one.start()
    until(lambda: questions(house) == 1)
    one.stop()
