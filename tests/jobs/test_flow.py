"""How jobs wait, are queued and end, with real agents on either database."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.jobs.conftest import request

from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.jobs.records import Cluster, ClusterStatus, JobRequest, JobStatus, TagCriteria
from matinee.jobs.selection import NothingMatches
from matinee.jobs.service import Service

Agents = Callable[[], subprocess.Popen[bytes]]
S = JobStatus


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    for _ in range(int(seconds * 20)):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it never came so far")


def test_jobs_run_and_are_told(service: Service, agents: Agents) -> None:
    agents()
    good = service.submit(request("echo hello; echo oh >&2", name="good", tags=("a", "ö%_")))
    bad = service.submit(request("exit 3", name="bad"))
    long = service.submit(request("sleep 60", timeout=1))
    failed, slow = service.wait(bad.id, 30), service.wait(long.id, 30)
    done = service.wait(good.id, 30)
    assert (done.status, done.status_msg, done.exit_code, done.attempt) == (
        S.SUCCEEDED,
        "Job finished successfully.",
        0,
        1,
    )
    assert (done.cluster_name, done.command_name) == ("this-machine", "shell")
    assert done.created_ms <= (done.started_ms or 0) <= (done.finished_ms or 0)
    assert service.output(good.id).read_text() == "hello\n"
    assert service.output(good.id, "stderr").read_text() == "oh\n"
    assert (failed.status, failed.exit_code) == (S.FAILED, 3)
    assert (slow.status, slow.status_msg) == (S.KILLED, "It ran longer than the 1 s that it was given.")
    assert [one.id for one in service.jobs(tags=["ö%_"])] == [good.id]
    assert service.jobs(tags=["ö"]) == []
    assert [one.id for one in service.jobs(statuses=["FAILED"])] == [bad.id]
    with pytest.raises(InvalidInput, match="outside of the job's folder"):
        service.output(good.id, "../../../matinee.toml")
    with pytest.raises(NotFound, match="has no file"):
        service.output(good.id, "nothing")


def test_a_job_comes_after_others(service: Service, agents: Agents, tmp_path: Path) -> None:
    note = tmp_path / "note"
    one = service.submit(request(f"sleep .5; echo one >>{note}"))
    two = service.submit(request(f"echo two >>{note}", after=(one.id,)))
    three = service.submit(request(f"echo three >>{note}", after=(one.id, two.id)))
    assert [service.job(job.id).status for job in (one, two, three)] == [S.ACCEPTED, S.RESERVED, S.RESERVED]
    agents()
    assert service.wait(three.id, 30).status == S.SUCCEEDED
    assert note.read_text() == "one\ntwo\nthree\n"
    late = service.submit(request("true", after=(three.id,)))
    assert service.wait(late.id, 30).status == S.SUCCEEDED


def test_a_graph_is_taken_in_as_a_whole(service: Service, agents: Agents, tmp_path: Path) -> None:
    note = tmp_path / "note"
    nightly = {
        "publish": request(f"echo publish >>{note}", after=("evaluate", "report")),
        "evaluate": request(f"sleep .3; echo evaluate >>{note}", after=("train",)),
        "report": request(f"echo report >>{note}", after=("train",)),
        "train": request(f"echo train >>{note}"),
    }
    made = service.submit_graph(nightly)
    assert {name: job.status for name, job in made.items()} == {
        "train": S.ACCEPTED,
        "evaluate": S.RESERVED,
        "report": S.RESERVED,
        "publish": S.RESERVED,
    }
    agents()
    assert service.wait(made["publish"].id, 30).status == S.SUCCEEDED
    assert note.read_text() == "train\nreport\nevaluate\npublish\n"
    before = len(service.jobs())
    with pytest.raises(InvalidInput, match="wait for each other"):
        service.submit_graph({"a": request("true", after=("b",)), "b": request("true", after=("a",))})
    with pytest.raises(NothingMatches):
        service.submit_graph(
            {"a": request("true"), "b": request("true", command_criteria=("type:none",), after=("a",))}
        )
    with pytest.raises(Conflict, match="Two jobs of the graph have one id"):
        service.submit_graph({"a": request("true", id="x"), "b": request("true", id="x")})
    assert len(service.jobs()) == before


def test_a_long_chain_that_is_hopeless_ends_at_once(service: Service) -> None:
    chain = {"0": request("true")} | {str(i): request("true", after=(str(i - 1),)) for i in range(1, 60)}
    made = service.submit_graph(chain)
    service.kill(made["0"].id, "Ada did.")
    assert {service.job(job.id).status for name, job in made.items() if name != "0"} == {S.INVALID}


def test_what_comes_after_a_failure_never_runs(service: Service, agents: Agents) -> None:
    agents()
    bad = service.submit(request("sleep 1; exit 1", name="train"))
    chain = [bad.id]
    for _ in range(3):
        chain.append(service.submit(request("true", after=(chain[-1],))).id)
    assert service.wait(chain[-1], 30).status == S.INVALID
    assert service.job(chain[1]).status_msg == "It never ran: 'train', which it comes after, is FAILED."
    late = service.submit(request("true", after=(bad.id,)))
    assert late.status == S.INVALID


def test_it_is_tried_again(service: Service, agents: Agents, tmp_path: Path) -> None:
    agents()
    note = tmp_path / "note"
    job = service.submit(request(f"echo . >>{note}; [ $(wc -l <{note}) = 3 ]", retries=5, retry_wait_s=0.1))
    done = service.wait(job.id, 60)
    assert (done.status, done.attempt) == (S.SUCCEEDED, 3)
    assert note.read_text() == ".\n.\n.\n"


def test_kill_ends_what_waits_and_what_runs(service: Service, agents: Agents) -> None:
    waiting = service.submit(request("true"))
    service.kill(waiting.id, "Ada did.")
    assert (service.job(waiting.id).status, service.job(waiting.id).status_msg) == (S.KILLED, "Ada did.")
    agents()
    running = service.submit(request("echo began; sleep 60"))
    until(lambda: service.job(running.id).status == S.RUNNING)
    service.kill(running.id, "Ada did again.")
    done = service.wait(running.id, 30)
    assert (done.status, done.status_msg) == (S.KILLED, "Ada did again.")
    service.kill(running.id)
    assert service.job(running.id).status_msg == "Ada did again."
    with pytest.raises(NotFound):
        service.kill("nobody")


def test_hours_and_deadlines(service: Service, agents: Agents) -> None:
    agents()
    now = datetime.now(UTC)
    later = service.submit(request("true", not_before=now + timedelta(seconds=2)))
    assert later.status == S.RESERVED
    late = service.submit(request("sleep 60", deadline=now + timedelta(seconds=2)))
    ended = service.wait(late.id, 30)
    assert (ended.status, ended.status_msg) == (S.KILLED, "Its deadline has passed.")
    done = service.wait(later.id, 30)
    assert done.status == S.SUCCEEDED
    assert done.started_ms is not None
    assert done.started_ms >= now.timestamp() * 1000 + 1999


def test_requests_that_cannot_be_taken_are_refused(service: Service) -> None:
    service.save(
        Cluster(id="down", name="down", tags=("type:big",), status=ClusterStatus.OUT_OF_SERVICE, user="u", version="1")
    )
    big = (TagCriteria(tags=("type:big",)),)
    with pytest.raises(NothingMatches, match=r"cluster 'down' \(down\) is OUT_OF_SERVICE"):
        service.submit(JobRequest(**{**request("true").model_dump(), "cluster_criterias": big}))
    service.submit(request("true", id="mine"))
    with pytest.raises(Conflict, match="mine already exists"):
        service.submit(request("true", id="mine"))
    with pytest.raises(NotFound, match="No job with id z exists"):
        service.submit(request("true", after=("z",)))
    assert len(service.jobs()) == 1


@pytest.mark.parametrize("id_", ["..", ".hidden", "a/b", "a\nb", ""])
def test_ids_that_are_no_names_of_folders_are_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="id"):
        request("true", id=id_)


def test_files_are_laid_beside_the_job(service: Service, agents: Agents, tmp_path: Path) -> None:
    agents()
    (tmp_path / "words.txt").write_text("hello")
    (tmp_path / "setup.sh").write_text("export WHO=$(cat words.txt)")
    files = {"dependencies": (str(tmp_path / "words.txt"),), "setup_file": str(tmp_path / "setup.sh")}
    done = service.wait(service.submit(request('echo "$WHO from $PWD"', **files)).id, 30)
    assert service.output(done.id).read_text().startswith("hello from /")
    assert service.output(done.id, "words.txt").read_text() == "hello"
    (tmp_path / "run").touch()
    missing = service.submit(request("true", configs=(str(tmp_path / "nothing"),)))
    taken = service.submit(request("true", configs=(str(tmp_path / "run"),)))
    assert "nothing is not there" in service.wait(missing.id, 30).status_msg
    assert "Two files of the job are called run." in service.wait(taken.id, 30).status_msg


def test_a_dead_agent_is_noticed(service: Service, agents: Agents, tmp_path: Path) -> None:
    """What may run twice does, what may not fails, what had not begun just runs; and nothing of it is left."""
    first = agents()
    once, twice = tmp_path / "once", tmp_path / "twice"
    may_not = service.submit(request(f"echo . >>{once}; sleep 3; echo end >>{once}"))
    may = service.submit(request(f"echo . >>{twice}; sleep 3; echo end >>{twice}", rerunnable=True))
    until(lambda: once.exists() and twice.exists())
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    waiting = service.submit(request("echo fresh"))
    agents()
    failed, done = service.wait(may_not.id, 60), service.wait(may.id, 60)
    assert failed.status == S.FAILED
    assert failed.status_msg == "Its agent died while it ran. It does not say that it may run twice (rerunnable)."
    assert (done.status, done.attempt) == (S.SUCCEEDED, 2)
    assert service.wait(waiting.id, 30).status == S.SUCCEEDED
    assert once.read_text() == ".\n"
    assert twice.read_text() == ".\n.\nend\n"


def test_a_stopped_agent_gives_back_what_may_run_again(service: Service, agents: Agents, tmp_path: Path) -> None:
    first, note = agents(), tmp_path / "note"
    job = service.submit(request(f"echo . >>{note}; [ $(wc -l <{note}) = 2 ] || sleep 60", rerunnable=True))
    until(note.exists)
    first.terminate()
    assert first.wait(30) == 0
    assert service.job(job.id).status == S.ACCEPTED
    agents()
    assert service.wait(job.id, 30).status == S.SUCCEEDED


def test_owners_have_room_for_so_many(workspace_of_two: Service, agents: Agents) -> None:
    service = workspace_of_two
    ids = [service.submit(request("sleep .2", priority=i)).id for i in range(5)]
    other = service.submit(request("true", user="ben"))
    assert [service.job(id_).status for id_ in ids] == [S.ACCEPTED, S.ACCEPTED, S.RESERVED, S.RESERVED, S.RESERVED]
    assert other.status == S.ACCEPTED
    agents()
    done = [service.wait(id_, 30) for id_ in ids]
    assert {one.status for one in done} == {S.SUCCEEDED}
    assert (done[4].started_ms or 0) <= (done[2].started_ms or 0), "the urgent go first"


@pytest.fixture
def workspace_of_two(service: Service) -> Service:
    """At most two jobs of an owner at once."""
    service._settings = service._settings.model_copy(update={"active_limit": 2})
    return service
