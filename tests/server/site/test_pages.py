"""Pages over HTTP, as forms and links use them; what a browser shows is tested in tests/browser."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from tests.server.conftest import PASSWORD, Cinema

from matinee.server.site.accounts import local

Clients = Callable[..., httpx.Client]


@pytest.mark.parametrize("address", ["/", "/list", "/title/7?a=b", "/console/catalogue?sort=name"])
def test_one_is_led_on_within_the_site(address: str) -> None:
    assert local(address) == address


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/a\r\nb"]
)
def test_one_is_never_led_elsewhere(address: str) -> None:
    assert local(address) == "/"


def test_a_stranger_is_led_to_the_door_and_back(clients: Clients) -> None:
    stranger = clients()
    answer = stranger.get("/list")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/list")
    form = {"email": "family@example.org", "password": PASSWORD, "next": "/list"}
    answer = stranger.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/viewers?next=/list")


def test_a_wrong_password_is_told_on_the_form(clients: Clients) -> None:
    answer = clients().post("/sign-in", data={"email": "family@example.org", "password": "no", "next": "/list"})
    assert answer.status_code == 401
    assert "There is no account with this e-mail address and password." in answer.text
    assert 'value="family@example.org"' in answer.text
    assert 'value="/list"' in answer.text


def test_pages_are_private_and_closed_to_scripts_of_others(parent: httpx.Client) -> None:
    answer = parent.get("/browse")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "<script>" not in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org", "")


def test_the_list_works_by_form_and_by_htmx(parent: httpx.Client, cinema: Cinema) -> None:
    title = cinema.titles["Meadow"]
    back = {"referer": f"{parent.base_url}title/{title}"}
    answer = parent.post(f"/list/{title}", data={"on": "1"}, headers=back)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/title/{title}")
    assert "Meadow" in parent.get("/list").text
    part = parent.post(f"/list/{title}?glass", data={"on": "0"}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert 'aria-pressed="false"' in part.text
    assert "<html" not in part.text
    assert "Nothing saved yet" in parent.get("/list").text


def test_a_foreign_referer_is_not_followed(parent: httpx.Client, cinema: Cinema) -> None:
    title = cinema.titles["Meadow"]
    answer = parent.post(f"/thumb/{title}", data={"value": "1"}, headers={"referer": "https://evil.example/list"})
    assert answer.headers["location"] == f"/title/{title}"


@pytest.mark.parametrize("value", ["2", "up", ""])
def test_a_thumb_is_up_down_or_none(parent: httpx.Client, cinema: Cinema, value: str) -> None:
    answer = parent.post(f"/thumb/{cinema.titles['Meadow']}", data={"value": value or "none"})
    assert answer.status_code == 422


def test_an_error_for_htmx_goes_to_the_foot_of_the_page(parent: httpx.Client) -> None:
    answer = parent.post("/list/999999", data={"on": "1"}, headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#toast"
    assert "There is no title 999999." in answer.text


def test_an_error_for_a_person_is_a_page(parent: httpx.Client) -> None:
    answer = parent.get("/title/999999")
    assert answer.status_code == 404
    assert "Nothing is showing here" in answer.text
    assert "There is no title 999999." in answer.text


@pytest.mark.parametrize("name", ["drama-10000", "nothing-1", "drama--1", "drama-", "drama-1e3"])
def test_a_drawing_that_does_not_exist(parent: httpx.Client, name: str) -> None:
    assert parent.get(f"/art/wide/{name}.svg").status_code == 404
    assert parent.get("/art/square/drama-1.svg").status_code == 404


def test_a_drawing_may_be_kept_for_ever(clients: Clients) -> None:
    answer = clients().get("/art/tall/drama-1.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "immutable" in answer.headers["cache-control"]


def test_profiles_by_form(clients: Clients) -> None:
    family = clients("other")
    assert family.post("/viewers/new", data={"name": " Gus  Green ", "maturity": "12"}).status_code == 303
    page = family.get("/viewers").text
    assert "Gus Green" in page
    assert "up to 12" in page
    refused = family.post("/viewers/new", data={"name": "   "})
    assert refused.status_code == 422
    assert "A profile needs a name" in refused.text
    gus = next(one for one in family.get("/api/viewers").json() if one["name"] == "Gus Green")
    assert family.post(f"/viewers/{gus['id']}", data={"name": "Gus", "maturity": "6", "child": "1"}).status_code == 303
    changed = family.get(f"/api/viewers/{gus['id']}").json()
    assert (changed["name"], changed["maturity"], changed["child"]) == ("Gus", 6, True)
    assert family.post(f"/viewers/{gus['id']}/delete").status_code == 303
    assert "Gus" not in family.get("/viewers").text


def test_a_child_changes_no_profile(child: httpx.Client, cinema: Cinema) -> None:
    for path in ("/viewers/new", f"/viewers/{cinema.viewers['parent'].id}"):
        assert child.get(path).status_code == 403
        assert child.post(path, data={"name": "X", "maturity": "18"}).status_code == 403
    assert child.post(f"/viewers/{cinema.viewers['parent'].id}/delete").status_code == 403


def test_a_child_meets_nothing_for_grown_ups(child: httpx.Client, cinema: Cinema) -> None:
    for path in ("/", "/browse", "/search?q=slaughter", "/search?q=riddle"):
        page = child.get(path).text
        assert "Slaughter" not in page.replace("slaughter", "")
        assert "Riddle" not in page
    for name in ("Slaughter", "Riddle", "Vice 1x1"):
        for page in ("title", "watch"):
            assert child.get(f"/{page}/{cinema.titles[name]}").status_code == 404
        assert child.post(f"/list/{cinema.titles[name]}", data={"on": "1"}).status_code == 404


def test_a_series_offers_its_episodes(parent: httpx.Client, cinema: Cinema) -> None:
    page = parent.get(f"/title/{cinema.titles['Kittens']}").text
    first, second = cinema.titles["Kittens 1x1"], cinema.titles["Kittens 1x2"]
    assert f'href="/watch/{first}"' in page
    assert "Play episode 1" in page
    assert page.index(f"/watch/{first}") < page.index(f"/watch/{second}")


@pytest.mark.parametrize("path", ["", "/catalogue", "/work", "/events", "/viewers", "/accounts"])
def test_the_console_is_for_operators(boss: httpx.Client, parent: httpx.Client, path: str) -> None:
    assert boss.get(f"/console{path}").status_code == 200
    assert parent.get(f"/console{path}").status_code == 403


def test_a_table_of_the_console_sorts_and_filters(boss: httpx.Client) -> None:
    page = boss.get("/console/catalogue?kind=film&sort=name&order=up").text
    assert page.index("Meadow") < page.index("Riddle") < page.index("Slaughter")
    assert "Kittens" not in page
    assert 'aria-sort="ascending"' in page
    assert boss.get("/console/catalogue?sort=nonsense").status_code == 422
    assert "No title fits" in boss.get("/console/catalogue?q=zzzz").text


def test_an_operator_looks_on_and_comes_back(boss: httpx.Client, cinema: Cinema) -> None:
    answer = boss.post("/console/view-as", data={"viewer_id": cinema.viewers["child"].id})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = boss.get("/browse").text
    assert "You see the site as <b>Child</b>" in page
    assert "data-viewer" not in page  # nothing is reported
    assert boss.post(f"/list/{cinema.titles['Meadow']}", data={"on": "1"}).status_code == 403
    assert boss.post("/console/view-as/end").status_code == 303
    assert "You see the site as" not in boss.get("/viewers").text


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_theme_is_kept(clients: Clients, theme: str) -> None:
    stranger = clients()
    assert stranger.post("/theme", data={"theme": theme, "next": "/sign-in"}).headers["location"] == "/sign-in"
    assert f'data-theme="{theme}"' in stranger.get("/sign-in").text
    stranger.post("/theme", data={"theme": "neon"})
    assert "data-theme" not in stranger.get("/sign-in").text
