"""MovieLens of every layout, whole, broken, and in other encodings."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput, NotFound
from matinee.catalog import movielens, ratings
from matinee.catalog.movielens import MovieLens
from matinee.catalog.refusals import Refusals

NOW_MS = 1_800_000_000_000
ZEROS = "|".join("0" * 18)

LAYOUTS: dict[str, dict[str, bytes]] = {
    "ml-100k": {
        "u.item": (
            f"1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1{'|0' * 13}\n"
            f"2|Misérables, Les (1995)|01-Jan-1995||http://x|0{'|0' * 7}|1{'|0' * 10}\n"
        ).encode("latin-1"),
        "u.data": b"7\t2\t5\t881250949\n7\t1\t3\t881250900\n9\t1\t1\t874724710\n",
        "u.user": b"7|24|M|technician|85711\n9|53|F|other|94043\n10|1|F|other|0\n",
    },
    "ml-1m": {
        "movies.dat": (
            "1::Toy Story (1995)::Animation|Children's|Comedy\n2::Misérables, Les (1995)::Drama\n"
        ).encode("latin-1"),
        "ratings.dat": b"7::2::5::978300760\n7::1::3::978300000\n9::1::1::978300001\n",
        "users.dat": b"7::F::1::10::48067\n9::M::56::16::70072\n10::M::25::15::55117\n",
    },
    "ml-10m": {
        "movies.dat": "1::Toy Story (1995)::Adventure|Children|Comedy\n2::Misérables, Les (1995)::Drama\n".encode(),
        "ratings.dat": b"7::2::5::978300760\n7::1::3.5::978300000\n9::1::0.5::978300001\n",
    },
    "ml-latest-small": {
        "movies.csv": (
            'movieId,title,genres\n1,Toy Story (1995),Adventure|Children|Comedy\n2,"Misérables, Les (1995)",Drama\n'
        ).encode(),
        "links.csv": b"movieId,imdbId,tmdbId\n1,0114709,862\n2,0113828,\n",
        "ratings.csv": b"userId,movieId,rating,timestamp\n7,2,5.0,978300760\n7,1,3.5,978300000\n9,1,0.5,978300001\n",
    },
}  # fmt: skip


def write(path: Path, members: dict[str, bytes], folder: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(f"{folder}/{name}", (2003, 2, 28, 12, 0, 0)), data)
    return path


def read(path: Path) -> MovieLens:
    return movielens.read(path, NOW_MS)


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_layout_tells_the_same(layout: str, tmp_path: Path) -> None:
    folder = {"ml-10m": "ml-10M100K"}.get(layout, layout)
    found = read(write(tmp_path / "some.zip", LAYOUTS[layout], folder))
    assert found.name == layout
    toys, miserables = found.drafts
    assert (toys.name, toys.year, "Family" in toys.genres, "Comedy" in toys.genres) == ("Toy Story", 1995, True, True)
    assert (miserables.name, miserables.genres) == ("Les Misérables", ("Drama",))
    assert found.films.tolist() == [1, 2]
    assert found.viewers.tolist() == ([7, 9, 10] if layout in ("ml-100k", "ml-1m") else [7, 9])
    assert found.ratings.viewers.tolist() == [7, 7, 9]
    assert found.ratings.films.tolist() == [1, 2, 1], "by viewer, then time"
    assert found.ratings.at_ms[0] < found.ratings.at_ms[1] == {"ml-100k": 881250949}.get(layout, 978300760) * 1000
    assert [one.sentence() for one in found.refusals if one.total] == []
    keys = [(one.source, one.key) for one in toys.ids]
    assert keys[0] == ("movielens-100k" if layout == "ml-100k" else "movielens", "1")
    assert (("imdb", "tt0114709") in keys and ("tmdb", "862") in keys) == (layout == "ml-latest-small")


def test_an_unpacked_folder_and_one_without_ratings(layout: str, tmp_path: Path) -> None:
    members = {
        name: data for name, data in LAYOUTS[layout].items() if name not in ("u.data", "ratings.dat", "ratings.csv")
    }
    folder = tmp_path / layout
    folder.mkdir()
    for name, data in members.items():
        (folder / name).write_bytes(data)
    found = read(folder)
    assert (found.name, len(found.drafts), len(found.ratings.stars)) == (layout, 2, 0)


def test_people_of_other_releases_are_other_people(tmp_path: Path) -> None:
    sources = {name: read(write(tmp_path / f"{name}.zip", LAYOUTS[name], name)).viewers_source for name in LAYOUTS}
    assert sources["ml-1m"] == "movielens"
    assert len(set(sources.values())) == 4


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings_are_told_apart(encoding: str, tmp_path: Path) -> None:
    text = "1::Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)::Comedy\n"
    found = read(write(tmp_path / "a.zip", {"movies.dat": text.encode(encoding)}, "ml-1m"))
    assert found.drafts[0].name == "Amélie"
    assert found.drafts[0].original_name == "Le Fabuleux destin d'Amélie Poulain"


def csv_set(tmp_path: Path, films: bytes = b"", rated: bytes = b"", links: bytes = b"") -> MovieLens:
    """A CSV set of 100 good films and 200 good ratings, and the given lines behind them."""
    good = b"".join(b"%d,Film %d (1999),Drama\n" % (n, n) for n in range(1, 101))
    rows = b"".join(b"%d,%d,3.5,%d\n" % (n % 9 + 1, n % 100 + 1, 978_300_000 + n) for n in range(200))
    return read(
        write(
            tmp_path / "a.zip",
            {
                "movies.csv": b"movieId,title,genres\n" + good + films,
                "ratings.csv": b"userId,movieId,rating,timestamp\n" + rows + rated,
                "links.csv": b"movieId,imdbId,tmdbId\n1,0114709,862\n2,0113828,\n3,4,5\n4,4,5\n5,6,7\n" + links,
            },
            "ml-x",
        )
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"500\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 with too few fields (line 102)"),
        (b"500,A,B,C\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 with a wrong number of fields (line 102)"),
        (b"x,A (1999),Drama\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 whose film id is no number (line 102)"),
        (b"-5,A (1999),Drama\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 whose film id is no number (line 102)"),
        (b"99999999999,A,Drama\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 whose film id is no number (line 102)"),
        (b"500,,Drama\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 without a title (line 102)"),
        (b"7,Again (1999),Drama\n", "refused 1 of 101 rows of ml-x/movies.csv: 1 that repeat a film id (line 102)"),
        (b'500,"Open (1999),Drama\n501,Good (1999),Drama\n',
         "refused 1 of 102 rows of ml-x/movies.csv: 1 with too few fields (line 102)"),
    ],
)  # fmt: skip
def test_broken_films_are_counted_by_reason_and_line(line: bytes, sentence: str, tmp_path: Path) -> None:
    found = csv_set(tmp_path, films=line)
    assert [one.sentence() for one in found.refusals if one.total] == [sentence]
    assert len(found.drafts) in (100, 101)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,2,3.5\n", "with too few fields"),
        (b"1,2,3.5,978300000,9\n", "with too many fields"),
        (b"one,2,3.5,978300000\n", "in which a field is no number"),
        (b"1,2,,978300000\n", "in which a field is no number"),
        (b"1,2,nan,978300000\n", "with stars outside 0.5 to 5"),
        (b"1,2,0,978300000\n", "with stars outside 0.5 to 5"),
        (b"1,2,5.5,978300000\n", "with stars outside 0.5 to 5"),
        (b"1,2,inf,978300000\n", "with stars outside 0.5 to 5"),
        (b"0,2,3.5,978300000\n", "whose viewer id is out of range"),
        (b"3000000000,2,3.5,978300000\n", "whose viewer id is out of range"),
        (b"1,777,3.5,978300000\n", "of a film that is not listed"),
        (b"1,2,3.5,-1\n", "with an impossible time"),
        (b"1,2,3.5,99999999999999\n", "with an impossible time"),
        (b"1,2,3.5,99999999999999999999999999\n", "with a number beyond all measure"),
        (b"\xff\xfe\x00,2,3.5,1\n", "in which a field is no number"),
    ],
)
def test_broken_ratings_are_counted_by_reason_and_line(line: bytes, reason: str, tmp_path: Path) -> None:
    found = csv_set(tmp_path, rated=line + b"1,2,4.0,978400000\n" + line)
    [refused] = [one for one in found.refusals if one.total]
    assert refused.sentence() == f"refused 2 of 203 rows of ml-x/ratings.csv: 2 {reason} (first: line 202)"
    assert len(found.ratings.stars) == 201


def test_broken_links_cost_only_themselves(tmp_path: Path) -> None:
    found = csv_set(tmp_path, links=b"5,abc,1\n6\n")
    [refused] = [one for one in found.refusals if one.total]
    assert "2 that do not hold three numbers (first: line 7)" in refused.sentence()
    assert len(found.drafts[0].ids) == 3


def test_blank_lines_and_other_line_ends_are_harmless(tmp_path: Path) -> None:
    found = csv_set(
        tmp_path, films=b"\n\r\n500,A (1999),Drama\r\n", rated=b"\r\n1,2,4.0,978400000\r\n\n1,500,4.0,978400001"
    )
    assert (len(found.drafts), len(found.ratings.stars)) == (101, 202)
    assert [one.sentence() for one in found.refusals if one.total] == []


def test_too_much_broken_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nothing was imported: refused 50 of 250 rows of ml-x/ratings\.csv"):
        csv_set(tmp_path, rated=b"1,2\n" * 50)
    with pytest.raises(InvalidInput, match=r"nothing was imported: refused 40 of 140 rows of ml-x/movies\.csv"):
        csv_set(tmp_path, films=b"broken\n" * 40)


def test_what_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no MovieLens films"):
        read(write(tmp_path / "a.zip", {"readme.txt": b"hello"}, "x"))
    with pytest.raises(InvalidInput, match="lists no film"):
        read(write(tmp_path / "b.zip", {"movies.csv": b"movieId,title,genres\n"}, "x"))
    with pytest.raises(NotFound):
        read(tmp_path / "none.zip")


def test_places_in_a_history_become_times_of_that_order(tmp_path: Path) -> None:
    members = LAYOUTS["ml-1m"] | {"ratings.dat": b"7::1::5::2\n7::2::3::1\n9::2::4::0\n9::1::4::1\n"}
    path = write(tmp_path / "a.zip", members, "ml-1m")
    found = read(path)
    assert found.ratings.films.tolist() == [2, 1, 2, 1]
    ends_ms = 1_046_433_600_000  # the date of the member
    assert found.ratings.at_ms.tolist() == [ends_ms - 60_000, ends_ms, ends_ms - 60_000, ends_ms]
    later = movielens.read(path, NOW_MS + 10**9)
    assert np.array_equal(later.ratings.at_ms, found.ratings.at_ms), "the same file gives the same times"


def test_chunks_are_read_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = csv_set(tmp_path, rated=b"1,2\n1,3,2.0,978500000\n")
    monkeypatch.setattr(ratings, "_CHUNK_BYTES", 100)
    parts = csv_set(tmp_path, rated=b"1,2\n1,3,2.0,978500000\n")
    assert all(np.array_equal(a, b) for a, b in zip(whole.ratings, parts.ratings, strict=True))
    assert whole.refusals[-1].sentence() == parts.refusals[-1].sentence()
    assert "line 202" in parts.refusals[-1].sentence()


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=15))
def test_any_lines_are_read_or_refused(lines: list[bytes]) -> None:
    refused = Refusals("ratings.csv")
    chunk = b"".join(line + b"\n" for line in [b"1,1,3,978300000", *lines])
    columns = ratings._quick(chunk, ",", chunk.count(b"\n"))
    if columns is None:
        columns, _ = ratings._careful(chunk, ",", 1, refused)
    assert len(columns.stars) + refused.total <= 1 + len(lines)
    assert len(columns.stars) >= 1


@given(st.integers(1, 60), st.integers(0, 60))
def test_both_ways_of_reading_agree(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    viewers, films, times = (rng.integers(1, 10**6, rows) for _ in range(3))
    columns = zip(viewers, films, rng.integers(1, 11, rows) / 2, times, strict=True)
    lines = [f"{u}::{m}::{s}::{t}" for u, m, s, t in columns]
    chunk = "".join(f"{line}\n" for line in lines).encode()
    quick = ratings._quick(chunk, "::", rows)
    careful, numbers = ratings._careful(chunk, "::", 1, Refusals("x"))
    assert quick is not None
    assert all(np.array_equal(a, b) for a, b in zip(quick, careful, strict=True))
    assert numbers.tolist() == list(range(1, rows + 1))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "name", "films", "viewers", "rated"),
    [
        ("ml-100k.zip", "ml-100k", 1682, 943, 100_000),
        ("ml-1m.zip", "ml-1m", 3883, 6040, 1_000_209),
        ("ml-25m-catalogue.zip", "ml-25m", 62_423, 0, 0),
    ],
)
def test_real_data_sets(real_data: Path, file: str, name: str, films: int, viewers: int, rated: int) -> None:
    found = read(real_data / "movielens" / file)
    assert (found.name, len(found.drafts), len(found.viewers), len(found.ratings.stars)) == (
        name,
        films,
        viewers,
        rated,
    )
    assert [one.sentence() for one in found.refusals if one.total] == []
    assert sum(draft.year is None for draft in found.drafts) < films * 0.01
    assert not [draft.name for draft in found.drafts if draft.name.endswith((", The", ", A", ", An", ", La", ", Das"))]
    if rated:
        newest = np.diff(found.ratings.at_ms)[np.diff(found.ratings.viewers) == 0]
        assert (newest >= 0).all()
