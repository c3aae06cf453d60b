"""Agents that run jobs, die and are stopped, on either database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.jobs.conftest import Agents, request, until

from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.base.workspace import Workspace
from matinee.jobs.queue.selection import NothingMatches
from matinee.jobs.queue.tickets import own_table
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service

S = JobStatus


def test_jobs_run_and_are_told(service: Service, agents: Agents) -> None:
    agents()
    good = service.submit(request("echo hello; echo oh >&2", name="good", tags=("a", "ö%_")))
    bad = service.submit(request("echo well >&2; printf '\\x1b[31mno\\n\\n' >&2; exit 3", name="bad"))
    none = service.submit(request("no-such-program", command_criteria=("type:program",)))
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
    assert failed.status_msg == "It ended with exit code 3:  [31mno"
    assert service.wait(none.id, 30).status_msg == "It ended with exit code 127: no-such-program: not found"
    assert (slow.status, slow.status_msg) == (S.KILLED, "It ran longer than the 1 s that it was given.")
    assert [one.id for one in service.jobs(tags=["ö%_"])] == [good.id]
    assert service.jobs(tags=["ö"]) == []
    assert {one.id for one in service.jobs(statuses=["FAILED"])} == {bad.id, none.id}
    with pytest.raises(InvalidInput, match="outside of the job's folder"):
        service.output(good.id, "../../../matinee.toml")
    with pytest.raises(NotFound, match="has no file"):
        service.output(good.id, "nothing")


def test_a_ticket_whose_end_was_not_noted_does_no_harm(
    workspace: Workspace, service: Service, agents: Agents, tmp_path: Path
) -> None:
    agents()
    done = service.wait(service.submit(request(f"echo >>{tmp_path}/note; exit 3")).id, 30)
    tickets = own_table(workspace.backends.tables.engine)

    def noted() -> bool:
        with workspace.backends.tables.read() as connection:
            return list(connection.execute(select(tickets.c.status)).scalars()) == ["SUCCESS"]

    until(noted)
    with workspace.backends.tables.write() as connection:
        connection.execute(update(tickets).values(status="ENQUEUED", completed_at=None))
    until(noted)
    after = service.job(done.id)
    assert (after.status, after.attempt, after.finished_ms) == (S.FAILED, 1, done.finished_ms)
    assert (tmp_path / "note").read_text() == "\n"


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


SLOW = """
import sys, time
from matinee.cli import main
from matinee.jobs.attempts import folder

make = folder.make

def slowly(*args):
    make(*args)
    print("laid", flush=True)
    time.sleep(1)

folder.make = slowly
sys.argv = ["matinee", "--workspace", *sys.argv[1:], "jobs", "agent"]
main()
"""


def test_a_job_that_begins_while_its_agent_is_stopped_is_stopped_too(
    workspace: Workspace, service: Service, tables: str
) -> None:
    flags = [str(workspace.root), "--set", f"backends.tables={tables}"]
    done = service.submit(request("sleep 60", rerunnable=True))
    with subprocess.Popen([sys.executable, "-c", SLOW, *flags], stdout=subprocess.PIPE) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"laid\n"
        agent.terminate()
        assert agent.wait(30) == 0
    after = service.job(done.id)
    assert (after.status, after.attempt, after.status_msg) == (S.ACCEPTED, 1, "Its agent was stopped. It is run again.")


def test_a_stopped_agent_gives_back_what_may_run_again(service: Service, agents: Agents, tmp_path: Path) -> None:
    first, note = agents(), tmp_path / "note"
    job = service.submit(request(f"echo . >>{note}; [ $(wc -l <{note}) = 2 ] || sleep 60", rerunnable=True))
    until(note.exists)
    first.terminate()
    assert first.wait(30) == 0
    assert service.job(job.id).status == S.ACCEPTED
    agents()
    assert service.wait(job.id, 30).status == S.SUCCEEDED
