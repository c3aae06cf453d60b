"""The sidecar over HTTP: ids of the caller's own, events in, recommendations out, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from tests import apart

from matinee.base.clock import now_ms
from matinee.base.errors import NotFound
from matinee.base.workspace import Workspace
from matinee.catalog.records import ExternalId, Kind, TitleDraft
from matinee.events.records import PageShown
from matinee.server.run import serve
from matinee.server.sidecar import create_sidecar
from matinee.subsystems import create_workspace

HERE = ("127.0.0.1", 50_000)
GENRES = ("Western", "Musical", "Horror")
FLAGS = ("recommendation.factors=4", "recommendation.model_check_s=0", "recommendation.trending_refresh_s=0")


class Client:
    """Asks the application without a socket, from an address of choice."""

    def __init__(self, app: FastAPI, client: tuple[str, int] = HERE) -> None:
        self._app, self._client = app, client

    def request(self, method: str, path: str, **said: Any) -> httpx.Response:
        return apart.run(self._request(method, path, **said))

    async def _request(self, method: str, path: str, **said: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=self._client)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
            return await client.request(method, path, **said)

    get = partialmethod(request, "GET")
    put = partialmethod(request, "PUT")
    post = partialmethod(request, "POST")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with create_workspace(tmp_path, FLAGS) as opened:
        yield opened


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return Client(create_sidecar(workspace), client=HERE)


def library(count: int = 30) -> list[dict[str, Any]]:
    """Films in turn of each genre, under ids that are texts."""
    return [
        {"id": f"jf-{number}", "name": f"Film {number}", "year": 1950 + number, "genres": [GENRES[number % 3]]}
        for number in range(count)
    ]


def ratings(count: int = 30) -> list[dict[str, Any]]:
    """Viewers of one genre each: they love most of it and saw a little of the rest."""
    rng = np.random.default_rng(0)
    then = {"kind": "rating", "at_ms": now_ms() - 86_400_000 * 40}
    return [
        {"viewer": f"viewer {who}", "title": f"jf-{film}", "stars": 5.0 if own else 2.0, **then}
        for who in range(24)
        for film in range(count)
        for own in [film % 3 == who % 3]
        if rng.random() < (0.7 if own else 0.1)
    ]  # fmt: skip


def titles_of(answer: dict[str, Any]) -> list[str]:
    return [item["title"] for item in answer["items"]]


def test_titles_are_put_and_put_again(client: Client) -> None:
    assert client.put("/titles", json=library()).json() == {"created": 30, "updated": 0, "unchanged": 0}
    assert client.put("/titles", json=library()).json() == {"created": 0, "updated": 0, "unchanged": 30}
    changed = [{"id": "jf-3", "name": "Film 3", "synopsis": "A stranger comes to town."}]
    assert client.put("/titles", json=changed).json() == {"created": 0, "updated": 1, "unchanged": 0}


def test_series_come_with_their_episodes_in_any_order(client: Client, workspace: Workspace) -> None:
    told = [
        {"id": "e1", "name": "One", "kind": "episode", "parent": "s1", "number": 1},
        {"id": "s1", "name": "Season 1", "kind": "season", "parent": "show", "number": 1},
        {"id": "show", "name": "Borgen", "kind": "series", "credits": [{"name": "Sidse Babett Knudsen"}]},
    ]
    assert client.put("/titles", json=told).json()["created"] == 3
    catalog = workspace.service("catalog")
    ids = catalog.external_keys("title", "sidecar")
    assert catalog.title(ids["e1"]).parent_id == ids["s1"]
    assert catalog.title(ids["s1"]).parent_id == ids["show"]
    assert [one.name for one in catalog.credits(ids["show"])] == ["Sidse Babett Knudsen"]
    watched = {"viewer": "anna", "title": "e1", "kind": "stop", "position_s": 3000, "duration_s": 3300}
    assert client.post("/events", json=[watched]).json()["accepted"] == 1
    orphan = client.put("/titles", json=[{"id": "e9", "name": "Nine", "kind": "episode", "parent": "gone"}])
    assert orphan.status_code == 422
    assert "'gone' of title 'e9' is not known" in orphan.json()["error"]


def test_who_liked_westerns_is_shown_westerns_and_told_by_whom(client: Client, workspace: Workspace) -> None:
    client.put("/titles", json=library())
    before = client.get("/recommendations/stranger", params={"n": 5}).json()
    assert before["fallback"]
    assert len(before["items"]) == 5
    for start in range(0, len(ratings()), 1000):
        assert client.post("/events", json=ratings()[start : start + 1000]).json()["refused"] == []
    workspace.service("recommendation").train(now_ms(), np.random.default_rng(0))
    liked = [{"viewer": "anna", "title": f"jf-{film}", "kind": "thumb", "value": 1} for film in (0, 3, 6, 9)]
    assert client.post("/events", json=liked).json() == {"accepted": 4, "doubled": 0, "refused": []}
    answer = client.get("/recommendations/anna", params={"n": 6}).json()
    assert answer["fallback"] == ""
    assert answer["viewer"] == "anna"
    version = workspace.service("recommendation").versions()[1]
    assert version in answer["model"]
    westerns = [one for one in titles_of(answer) if int(one.removeprefix("jf-")) % 3 == 0]
    assert len(westerns) >= 5
    assert not {"jf-0", "jf-3", "jf-6", "jf-9"} & set(titles_of(answer))
    assert [one["position"] for one in answer["items"]] == list(range(6))
    for item in answer["items"]:
        assert item["reason"]
        assert item["model"]
        assert 0 < item["propensity"] <= 1


def test_what_was_shown_is_recorded_and_plays_are_attributed(client: Client, workspace: Workspace) -> None:
    client.put("/titles", json=library())
    events = workspace.service("events")
    unseen = client.get("/recommendations/anna", params={"record": False}).json()
    assert unseen["items"]
    assert events.rate("impressions") == 0
    assert workspace.service("catalog").by_external("viewer", "sidecar", "anna") is None
    answer = client.get("/recommendations/anna", params={"n": 4, "device": "tv"}).json()
    [message] = events.tail("impressions")
    from matinee.events.codec import load

    page = load(message.body)
    assert isinstance(page, PageShown)
    assert (page.id, page.device, len(page.rows[0].titles)) == (answer["id"], "tv", 4)
    assert page.rows[0].fallbacks == tuple(item["fallback"] for item in answer["items"])
    first = titles_of(answer)[0]
    play = {"viewer": "anna", "title": first, "kind": "play", "recommendation": answer["id"]}
    assert client.post("/events", json=[play]).json()["accepted"] == 1
    [playing] = events.plays_since(0)
    assert playing.page == answer["id"]


def test_events_are_taken_one_by_one_and_once(client: Client) -> None:
    client.put("/titles", json=library(3))
    batch: list[Any] = [
        {"id": "a", "viewer": "anna", "title": "jf-0", "kind": "rating", "stars": 4.5},
        {"viewer": "anna", "title": "jf-99", "kind": "rating", "stars": 4},
        {"viewer": "anna", "title": "jf-1", "kind": "rating", "stars": 11},
        {"viewer": "anna", "title": "jf-1", "kind": "rating"},
        {"viewer": "anna", "title": "jf-1", "kind": "watched"},
        {"viewer": "anna", "title": "jf-1", "kind": "list", "on": True, "stars": 3},
        {"viewer": "anna", "title": "jf-1", "kind": "list", "on": True, "at_ms": 1_790_000_000_000},
        {"viewer": "anna", "title": "jf-1", "kind": "list", "on": True, "at_ms": 9_999_000_000_000},
        "hello",
    ]
    answer = client.post("/events", json=batch).json()
    assert (answer["accepted"], answer["doubled"]) == (2, 0)
    assert {one["index"]: one["field"] for one in answer["refused"]} == {
        1: "title", 2: "stars", 3: "stars", 4: "kind", 5: "stars", 7: "at_ms", 8: "",
    }  # fmt: skip
    again = client.post("/events", json=batch).json()
    assert (again["accepted"], again["doubled"]) == (0, 2)


def test_filters_hold_and_a_misspelt_one_is_refused(client: Client) -> None:
    client.put("/titles", json=library())
    asked: dict[str, Any] = {"genre": ["Horror", "Musical"], "year_from": 1960, "year_to": 1975, "without": ["jf-11"]}
    found = titles_of(client.get("/recommendations/anna", params={"n": 100, **asked}).json())
    numbers = sorted(int(one.removeprefix("jf-")) for one in found)
    assert numbers == [one for one in range(10, 26) if one % 3 and one != 11]
    nothing = client.get("/recommendations/anna", params={"genre": "Documentary"}).json()
    assert nothing["items"] == []
    assert nothing["words"]
    for params in ({"genres": "Horror"}, {"n": 0}, {"device": "fridge"}, {"source": "../x"}):
        refused = client.get("/recommendations/anna", params=params)
        assert refused.status_code == 422, params
        assert next(iter(params)) in refused.json()["error"]


def test_sources_know_nothing_of_each_other(client: Client, workspace: Workspace) -> None:
    client.put("/titles", json=library(10))
    client.put("/titles", params={"source": "kodi"}, json=[{"id": "k1", "name": "Another", "genres": ["Horror"]}])
    house = TitleDraft(kind=Kind.FILM, name="Of the house", ids=(ExternalId(source="path", key="/f"),), maturity=0)
    workspace.service("catalog").merge([house], now_ms())
    assert sorted(titles_of(client.get("/recommendations/anna", params={"n": 100}).json())) == sorted(
        one["id"] for one in library(10)
    )
    assert titles_of(client.get("/recommendations/anna", params={"source": "kodi"}).json()) == ["k1"]
    assert "k1" not in str(client.get("/similar/jf-2").json())
    foreign = client.post("/events", json=[{"viewer": "anna", "title": "k1", "kind": "play"}]).json()
    assert foreign["refused"][0]["field"] == "title"


def test_unrated_titles_are_for_adults(client: Client) -> None:
    rated = [{**one, "maturity": 6} for one in library(4)]
    client.put("/titles", json=[*rated, {"id": "unrated", "name": "Unrated"}])
    found = titles_of(client.get("/recommendations/kid", params={"maturity": 7}).json())
    assert set(found) == {one["id"] for one in rated}


def test_similar_and_why(client: Client, workspace: Workspace) -> None:
    client.put("/titles", json=library())
    client.post("/events", json=ratings()[:1000])
    workspace.service("recommendation").train(now_ms(), np.random.default_rng(0))
    alike = client.get("/similar/jf-4", params={"n": 5}).json()
    assert sum(int(one["title"].removeprefix("jf-")) % 3 == 1 for one in alike["items"]) >= 4
    client.post("/events", json=[{"viewer": "anna", "title": "jf-1", "kind": "rating", "stars": 5}])
    why = client.get("/recommendations/anna/jf-4").json()
    assert (why["viewer"], why["title"], why["fallback"]) == ("anna", "jf-4", "")
    assert why["reason"]
    assert why["rank"] >= 1
    assert "jf-1" in [one["title"] for one in why["evidence"]]
    for path in ("/similar/absent", "/recommendations/anna/absent", "/absent"):
        missing = client.get(path)
        assert (missing.status_code, set(missing.json())) == (404, {"error", "next_step"})


def test_without_a_token_only_this_machine_is_answered(workspace: Workspace) -> None:
    app = create_sidecar(workspace)
    assert Client(app, client=("::1", 1)).get("/recommendations/anna").status_code == 200
    refused = Client(app, client=("192.0.2.7", 1)).get("/recommendations/anna")
    assert refused.status_code == 401
    assert "server.sidecar_token" in refused.json()["next_step"]


def test_with_a_token_everybody_shows_it(tmp_path: Path) -> None:
    with create_workspace(tmp_path, ("server.sidecar_token=a secret",)) as workspace:
        client = Client(create_sidecar(workspace), client=("192.0.2.7", 1))
        for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Basic a secret"}):
            for method, path in (("GET", "/recommendations/a"), ("PUT", "/titles"), ("POST", "/events")):
                refused = client.request(method, path, headers=headers)
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"].startswith("Bearer")
        shown = {"Authorization": "Bearer a secret"}
        assert client.get("/recommendations/a", headers=shown).status_code == 200
        assert client.get("/health").status_code == 200


def test_the_description_has_examples_and_every_error(client: Client) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) >= {
        "/titles", "/events", "/recommendations/{viewer}", "/recommendations/{viewer}/{title}", "/similar/{title}",
    }  # fmt: skip
    examples = schema["components"]["schemas"]["ForeignTitle"]["examples"]
    assert client.put("/titles", json=examples).json()["created"] == len(examples)
    batch = schema["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert client.post("/events", json=batch["items"]["examples"]).json()["accepted"] == 2
    for path in ("/titles", "/events"):
        [operation] = schema["paths"][path].values()
        assert {"401", "413", "422", "503"} <= set(operation["responses"])


def test_what_cannot_be_served_alone_is_told(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="'catalog' is not served alone"):
        serve(workspace, port=0, only="catalog")
