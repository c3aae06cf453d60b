"""The console on jobs: what it shows, the same as JSON, forms that ask first, and names that do no harm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from markupsafe import escape
from tests.jobs.conftest import request, until
from tests.server.conftest import Cinema

from matinee.base.clock import now_ms
from matinee.jobs.queue.schedules import Schedule
from matinee.jobs.service import Service

JOBS = "/console/jobs"
V3 = "/api/v3"
EVIL = "<img src=x onerror=alert(1)>\"'&amp;{{7*7}}"
BACKWARDS = "gpj.\u202etxt.exe"
LONG = "very " * 50 + "long"


@pytest.fixture(scope="module")
def service(cinema: Cinema) -> Service:
    made: Service = cinema.workspace.service("jobs")
    return made


@pytest.fixture(scope="module")
def ran(cinema: Cinema, service: Service) -> Iterator[dict[str, str]]:
    """Ids of jobs that an agent has run, one that it runs, and one that waits."""
    ids = {
        "good": service.submit(request("echo done; echo 1 4 rows > $MATINEE_PROGRESS", name="good", tags=("t",))).id,
        "bad": service.submit(request("exit 3", name="bad", user="omar", retries=1, retry_wait_s=0.1)).id,
        "evil": service.submit(
            request(f"printf '%s' '{EVIL[:28]}'", name=EVIL, user=EVIL, tags=(EVIL,), description=EVIL)
        ).id,
        "backwards": service.submit(request("true", name=BACKWARDS)).id,
        "long": service.submit(request("true", name=LONG, user="u" * 255)).id,
    }
    running = request("echo 2 8 reels wound > $MATINEE_PROGRESS; echo so far; sleep 300", name="running")
    graph = service.submit_graph({"first": running, "then": request("true", name="then", after=("first",))})
    ids |= {name: one.id for name, one in graph.items()}
    command = [sys.executable, "-m", "matinee", "--workspace", str(cinema.workspace.root), "jobs", "agent"]
    with (cinema.workspace.root / "agent.log").open("wb") as log:
        agent = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        until(lambda: all(service.job(ids[one]).status.final for one in ("good", "bad", "evil", "backwards", "long")))
        until(lambda: service.job(ids["first"]).progress)
        yield ids
    finally:
        agent.kill()
        agent.wait()


def names(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)</bdi>', html)


def shown(boss: httpx.Client, **query: Any) -> list[str]:
    answer = boss.get(JOBS, params=query)
    assert answer.status_code == 200, answer.text
    return names(answer.text)


def test_before_there_is_any_it_says_what_to_do(boss: httpx.Client) -> None:
    assert "matinee jobs submit" in boss.get(JOBS).text
    assert "matinee jobs schedule add" in boss.get(f"{JOBS}/schedules").text
    assert "matinee jobs agent" in boss.get(f"{JOBS}/costs").text
    assert boss.get(f"{V3}/agents").json() == boss.get(f"{V3}/schedules").json() == []


def test_jobs_that_nobody_takes_need_an_agent(boss: httpx.Client, service: Service) -> None:
    waits = service.submit(request("true", name="lonely"))
    assert "No agent runs" in boss.get(JOBS).text
    service.kill(waits.id)
    assert "No agent runs" not in boss.get(JOBS).text


def test_the_state_of_the_list_is_in_its_address(boss: httpx.Client, ran: dict[str, str]) -> None:
    assert shown(boss, status="failed") == shown(boss, user="omar") == ["bad"]
    assert shown(boss, status="running") == ["running"]
    assert shown(boss, status="waiting") == ["then"]
    assert sorted(shown(boss, status="active")) == ["running", "then"]
    assert shown(boss, tag="t") == shown(boss, q=" goo ") == ["good"]
    assert shown(boss, q="g_od") == shown(boss, user="%") == shown(boss, tag="%") == []
    assert shown(boss, q="d", sort="name", order="up") == ["bad", "good"]
    assert "No job is so" in boss.get(JOBS, params={"q": "none"}).text
    html = boss.get(JOBS, params={"status": "failed", "sort": "name", "order": "up"}).text
    assert "<option selected>failed</option>" in html
    assert 'aria-sort="ascending"' in html
    same = boss.get(next(one for one in re.findall(r'href="([^"]*)">as JSON', html)).replace("&amp;", "&")).json()
    assert [one["name"] for one in same["_embedded"]["jobSearchResultList"]] == ["bad"]
    assert boss.get(JOBS, params={"q": ran["bad"]}).headers["location"] == f"{JOBS}/{ran['bad']}"
    for refused in ("sort=shoes", "order=left", "page=0", "q=" + "x" * 201):
        assert boss.get(f"{JOBS}?{refused}").status_code == 422


def test_long_lists_have_pages(boss: httpx.Client, service: Service) -> None:
    service.submit_graph({str(i): request("true", name=f"many {i}", user="many") for i in range(51)})
    first, second = shown(boss, user="many"), shown(boss, user="many", page=2)
    assert (len(first), len(second), len({*first, *second})) == (50, 1, 51)
    assert (
        'href="/console/jobs?user=many&amp;sort=created&amp;order=down&amp;page=2"'
        in boss.get(f"{JOBS}?user=many").text
    )


def test_a_running_job(boss: httpx.Client, ran: dict[str, str]) -> None:
    html = boss.get(f"{JOBS}/{ran['first']}").text
    assert ">running<" in html
    assert "2 of 8 reels wound" in html
    assert 'value="25"' in html
    assert f'data-source="{V3}/jobs/{ran["first"]}/output/stdout?attempt=1" data-grows' in html
    assert re.search(r'<span data-since="\d+">[\d.]+ m?s</span>', html)
    assert f'href="{JOBS}/{ran["first"]}/kill"' in html
    assert f'href="{JOBS}/{ran["then"]}"' in html  # in the graph
    assert "It comes after running." in boss.get(f"{JOBS}/{ran['then']}").text


def test_a_job_that_failed_twice(boss: httpx.Client, ran: dict[str, str], service: Service) -> None:
    html = boss.get(f"{JOBS}/{ran['bad']}").text
    assert service.job(ran["bad"]).status_msg in html
    stretches = re.findall(r'<th scope="row">(wait\w+|attempt \d)</th>', html)
    assert stretches == ["waited", "attempt 1", "waited", "attempt 2"]
    bars = [float(one) for one in re.findall(r"width:([\d.]+)%\" title", html)]
    assert sum(bars) == pytest.approx(100, abs=1)
    assert "/kill" not in html
    assert "1 of 1" in html  # retries
    earlier = boss.get(f"{JOBS}/{ran['bad']}?attempt=1&log=setup").text
    assert "output/genie/logs/setup.log?attempt=1" in earlier
    assert "data-grows" not in earlier
    for source in re.findall(r'data-source="([^"]+)"', html + earlier):
        empty = boss.get(source, headers={"Range": "bytes=-100"})
        assert (empty.status_code, empty.content) == (200, b"")
    assert "It has written nothing." in boss.get(f"{JOBS}/{ran['bad']}?attempt=9").text


def test_everything_on_the_page_is_json_too(boss: httpx.Client, ran: dict[str, str]) -> None:
    html = boss.get(f"{JOBS}/{ran['first']}").text + boss.get(f"{JOBS}/graph/{ran['first']}").text
    links = {one for one in re.findall(r'href="(/api/v3/[^"]+)"', html) if "output" not in one}
    assert len(links) == 3
    for link in links:
        assert boss.get(link).headers["content-type"].split(";")[0].endswith("json"), link
    graph = boss.get(f"{V3}/jobs/{ran['then']}/graph").json()
    assert [one["id"] for one in graph["nodes"]] == sorted([ran["first"], ran["then"]])
    assert graph["edges"] == [{"job": ran["then"], "after": ran["first"]}]
    until(lambda: [one["busy"] for one in boss.get(f"{V3}/agents").json()] == [1])
    counts = boss.get(f"{V3}/counts?since=0").json()
    assert (counts["RUNNING"], counts["FAILED"]) == (1, 1)


@pytest.mark.parametrize("name", ["evil", "backwards", "long"])
def test_what_jobs_are_called_does_no_harm(boss: httpx.Client, ran: dict[str, str], name: str) -> None:
    id_ = ran[name]
    for path in (JOBS, f"{JOBS}/{id_}", f"{JOBS}/graph/{id_}", f"{JOBS}/costs", f"{JOBS}/{ran['first']}/kill"):
        html = boss.get(path).text
        assert "<img" not in html
    page = boss.get(f"{JOBS}/{id_}").text
    told = {"evil": EVIL, "backwards": BACKWARDS, "long": LONG}[name]
    assert f"<h1><bdi>{escape(told)}</bdi></h1>" in page
    assert "\u202e" not in re.sub(
        r"<bdi>[^<]*</bdi>|<title>[^<]*</title>|<pre.*?</pre>|(title|aria-label)=\"[^\"]*\"", "", page, flags=re.S
    )
    if name == "evil":
        href = next(one for one in re.findall(r'href="([^"]*tag=[^"]*)"', page))
        assert names(boss.get(href.replace("&amp;", "&")).text) == [escape(EVIL)]


def test_ids_that_are_odd(boss: httpx.Client, service: Service) -> None:
    for id_ in ("a b?#", "ö%2f&<b>", "costs-of-it", '"quoted"'):
        service.submit(request("true", id=id_, user="odd"))
    found = re.findall(rf'<th scope="row"><a href="({JOBS}/[^"]+)"', boss.get(f"{JOBS}?user=odd").text)
    assert len(found) == 4
    for href in found:
        html = boss.get(href).text
        assert f'action="{href}/rerun"' in html
        assert "<b>" not in html
    assert boss.get(f"{JOBS}/none").status_code == 404
    assert boss.get(f"{JOBS}/graph/none").status_code == 404
    assert boss.post(f"{JOBS}/none/kill").status_code == 404


def test_a_job_is_run_again(boss: httpx.Client, ran: dict[str, str], service: Service) -> None:
    answer = boss.post(f"{JOBS}/{ran['good']}/rerun")
    assert answer.status_code == 303
    new = answer.headers["location"].rpartition("/")[2]
    assert new != ran["good"]
    assert service.whole(new).request == service.whole(ran["good"]).request
    over_http = boss.post(f"{V3}/jobs/{ran['good']}/rerun")
    assert over_http.status_code == 202
    assert boss.get(over_http.headers["location"]).json()["name"] == "good"


def test_a_job_is_killed_once_that_is_meant(boss: httpx.Client, ran: dict[str, str], service: Service) -> None:
    asked = boss.get(f"{JOBS}/{ran['first']}/kill").text
    assert f'href="{JOBS}/{ran["then"]}"' in asked  # will never run
    assert not service.job(ran["first"]).status.final
    answer = boss.post(f"{JOBS}/{ran['first']}/kill", data={"why": "<b>wrong</b> reel"})
    assert answer.headers["location"] == f"{JOBS}/{ran['first']}"
    ended = service.wait(ran["first"], 30)
    assert (ended.status, ended.status_msg) == ("KILLED", "<b>wrong</b> reel (boss@example.org)")
    html = boss.get(f"{JOBS}/{ran['first']}").text
    assert "&lt;b&gt;wrong&lt;/b&gt; reel (boss@example.org)" in html
    assert "data-grows" not in html
    assert ">invalid<" in boss.get(f"{JOBS}/graph/{ran['then']}").text
    assert boss.get(f"{JOBS}/{ran['first']}/kill").headers["location"] == f"{JOBS}/{ran['first']}"


def test_costs_and_history(boss: httpx.Client, ran: dict[str, str]) -> None:
    html = boss.get(f"{JOBS}/costs?days=7").text
    history, costs = (re.search(rf'href="({V3}/{one}[^"]*)"', html) for one in ("history", "costs"))
    assert history
    assert costs
    days = boss.get(history[1].replace("&amp;", "&")).json()
    assert len(days) == 7
    assert days[-1]["ended"]["FAILED"] == 1
    told = {one["user"]: one for one in boss.get(costs[1].replace("&amp;", "&")).json()}
    assert (told["omar"]["jobs"], told["omar"]["attempts"], told["omar"]["failed"]) == (1, 2, 2)
    assert days[-1]["cpuHours"]["omar"] == pytest.approx(told["omar"]["cpuHours"])
    assert f'<a href="{JOBS}?user=omar"><bdi>omar</bdi></a>' in html
    assert boss.get(f"{JOBS}/costs?days=8").status_code == 422
    for bad in ("", "?since=1", "?since=-1&until=2", "?since=x&until=2"):
        assert boss.get(f"{V3}/costs{bad}").status_code == 412
    assert boss.get(f"{V3}/history", params={"since": 0, "until": now_ms()}).status_code == 412


def test_schedules(boss: httpx.Client, service: Service) -> None:
    place = f"{V3}/schedules/nightly%20%3Cb%3E"
    body = {"name": EVIL, "user": "ops", "cron": "30 3 * * *"}
    asked = {
        "a": request("true").model_dump(mode="json", by_alias=True),
        "b": {**request("true").model_dump(mode="json", by_alias=True), "after": ["a"]},
    }
    told = boss.put(place, json={**body, "requests": asked})
    assert told.status_code == 200, told.text
    assert told.json()["schedule"]["id"] == "nightly <b>"
    assert told.json()["nextMs"] > now_ms()
    assert boss.get(place).json() == told.json() == boss.get(f"{V3}/schedules").json()[0]
    for bad in ({"cron": "never"}, {"requests": {}}, {"id": "other"}, {"timezone": "Mars"}):
        assert boss.put(place, json={**body, "requests": asked, **bad}).status_code == 412, bad
    html = boss.get(f"{JOBS}/schedules").text
    assert "<img" not in html
    (form,) = re.findall(r'action="(/console/jobs/schedules/[^"]+)"', html)
    for do, paused in (("pause", True), ("resume", False)):
        assert boss.post(form, data={"do": do}).headers["location"] == f"{JOBS}/schedules"
        assert service.schedule("nightly <b>").schedule.paused is paused
        assert (">paused<" in boss.get(f"{JOBS}/schedules").text) is paused
    assert boss.post(form, data={"do": "run"}).status_code == 303
    ids = boss.get(place).json()["lastJobs"]
    assert set(ids) == {"a", "b"}
    html = boss.get(f"{JOBS}/schedules").text
    assert all(f'href="{JOBS}/{id_}"' in html for id_ in ids.values())
    listed = next(one for one in re.findall(r'href="([^"]*tag=schedule[^"]*)"', html)).replace("&amp;", "&")
    assert len(names(boss.get(listed).text)) == 2
    assert boss.post(f"{place}/run").json()["lastJobs"] != ids
    assert boss.post(form, data={"do": "dance"}).status_code == 422
    assert boss.delete(place).status_code == boss.delete(place).status_code == 204
    assert boss.get(place).status_code == boss.post(f"{place}/run").status_code == 404
    assert boss.post(form, data={"do": "pause"}).status_code == 404


def test_only_operators_come_in_and_no_other_site_acts(
    boss: httpx.Client,
    parent: httpx.Client,
    child: httpx.Client,
    clients: Callable[..., httpx.Client],
    ran: dict[str, str],
    service: Service,
) -> None:
    service.save_schedule(Schedule(id="s", name="s", user="ops", cron="0 3 * * *", requests={"a": request("true")}))
    id_ = service.submit(request("sleep 60", name="kept")).id
    pages = ["", "/costs", "/schedules", f"/graph/{id_}", f"/{id_}", f"/{id_}/kill"]
    forms = [(f"/{id_}/kill", {}), (f"/{id_}/rerun", {}), ("/schedules/s", {"do": "pause"})]
    total = boss.get(f"{V3}/jobs").json()["page"]["totalElements"]
    for visitor in (parent, child):
        for path in pages:
            assert visitor.get(JOBS + path).status_code == 403, path
        for path, data in forms:
            assert visitor.post(JOBS + path, data=data).status_code == 403, path
    stranger = clients()
    assert stranger.get(JOBS).headers["location"].startswith("/sign-in")
    for path, data in forms:
        assert stranger.post(JOBS + path, data=data).headers["location"] == "/sign-in"
        foreign = boss.post(JOBS + path, data=data, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403, path
    assert boss.get(f"{V3}/jobs").json()["page"]["totalElements"] == total
    assert not service.job(id_).status.final
    assert not service.schedule("s").schedule.paused
    service.kill(id_)
