"""Jobs asked of the service itself and over HTTP: the same answers to the same questions, from a real agent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.jobs.conftest import WHO, request
from tests.server.conftest import PASSWORD, running

from matinee.base.clock import now_ms
from matinee.base.errors import Conflict, InvalidInput, MatineeError, NotAllowed, NotFound, Unavailable
from matinee.base.workspace import Workspace
from matinee.catalog.records import Role
from matinee.jobs.client import Client
from matinee.jobs.queue.schedules import Schedule
from matinee.jobs.records import Application, ApplicationStatus, Cluster, Command, Criterion, JobStatus
from matinee.jobs.service import Service
from matinee.subsystems import create_workspace


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with create_workspace(tmp_path_factory.mktemp("house")) as workspace:
        workspace.service("catalog").create_account("boss@example.org", PASSWORD, Role.OPERATOR, 1)
        yield workspace


@pytest.fixture(scope="module")
def address(house: Workspace) -> Iterator[str]:
    with running(house) as address:
        yield address


@pytest.fixture(scope="module")
def token(address: str) -> str:
    body = {"email": "boss@example.org", "password": PASSWORD}
    return str(httpx.post(f"{address}/api/session", json=body).json()["token"])


@pytest.fixture(scope="module")
def agent(house: Workspace) -> Iterator[None]:
    command = [sys.executable, "-m", "matinee", "--workspace", str(house.root), "jobs", "agent"]
    with (house.root / "agent.log").open("wb") as log:
        one = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    yield
    one.send_signal(signal.SIGTERM)
    assert one.wait(30) == 0


@pytest.fixture(scope="module", params=["service", "client"])
def jobs(request: pytest.FixtureRequest, house: Workspace, address: str, token: str) -> Iterator[Service | Client]:
    if request.param == "service":
        yield house.service("jobs")
    else:
        with Client(f"{address}/", token) as client:
            yield client


@pytest.mark.usefixtures("agent")
def test_jobs_run_and_leave_their_output(jobs: Service | Client) -> None:
    job = jobs.wait(jobs.submit(request("echo hello; exit 3", tags=("ö, %_",), retries=1, retry_wait_s=0)).id, 30)
    assert (job.status, job.exit_code, job.attempt, job.tags) == (JobStatus.FAILED, 3, 2, ("ö, %_",))
    assert job.created_ms <= (job.started_ms or 0) <= (job.finished_ms or 0)
    assert jobs.output(job.id).read_text() == "hello\n"
    assert jobs.output(job.id, "genie/logs/env.log", attempt=1).read_text().startswith("declare -x GENIE_")
    assert [one.id for one in jobs.jobs(tags=["ö, %_"], statuses=["FAILED"], owner="ilse", limit=1)] == [job.id]
    assert jobs.jobs(tags=["ö"]) == []
    with pytest.raises(NotFound, match=f"The job {job.id} has no file nothing"):
        jobs.output(job.id, "nothing")
    with pytest.raises(NotFound, match=f"The job {job.id} has no file genie"):
        jobs.output(job.id, "genie/logs")
    with pytest.raises(InvalidInput, match="outside of the job's folder"):
        jobs.output(job.id, "../../../../matinee.toml")


@pytest.mark.usefixtures("agent")
def test_graphs_run_in_their_order(jobs: Service | Client, tmp_path: Path) -> None:
    note = tmp_path / "note"
    graph = {"b": request(f"echo b >>{note}", after=("a",)), "a": request(f"sleep .2; echo a >>{note}")}
    made = jobs.submit_graph(graph)
    assert jobs.wait(made["b"].id, 30).status == JobStatus.SUCCEEDED
    assert note.read_text() == "a\nb\n"
    with pytest.raises(InvalidInput, match="wait for each other"):
        jobs.submit_graph({"a": request("true", after=("b",)), "b": request("true", after=("a",))})


@pytest.mark.usefixtures("agent")
def test_everything_is_known_of_a_job(jobs: Service | Client, house: Workspace) -> None:
    since_ms = now_ms()
    wanted = request("exit 3", name="whole", retries=1, retry_wait_s=0, metadata={"a": [1, None]}, tags=("t",))
    made = jobs.submit_graph({"first": wanted, "then": request("true", after=("first",))})
    first, then = made["first"].id, made["then"].id
    jobs.wait(then, 30)
    whole, graph = jobs.whole(first), jobs.graph(then)
    assert (whole, graph) == (house.service("jobs").whole(first), house.service("jobs").graph(then))
    assert (whole.job, whole.request.metadata) == (jobs.job(first), {"a": [1, None]})
    assert [(one.attempt, one.exit_code) for one in whole.attempts] == [(1, 3), (2, 3)]
    assert ([one.id for one in whole.before], jobs.whole(then).after) == ([then], [whole.job])
    assert [(one.job, one.after) for one in graph.edges] == [(then, first)]
    again = jobs.wait(jobs.rerun(first).id, 30)
    assert (again.id != first, again.name, again.status) == (True, "whole", JobStatus.FAILED)
    until_ms = now_ms() + 1
    assert [jobs.counts(since_ms)[one] for one in (JobStatus.FAILED, JobStatus.INVALID)] == [2, 1]
    assert [(one.user, one.jobs, one.attempts, one.failed) for one in jobs.costs(since_ms, until_ms)] == [
        ("ilse", 2, 4, 4)
    ]
    assert sum(day.ended.get(JobStatus.FAILED, 0) for day in jobs.history(since_ms, until_ms)) == 2
    assert [one.pid > 1 for one in jobs.agents()] == [True]
    for ask in (jobs.whole, jobs.graph, jobs.rerun):
        with pytest.raises(NotFound, match="No job with id none"):
            ask("none")
    with pytest.raises(InvalidInput, match="days"):
        jobs.history(0, 2**42)


def test_schedules_are_kept(jobs: Service | Client) -> None:
    nightly = Schedule(name="nightly", user="ilse", cron="30 3 * * *", requests={"a": request("true")})
    planned = jobs.save_schedule(nightly)
    id_ = planned.schedule.id or ""
    assert planned.schedule == nightly.model_copy(update={"id": id_})
    assert (jobs.schedule(id_), jobs.schedules()) == (planned, [planned])
    assert jobs.save_schedule(planned.schedule.model_copy(update={"paused": True})).next_ms is None
    ran = jobs.run_schedule(id_).last_jobs
    assert jobs.job(ran["a"]).tags == (f"schedule:{id_}",)
    jobs.remove_schedule(id_)
    assert jobs.schedules() == []
    for ask in (jobs.schedule, jobs.run_schedule):
        with pytest.raises(NotFound, match="No schedule with id"):
            ask(id_)
    with pytest.raises(InvalidInput, match="wait for each other"):
        jobs.save_schedule(nightly.model_copy(update={"requests": {"a": request("true", after=("a",))}}))


@pytest.mark.usefixtures("agent")
def test_attachments_lie_beside_their_job(jobs: Service | Client, tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("first")
    (tmp_path / "ö").write_bytes(bytes(range(256)) * 8000)
    job = jobs.wait(jobs.submit(request("cat 'a b.txt'; wc -c <ö"), [tmp_path / "a b.txt", tmp_path / "ö"]).id, 30)
    assert jobs.output(job.id).read_text() == "first2048000\n"
    assert jobs.output(job.id, "ö").read_bytes() == (tmp_path / "ö").read_bytes()


@pytest.mark.usefixtures("agent")
def test_jobs_are_killed(jobs: Service | Client) -> None:
    job = jobs.submit(request("sleep 60"))
    with pytest.raises(Unavailable, match=f"The job {job.id} is still"):
        jobs.wait(job.id, 0.1)
    jobs.kill(job.id, "Nobody wants it.")
    told = jobs.wait(job.id, 30)
    assert (told.status, told.status_msg) == (JobStatus.KILLED, "Nobody wants it.")


def test_resources_are_kept(jobs: Service | Client) -> None:
    cluster = jobs.save(Cluster(name="prod", status="UP", tags=("type:prod",), **WHO))
    assert cluster.id
    changed = jobs.save(cluster.model_copy(update={"version": "2"}))
    assert jobs.resource(Cluster, cluster.id) == changed
    command = Command(
        id="spark ö?%",
        name="spark",
        status=ApplicationStatus.ACTIVE,
        executable_and_arguments=("spark-submit", "--class", "a b"),
        cluster_criteria=(Criterion(tags=("type:prod",)),),
        **WHO,
    )
    assert jobs.save(command) == command
    assert command in jobs.resources(Command)
    assert jobs.resources(Application) == []
    with pytest.raises(Conflict, match="exists already"):
        jobs.add(command)
    jobs.remove(Command, "spark ö?%")
    jobs.remove(Cluster, cluster.id)
    with pytest.raises(NotFound, match="No command with id spark ö"):
        jobs.resource(Command, "spark ö?%")


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"command_criteria": ("type:none",)}, InvalidInput, "lacks the tag type:none"),
        ({"after": ("none",)}, NotFound, "none"),
        ({"id": "taken"}, Conflict, "already exists"),
    ],
)
def test_refusals_are_the_same(
    jobs: Service | Client, fields: dict[str, object], error: type[MatineeError], told: str
) -> None:
    if "id" in fields and not any(one.id == "taken" for one in jobs.jobs()):
        jobs.submit(request("true", id="taken"))
    with pytest.raises(error, match=told) as refusal:
        jobs.submit(request("true", **fields))
    assert refusal.value.next_step


def test_what_lies_on_many_pages_is_found(address: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matinee.jobs.client._ON_A_PAGE", 2)
    with Client(address, token) as client:
        names = {f"many-{i}" for i in range(5)}
        for name in names:
            client.add(Application(name=name, status="ACTIVE", **WHO))
        assert {one.name for one in client.resources(Application)} >= names
        for one in client.resources(Application):
            client.remove(Application, one.id)


def test_strangers_and_silence_are_told(address: str) -> None:
    with Client(address, "wrong") as client, pytest.raises(NotAllowed, match="not signed in"):
        client.jobs()
    with Client("http://127.0.0.1:9", "any") as client, pytest.raises(Unavailable, match="does not answer"):
        client.jobs()
