"""The same server over PostgreSQL, S3 and NATS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import FLAGS, PASSWORD, SEGMENT, Cinema, fill, running

from matinee.base.clock import now_ms
from matinee.base.progress import reporting_to, working
from matinee.base.work import WorkJournal, rows
from matinee.subsystems import create_workspace

pytestmark = pytest.mark.server


@pytest.fixture
def production(tmp_path: Path, postgres_url: str, s3_url: str, nats_url: str) -> Iterator[Cinema]:
    places = (f"backends.tables={postgres_url}", f"backends.objects={s3_url}", f"backends.bus={nats_url}")
    with create_workspace(tmp_path, (*FLAGS, *places)) as workspace:
        yield fill(workspace)


@pytest.fixture
def visit(production: Cinema) -> Iterator[Callable[[str], httpx.Client]]:
    made: list[httpx.Client] = []

    def client(viewer: str) -> httpx.Client:
        one = httpx.Client(base_url=address, timeout=60)
        made.append(one)
        one.post("/api/session", json={"email": "family@example.org", "password": PASSWORD})
        one.put("/api/session/viewer", json={"viewer_id": production.viewers[viewer].id})
        return one

    with running(production.workspace) as address:
        yield client
        for one in made:
            one.close()


def test_an_evening(production: Cinema, visit: Callable[[str], httpx.Client]) -> None:
    parent, child = visit("parent"), visit("child")
    health = parent.get("/health").json()
    assert health["ok"] is True, health
    meadow, slaughter = production.titles["Meadow"], production.titles["Slaughter"]
    assert parent.put(f"/api/list/{slaughter}").status_code == 204
    assert [one["id"] for one in parent.get("/api/list").json()] == [slaughter]
    assert parent.get("/api/home").status_code == 200
    segment = f"/media/{meadow}/e1/video/1.m4s"
    part = child.get(segment, headers={"Range": "bytes=1000000-1999999"})
    assert (part.status_code, part.content) == (206, SEGMENT[1_000_000:2_000_000])
    assert child.get(segment).content == SEGMENT
    assert child.get(segment, headers={"If-None-Match": part.headers["etag"]}).status_code == 304
    assert child.get(f"/media/{meadow}/e1/nothing.m4s").status_code == 404
    assert child.get(f"/media/{slaughter}/e1/video/1.m4s").status_code == 404
    event = {"id": "event-70000", "kind": "play", "at_ms": now_ms(), "title_id": meadow, "play": "play-0001"}
    assert child.post("/api/events", json=[event]).json()["accepted"] == 1
    assert child.delete("/api/sessions").status_code == 204
    assert parent.get("/api/session").status_code == 401


def test_work_is_journalled_there_too(production: Cinema) -> None:
    tables = production.workspace.backends.tables
    with WorkJournal(tables) as journal, reporting_to(journal), working("encoding", 3) as task:
        task.advance(1)
        journal.flush()
        assert [(one.label, one.done, one.state) for one in rows(tables, now_ms())] == [("encoding", 1, "running")]
    assert rows(tables, now_ms())[0].state == "done"
