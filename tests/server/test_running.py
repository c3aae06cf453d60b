"""Starting, stopping, and what machines ask of a running server."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import MetaData, inspect
from tests.jobs.conftest import request
from tests.server.conftest import Cinema, running

from matinee.base.errors import Unavailable
from matinee.base.work import work
from matinee.jobs.records import JobStatus
from matinee.server.middleware.headers import HEADERS
from matinee.server.run import serve, url_of
from matinee.server.static import StaticFiles
from matinee.server.tables import metadata
from matinee.subsystems import create_workspace


def test_a_port_in_use_is_told_with_the_way_out(cinema: Cinema) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match=r"Port \d+ of 127\.0\.0\.1 is in use\. Choose another with `--port`"):
            serve(cinema.workspace, "127.0.0.1", taken.getsockname()[1])


def test_a_host_that_is_not_ours_is_told(cinema: Cinema) -> None:
    for host in ("192.0.2.1", "no such host"):
        with pytest.raises(Unavailable, match="cannot be listened on"):
            serve(cinema.workspace, host, 0)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")],
)
def test_the_address_can_be_opened(host: str, url: str) -> None:
    assert url_of(host, 80) == url


def test_requests_under_way_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, statuses = threading.Event(), []
    with create_workspace(tmp_path) as workspace:

        def slow(*_: object) -> None:
            entered.set()
            time.sleep(0.5)

        monkeypatch.setattr(workspace.service("catalog"), "check_password", slow)

        def ask(address: str) -> None:
            answer = httpx.post(f"{address}/api/session", json={"email": "a@b.c", "password": "x"}, timeout=30)
            statuses.append(answer.status_code)

        with running(workspace) as address:
            asking = threading.Thread(target=ask, args=(address,))
            asking.start()
            assert entered.wait(20)
        asking.join(30)
    assert statuses == [401]


def test_the_command_serves_and_runs_jobs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "w")
    command = [sys.executable, "-m", "matinee", "--workspace", str(tmp_path / "w"), "--json", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        line = ""
        while "address" not in line:
            line = process.stdout.readline()
            assert line or process.poll() is None, process.communicate()
        address = line.split('"')[3]
        assert httpx.get(f"{address}/health").json()["ok"] is True
        jobs = workspace.service("jobs")
        job = jobs.wait(jobs.submit(request("true")).id, 60)
        agent = psutil.Process(process.pid).children()[0]
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        workspace.close()
    assert (job.status, agent.is_running()) == (JobStatus.SUCCEEDED, False)
    assert "Traceback" not in errors
    assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)


def test_health_names_what_is_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with create_workspace(tmp_path) as workspace, running(workspace) as address:
        well = httpx.get(f"{address}/health")
        assert (well.status_code, well.json()["ok"]) == (200, True)
        assert set(well.json()["backends"]) == {"tables", "objects", "bus", "compute"}
        workspace.backends.tables.engine.dispose()
        (tmp_path / "matinee.db").rename(tmp_path / "away.db")
        (tmp_path / "matinee.db").mkdir()
        with caplog.at_level(logging.WARNING, "matinee"):
            ill = httpx.get(f"{address}/health")
        (tmp_path / "matinee.db").rmdir()
        (tmp_path / "away.db").rename(tmp_path / "matinee.db")
        assert ill.status_code == 503
        assert ill.json()["error"] == "Cannot be read: tables."
        assert ill.json()["backends"]["bus"]["ok"] is True
        assert str(tmp_path) not in ill.text
        assert httpx.get(f"{address}/health").status_code == 200


def test_metrics_count_by_template_and_never_by_address(cinema: Cinema, parent: httpx.Client) -> None:
    title_id = cinema.titles["Meadow"]
    for where in (f"/api/titles/{title_id}", f"/media/{title_id}/e1/master.m3u8", "/nobody/here", "/api/titles/0"):
        parent.get(where)
    text = parent.get("/metrics").text
    for line in (
        'matinee_http_requests_total{method="GET",route="/api/titles/{title_id}",status="200"}',
        'matinee_http_requests_total{method="GET",route="/api/titles/{title_id}",status="404"}',
        'matinee_http_requests_total{method="GET",route="/media/{title_id}/{path:path}",status="200"}',
        'matinee_http_requests_total{method="GET",route="unmatched",status="404"}',
        'matinee_http_request_seconds_bucket{le="0.015",method="GET",route="/api/titles/{title_id}"}',
        "matinee_sessions ",
        "matinee_work_in_progress ",
        "process_resident_memory_bytes ",
    ):
        assert line in text
    assert "nobody" not in text


def test_metrics_are_for_this_machine_operators_and_whoever_has_the_token(tmp_path: Path, cinema: Cinema, boss) -> None:
    abroad = {"X-Forwarded-For": "192.0.2.7"}
    assert boss.get("/metrics", headers=abroad).status_code == 200
    address = str(boss.base_url)
    assert httpx.get(f"{address}/metrics", headers=abroad).status_code == 403
    assert httpx.get(f"{address}/metrics", headers={**abroad, "Authorization": "Bearer x"}).status_code == 403
    with create_workspace(tmp_path, ("server.metrics_token=open sesame",)) as workspace, running(workspace) as address:
        for token, status in (("open sesame", 200), ("open", 403)):
            headers = {**abroad, "Authorization": f"Bearer {token}"}
            assert httpx.get(f"{address}/metrics", headers=headers).status_code == status


def test_two_applications_count_apart(cinema: Cinema, parent: httpx.Client) -> None:
    with running(cinema.workspace) as other:
        assert 'route="/api/titles/{title_id}"' not in httpx.get(f"{other}/metrics").text


@pytest.mark.parametrize("where", ["/health", "/api/titles/0", "/nowhere", "/api/openapi.json", "/static/x/y"])
def test_every_answer_carries_the_security_headers(parent: httpx.Client, where: str) -> None:
    answer = parent.get(where)
    for name, value in HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    assert "unsafe-inline" not in answer.headers["content-security-policy"].replace(
        "style-src-attr 'unsafe-inline'", ""
    )


def test_head_is_answered_wherever_get_is(parent: httpx.Client) -> None:
    answer = parent.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_long_answers_are_zipped(parent: httpx.Client) -> None:
    assert parent.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in parent.get("/api/openapi.json", headers={"Accept-Encoding": "identity"}).headers


@pytest.fixture
def web(tmp_path: Path) -> Path:
    for name, body in (
        ("static/css/site.css", b"a{}" * 400),
        ("static/js/home.js", b"import './tile.js'"),
        ("vendor/shaka/shaka.js", b"var shaka"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return tmp_path


def test_a_file_has_one_address_per_content(web: Path) -> None:
    before = StaticFiles(web)
    address = before.url("css/site.css")
    assert address == f"/static/{before.hash}/css/site.css"
    assert StaticFiles(web).url("css/site.css") == address
    (web / "static/js/home.js").write_bytes(b"changed")
    assert StaticFiles(web).hash != before.hash


def test_a_file_of_this_version_is_kept_for_ever(web: Path) -> None:
    files = StaticFiles(web)
    new = files.answer(files.hash, "css/site.css", "", "")
    old = files.answer("0123456789ab", "css/site.css", "", "")
    assert new.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert old.headers["cache-control"] == "no-cache"
    assert files.answer(files.hash, "vendor/shaka/shaka.js", "", "").body == b"var shaka"
    zipped = files.answer(files.hash, "css/site.css", "gzip, br", "")
    assert zipped.headers["content-encoding"] == "gzip"
    assert len(zipped.body) < len(new.body)
    assert files.answer(files.hash, "css/site.css", "", new.headers["etag"]).status_code == 304


def test_the_migration_makes_the_tables_that_are_declared(cinema: Cinema) -> None:
    found = inspect(cinema.workspace.backends.tables.engine)
    made = MetaData()
    made.reflect(cinema.workspace.backends.tables.engine, only=list(metadata.tables))
    for name, declared in metadata.tables.items():
        columns = {(one.name, str(one.type), bool(one.nullable), one.primary_key) for one in declared.columns}
        assert {(c.name, str(c.type), bool(c.nullable), c.primary_key) for c in made.tables[name].columns} == columns
        indexes = {(one.name, tuple(column.name for column in one.columns)) for one in declared.indexes}
        assert {(one["name"], tuple(one["column_names"])) for one in found.get_indexes(name)} == indexes
    assert work.name in metadata.tables
