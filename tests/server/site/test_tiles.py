"""Tiles: escaped, made once for a revision, and different where the viewer is."""

from __future__ import annotations

import pytest

from matinee.catalog.records import Kind, Title
from matinee.server.site import tiles as module
from matinee.server.site.tiles import Tiles
from matinee.server.site.views import Entry

NASTY = '<script>alert("x")</script> & Söhne'


def title(id_: int = 1, **fields) -> Title:
    return Title(**{"id": id_, "kind": Kind.FILM, "name": "Heat", "year": 1995, "genres": ("Crime",), **fields})


def test_nothing_of_a_title_becomes_markup() -> None:
    html = Tiles().strip([Entry(title(name=NASTY, mood=NASTY), reason=NASTY)], "wide", 1)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4  # name, mood, reason, and the name again in the question
    assert "&amp; Söhne" in html


def test_a_title_without_a_picture_has_a_poster_and_one_with_has_it() -> None:
    drawn, shown = title(), title(2, still="pictures/2/still.webp", colour="#aa5500")
    html = Tiles().strip([Entry(drawn), Entry(shown)], "wide", 1)
    assert 'src="/art/wide/crime-' in html
    assert 'src="/pictures/2/still.webp"' in html
    assert "background:#aa5500" in html
    assert html.count('width="640" height="360"') == 2


def test_pieces_are_made_once_for_a_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    pieces_of = module._pieces_of
    monkeypatch.setattr(module, "_pieces_of", lambda one, *rest: made.append(one.id) or pieces_of(one, *rest))
    tiles = Tiles()
    tiles.strip([Entry(title()), Entry(title())], "wide", 1)
    tiles.strip([Entry(title(), reason="other", progress=0.5)], "wide", 1)
    assert made == [1]
    later = tiles.strip([Entry(title(name="Heat, restored"))], "wide", 2)
    assert made == [1, 1]
    assert "Heat, restored" in later


def test_what_is_the_viewers_own_is_set_in() -> None:
    tiles = Tiles()
    assert "<progress" not in tiles.strip([Entry(title())], "wide", 1)
    html = tiles.strip([Entry(title(), reason="You liked Thief", progress=0.456)], "wide", 1, to="watch")
    assert 'value="46"' in html
    assert "You liked Thief" in html
    assert 'href="/watch/1"' in html


def test_every_tile_can_be_asked_why() -> None:
    html = Tiles().strip([Entry(title()), Entry(title(2, name='"Quoted"'), reason="New")], "tall", 1)
    assert '<a class="ask" href="/why/1" aria-label="Why this? Heat">' in html
    assert 'aria-label="Why this? &quot;Quoted&quot;"' in html
    assert html.count("<li") == html.count("</li>") == html.count("/why/") == 2
    assert html.count("<a ") == html.count("</a>") == 4  # the question stands beside the tile, not in it
