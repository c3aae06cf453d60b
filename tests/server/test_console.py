"""What operators see: counts, work in every process, events as they come."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import PASSWORD, Cinema, fill, running

from matinee.base.progress import reporting_to, working
from matinee.base.work import WorkJournal
from matinee.server.settings import ServerSettings
from matinee.subsystems import create_workspace

ROUTES = ("overview", "work", "events-rate", "stream", "viewers", "accounts")


def ticks(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """What the live stream tells, second by second."""
    with client.stream("GET", "/api/console/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize("name", ROUTES)
def test_the_console_is_for_operators(clients, parent: httpx.Client, name: str) -> None:
    assert parent.get(f"/api/console/{name}").status_code == 403
    assert clients().get(f"/api/console/{name}").status_code == 401


def test_the_overview_counts(boss: httpx.Client) -> None:
    found = boss.get("/api/console/overview").json()
    assert (found["counts"]["film"], found["counts"]["series"], found["counts"]["episode"]) == (3, 2, 3)
    assert found["counts"]["viewers"] == 4
    assert found["sessions"] >= 1


def test_viewers_are_found_by_name(boss: httpx.Client) -> None:
    assert [one["name"] for one in boss.get("/api/console/viewers", params={"q": "chil"}).json()] == ["Child"]
    assert len(boss.get("/api/console/viewers", params={"limit": 2}).json()) == 2


def test_accounts_show_no_password(boss: httpx.Client) -> None:
    answer = boss.get("/api/console/accounts")
    assert answer.json()[0]["email"] == "boss@example.org"
    assert "argon2" not in answer.text
    assert set(answer.json()[0]) == {"id", "email", "role", "created_ms"}


def test_work_and_events_are_told_live(cinema: Cinema, boss: httpx.Client, parent: httpx.Client) -> None:
    tables = cinema.workspace.backends.tables
    with WorkJournal(tables) as journal, reporting_to(journal), working("encoding Meadow", 4, "shots") as task:
        task.advance(1)
        for n, tick in enumerate(ticks(boss)):
            parent.put(f"/api/list/{cinema.titles['Meadow']}")
            running_ = [one for one in tick["work"] if one["state"] == "running"]
            if running_ and tick["rate"] and tick["rate"]["events"]["viewing"] > 0:
                assert (running_[0]["label"], running_[0]["done"]) == ("encoding Meadow", 1)
                break
            assert n < 20, "nothing was told"
    assert boss.get("/api/console/work").json()[0]["label"] == "encoding Meadow"
    rates = boss.get("/api/console/events-rate", params={"seconds": 300}).json()
    assert sum(one["events"]["viewing"] for one in rates) > 0
    assert [one["at_ms"] for one in rates] == sorted(one["at_ms"] for one in rates)


def test_only_so_many_watch_at_once_and_stopping_ends_them(tmp_path: Path) -> None:
    with create_workspace(tmp_path, ("server.max_streams=2",)) as workspace:
        fill(workspace)
        with running(workspace) as address:
            ended = watch(address, 2)
            with httpx.Client(base_url=address) as client:
                sign_in(client)
                refused = client.get("/api/console/stream")
                assert refused.status_code == 503
                assert refused.json()["error"] == "2 consoles watch live already."
            begun = time.monotonic()
        for thread in ended:
            thread.join(30)
        assert not any(thread.is_alive() for thread in ended)
        assert time.monotonic() - begun < workspace.settings.table("server", ServerSettings).shutdown_timeout_s


def sign_in(client: httpx.Client) -> None:
    body = {"email": "boss@example.org", "password": PASSWORD}
    assert client.post("/api/session", json=body).status_code == 201


def watch(address: str, how_many: int) -> list[threading.Thread]:
    """Threads that watch live until the server ends it; all have heard something."""
    heard = [threading.Event() for _ in range(how_many)]

    def run(event: threading.Event) -> None:
        with httpx.Client(base_url=address, timeout=30) as client:
            sign_in(client)
            for _ in ticks(client):
                event.set()

    threads = [threading.Thread(target=run, args=(event,)) for event in heard]
    for thread in threads:
        thread.start()
    assert all(event.wait(20) for event in heard)
    return threads


def test_who_stops_watching_makes_room(cinema: Cinema, boss: httpx.Client) -> None:
    for _ in range(cinema.workspace.settings.table("server", ServerSettings).max_streams + 5):
        with (
            httpx.Client(base_url=boss.base_url, cookies=boss.cookies) as client,
            client.stream("GET", "/api/console/stream") as answer,
        ):
            assert answer.status_code == 200
            next(answer.iter_lines())
