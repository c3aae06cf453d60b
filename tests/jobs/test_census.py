"""What jobs come to, on either database: how many stand where, by day, in whole graphs."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update
from tests.jobs.conftest import Agents, request, until

from matinee.base.clock import DAY_MS, HOUR_MS, now_ms, to_iso
from matinee.base.errors import InvalidInput, NotFound
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service
from matinee.jobs.tables import job_attempts, jobs
from matinee.jobs.views.connected import MOST


def test_agents_and_what_became_of_their_jobs(service: Service, agents: Agents) -> None:
    began, before = now_ms(), service.stamp()
    graph = service.submit_graph({
        "good": request("true"),
        "bad": request("exit 3", after=("good",), user="max"),
        "never": request("true", after=("bad",)),
        "long": request("sleep 60"),
    })  # fmt: skip
    assert service.stamp() != before
    assert service.counts(began) == {JobStatus.ACCEPTED: 2, JobStatus.RESERVED: 2}
    assert service.agents() == []
    agents()
    until(lambda: service.job(graph["never"].id).status.final)
    until(lambda: service.job(graph["long"].id).status == JobStatus.RUNNING)
    assert service.counts(began) == {
        JobStatus.RUNNING: 1, JobStatus.SUCCEEDED: 1, JobStatus.FAILED: 1, JobStatus.INVALID: 1,
    }  # fmt: skip
    assert service.counts(now_ms() + 1) == {JobStatus.RUNNING: 1}
    (agent,) = service.agents()
    assert (agent.slots, agent.busy) == (4, 1)
    assert began <= agent.started_ms <= agent.beat_ms <= now_ms()
    before = service.stamp()
    service.kill(graph["long"].id)
    assert service.wait(graph["long"].id).status == JobStatus.KILLED
    assert service.stamp() != before
    yesterday, *days = service.history(began - DAY_MS, now_ms() + 1)
    assert (yesterday.day, yesterday.ended, yesterday.cpu_hours) == (to_iso(began - DAY_MS)[:10], {}, {})
    ended = {status: sum(day.ended.get(status, 0) for day in days) for status in JobStatus if status.final}
    assert ended == {JobStatus.SUCCEEDED: 1, JobStatus.FAILED: 1, JobStatus.KILLED: 1, JobStatus.INVALID: 1}
    told = {one.user: one.cpu_hours for one in service.costs(began, now_ms() + 1)}
    assert {owner for day in days for owner in day.cpu_hours} == {"ilse", "max"}
    assert sum(day.cpu_hours.get("max", 0) for day in days) == pytest.approx(told["max"])


def test_a_clock_that_is_put_back_takes_nothing_off(service: Service) -> None:
    now = now_ms()
    ids = [service.submit(request("true")).id for _ in range(2)]
    spans = zip(ids, (now - HOUR_MS, now + HOUR_MS), strict=True)
    rows = [{"job_id": id_, "started_ms": began, "finished_ms": now} for id_, began in spans]
    ran = {"attempt": 1, "agent": "a", "host": "h", "exit_code": 0, "cpu_s": 1.0, "peak_mb": 1024.0}
    with service._tables.write() as connection:
        connection.execute(insert(job_attempts), [{**row, **ran} for row in rows])
        connection.execute(update(jobs).where(jobs.c.id == ids[0]).values(updated_ms=now + HOUR_MS))
    (cost,) = service.costs(now, now + 1)
    assert (cost.attempts, cost.wall_hours, cost.memory_gb_hours) == (2, 1, 1)
    before = service.stamp()
    with service._tables.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == ids[1]).values(updated_ms=now + 1))
    assert service.stamp() != before


def test_a_history_has_an_end(service: Service) -> None:
    assert service.history(0, 0) == []
    assert [one.day for one in service.history(DAY_MS - 1, DAY_MS + 1)] == ["1970-01-01", "1970-01-02"]
    with pytest.raises(InvalidInput, match="days"):
        service.history(0, now_ms())


def test_graphs_are_told_whole_from_any_of_their_jobs(service: Service) -> None:
    made = service.submit_graph({
        "a": request("true"), "b": request("true", after=("a",)), "c": request("true", after=("a",)),
        "d": request("true", after=("b", "c")), "e": request("true", after=("z",)), "z": request("true"),
        "alone": request("true"),
    })  # fmt: skip
    late = service.submit(request("true", after=(made["d"].id,)))
    names = {one.id: name for name, one in {**made, "late": late}.items()}
    for id_ in (made["a"].id, made["d"].id, late.id):
        graph = service.graph(id_)
        assert sorted(names[one.id] for one in graph.nodes) == ["a", "b", "c", "d", "late"]
        assert not graph.more
        told = sorted((names[one.after], names[one.job]) for one in graph.edges)
        assert told == [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "late")]
    assert [one.id for one in service.graph(made["alone"].id).nodes] == [made["alone"].id]
    with pytest.raises(NotFound, match="No job with id none"):
        service.graph("none")


def test_of_a_large_graph_the_nearest_are_told(service: Service) -> None:
    chain = {f"n{i}": request("true", id=f"n{i}", after=(f"n{i - 1}",) if i else ()) for i in range(2 * MOST)}
    service.submit_graph(chain)
    began = time.monotonic()
    graph = service.graph("n500")
    assert time.monotonic() - began < 2
    assert (len(graph.nodes), graph.more) == (MOST, True)
    shown = {int(one.id[1:]) for one in graph.nodes}
    assert max(shown) - min(shown) == MOST - 1
    assert min(abs(min(shown) - 500), abs(max(shown) - 500)) >= MOST // 2 - 1
    assert len(graph.edges) == MOST - 1


def test_a_job_is_run_anew(service: Service) -> None:
    first = service.submit(request("true", id="first", tags=("x",), priority=3))
    again = service.rerun(first.id)
    assert (again.id != first.id, again.name, again.tags) == (True, first.name, ("x",))
    one, other = (service.whole(id_).request for id_ in (first.id, again.id))
    assert one.model_copy(update={"id": None}) == other
    with pytest.raises(NotFound):
        service.rerun("none")


def test_moments_that_have_passed_are_not_run_anew(service: Service) -> None:
    """Or else the new job would be killed at once."""
    hour, now = timedelta(hours=1), datetime.now(UTC)
    late = service.submit(request("true", not_before=now - 2 * hour, deadline=now - hour))
    early = service.submit(request("true", not_before=now + hour, deadline=now + 2 * hour))
    again, later = (service.whole(service.rerun(one.id).id).request for one in (late, early))
    assert (again.not_before, again.deadline) == (None, None)
    assert (later.not_before, later.deadline) == (now + hour, now + 2 * hour)
