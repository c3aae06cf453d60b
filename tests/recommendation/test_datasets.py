"""Files of interactions: every layout gives the same, and what is wrong is counted and named by its line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matinee.base.errors import InvalidInput, MatineeError, NotFound
from matinee.recommendation import datasets

NOW = 1_790_000_000_000
ROWS = [(3, 20, 4, 978_300_760), (3, 10, 5, 978_300_001), (1, 20, 1, 978_300_555), (1, 30, 3, 978_300_556)]


def text(separator: str, header: str = "") -> bytes:
    return "\n".join([header] * bool(header) + [separator.join(map(str, row)) for row in ROWS]).encode()


def columns(path: Path) -> list[tuple[int, ...]]:
    return [tuple(map(int, row)) for row in zip(*datasets.read(path, NOW).known.columns(), strict=True)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("u.data", text("\t")),
        ("ratings.dat", text("::")),
        ("ratings.csv", text(",", "userId,movieId,rating,timestamp")),
        ("no-header.csv", text(",") + b"\n\n"),
        ("windows.csv", text(",", "user,item,rating,timestamp").replace(b"\n", b"\r\n")),
        ("marked.csv", b"\xef\xbb\xbf" + text(";", "user;item;rating;timestamp")),
        ("recbole.inter", text("\t", "user_id:token\titem_id:token\trating:float\ttimestamp:float")),
        ("blanks.txt", text("  ")),
    ],
)
def test_every_layout_says_the_same(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert columns(tmp_path / name) == [(v, t, s, at * 1000) for v, t, s, at in (ROWS[2], ROWS[3], ROWS[1], ROWS[0])]


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    table = pa.table({"timestamp": [5, 6], "noise": ["x", "y"], "item": ["b", "a"], "user": ["q", "q"]})
    pq.write_table(table, tmp_path / "one.parquet")
    found = datasets.read(tmp_path / "one.parquet", NOW)
    assert (found.viewer_names, found.title_names, found.scale) == (("q",), ("a", "b"), None)
    (tmp_path / "one.csv").write_text('when,item,"user"\n1,"b, or c",q\n2,a,q\n')
    assert datasets.read(tmp_path / "one.csv", NOW).title_names == ("a", "b, or c")


def test_pairs_stand_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "ml-1m_sas.txt").write_text("1 9\n1 3\n1 5\n2 3\n")
    found = datasets.read(tmp_path / "ml-1m_sas.txt", NOW)
    assert found.known.title_ids[found.known.history(0)[0]].tolist() == [9, 3, 5]
    assert not found.timed
    assert "order of time" in " ".join(found.remarks())


def test_three_columns_are_told_apart_by_their_size(tmp_path: Path) -> None:
    (tmp_path / "rated").write_text("1\t2\t4\n1\t3\t5\n")
    (tmp_path / "timed").write_text("1\t2\t978300760\n1\t3\t978300761\n")
    assert datasets.read(tmp_path / "rated", NOW).scale == (0.5, 5.0)
    found = datasets.read(tmp_path / "timed", NOW)
    assert (found.scale, found.timed, int(found.known.times[0])) == (None, True, 978_300_760_000)


@pytest.mark.parametrize("moment", ["978300760", "978300760000", "978300760000000", "2000-12-31T22:12:40Z"])
def test_moments_in_every_unit(tmp_path: Path, moment: str) -> None:
    (tmp_path / "one.csv").write_text(f"user,item,timestamp\n1,2,{moment}\n1,3,{moment}\n")
    assert set(datasets.read(tmp_path / "one.csv", NOW).known.times.tolist()) == {978_300_760_000}


def test_what_is_wrong_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [f"{v},{t},{1 + (v + t) % 5},{978_300_000 + t}" for v in range(20) for t in range(30)]
    rows[4] = "1,2"
    rows[9] = "1,2,good,978300000"
    rows[10] = "1,,4,978300000"
    rows[11] = "1,2,99,978300000"
    rows[12] = "1,2,4,never"
    rows[13] = "1,2,4,99999999999"
    rows[14] = ""
    rows[15] = rows[16] = "7,7,1,978300000"
    (tmp_path / "some.csv").write_text("user,item,rating,timestamp\n" + "\n".join(rows))
    found = datasets.read(tmp_path / "some.csv", NOW)
    assert {(why, n, line) for why, n, line in found.refused} == {
        ("with a wrong number of fields", 1, 6),
        ("whose rating is no number", 1, 11),
        ("without a title", 1, 12),
        ("whose rating is not in the range 0.5 to 5", 1, 13),
        ("whose time is no time", 1, 14),
        ("dated after today", 1, 15),
    }
    # 7,7 stands there thrice: its own row follows later.
    assert (found.known.count, found.doubled) == (600 - 7 - 2, 2)
    assert "refused 6 of" in found.remarks()[0]
    assert "2 rows repeat" in found.remarks()[1]


def test_of_doubled_rows_the_latest_stays(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("user,item,rating,timestamp\n1,2,5,978300009\n1,2,3,978300001\n1,4,4,978300002\n")
    found = datasets.read(tmp_path / "one.csv", NOW)
    assert found.known.values.data.tolist() == [5, 4]


def test_scales_other_than_stars(tmp_path: Path) -> None:
    for high, scale in ((10, (0, 10)), (100, (0, 100)), (5000, (0, float("inf")))):
        (tmp_path / "one.csv").write_text("user,item,rating\n" + "\n".join(f"{v},{v},{high}" for v in range(9)))
        assert datasets.read(tmp_path / "one.csv", NOW).scale == scale


def test_events_of_our_own(tmp_path: Path) -> None:
    common = {"viewer_id": 1, "version": 1, "session": "", "device": ""}
    events = [
        {"id": "rating-0001", "at_ms": 5, "title_id": 7, "stars": 2.0, "kind": "rating"},
        {"id": "thumb-00001", "at_ms": 9, "title_id": 8, "value": 1, "kind": "thumb"},
        {"id": "stop-000001", "at_ms": 7, "title_id": 9, "play": "playing-1", "position_s": 60, "duration_s": 60,
         "kind": "stop"},
    ]  # fmt: skip
    lines = [orjson.dumps(common | one) for one in events] + [b'{"kind": "nonsense"}']
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines))
    found = datasets.read(tmp_path / "events.jsonl", NOW)
    assert found.known.title_ids.tolist() == [7, 8, 9]
    assert found.known.values.data.tolist() == [2, 5, 4]
    assert found.known.times.tolist() == [5, 9, 7]
    assert found.refused.total == 1


def test_archives_say_which_file_is_meant(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "ml-100k.zip", "w") as archive:
        archive.writestr("ml-100k/u.data", text("\t"))
        archive.writestr("ml-100k/u1.base", text("\t")[:30])
    assert datasets.read(tmp_path / "ml-100k.zip", NOW).known.count == 4
    assert datasets.read(tmp_path / "ml-100k.zip" / "u1.base", NOW).rows == 2
    with pytest.raises(NotFound, match="holds no u9"):
        datasets.read(tmp_path / "ml-100k.zip" / "u9.base", NOW)
    with ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "1 2")
        archive.writestr("b.txt", "1 2")
    with pytest.raises(InvalidInput, match="which of its files") as caught:
        datasets.read(tmp_path / "other.zip", NOW)
    assert "a.txt, b.txt" in caught.value.next_step


def test_one_viewer_and_one_title_are_remarked(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("1 2\n")
    assert len(datasets.read(tmp_path / "one.txt", NOW).remarks()) == 3


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text"),
        (b"PAR1 and nothing more", "damaged"),
        (b"lonely\nlines\n", "holds one field"),
        (b"1,2,3,4,5,6\n1,2,3,4,5,6\n", "no header"),
        (b"who,what\n1,2\n3,4\n", "does not say which"),
        (b"user,item,rating\n", "no rows"),
        (b"user,item,rating\n1,2,x\n1,3,y\n", "no number"),
        (b"user,item,timestamp\n" + b"1,2,99999999999\n" * 90, "dated after today"),
    ],
)
def test_what_is_no_data_is_said(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(InvalidInput, match=says) as caught:
        datasets.read(tmp_path / "file", NOW)
    assert caught.value.next_step


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.csv", tmp_path / "no" / "where.csv"):
        with pytest.raises(NotFound) as caught:
            datasets.read(path, NOW)
        assert caught.value.next_step


def test_a_folder_is_as_good_as_its_archive(tmp_path: Path) -> None:
    (tmp_path / "ratings.dat").write_bytes(text("::"))
    assert datasets.read(tmp_path, NOW).known.count == 4


def test_random_bytes_never_end_in_anything_but_words(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    make: list[Callable[[], bytes]] = [
        lambda: rng.bytes(300),
        lambda: bytes(rng.choice(list(b'1234567890,:\t\n"x. '), 300).astype(np.uint8)),
        lambda: b"user,item,rating\n" + bytes(rng.choice(list(b'12,\n"'), 200).astype(np.uint8)),
    ]
    for number in range(150):
        (tmp_path / "file").write_bytes(make[number % 3]())
        with suppress(MatineeError):
            assert datasets.read(tmp_path / "file", NOW).known.count


@pytest.mark.real_data
def test_movielens_as_published(real_data: Path) -> None:
    found = datasets.read(real_data / "movielens" / "ml-100k.zip", NOW)
    assert (found.known.count, found.known.viewer_ids.size, found.known.title_ids.size) == (100_000, 943, 1682)
    features = found.features(NOW)
    assert features is not None
    assert "genre:Drama" in features.names
    folder = real_data / "movielens" / "ml-100k.zip"
    assert datasets.read(folder / "u1.base", NOW).known.count == 80_000
