"""A child sees nothing that is not meant for it, on any route that can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.server.conftest import Cinema

from matinee.catalog.records import Kind, Title, Viewer
from matinee.server import visibility
from matinee.server.app import create_app

FORBIDDEN = ("Slaughter", "Riddle", "Vice", "Vice 1", "Vice 1x1")
ALLOWED = ("Meadow", "Kittens", "Kittens 1", "Kittens 1x1", "Kittens 1x2")
FILES = {"media": "e1/master.m3u8", "pictures": "still.webp"}
ENDLESS = {"/api/console/stream"}


def readable(cinema: Cinema) -> Iterator[str]:
    """Templates of all addresses that can be read, pages included."""
    for route in _routes(create_app(cinema.workspace)):
        if "GET" in (route.methods or ()) and route.path not in ENDLESS:
            yield route.path


def _routes(app) -> Iterator[APIRoute]:
    for router in app.router.routes:
        for route in getattr(getattr(router, "original_router", None), "routes", [router]):
            if isinstance(route, APIRoute):
                yield route
            else:  # a router within a router
                yield from (one for one in _routes_of(route) if isinstance(one, APIRoute))


def _routes_of(router) -> Iterator[APIRoute]:
    for route in getattr(getattr(router, "original_router", router), "routes", ()):
        yield from [route] if isinstance(route, APIRoute) else _routes_of(route)


def addresses(template: str, title_id: int) -> str:
    """The template with a title filled in wherever it asks for anything."""
    folder = template.split("/")[1]
    filled = re.sub(r"\{path:path\}", FILES.get(folder, "x"), template)
    return re.sub(r"\{[^}]*\}", str(title_id), filled)


def test_every_route_was_found(cinema: Cinema) -> None:
    paths = set(readable(cinema))
    assert {
        "/api/titles", "/api/titles/{title_id}", "/api/titles/{title_id}/children", "/api/titles/{title_id}/credits",
        "/api/titles/{title_id}/similar", "/api/titles/{title_id}/playback", "/api/titles/{title_id}/mine",
        "/api/titles/{title_id}/external-ids", "/api/search", "/api/list", "/media/{title_id}/{path:path}",
        "/pictures/{title_id}/{path:path}", "/health", "/metrics",
    } <= paths  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
def test_no_route_tells_a_child_of_a_forbidden_title(cinema: Cinema, child: httpx.Client, name: str) -> None:
    forbidden = {cinema.titles[one] for one in FORBIDDEN}
    for template in readable(cinema):
        where = addresses(template, cinema.titles[name])
        answer = child.get(where, params={"q": name} if "search" in template else None)
        assert answer.status_code < 500, where
        if "{title_id}" in template:
            # The console is shut to a child whatever it asks for, and so tells nothing of titles.
            assert answer.status_code == (403 if "/console/" in template else 404), where
            assert child.get(addresses(template, 10**6)).status_code == answer.status_code, where
        shown = re.findall(r">\s*(?:Slaughter|Riddle|Vice)\b|\"name\":\s*\"(?:Slaughter|Riddle|Vice)", answer.text)
        assert not shown, where
        told = re.findall(r"/(?:title|watch|media|pictures)/(\d+)", answer.text)
        assert not forbidden & {int(one) for one in told} or answer.status_code == 404, where


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_meant_for_children_is_there(cinema: Cinema, child: httpx.Client, name: str) -> None:
    title_id = cinema.titles[name]
    assert child.get(f"/api/titles/{title_id}").json()["name"] == name
    if name in ("Meadow", "Kittens 1x1"):
        assert child.get(f"/media/{title_id}/e1/master.m3u8").status_code == 200
        assert child.get(f"/pictures/{title_id}/still.webp").status_code == 200
        assert child.get(f"/api/titles/{title_id}/playback").status_code == 200


def test_a_forbidden_title_is_told_like_one_that_does_not_exist(cinema: Cinema, child: httpx.Client) -> None:
    forbidden, unknown = cinema.titles["Slaughter"], 999_999
    for where in ("/api/titles/{}", "/media/{}/e1/master.m3u8", "/pictures/{}/still.webp", "/api/titles/{}/playback"):
        one, other = child.get(where.format(forbidden)), child.get(where.format(unknown))
        assert one.status_code == other.status_code == 404
        assert one.text.replace(str(forbidden), "N") == other.text.replace(str(unknown), "N")


def test_a_childs_list_and_events_take_nothing_forbidden(cinema: Cinema, child: httpx.Client) -> None:
    forbidden = cinema.titles["Slaughter"]
    assert child.put(f"/api/list/{forbidden}").status_code == 404
    assert child.put(f"/api/titles/{forbidden}/thumb", json={"value": 1}).status_code == 404
    assert child.put(f"/api/titles/{forbidden}/rating", json={"stars": 5}).status_code == 404
    event = {"id": "child-plays-1", "kind": "play", "at_ms": 1, "title_id": forbidden, "play": "play-0001"}
    refused = child.post("/api/events", json=[event])
    assert refused.status_code == 422
    assert "is no title" in refused.json()["error"]


def test_what_was_listed_before_the_limit_is_hidden_after_it(
    cinema: Cinema, clients: Callable[..., httpx.Client]
) -> None:
    client = clients("family", "parent")
    made = client.post("/api/viewers", json={"name": "Teen"}).json()
    client.put("/api/session/viewer", json={"viewer_id": made["id"]})
    for name in ("Slaughter", "Meadow"):
        client.put(f"/api/list/{cinema.titles[name]}")
    assert [one["name"] for one in client.get("/api/list").json()] == ["Meadow", "Slaughter"]
    client.patch(f"/api/viewers/{made['id']}", json={"maturity": 12})
    assert [one["name"] for one in client.get("/api/list").json()] == ["Meadow"]
    client.delete(f"/api/viewers/{made['id']}")


def test_an_adult_sees_it_all(cinema: Cinema, parent: httpx.Client) -> None:
    for name in (*FORBIDDEN, *ALLOWED):
        assert parent.get(f"/api/titles/{cinema.titles[name]}").status_code == 200


@pytest.mark.parametrize(
    ("own", "series", "expected"),
    [(None, None, 18), (0, None, 0), (None, 7, 7), (0, 12, 12), (16, 12, 16), (None, 0, 0)],
)
def test_the_age_of_an_episode(own: int | None, series: int | None, expected: int) -> None:
    top = Title(id=1, kind=Kind.SERIES, name="S", maturity=series)
    season = Title(id=2, kind=Kind.SEASON, name="S1", parent_id=1)
    episode = Title(id=3, kind=Kind.EPISODE, name="E", parent_id=2, maturity=own)
    titles = {one.id: one for one in (top, season, episode)}
    assert visibility.age(episode, titles) == expected
    for limit in range(19):
        viewer = Viewer(id=1, name="V", maturity=limit)
        assert visibility.may_see(viewer, episode, titles) is (limit >= expected)
