"""The list, opinions, events and playback of one viewer, and of an operator who looks on."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from tests.server.conftest import Cinema

from matinee.base.clock import DAY_MS, now_ms

Clients = Callable[..., httpx.Client]


def play(n: int, title_id: object, **more: object) -> dict[str, object]:
    return {"id": f"event-{n:05}", "kind": "play", "at_ms": 1_000 + n, "title_id": title_id, "play": "play-0001"} | more


def test_the_list_keeps_what_was_put_last_first(cinema: Cinema, clients: Clients) -> None:
    client = clients("other")
    for name in ("Meadow", "Riddle", "Vice"):
        assert client.put(f"/api/list/{cinema.titles[name]}").status_code == 204
        time.sleep(0.002)  # the list is sorted by milliseconds
    assert client.put(f"/api/list/{cinema.titles['Vice']}").status_code == 204
    assert client.delete(f"/api/list/{cinema.titles['Riddle']}").status_code == 204
    assert [one["name"] for one in client.get("/api/list").json()] == ["Vice", "Meadow"]
    assert client.get(f"/api/titles/{cinema.titles['Vice']}/mine").json()["listed"] is True


def test_opinions_are_the_latest_word(cinema: Cinema, clients: Clients) -> None:
    client, where = clients("other"), f"/api/titles/{cinema.titles['Meadow']}"
    assert client.get(f"{where}/mine").json()["thumb"] == 0
    assert client.put(f"{where}/thumb", json={"value": 1}).status_code == 204
    assert client.put(f"{where}/rating", json={"stars": 4.5}).status_code == 204
    mine = client.get(f"{where}/mine").json()
    assert (mine["thumb"], mine["stars"]) == (1, 4.5)
    time.sleep(0.002)
    client.put(f"{where}/thumb", json={"value": 0})
    assert client.get(f"{where}/mine").json()["thumb"] == 0


@pytest.mark.parametrize(
    ("verb", "body"),
    [("thumb", {"value": 2}), ("thumb", {}), ("thumb", {"value": "up"}), ("rating", {"stars": 0}),
     ("rating", {"stars": 1e308}), ("rating", {"stars": None}), ("rating", [])],
)  # fmt: skip
def test_a_bad_opinion_is_refused(cinema: Cinema, parent: httpx.Client, verb: str, body: object) -> None:
    answer = parent.put(f"/api/titles/{cinema.titles['Meadow']}/{verb}", json=body)
    assert answer.status_code == 422


def test_not_a_number_is_no_opinion(cinema: Cinema, parent: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for text in ("NaN", "Infinity", "-Infinity"):
        where = f"/api/titles/{cinema.titles['Meadow']}/rating"
        assert parent.put(where, content=f'{{"stars": {text}}}', headers=headers).status_code == 422


def test_a_batch_is_taken_once_and_the_bad_ones_are_named(cinema: Cinema, clients: Clients) -> None:
    client, title_id = clients("family", "parent"), cinema.titles["Meadow"]
    batch = [
        play(1, title_id),
        play(2, 999_999),
        play(3, title_id, viewer_id=cinema.viewers["other"].id),
        "no event",
        play(4, title_id, at_ms=now_ms() + 2 * DAY_MS),
        play(5, title_id),
    ]
    first = client.post("/api/events", json=batch)
    assert first.status_code == 202
    answer = first.json()
    assert (answer["accepted"], answer["doubled"], answer["ignored"]) == (2, 0, 0)
    assert [(one["index"], one["field"]) for one in answer["refused"]] == [
        (1, "title_id"), (2, "viewer_id"), (3, ""), (4, "at_ms"),
    ]  # fmt: skip
    again = client.post("/api/events", json=batch).json()
    assert (again["accepted"], again["doubled"]) == (0, 2)


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_1_to_1000_events(cinema: Cinema, parent: httpx.Client, size: int) -> None:
    batch = [play(n, cinema.titles["Meadow"]) for n in range(size)]
    assert parent.post("/api/events", json=batch).status_code == 422


def test_an_operator_may_send_for_anybody(cinema: Cinema, clients: Clients) -> None:
    event = play(100, cinema.titles["Meadow"], viewer_id=cinema.viewers["other"].id)
    assert clients("boss").post("/api/events", json=[event]).json()["accepted"] == 1
    assert cinema.titles["Meadow"] in cinema.events.state(cinema.viewers["other"].id).watching


def test_playing_moves_the_place_to_resume(cinema: Cinema, clients: Clients) -> None:
    client, title_id = clients("family", "parent"), cinema.titles["Kittens 1x1"]
    where = f"/api/titles/{title_id}/playback"
    begin = client.get(where).json()
    assert begin["position_s"] == 0
    assert begin["next"]["name"] == "Kittens 1x2"
    assert [client.get(begin[name]).status_code for name in ("hls", "dash", "storyboard")] == [200] * 3
    assert [client.get(begin["families"]["legacy"][name]).status_code for name in ("hls", "dash")] == [200] * 2
    assert client.get(begin["subtitles"][0]["url"]).text.startswith("WEBVTT")
    now = now_ms()
    common = {"at_ms": now, "title_id": title_id, "play": "play-0200", "duration_s": 600.0}
    client.post("/api/events", json=[{"id": "event-00200", "kind": "progress", "position_s": 123.0} | common])
    assert client.get(where).json()["position_s"] == 123
    end = {"id": "event-00201", "kind": "stop", "position_s": 595.0} | common | {"at_ms": now + 1}
    client.post("/api/events", json=[end])
    assert client.get(where).json()["position_s"] == 0


def test_the_last_episode_has_no_next(cinema: Cinema, parent: httpx.Client) -> None:
    assert parent.get(f"/api/titles/{cinema.titles['Kittens 1x2']}/playback").json()["next"] is None


def test_what_has_no_stream_says_so(cinema: Cinema, parent: httpx.Client) -> None:
    answer = parent.get(f"/api/titles/{cinema.titles['Kittens']}/playback")
    assert answer.status_code == 409
    assert answer.json()["error"] == "Kittens cannot be played yet."


def test_an_operator_who_looks_on_leaves_no_trace(cinema: Cinema, clients: Clients) -> None:
    client, viewer = clients("boss"), cinema.viewers["child"]
    before = cinema.events.state(viewer.id)
    shown = client.post("/api/view-as", json={"viewer_id": viewer.id}).json()
    assert (shown["viewing_as"]["name"], shown["viewer"]["name"]) == ("Child", "Boss")
    assert client.get(f"/api/titles/{cinema.titles['Slaughter']}").status_code == 404
    title_id = cinema.titles["Meadow"]
    sent = client.post("/api/events", json=[play(300, title_id), play(301, title_id, viewer_id=viewer.id)])
    assert sent.json() == {"accepted": 0, "doubled": 0, "ignored": 2, "refused": []}
    assert client.put(f"/api/list/{title_id}").status_code == 403
    assert client.put(f"/api/titles/{title_id}/thumb", json={"value": 1}).status_code == 403
    client.get("/api/search", params={"q": "Meadow"})
    assert cinema.events.state(viewer.id) == before
    assert client.get("/api/console/work").status_code == 200
    assert client.post("/api/view-as", json={"viewer_id": None}).json()["viewing_as"] is None
    assert client.get(f"/api/titles/{cinema.titles['Slaughter']}").status_code == 200


def test_only_operators_look_on(cinema: Cinema, parent: httpx.Client) -> None:
    answer = parent.post("/api/view-as", json={"viewer_id": cinema.viewers["other"].id})
    assert answer.status_code == 403
    assert answer.json()["error"] == "This is for operators."


def test_looking_on_as_nobody_that_exists(clients: Clients) -> None:
    assert clients("boss").post("/api/view-as", json={"viewer_id": 999_999}).status_code == 404


def test_search_forgives_a_typo_and_is_recorded(cinema: Cinema, clients: Clients) -> None:
    bus, client = cinema.workspace.backends.bus, clients("family", "parent")
    assert [one["name"] for one in client.get("/api/search", params={"q": "Medow"}).json()][:1] == ["Meadow"]
    for _ in range(200):
        bodies = [message.body for message in bus.read("viewing", max(0, bus.end("viewing") - 20), 20)]
        if any(b'"query":"Medow"' in body for body in bodies):
            return
        time.sleep(0.02)
    pytest.fail("the search was not recorded")


def test_browsing_in_pages(parent: httpx.Client) -> None:
    whole = parent.get("/api/titles", params={"sort": "name", "limit": 200}).json()
    names = [one["name"] for one in whole["items"]]
    assert names == ["Kittens", "Meadow", "Riddle", "Slaughter", "Vice"]
    assert whole["total"] == 5
    part = parent.get("/api/titles", params={"sort": "name", "limit": 2, "offset": 2}).json()
    assert [one["name"] for one in part["items"]] == names[2:4]
