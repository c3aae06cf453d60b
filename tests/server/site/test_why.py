"""Why this, over HTTP: what brought a title, in words and as data, and what corrects it."""

from __future__ import annotations

import httpx
import numpy as np
import pytest
from tests.server.conftest import Cinema

from matinee.base.clock import now_ms
from matinee.base.ids import new_id
from matinee.events.records import Rating
from matinee.server.context import RNG

HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module", autouse=True)
def taste(cinema: Cinema) -> None:
    """Opinions of everybody, so that there is something to learn from."""
    now = now_ms()
    stars = {("boss", "Meadow"): 5, ("boss", "Riddle"): 5, ("boss", "Vice"): 1, ("other", "Meadow"): 5,
             ("other", "Riddle"): 4, ("parent", "Meadow"): 5, ("parent", "Vice"): 2}  # fmt: skip
    cinema.events.record(
        [
            Rating(
                id=new_id(now, RNG), viewer_id=cinema.viewers[who].id, at_ms=now, title_id=cinema.titles[title], stars=n
            )
            for (who, title), n in stars.items()
        ]
    )
    cinema.workspace.service("recommendation").train(now, np.random.default_rng(0))


def test_it_names_what_brought_it_and_who_chose(parent: httpx.Client, cinema: Cinema) -> None:
    page = parent.get(f"/why/{cinema.titles['Riddle']}")
    assert page.status_code == 200
    assert "Why this?" in page.text
    assert "Meadow</a>" in page.text
    assert "Both: Drama" in page.text
    assert "<h1 id=" in page.text
    for part in ("Chosen by", "Learned", "just now", "Not for me", "I’ve seen it"):
        assert part in page.text
    part = parent.get(f"/why/{cinema.titles['Riddle']}", headers=HTMX)
    assert "<html" not in part.text
    assert "<h2 id=" in part.text


def test_it_is_data_too(parent: httpx.Client, cinema: Cinema) -> None:
    told = parent.get(f"/api/titles/{cinema.titles['Riddle']}/why").json()
    explanation = told["explanation"]
    assert explanation["title"]["name"] == "Riddle"
    assert explanation["rank"] >= 1
    names = [one["title"]["name"] for one in explanation["evidence"] if one["title"]]
    assert "Meadow" in names
    assert {one["title_id"] for one in told["shared"]} <= set(cinema.titles.values())
    assert told["shared"][names.index("Meadow")]["genres"] == ["Drama"]


def test_not_for_me_and_back_again(parent: httpx.Client, cinema: Cinema) -> None:
    riddle = cinema.titles["Riddle"]
    for value, pressed in (("-1", "true"), ("0", "false")):
        answer = parent.post(f"/thumb/{riddle}?words", data={"value": value}, headers=HTMX).text
        assert f'id="dislike-{riddle}"' in answer
        assert answer.count(f'aria-pressed="{pressed}"') >= 1
        assert "Not for me" in answer
    assert "You know it already" not in parent.get(f"/why/{riddle}").text


def test_what_was_seen_is_not_recommended_again(parent: httpx.Client, cinema: Cinema) -> None:
    kittens = cinema.titles["Kittens"]
    assert "aria-disabled" not in parent.get(f"/why/{kittens}").text
    answer = parent.post(f"/why/{kittens}/seen")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/why/{kittens}")
    assert "You know it already" in parent.get(f"/why/{kittens}").text
    watching = cinema.events.state(cinema.viewers["parent"].id).watching[kittens]
    assert watching.share == 1.0
    assert "continue-watching" not in parent.get("/").text
    again = parent.post(f"/why/{kittens}/seen", headers=HTMX)
    assert "aria-disabled" in again.text


def test_seen_by_the_api(child: httpx.Client, cinema: Cinema) -> None:
    assert child.put(f"/api/titles/{cinema.titles['Meadow']}/seen").status_code == 204
    assert child.put(f"/api/titles/{cinema.titles['Slaughter']}/seen").status_code == 404


def test_nothing_is_said_of_what_may_not_be_seen(child: httpx.Client, cinema: Cinema) -> None:
    for path in ("/why/{}", "/api/titles/{}/why"):
        hidden = child.get(path.format(cinema.titles["Slaughter"]))
        absent = child.get(path.format(99_999))
        assert hidden.status_code == absent.status_code == 404
        assert "Slaughter" not in hidden.text
    assert "Slaughter" not in child.get(f"/why/{cinema.titles['Kittens']}").text


def test_an_operator_who_looks_on_changes_nothing(boss: httpx.Client, cinema: Cinema) -> None:
    boss.post("/api/view-as", json={"viewer_id": cinema.viewers["other"].id})
    page = boss.get(f"/why/{cinema.titles['Slaughter']}").text
    assert "Why this?" in page
    assert "Not for me" not in page
    assert boss.post(f"/why/{cinema.titles['Slaughter']}/seen").status_code == 403
    boss.post("/api/view-as", json={"viewer_id": None})
