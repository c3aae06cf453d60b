"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from tests.server.conftest import PASSWORD, Cinema, running

from matinee.base.clock import DAY_MS, HOUR_MS
from matinee.catalog.records import Role
from matinee.server.context import make_context
from matinee.server.session_store import SessionStore
from matinee.server.tables import sessions
from matinee.subsystems import create_workspace

Clients = Callable[..., httpx.Client]


def store_of(cinema: Cinema, days: float = 1) -> SessionStore:
    tables = cinema.workspace.backends.tables
    return SessionStore(tables, lambda: cinema.catalog, round(days * DAY_MS))


def test_only_the_hash_of_a_token_is_stored(cinema: Cinema, clients: Clients) -> None:
    token = clients("family").cookies["matinee_session"]
    assert len(token) >= 43  # 256 bits
    with cinema.workspace.backends.tables.read() as connection:
        rows = connection.execute(select(sessions)).all()
    assert rows
    assert token not in str(rows)


def test_the_cookie_is_kept_from_scripts_and_other_sites(clients: Clients) -> None:
    body = {"email": "family@example.org", "password": PASSWORD}
    plain = clients().post("/api/session", json=body).headers.get_list("set-cookie")
    assert all("HttpOnly" in one and "SameSite=lax" in one and "Secure" not in one for one in plain)
    behind_https = clients().post("/api/session", json=body, headers={"X-Forwarded-Proto": "https"})
    assert all("Secure" in one for one in behind_https.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("family@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("", ""),
        ("not an address", PASSWORD),
        ("family@example.org", "\x00"),
        ("fam\x00ily@example.org", PASSWORD),
        ("family@example.org' OR 1=1 --", PASSWORD),
    ],
)
def test_a_wrong_password_and_an_unknown_address_are_told_alike(clients: Clients, email: str, password: str) -> None:
    answer = clients().post("/api/session", json={"email": email, "password": password})
    assert answer.status_code == 401
    assert answer.json()["error"] == "There is no account with this e-mail address and password."


