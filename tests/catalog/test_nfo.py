"""NFO files: what they tell, and what they are not allowed to do."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.catalog.nfo import LARGEST, parse

MOVIE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<movie>
  <title>Amélie</title><originaltitle>Le Fabuleux Destin d'Amélie Poulain</originaltitle>
  <year>2001</year><plot>A shy waitress &amp; her schemes.</plot><tagline>She'll change your life.</tagline>
  <mood>playful</mood><composer>Yann Tiersen</composer>
  <runtime>122</runtime><mpaa>Rated R for sexual content</mpaa>
  <genre>Comedy</genre><genre>Romance / Sci-Fi</genre><tag>paris</tag>
  <uniqueid type="tmdb" default="true">194</uniqueid><uniqueid type="imdb">tt0211915</uniqueid>
  <uniqueid type="wikidata">Q1</uniqueid>
  <director>Jean-Pierre Jeunet</director><credits>Guillaume Laurant</credits>
  <actor><name>Audrey Tautou</name><role>Amélie</role><order>0</order></actor>
  <actor><name>Mathieu Kassovitz</name><role>Nino</role><order>1</order></actor>
  <actor><role>Nobody</role></actor>
</movie>
"""


def said(data: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse(data, "movie.nfo")
    assert caught.value.next_step
    return caught.value.message


def test_a_film_as_kodi_and_jellyfin_write_it() -> None:
    [found] = parse(MOVIE.encode(), "movie.nfo")
    assert (found.root, found.name, found.year, found.runtime_s, found.maturity) == ("film", "Amélie", 2001, 7320.0, 17)
    assert found.original_name.startswith("Le Fabuleux")
    assert found.synopsis == "A shy waitress & her schemes."
    assert found.genres == ("Comedy", "Romance", "Science Fiction")
    assert found.keywords == ("paris",)
    assert found.mood == "playful"
    assert {(one.source, one.key) for one in found.ids} == {("tmdb", "194"), ("imdb", "tt0211915")}
    assert [(one.name, one.role, one.character) for one in found.credits] == [
        ("Jean-Pierre Jeunet", "director", ""),
        ("Guillaume Laurant", "writer", ""),
        ("Yann Tiersen", "composer", ""),
        ("Audrey Tautou", "actor", "Amélie"),
        ("Mathieu Kassovitz", "actor", "Nino"),
    ]


def test_series_are_counted_apart() -> None:
    ids = "<tmdbid>7</tmdbid><imdb_id>tt0000007</imdb_id>"
    text = f"<tvshow><title>Show</title><premiered>2010-03-04</premiered>{ids}</tvshow>"
    [found] = parse(text.encode(), "tvshow.nfo")
    assert (found.root, found.year) == ("series", 2010)
    assert {(one.source, one.key) for one in found.ids} == {("tmdb-tv", "7"), ("imdb", "tt0000007")}


def test_several_episodes_in_one_file() -> None:
    one = "<episodedetails><title>{}</title><season>1</season><episode>{}</episode></episodedetails>"
    found = parse(("<?xml version='1.0'?>" + one.format("A", 1) + "\n" + one.format("B", 2)).encode(), "x.nfo")
    assert [(one.name, one.season, one.episode) for one in found] == [("A", 1, 1), ("B", 1, 2)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("https://www.imdb.com/title/tt0133093/", {("imdb", "tt0133093")}),
        ("http://www.imdb.com/de/title/tt0133093/?ref_=x", {("imdb", "tt0133093")}),
        ("https://www.themoviedb.org/movie/603-the-matrix", {("tmdb", "603")}),
        ("https://www.themoviedb.org/tv/1399", {("tmdb-tv", "1399")}),
        ("https://thetvdb.com/?tab=series&id=121361", {("tvdb-tv", "121361")}),
        ("<movie></movie>\nhttps://www.imdb.com/title/tt0133093/", {("imdb", "tt0133093")}),
    ],
)
def test_addresses(text: str, ids: set[tuple[str, str]]) -> None:
    [found] = parse(text.encode(), "x.nfo")
    assert {(one.source, one.key) for one in found.ids} == ids


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_any_encoding_whatever_the_declaration_says(encoding: str) -> None:
    [found] = parse(MOVIE.encode(encoding), "movie.nfo")
    assert found.name == "Amélie"


def test_a_document_type_alone_is_harmless() -> None:
    assert parse(b"<!DOCTYPE movie><movie><title>A</title></movie>", "x")[0].name == "A"


def test_external_entities_are_refused_and_nothing_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    for declaration in (
        f'<!ENTITY x SYSTEM "file://{secret}">',
        f'<!ENTITY % x SYSTEM "file://{secret}"> %x;',
        '<!ENTITY x PUBLIC "a" "http://127.0.0.1:9/x">',
    ):
        text = f"<!DOCTYPE movie [{declaration}]><movie><title>&x;</title></movie>"
        with pytest.raises(InvalidInput, match=r"movie\.nfo declares XML entities, which are refused") as caught:
            parse(text.encode(), "movie.nfo")
        assert "secret" not in str(caught.value).removeprefix("movie.nfo")


def test_an_external_document_type_is_left_alone() -> None:
    text = '<!DOCTYPE movie SYSTEM "http://127.0.0.1:9/x.dtd"><movie><title>A</title></movie>'
    assert parse(text.encode(), "movie.nfo")[0].name == "A"


def test_streams_and_seasons_inside_are_no_ends() -> None:
    inside = "<fileinfo><streamdetails><video><codec>h264</codec></video></streamdetails></fileinfo>"
    [found] = parse(f"<movie>{inside}<title>A</title></movie>".encode(), "movie.nfo")
    assert (found.root, found.name) == ("film", "A")


def test_a_billion_laughs_is_refused() -> None:
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))]
    text = f"<!DOCTYPE movie [{''.join(lines)}]><movie><title>&a9;</title></movie>"
    with pytest.raises(InvalidInput, match="entities"):
        parse(text.encode(), "movie.nfo")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"<movie><title>A</movie>", "not well-formed"),
        (b"<movie><title>A & B</title></movie>", "not well-formed"),
        (b"<movie><title>A</title>", "not well-formed"),
        (b"<html><body>no</body></html>", "no NFO"),
        (b"release notes of a group", "not well-formed"),
        (b"x" * (LARGEST + 1), "larger than"),
        (bytes(1000), "not a text file"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(data: bytes, why: str) -> None:
    message = said(data)
    assert message.startswith("movie.nfo ")
    assert why in message


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (data, b"<movie>" + data + b"</movie>", b"<movie><title>" + data + b"</title></movie>"):
        with contextlib.suppress(InvalidInput):
            parse(text, "x.nfo")


def test_deep_nesting_does_no_harm() -> None:
    with contextlib.suppress(InvalidInput):
        assert parse(b"<movie>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</movie>", "x.nfo")[0].name == ""
