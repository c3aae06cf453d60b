"""The console on taste: the shelf and rolling back, a viewer's page slot by slot, the map; for operators alone."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import numpy as np
import pytest
from tests.server.conftest import Cinema

from matinee.base.clock import now_ms
from matinee.base.ids import new_id
from matinee.events.records import Rating
from matinee.server.api.console_taste import asked_at
from matinee.server.context import RNG

PAGES = ("", "/viewers", "/map", "/rollback")


@pytest.fixture(scope="module", autouse=True)
def trained(cinema: Cinema) -> list[str]:
    """Two versions on the shelf; the second is served."""
    now = now_ms()
    stars = {("boss", "Meadow"): 5, ("boss", "Riddle"): 5, ("other", "Meadow"): 5, ("other", "Vice"): 4,
             ("parent", "Meadow"): 5, ("parent", "Slaughter"): 1}  # fmt: skip
    cinema.events.record(
        [
            Rating(
                id=new_id(now, RNG), viewer_id=cinema.viewers[who].id, at_ms=now, title_id=cinema.titles[title], stars=n
            )
            for (who, title), n in stars.items()
        ]
    )
    service = cinema.workspace.service("recommendation")
    return [service.train(now + later, np.random.default_rng(0)).version for later in (0, 1)]


def test_only_operators_come_in(parent: httpx.Client, clients: Callable[..., httpx.Client]) -> None:
    for page in PAGES:
        assert parent.get(f"/console/taste{page}").status_code == 403
    for path in ("/models", "/map", "/viewers/1"):
        assert parent.get(f"/api/console/taste{path}").status_code == 403
        assert clients().get(f"/api/console/taste{path}").status_code == 401
    assert parent.post("/api/console/taste/rollback").status_code == 403
    assert parent.post("/console/taste/rollback").status_code == 403


def test_a_viewers_page_slot_by_slot(boss: httpx.Client, cinema: Cinema) -> None:
    viewer = cinema.viewers["parent"]
    told = boss.get(f"/api/console/taste/viewers/{viewer.id}", params={"device": "tv", "hour": 21}).json()
    assert {one["title"]["name"]: one["strength"] for one in told["known"]} == {"Meadow": 5.0, "Slaughter": 1.0}
    assert [one["liked"] for one in sorted(told["known"], key=lambda one: one["strength"])] == [False, True]
    for row in told["page"]["rows"]:
        for item in row["items"]:
            assert item["model"]
            assert 0 < item["propensity"] <= 1
    assert {one["genre"]: one["liked"] for one in told["mixture"]} == {"Drama": 1.0}
    html = boss.get(f"/console/taste/viewers/{viewer.id}?device=tv&hour=21").text
    for item in told["page"]["rows"][0]["items"]:
        assert f">{item['title']['name']}</a>" in html
    assert "The page of Parent" in html


def test_looking_is_not_showing(boss: httpx.Client, cinema: Cinema) -> None:
    before = cinema.events.state(cinema.viewers["child"].id)
    boss.get(f"/console/taste/viewers/{cinema.viewers['child'].id}")
    assert cinema.events.state(cinema.viewers["child"].id) == before


def test_a_viewer_is_chosen_by_name(boss: httpx.Client, cinema: Cinema) -> None:
    one = boss.get("/console/taste/viewers?q=Parent")
    assert one.headers["location"] == f"/console/taste/viewers/{cinema.viewers['parent'].id}"
    assert "Nobody is called" in boss.get("/console/taste/viewers?q=zzzz").text
    assert boss.get("/console/taste/viewers/99999").status_code == 404
    assert boss.get("/api/console/taste/viewers/1?device=toaster").status_code == 422


def test_the_map_holds_what_the_list_holds(boss: httpx.Client, cinema: Cinema) -> None:
    found = boss.get("/api/console/taste/map").json()
    assert set(found["title_ids"]) <= set(cinema.titles.values())
    assert len(found["x"]) == len(found["y"]) == len(found["title_ids"]) > 0
    assert all(-1 <= one <= 1 for one in [*found["x"], *found["y"]])
    html = boss.get(f"/console/taste/map?viewer={cinema.viewers['parent'].id}").text
    for title in found["title_ids"]:
        assert f'data-id="{title}"' in html
    assert f'data-liked="{cinema.titles["Meadow"]}"' in html


def test_rolling_back_asks_first(boss: httpx.Client, trained: list[str]) -> None:
    first, second = trained
    shelf = boss.get("/console/taste").text
    assert shelf.index(second) < shelf.index(first)
    asked = boss.get("/console/taste/rollback").text
    assert f"Serve {first}" in asked
    assert boss.get("/api/console/taste/models").json()["current"] == second
    assert boss.post("/console/taste/rollback").headers["location"] == "/console/taste"
    assert boss.get("/api/console/taste/models").json()["current"] == first
    assert "Roll back" not in boss.get("/console/taste").text
    assert boss.get("/console/taste/rollback").headers["location"] == "/console/taste"
    refused = boss.post("/api/console/taste/rollback")
    assert refused.status_code == 404
    assert refused.json()["next_step"]


@pytest.mark.parametrize("hour", range(24))
def test_the_clock_of_the_viewer_shows_the_hour(hour: int) -> None:
    asked = asked_at(1_700_000_000_000, "tv", hour)
    assert (asked.now_ms // 3_600_000 * 60 + asked.utc_offset_min) // 60 % 24 == hour
    assert -14 * 60 <= asked.utc_offset_min <= 14 * 60
