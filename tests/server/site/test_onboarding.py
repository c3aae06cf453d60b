"""The taste picker over HTTP: picks become thumbs, nobody is offered what they may not see, and it can be skipped."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from tests.server.conftest import Cinema

HTMX = {"HX-Request": "true"}


def offered(html: str) -> list[int]:
    return [int(one) for one in re.findall(r'name="pick" value="(\d+)"', html)]


def ticked(html: str) -> set[int]:
    return {int(one) for one in re.findall(r'name="pick" value="(\d+)" autocomplete="off" checked', html)}


def thumbs(cinema: Cinema, viewer: str) -> dict[int, int | None]:
    state = cinema.events.state(cinema.viewers[viewer].id)
    return {title: opinion.thumb for title, opinion in state.opinions.items()}


def test_a_new_profile_is_asked_what_it_likes(clients: Callable[..., httpx.Client], cinema: Cinema) -> None:
    other = clients("other", "other")
    made = other.post("/viewers/new", data={"name": "Gus"})
    where = made.headers["location"]
    assert re.fullmatch(r"/viewers/\d+/taste", where)
    page = other.get(where).text
    assert "What does Gus like?" in page
    assert cinema.titles["Meadow"] in offered(page)
    assert ">Skip<" in page
    assert other.get("/taste").headers["location"] == f"/viewers/{cinema.viewers['other'].id}/taste"


def test_picks_become_thumbs_and_unticking_takes_them_back(parent: httpx.Client, cinema: Cinema) -> None:
    meadow, riddle = cinema.titles["Meadow"], cinema.titles["Riddle"]
    where = f"/viewers/{cinema.viewers['parent'].id}/taste"
    assert ticked(parent.get(where).text) == set()
    kept = parent.post(where, data={"pick": [meadow, riddle], "shown": [meadow, riddle], "then": "more"})
    assert kept.status_code == 303
    assert thumbs(cinema, "parent") == {meadow: 1, riddle: 1}
    again = parent.get(kept.headers["location"]).text
    assert ticked(again) == {meadow, riddle}
    parent.post(where, data={"pick": [meadow], "shown": [meadow, riddle], "then": "more"})
    assert thumbs(cinema, "parent") == {meadow: 1}
    done = parent.post(where, data={"pick": [], "shown": [meadow], "then": "done"})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert thumbs(cinema, "parent") == {}


def test_after_a_few_picks_come_more_and_none_twice(parent: httpx.Client, cinema: Cinema) -> None:
    where = f"/viewers/{cinema.viewers['parent'].id}/taste"
    first = offered(parent.get(where).text)[:1]
    few = parent.post(where, data={"pick": first, "shown": first, "until": [3]}, headers=HTMX).text
    assert offered(few) == []
    assert "1</b> picked" in few
    more = parent.post(where, data={"pick": first, "shown": first, "until": [1]}, headers=HTMX).text
    assert offered(more)
    assert not set(offered(more)) & set(first)
    assert 'id="picked"' in more
    parent.post(where, data={"shown": first})


def test_a_child_is_offered_nothing_for_grown_ups(child: httpx.Client, parent: httpx.Client, cinema: Cinema) -> None:
    where = f"/viewers/{cinema.viewers['child'].id}/taste"
    allowed = {cinema.titles["Meadow"], cinema.titles["Kittens"]}
    for client in (child, parent):
        assert set(offered(client.get(where).text)) <= allowed
    forbidden = cinema.titles["Slaughter"]
    child.post(where, data={"pick": [forbidden], "shown": [forbidden]})
    assert forbidden not in thumbs(cinema, "child")
    assert child.get(f"/viewers/{cinema.viewers['parent'].id}/taste").status_code == 403


def test_a_profile_of_another_account_is_not_there(parent: httpx.Client, cinema: Cinema) -> None:
    assert parent.get(f"/viewers/{cinema.viewers['other'].id}/taste").status_code == 404
    assert parent.post(f"/viewers/{cinema.viewers['other'].id}/taste").status_code == 404


def test_an_operator_who_looks_on_picks_for_nobody(clients: Callable[..., httpx.Client], cinema: Cinema) -> None:
    boss = clients("boss", "boss")
    boss.post("/api/view-as", json={"viewer_id": cinema.viewers["parent"].id})
    assert boss.get(f"/viewers/{cinema.viewers['boss'].id}/taste").status_code == 403


@pytest.mark.parametrize("form", [{"pick": "x"}, {"passed": "1,x"}, {"pick": [str(one) for one in range(300)]}])
def test_a_broken_form_is_refused_in_words(parent: httpx.Client, cinema: Cinema, form: dict[str, object]) -> None:
    answer = parent.post(f"/viewers/{cinema.viewers['parent'].id}/taste", data=form)
    assert answer.status_code == 422
    assert "That was not understood" in answer.text


def test_unknown_titles_are_left_out(parent: httpx.Client, cinema: Cinema) -> None:
    where = f"/viewers/{cinema.viewers['parent'].id}/taste"
    assert parent.post(where, data={"pick": [987_654, 9**40], "shown": [987_654, 9**40]}).status_code == 303
    assert thumbs(cinema, "parent") == {}
    assert parent.get(f"{where}?passed=7").status_code == 200
