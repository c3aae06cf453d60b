"""Schedules: their hours, and that what they submit is submitted once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from tests.jobs.conftest import Agents, request, until

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, NotFound
from matinee.jobs.queue import schedules
from matinee.jobs.queue.schedules import Schedule, hour_after
from matinee.jobs.records import JobStatus
from matinee.jobs.service import Service

HOUR_MS = 3_600_000


@pytest.fixture
def tables() -> str:
    return "sqlite:///matinee.db"


def every(cron: str, **fields: object) -> Schedule:
    return Schedule(
        **{"id": "nightly", "name": "n", "user": "ada", "cron": cron, "requests": {"a": request("true")}} | fields
    )


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        ("30 3 * * *", "2026-11-22T12:00", "2026-11-23T03:30"),
        ("30 3 * * MON-FRI", "2026-11-20T12:00", "2026-11-23T03:30"),
        ("0 0 29 2 *", "2026-11-22T12:00", "2028-02-29T00:00"),
        ("30 2 * * *", "2027-03-28T00:00", "2027-03-28T03:00"),  # there is no half past two: it comes when the gap ends
        ("30 2 * * *", "2026-10-25T02:30", "2026-10-26T02:30"),  # there are two of them: it comes once
    ],
)
def test_hours(cron: str, after: str, due: str) -> None:
    assert hour_after(every(cron, timezone="Europe/Berlin"), at(after)) == at(due)


def test_what_is_no_schedule_is_refused(service: Service) -> None:
    for cron in ("61 * * * *", "* * * *", "0 0 31 2 *", ""):
        with pytest.raises(ValidationError, match=r"no line of a crontab|never comes"):
            every(cron)
    for zone in ("Mars/Base", "../../etc/passwd", ""):
        with pytest.raises(ValidationError, match="no time zone"):
            every("* * * * *", timezone=zone)
    with pytest.raises(InvalidInput, match="wait for each other"):
        service.save_schedule(every("* * * * *", requests={"a": request("true", after=("a",))}))
    with pytest.raises(NotFound):
        service.schedule("nobody")


def kept(service: Service, at_ms: int) -> list[str]:
    """What the looks of two agents at one moment have submitted."""
    flow, before = service._opened().flow, {one.id for one in service.jobs()}
    for _ in range(2):
        with service._tables.write() as connection:
            schedules.keep(connection, flow, schedules.due(connection, at_ms), at_ms, service._new_id)
            flow.settle(connection, at_ms)
    return [one.id for one in service.jobs() if one.id not in before]


def test_each_hour_submits_once(service: Service) -> None:
    planned = service.save_schedule(every("0 * * * *"))
    due = planned.next_ms or 0
    assert now_ms() < due <= now_ms() + HOUR_MS
    assert kept(service, due - 1) == []
    (first,) = kept(service, due)
    assert service.job(first).tags == ("schedule:nightly",)
    assert service.schedule("nightly").last_jobs == {"a": first}
    assert kept(service, due + HOUR_MS) == []
    assert "had not ended" in service.schedule("nightly").message
    service.kill(first)
    (second,) = kept(service, due + 10 * HOUR_MS + 1)  # slept through nine of them
    assert service.schedule("nightly").next_ms == due + 11 * HOUR_MS
    service.kill(second)
    assert kept(service, due + 3 * HOUR_MS + 1) == []  # the clock was put back
    assert service.schedule("nightly").next_ms == due + 4 * HOUR_MS
    assert len(kept(service, due + 4 * HOUR_MS)) == 1


def test_a_paused_one_waits_and_one_that_is_refused_says_so(service: Service) -> None:
    service.save_schedule(every("* * * * *", paused=True))
    assert service.schedule("nightly").next_ms is None
    assert kept(service, now_ms() + HOUR_MS) == []
    lost = request("true", command_criteria=("type:gone",))
    service.save_schedule(every("* * * * *", requests={"ok": request("true"), "no": lost}))
    assert kept(service, now_ms() + HOUR_MS) == []
    assert "were refused" in service.schedule("nightly").message
    service.remove_schedule("nightly")
    assert service.schedules() == []


def test_an_agent_keeps_them(service: Service, agents: Agents) -> None:
    service.save_schedule(every("0 0 1 1 *", overlap=True))
    with service._tables.write() as connection:
        connection.execute(schedules.job_schedules.update().values(next_ms=1))
    agents()
    until(lambda: service.schedule("nightly").last_jobs)
    assert service.wait(service.schedule("nightly").last_jobs["a"], 30).status == JobStatus.SUCCEEDED
    assert service.run_schedule("nightly").last_jobs != {}