def test_a_program_sends_the_token_as_bearer(clients: Clients) -> None:
    body = {"email": "other@example.org", "password": PASSWORD}
    token = clients().post("/api/session", json=body).json()["token"]
    answer = clients().get("/api/session", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["account"]["email"] == "other@example.org"
    wrong = clients().get("/api/session", headers={"Authorization": "Bearer " + token[:-1]})
    assert wrong.status_code == 401
    assert "Bearer" in wrong.headers["www-authenticate"]


def test_an_account_with_one_profile_need_not_choose(clients: Clients) -> None:
    assert clients("other").get("/api/session").json()["viewer"]["name"] == "Other"
    assert clients("family").get("/api/session").json()["viewer"] is None


def test_signing_out_ends_the_session_at_once(clients: Clients) -> None:
    client = clients("family")
    token = client.cookies["matinee_session"]
    assert client.delete("/api/session").status_code == 204
    assert "matinee_session" not in client.cookies
    again = clients().get("/api/session", headers={"Authorization": f"Bearer {token}"})
    assert again.status_code == 401


def test_signing_in_again_ends_the_session_before(clients: Clients) -> None:
    client = clients("family")
    before = client.cookies["matinee_session"]
    client.post("/api/session", json={"email": "family@example.org", "password": PASSWORD})
    assert client.cookies["matinee_session"] != before
    assert clients().get("/api/session", headers={"Authorization": f"Bearer {before}"}).status_code == 401


def test_signing_out_everywhere(clients: Clients) -> None:
    here, there, stranger = clients("other"), clients("other"), clients("boss")
    assert here.delete("/api/sessions").status_code == 204
    assert there.get("/api/session").status_code == 401
    assert stranger.get("/api/session").status_code == 200


def test_a_new_password_signs_out_the_other_devices(cinema: Cinema, clients: Clients) -> None:
    cinema.catalog.create_account("mover@example.org", PASSWORD, Role.MEMBER, 1)
    here, there = clients("mover"), clients("mover")
    wrong = here.put("/api/session/password", json={"current": "wrong", "new": "another long password"})
    assert wrong.status_code == 401
    short = here.put("/api/session/password", json={"current": PASSWORD, "new": "x"})
    assert short.status_code == 422
    assert there.get("/api/session").status_code == 200
    changed = here.put("/api/session/password", json={"current": PASSWORD, "new": "another long password"})
    assert changed.status_code == 204
    assert here.get("/api/session").status_code == 200
    assert there.get("/api/session").status_code == 401
    old = clients().post("/api/session", json={"email": "mover@example.org", "password": PASSWORD})
    assert old.status_code == 401


def test_a_password_changed_in_a_shell_signs_out_everywhere(cinema: Cinema) -> None:
    account = cinema.catalog.create_account("reset@example.org", PASSWORD, Role.MEMBER, 1)
    store = store_of(cinema)
    token, _ = store.start(account, now_ms=0)
    assert store_of(cinema).find(token, 0) is not None
    cinema.catalog.set_password(account.id, "another long password")
    assert store_of(cinema).find(token, 0) is None


def test_a_session_slides_and_then_expires(cinema: Cinema) -> None:
    store = store_of(cinema)
    token, session = store.start(cinema.catalog.account_of("other@example.org"), now_ms=0)
    assert session.expires_ms == DAY_MS
    used = store.find(token, DAY_MS // 2)
    assert used is not None
    assert used.expires_ms == DAY_MS + DAY_MS // 2
    assert store_of(cinema).find(token, DAY_MS + HOUR_MS) is not None
    assert store_of(cinema).find(token, 10 * DAY_MS) is None


def test_looking_writes_at_most_once_an_hour(cinema: Cinema) -> None:
    store = store_of(cinema)
    token, session = store.start(cinema.catalog.account_of("other@example.org"), now_ms=0)
    again = store_of(cinema).find(token, HOUR_MS - 1)
    assert again is not None
    assert again.expires_ms == session.expires_ms


def test_an_expired_session_is_swept_at_the_next_sign_in(cinema: Cinema) -> None:
    store, account = store_of(cinema), cinema.catalog.account_of("other@example.org")
    _, old = store.start(account, now_ms=0)
    store.start(account, now_ms=3 * DAY_MS)
    with cinema.workspace.backends.tables.read() as connection:
        assert old.key not in connection.execute(select(sessions.c.key)).scalars().all()


def test_a_session_in_memory_needs_no_database(cinema: Cinema) -> None:
    store = store_of(cinema)
    token, _ = store.start(cinema.catalog.account_of("other@example.org"), now_ms=0)
    assert store.cached(token, 0) is None
    assert store.find(token, 0) == store.cached(token, 1)
    assert store.cached(token, 10_000) is None


def test_another_process_that_signs_out_is_noticed_within_seconds(cinema: Cinema) -> None:
    here, there = store_of(cinema), store_of(cinema)
    token, session = here.start(cinema.catalog.account_of("other@example.org"), now_ms=0)
    assert there.find(token, 0) is not None
    here.end(session)
    assert here.find(token, 1) is None
    assert there.find(token, 5_001) is None


def test_a_profile_of_another_account_is_not_taken_from_the_table(cinema: Cinema) -> None:
    store = store_of(cinema)
    token, session = store.start(cinema.catalog.account_of("other@example.org"), now_ms=0)
    with cinema.workspace.backends.tables.write() as connection:
        stolen = cinema.viewers["parent"].id
        connection.execute(update(sessions).where(sessions.c.key == session.key).values(viewer_id=stolen))
    found = store.find(token, 0)
    assert found is not None
    assert found.viewer is None


@pytest.fixture
def strict(tmp_path: Path):
    flags = ("server.sign_ins_per_minute=3", "server.sign_ins_per_account=4")
    with create_workspace(tmp_path, flags) as workspace:
        workspace.service("catalog").create_account("ada@example.org", PASSWORD, Role.MEMBER, 1)
        with running(workspace) as address, httpx.Client(base_url=address) as client:
            yield client


def attempt(client: httpx.Client, password: str, **headers: str) -> httpx.Response:
    return client.post("/api/session", json={"email": "ada@example.org", "password": password}, headers=headers)


def test_a_guesser_is_made_to_wait(strict: httpx.Client) -> None:
    assert [attempt(strict, "wrong").status_code for _ in range(3)] == [401] * 3
    refused = attempt(strict, PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert refused.json()["next_step"].startswith("Wait ")


def test_guesses_from_many_addresses_are_counted_per_account(strict: httpx.Client) -> None:
    statuses = [attempt(strict, "wrong", **{"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 401, 429]


def test_whoever_knows_the_password_is_forgiven_the_attempts_before(strict: httpx.Client) -> None:
    assert attempt(strict, "wrong", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 401
    assert attempt(strict, PASSWORD, **{"X-Forwarded-For": "192.0.2.1"}).status_code == 201
    statuses = [attempt(strict, "wrong", **{"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(2, 7)]
    assert statuses == [401, 401, 401, 401, 429]


def test_passwords_are_hashed_two_at_a_time(cinema: Cinema) -> None:
    assert make_context(cinema.workspace).attempts.hashing.total_tokens == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://proxied.example"}, 204),
        ({"Sec-Fetch-Site": "none"}, 204),
        ({}, 204),
    ],
)
def test_another_site_cannot_act_for_a_visitor(
    cinema: Cinema, clients: Clients, headers: dict[str, str], status: int
) -> None:
    client = clients("family", "parent")
    answer = client.put(f"/api/list/{cinema.titles['Meadow']}", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"] == "This request comes from another site."


def test_the_own_origin_and_a_bearer_token_are_trusted(cinema: Cinema, clients: Clients, address: str) -> None:
    client = clients("other")
    where = f"/api/list/{cinema.titles['Meadow']}"
    assert client.put(where, headers={"Origin": address}).status_code == 204
    token = client.cookies["matinee_session"]
    headers = {"Authorization": f"Bearer {token}", "Origin": "http://tool.example"}
    assert clients().put(where, headers=headers).status_code == 204


def test_a_browser_is_led_to_the_sign_in_page(clients: Clients) -> None:
    page = clients().get("/title/1?x=1", headers={"Accept": "text/html"})
    assert page.status_code in (303, 404)  # 404 where the site's pages are not mounted
    if page.status_code == 303:
        assert page.headers["location"] == "/sign-in?next=/title/1%3Fx%3D1"
