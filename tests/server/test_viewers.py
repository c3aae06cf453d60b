"""Profiles, and what a child's profile may not do."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from tests.server.conftest import Cinema

Clients = Callable[..., httpx.Client]


def test_a_profile_is_made_changed_and_deleted(clients: Clients) -> None:
    client = clients("family", "parent")
    made = client.post("/api/viewers", json={"name": "Guest", "maturity": 12})
    assert made.status_code == 201
    where = f"/api/viewers/{made.json()['id']}"
    assert client.get(where).json()["maturity"] == 12
    changed = client.patch(where, json={"maturity": 16, "avatar": "#c8553d"})
    assert (changed.json()["name"], changed.json()["maturity"]) == ("Guest", 16)
    assert client.patch(where, json={}).json()["maturity"] == 16
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_a_new_child_has_a_limit_of_seven(clients: Clients) -> None:
    client = clients("family", "parent")
    made = client.post("/api/viewers", json={"name": "Small", "child": True}).json()
    client.delete(f"/api/viewers/{made['id']}")
    assert made["maturity"] == 7


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 61},
        {"name": "x", "maturity": 19},
        {"name": "x", "maturity": -1},
        {"name": "x", "maturity": 10**30},
        {"name": "x", "avatar": "red"},
        {"name": "\x00"},
        {"name": ["x"]},
        ["x"],
        None,
    ],
)
def test_a_bad_profile_is_refused_in_words(clients: Clients, body: object) -> None:
    answer = clients("family", "parent").post("/api/viewers", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")


def test_the_chosen_profile_may_be_deleted(clients: Clients) -> None:
    client = clients("family", "parent")
    made = client.post("/api/viewers", json={"name": "Guest"}).json()
    client.put("/api/session/viewer", json={"viewer_id": made["id"]})
    assert client.delete(f"/api/viewers/{made['id']}").status_code == 204
    assert client.get("/api/session").json()["viewer"] is None
    assert client.get("/api/titles").status_code == 409


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_profiles_of_other_accounts_do_not_exist(cinema: Cinema, clients: Clients, method: str) -> None:
    client = clients("other")
    for viewer_id in (cinema.viewers["parent"].id, 999_999):
        answer = client.request(method, f"/api/viewers/{viewer_id}", json={} if method == "PATCH" else None)
        assert answer.status_code == 404
    assert client.put("/api/session/viewer", json={"viewer_id": cinema.viewers["parent"].id}).status_code == 404


def test_a_child_may_not_change_profiles(cinema: Cinema, clients: Clients) -> None:
    client = clients("family", "child")
    own = f"/api/viewers/{cinema.viewers['child'].id}"
    assert client.patch(own, json={"maturity": 18}).status_code == 403
    assert client.patch(own, json={"child": False}).status_code == 403
    assert client.delete(own).status_code == 403
    assert client.post("/api/viewers", json={"name": "New"}).status_code == 403
    change = client.put("/api/session/password", json={"current": "a long enough password", "new": "another one, long"})
    assert change.status_code == 403
    assert client.get(own).json()["maturity"] == 7


def test_a_child_may_hand_the_remote_control_on(cinema: Cinema, clients: Clients) -> None:
    client = clients("family", "child")
    answer = client.put("/api/session/viewer", json={"viewer_id": cinema.viewers["parent"].id})
    assert answer.json()["viewer"]["name"] == "Parent"


def test_a_lowered_limit_holds_at_once(cinema: Cinema, clients: Clients) -> None:
    client, where = clients("family", "parent"), f"/api/titles/{cinema.titles['Slaughter']}"
    made = client.post("/api/viewers", json={"name": "Teen"}).json()
    client.put("/api/session/viewer", json={"viewer_id": made["id"]})
    assert client.get(where).status_code == 200
    clients("family", "parent").patch(f"/api/viewers/{made['id']}", json={"maturity": 12})
    assert client.get(where).status_code == 404
    client.delete(f"/api/viewers/{made['id']}")


def test_twenty_profiles_are_enough(clients: Clients) -> None:
    client = clients("other")
    statuses = [client.post("/api/viewers", json={"name": f"Guest {n}"}).status_code for n in range(20)]
    assert statuses == [201] * 19 + [409]


def test_an_operators_child_does_not_reach_the_console(cinema: Cinema, clients: Clients) -> None:
    client = clients("boss")
    assert client.get("/api/console/work").status_code == 200
    made = client.post("/api/viewers", json={"name": "Kid", "child": True}).json()
    client.put("/api/session/viewer", json={"viewer_id": made["id"]})
    for where in ("overview", "work", "events-rate", "stream", "viewers", "accounts"):
        assert client.get(f"/api/console/{where}").status_code == 403
    assert client.post("/api/view-as", json={"viewer_id": cinema.viewers["parent"].id}).status_code == 403
