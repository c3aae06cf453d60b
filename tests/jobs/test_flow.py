"""How jobs wait, are queued and end, with real agents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote

import pytest
from tests.jobs.conftest import Agents, request, until

from matinee.base.errors import Conflict, NotFound
from matinee.jobs.queue.selection import NothingMatches
from matinee.jobs.records import Cluster, ClusterStatus, JobRequest, JobStatus, TagCriteria
from matinee.jobs.service import Service

S = JobStatus


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


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


def test_a_cluster_that_is_gone_is_replaced(service: Service, agents: Agents) -> None:
    here = service.resource(Cluster, "this-machine")
    for id_ in ("a", "b"):
        service.save(here.model_copy(update={"id": id_, "name": id_, "tags": (f"type:{id_}", "type:local")}))
    choices = tuple(TagCriteria(tags=(f"type:{one}",)) for one in "ab")
    moved = service.submit(request("echo $GENIE_CLUSTER_NAME", cluster_criterias=choices))
    stuck = service.submit(request("true", cluster_criterias=choices[:1], retries=3))
    assert (moved.cluster_name, stuck.cluster_name) == ("a", "a")
    service.save(service.resource(Cluster, "a").model_copy(update={"status": ClusterStatus.TERMINATED}))
    agents()
    assert service.wait(moved.id, 30).cluster_name == "b"
    assert service.output(moved.id).read_text() == "b\n"
    gone = service.wait(stuck.id, 30)
    assert gone.status == S.FAILED
    assert gone.status_msg.startswith("Its cluster 'a' is gone. ")
    assert "is TERMINATED" in gone.status_msg


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


def limited(service: Service, **limits: object) -> Service:
    service._settings = service._settings.model_copy(update=limits)
    return service


def statuses(service: Service, ids: list[str]) -> str:
    """A letter for each."""
    return "".join(service.job(id_).status[0] for id_ in ids)


def test_owners_have_room_for_so_many(service: Service) -> None:
    limited(service, active_limit=2, owner_limits={"eve": 0})
    assert service.submit(request("true", user="eve")).status == S.RESERVED
    ids = [service.submit(request("true", priority=i)).id for i in range(5)]
    other = service.submit(request("true", user="ben"))
    assert statuses(service, ids) == "AARRR"
    assert other.status == S.ACCEPTED
    service.kill(ids[0])
    assert statuses(service, ids) == "KARRA", "the urgent go first"


def test_tags_have_room_for_so_many(service: Service) -> None:
    limited(service, tag_limits={"gpu": 2, "disk": 1}, active_limit=3)
    gpu = [service.submit(request("true", tags=("gpu",), user=user)).id for user in ("ada", "ada", "ada", "ben")]
    assert statuses(service, gpu) == "AARR"
    plain = service.submit(request("true", user="ada"))
    assert plain.status == S.ACCEPTED, "others of the owner go by"
    disk = [service.submit(request("true", tags=("disk", "gpu"), user="eve", priority=9)).id for _ in range(2)]
    assert statuses(service, disk) == "RR"
    service.kill(gpu[0])
    assert (statuses(service, gpu) + statuses(service, disk)).count("A") == 2
    for id_ in gpu:
        service.kill(id_)
    assert statuses(service, disk) == "AR"


def test_costs_are_told_by_owner(service: Service, agents: Agents) -> None:
    limited(service, cpu_hour_price=3600, gb_hour_price=1)
    agents()
    burn = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    ada = service.submit(request(f"python3 -c {quote(burn)}", user="ada"))
    ben = service.submit(request("exit 1", user="ben", retries=1, retry_wait_s=0.1))
    for one in (ada, ben):
        service.wait(one.id, 30)
    dear, cheap = service.costs(0, 1 << 50)
    assert (dear.user, dear.jobs, dear.attempts, dear.failed) == ("ada", 1, 1, 0)
    assert (cheap.user, cheap.jobs, cheap.attempts, cheap.failed) == ("ben", 1, 2, 2)
    assert 0.5 <= dear.cpu_hours * 3600 < 5
    assert dear.price == pytest.approx(dear.cpu_hours * 3600 + dear.memory_gb_hours)
    assert service.costs(0, 1) == []
