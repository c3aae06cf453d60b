"""Tables of films, by their columns, whole and broken."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from matinee.base.errors import InvalidInput, NotFound
from matinee.catalog import tmdb
from matinee.catalog.records import ExternalId, Kind, TitleDraft
from matinee.catalog.rows import minutes, whole, year_of
from matinee.catalog.service import Service

TMDB = ("id", "title", "original_title", "original_language", "overview", "tagline", "runtime", "release_date",
        "genres", "keywords")  # fmt: skip
FILM = ("603", "The Matrix", "The Matrix", "en", "A hacker,\nand the truth.", "Free your mind", "136.0", "1999-03-30",
        json.dumps([{"id": 28, "name": "Action"}, {"id": 878, "name": "Science Fiction"}]),
        json.dumps([{"id": 83, "name": "saving the world"}]))  # fmt: skip
IMDB = ("movie_title", "movie_imdb_link", "title_year", "director_name", "actor_1_name", "actor_2_name", "actor_3_name",
        "content_rating", "duration", "language", "genres", "plot_keywords")  # fmt: skip


def table(header: tuple[str, ...], *rows: tuple[str, ...], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    return out.getvalue().encode()


def read(tmp_path: Path, data: bytes) -> tmdb.FilmTable:
    path = tmp_path / "films.csv"
    path.write_bytes(data)
    return tmdb.read(path)


def test_a_film_of_the_movie_database(tmp_path: Path) -> None:
    [film] = read(tmp_path, table(TMDB, FILM)).drafts
    assert film == TitleDraft(
        kind=Kind.FILM,
        name="The Matrix",
        year=1999,
        synopsis="A hacker, and the truth.",
        tagline="Free your mind",
        runtime_s=8160.0,
        language="en",
        genres=("Action", "Science Fiction"),
        keywords=("saving the world",),
        ids=(ExternalId(source="tmdb", key="603"),),
    )


def test_lists_as_python_writes_them(tmp_path: Path) -> None:
    row = (*FILM[:8], "[{'id': 28, 'name': \"Children's\"}]", "[]")
    [film] = read(tmp_path, table(TMDB, row)).drafts
    assert (film.genres, film.keywords) == (("Family",), ())


def test_cast_and_crew_lie_beside(tmp_path: Path) -> None:
    cast = [{"name": f"Actor {n}", "id": n, "character": f"Part {n}", "order": 29 - n} for n in range(30)]
    crew = [{"name": "Lana", "id": 9340, "job": "Director"}, {"name": "Somebody", "id": 1, "job": "Catering"}]
    data = table(("movie_id", "title", "cast", "crew"), ("603", "x", json.dumps(cast), json.dumps(crew)))
    (tmp_path / "credits.csv").write_bytes(data)
    (tmp_path / "films.csv").write_bytes(table(TMDB, FILM))
    [film] = tmdb.read(tmp_path / "films.csv", tmp_path / "credits.csv").drafts
    assert [one.name for one in film.credits[:2]] == ["Actor 29", "Actor 28"]
    assert len(film.credits) == 21
    director = film.credits[-1]
    assert (director.name, director.role, director.ids) == (
        "Lana",
        "director",
        (ExternalId(source="tmdb", key="9340"),),
    )
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as file:
        for name in ("films.csv", "credits.csv"):
            file.write(tmp_path / name, name)
    assert tmdb.read(tmp_path / "both.zip").drafts == (film,)


@pytest.mark.parametrize("delimiter", [";", ","])
def test_a_film_of_the_imdb_table(tmp_path: Path, delimiter: str) -> None:
    row = ("Avatar\xa0", "http://www.imdb.com/title/tt0499549/?ref_=fn", "2009", "James Cameron", "CCH Pounder",
           "Joel Moore", "", "PG-13", "178", "English", "Action|Sci-Fi", "avatar|future")  # fmt: skip
    series = ("Daredevil", "http://www.imdb.com/title/tt3322312/", "", "", "", "", "", "TV-MA", "54", "", "Action", "")
    film, show = read(tmp_path, table(IMDB, row, series, delimiter=delimiter)).drafts
    assert (film.name, film.year, film.maturity, film.language, film.runtime_s) == ("Avatar", 2009, 13, "en", 10_680.0)
    assert film.genres == ("Action", "Science Fiction")
    assert [(one.name, one.role) for one in film.credits] == [
        ("James Cameron", "director"),
        ("CCH Pounder", "actor"),
        ("Joel Moore", "actor"),
    ]
    assert (show.kind, show.maturity, show.ids[0].key) == (Kind.SERIES, 17, "tt3322312")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (FILM[:5], "1 with too few fields"),
        ((*FILM, "x"), "1 with too many fields"),
        (("x", *FILM[1:]), "1 whose id is no number"),
        (("603", " ", *FILM[2:]), "1 without a title"),
        ((*FILM[:8], "[{", "[]"), "1 in which a list cannot be read"),
        ((*FILM[:8], '{"a": 1}', "[]"), "1 in which a list cannot be read"),
        ((*FILM[:8], "__import__('os').system('true')", "[]"), "1 in which a list cannot be read"),
        ((*FILM[:8], "[" * 5000, "[]"), "1 in which a list cannot be read"),
    ],
)
def test_broken_rows_are_counted(tmp_path: Path, row: tuple[str, ...], reason: str) -> None:
    found = read(tmp_path, table(TMDB, FILM, row, FILM))
    [refused] = found.refusals
    assert len(found.drafts) == 2
    assert refused.sentence().startswith(f"refused 1 of 3 rows of films.csv: {reason} (line ")


def test_latin_1_is_read(tmp_path: Path) -> None:
    text = table(TMDB, ("194", "Amélie", *FILM[2:])).decode()
    assert read(tmp_path, text.encode("latin-1")).drafts[0].name == "Amélie"


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"%PDF-1.7", table(TMDB)])
def test_what_is_no_table_of_films(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInput, match="holds no table of films"):
        read(tmp_path, data)


def test_what_is_no_text_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a text file"):
        read(tmp_path, bytes(5000))
    with pytest.raises(NotFound):
        tmdb.read(tmp_path / "none.csv")


def test_too_much_broken_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nothing was imported"):
        read(tmp_path, table(TMDB, *[FILM] * 50, *[("x", *FILM[1:])] * 30))


def test_plots_join_films_that_movielens_told_of(either: Service, tmp_path: Path) -> None:
    known = [
        TitleDraft(kind=Kind.FILM, name="Matrix, The", year=1998, ids=(ExternalId(source="movielens", key="2571"),)),
        TitleDraft(kind=Kind.FILM, name="Another", year=1999, ids=(ExternalId(source="tmdb", key="604"),)),
    ]
    first, second = either.merge(known).ids
    rows = (FILM, ("604", "The Matrix Reloaded", *FILM[2:]))
    report = either.merge(read(tmp_path, table(TMDB, *rows)).drafts)
    assert report.ids == (first, second), "a year apart, and by its id"
    assert either.title(first).synopsis
    assert either.title(first).year == 1998, "one year is the difference between first showing and release"
    assert either.merge(read(tmp_path, table(TMDB, *rows)).drafts).unchanged == 2


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("7.0", 7), ("0", None), ("7.5", None), ("²", None), ("9" * 30, None)]
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole(text) == number


def test_lengths_and_years() -> None:
    assert [minutes(one) for one in ("nan", "inf", "-3", "100000")] == [None] * 4
    assert [year_of(one) for one in ("1066", "20090", "12/2009", "0000-00-00")] == [None, None, 2009, None]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "films", "refused"),
    [
        ("tmdb_5000_movies.zip", 4803, ""),
        ("imdb_5000_movie_metadata.zip", 5042,
         "refused 1 of 5,043 rows of movie_metadata.csv: 1 without a link to IMDb (line 5,033)"),
    ],
)  # fmt: skip
def test_real_tables(real_data: Path, catalog: Service, file: str, films: int, refused: str) -> None:
    found = tmdb.read(real_data / "tmdb" / file)
    assert len(found.drafts) == films
    assert ", ".join(one.sentence() for one in found.refusals if one.total) == refused
    first = catalog.merge(found.drafts)
    assert first.created > films * 0.97
    assert catalog.merge(found.drafts).updated == 0
