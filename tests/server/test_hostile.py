"""Requests that nobody means well: each gets its status and a sentence, never a 500 and never a trace."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.server.conftest import Cinema, fill, running

from matinee.server.settings import ServerSettings
from matinee.subsystems import create_workspace

LIMIT = ServerSettings().max_body_bytes
ABSURD = (
    "0",
    "-1",
    "1e9",
    str(10**30),
    "9" * 4000,
    "%00",
    "1%00",
    "%ff",
    "é",
    "١",
    "1.5",
    "nan",
    " ",
    "'",
    "%2e%2e%2f",
)


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize(
    "template",
    [
        "/api/titles/{}",
        "/api/titles/{}/similar",
        "/api/titles/{}/playback",
        "/media/{}/e1/x",
        "/pictures/{}/x",
        "/api/viewers/{}",
    ],
)
def test_absurd_ids_are_not_found(parent: httpx.Client, template: str, value: str) -> None:
    answer = parent.get(template.format(value))
    assert answer.status_code in (404, 405), answer.text
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "query", ["\x00", "\ud83d", "%", "%_%", "' OR 1=1 --", "(" * 200, "\\", "😀" * 100, "a\n\nb", "\u202e"]
)
def test_absurd_searches_find_nothing_or_something(parent: httpx.Client, query: str) -> None:
    raw = query.encode("utf-8", "surrogatepass")
    encoded = "".join(f"%{byte:02x}" for byte in raw)
    answer = parent.get(f"/api/search?q={encoded}")
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 10**30}, {"offset": -1}, {"kind": "opera"}, {"sort": "x"}, {"genre": "x" * 101}]
)
def test_absurd_parameters_are_refused(parent: httpx.Client, params: dict[str, object]) -> None:
    answer = parent.get("/api/titles", params=params)
    assert answer.status_code == 422
    assert next(iter(params)) in answer.json()["error"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"[" * 100_000, 400),
        (b'{"email": "a@b.c", "password": "\\ud800"}', 422),
        (b'{"email": "a@b.c", "password": 1' + b"0" * 5000 + b"}", 400),
        (b'{"email": "' + b"x" * 5000 + b'@b.c", "password": "y"}', 422),
    ],
)
def test_bodies_that_are_no_request(clients, content: bytes, status: int) -> None:
    answer = clients().post("/api/session", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "next_step"}


def test_a_form_is_no_json(clients) -> None:
    assert clients().post("/api/session", data={"email": "a@b.c", "password": "x"}).status_code == 422


def test_a_declared_size_over_the_limit_is_refused_unread(parent: httpx.Client) -> None:
    answer = parent.post("/api/events", content=b"x" * (LIMIT + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"] == f"The request is larger than {LIMIT:,} bytes."


def test_a_body_without_a_declared_size_is_counted(parent: httpx.Client) -> None:
    def pieces():
        for _ in range(LIMIT // 65_536 + 2):
            yield b" " * 65_536

    answer = parent.post("/api/events", content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_as_much_as_is_allowed_is_read(cinema: Cinema, parent: httpx.Client) -> None:
    body = b'[{"id": "event-90000", "kind": "thumb", "at_ms": 1, "value": 1, "title_id": %d}' % cinema.titles["Meadow"]
    body += b" " * (LIMIT - len(body) - 1) + b"]"
    answer = parent.post("/api/events", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202


def send(address: str, raw: bytes, *, wait_s: float = 20) -> bytes:
    """What a server answers to bytes that no client library would send."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=wait_s) as connection:
        connection.sendall(raw)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
            if b"\r\n\r\n" in received and b"Connection: close" not in raw:
                break
    return received


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"BREW /api/titles HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
        (b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
        (b"GET /api/titles HTTP/1.1\r\nHost: x\r\nCookie: \xff\xfe;;;=;matinee_session=\xff\r\n\r\n", 401),
        (b"GET /api/titles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n", 401),
        (b"GET /api/titles HTTP/1.1\r\nHost: x\r\nAuthorization: \r\n\r\n", 401),
        (b"PROPFIND /api/titles HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET //api//titles HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /api/%c0%ae%c0%ae/ HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    ],
)
def test_bytes_that_are_hardly_http(address: str, raw: bytes, status: int) -> None:
    head = send(address, raw).split(b"\r\n")[0]
    assert head.split(b" ")[1:2] == [str(status).encode()], head


def test_a_request_that_stops_half_way_is_given_up(tmp_path: Path) -> None:
    with create_workspace(tmp_path, ("server.request_timeout_s=0.3",)) as workspace, running(workspace) as address:
        raw = b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        answer = send(address, raw)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert b"did not arrive in time" in answer


def test_whoever_hangs_up_does_no_harm(cinema: Cinema, address: str, parent: httpx.Client) -> None:
    where = urlsplit(address)
    cookie = f"matinee_session={parent.cookies['matinee_session']}"
    path = f"/media/{cinema.titles['Meadow']}/e1/video/1.m4s"
    for _ in range(10):
        with socket.create_connection((where.hostname, where.port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
            connection.recv(10)
    assert parent.get("/health").status_code == 200


def test_more_connections_than_allowed_are_sent_away(tmp_path: Path) -> None:
    with create_workspace(tmp_path, ("server.max_connections=3",)) as workspace, running(workspace) as address:
        where = urlsplit(address)
        held = [socket.create_connection((where.hostname, where.port)) for _ in range(5)]
        try:
            assert httpx.get(f"{address}/health").status_code == 503
        finally:
            for one in held:
                one.close()


@pytest.mark.logs_errors
def test_a_fault_of_ours_is_told_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    with create_workspace(tmp_path) as workspace:
        fill(workspace)

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr(workspace.service("catalog"), "check_password", broken)
        with running(workspace) as address:
            answer = httpx.post(f"{address}/api/session", json={"email": "a@b.c", "password": "x"})
    assert answer.status_code == 500
    assert answer.json()["error"] == "Something went wrong on our side."
    assert "secret" not in answer.text
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert sum("secret detail" in (record.exc_text or "") for record in caplog.records) == 1


def test_many_at_once_are_all_answered(cinema: Cinema, clients: Callable[..., httpx.Client]) -> None:
    clients_, statuses = [clients("family", "parent") for _ in range(8)], []

    def ask(client: httpx.Client) -> None:
        for name in ("Meadow", "Slaughter", "Kittens") * 5:
            statuses.append(client.get(f"/api/titles/{cinema.titles[name]}/mine").status_code)
            statuses.append(client.put(f"/api/list/{cinema.titles[name]}").status_code)

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients_]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(statuses)) == [200, 204]
    assert len(statuses) == 8 * 30
