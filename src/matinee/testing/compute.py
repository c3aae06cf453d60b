"""What every implementation of `matinee.base.compute.Compute` does."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matinee.base.compute import Compute
from matinee.base.compute.parquet import Source
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.progress import Task, reporting_to

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def square(number: int) -> int:
    """A function that pickles."""
    return number * number


def late_square(number: int) -> int:
    """The first are the slowest."""
    time.sleep(0.2 if number == 0 else 0.0)
    return number * number


def fail_at_three(number: int) -> int:
    """One of our own errors, with all that belongs to it."""
    if number >= 3:
        raise InvalidInput(f"{number} is too much.", next_step="Take less.")
    return number


def die_at_two(number: int) -> int:
    """As a crash or the kernel's memory killer would."""
    if number == 2:
        os._exit(7)
    return number


class _Unpicklable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def fail_oddly(_: int) -> int:
    """An error that cannot be sent as it is."""
    raise _Unpicklable(1, 2)


@dataclass(frozen=True)
class Sum:
    """A program: the sum of the numbers below `end`, or an error of its own where that is negative."""

    end: int

    def locally(self, workers: int) -> int:
        """By Python."""
        assert workers >= 1
        return sum(range(self._checked()))

    def on_spark(self, session: SparkSession, workers: int) -> int:
        """By Spark's SQL."""
        assert workers >= 1
        row = session.range(self._checked()).selectExpr("CAST(SUM(id) AS BIGINT) AS total").first()
        assert row is not None
        return int(row["total"])

    def _checked(self) -> int:
        if self.end < 0:
            raise InvalidInput(f"{self.end} is below zero.", next_step="Give another number.")
        return self.end


class _Counting:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.started: list[tuple[str, float | None]] = []
        self.done = 0.0
        self.finished: list[BaseException | None] = []

    def start(self, label: str, total: float | None, unit: str) -> Task:  # noqa: ARG002
        self.started.append((label, total))
        return self

    def advance(self, done: float) -> None:
        self.done += done

    def finish(self, error: BaseException | None) -> None:
        self.finished.append(error)


def _late(day: int) -> datetime:
    """Local time, as a player's clock tells it."""
    return datetime(2026, 3, day, 23, 59, 59, 999_999)  # noqa: DTZ001  it has no zone


TITLES = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int32()),
        "name": ["Übermut", "naïve 🎬", "Über", None],
        "price": pa.array([Decimal("9.99"), Decimal("0.01"), None, Decimal("10.00")], pa.decimal128(8, 2)),
        "released": [date(1999, 12, 31), date(2024, 2, 29), None, date(1895, 12, 28)],
    }
)
PLAYS = pa.table(
    {
        "viewer": [1, 1, 2, 2, 3, 3],
        "title": pa.array([1, 2, 1, None, 3, 9], pa.int16()),
        "seconds": [60.5, None, 30.0, 12.25, 0.0, 7.0],
        "watched": [_late(day) for day in (1, 2, 2, 3, 3, 3)],
        "sent": pa.array([datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in range(6)], pa.timestamp("ms", "UTC")),
    }
)
QUESTIONS: tuple[tuple[str, dict[str, pa.DataType], list[tuple[object, ...]]], ...] = (
    (
        "SELECT t.name AS name, COUNT(*) AS plays, SUM(p.viewer) AS total, AVG(p.seconds) AS mean "
        "FROM plays p JOIN titles t ON p.title = t.id GROUP BY t.name ORDER BY name",
        {"name": pa.string(), "plays": pa.int64(), "total": pa.int64(), "mean": pa.float64()},
        [("naïve 🎬", 1, 1, None), ("Über", 1, 3, 0.0), ("Übermut", 2, 3, 45.25)],
    ),
    (
        "SELECT p.viewer AS viewer, t.name AS name FROM plays p LEFT JOIN titles t ON p.title = t.id "
        "ORDER BY name, viewer DESC",
        {"viewer": pa.int64(), "name": pa.string()},
        [(3, None), (2, None), (1, "naïve 🎬"), (3, "Über"), (2, "Übermut"), (1, "Übermut")],
    ),
    (
        "SELECT viewer, ROW_NUMBER() OVER (PARTITION BY viewer ORDER BY seconds) AS place, "
        "SUM(seconds) OVER (ORDER BY sent ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving, "
        "LAG(seconds, 1) OVER (ORDER BY sent) AS before FROM plays ORDER BY sent",
        {"viewer": pa.int64(), "place": pa.int64(), "moving": pa.float64(), "before": pa.float64()},
        [
            (1, 2, 60.5, None),
            (1, 1, 60.5, 60.5),
            (2, 2, 30.0, None),
            (2, 1, 42.25, 30.0),
            (3, 1, 12.25, 12.25),
            (3, 2, 7.0, 0.0),
        ],
    ),
    (
        "SELECT SUM(price) AS total, MAX(price) * 2 AS twice, "
        "CAST(AVG(CAST(price AS DOUBLE)) AS DECIMAL(10, 2)) AS mean, "
        "COUNT(price) AS priced, MIN(released) AS first FROM titles",
        {
            "total": pa.decimal128(38, 2),
            "twice": pa.decimal128(38, 2),
            "mean": pa.decimal128(38, 2),
            "priced": pa.int64(),
            "first": pa.date32(),
        },
        [(Decimal("20.00"), Decimal("20.00"), Decimal("6.67"), 3, date(1895, 12, 28))],
    ),
    (
        "SELECT CAST(DATE_TRUNC('day', watched) AS TIMESTAMP) AS day, MAX(watched) AS latest, MIN(sent) AS sent, "
        "EXTRACT(DAY FROM MAX(watched)) AS number FROM plays WHERE watched >= TIMESTAMP '2026-03-02 00:00:00' "
        "GROUP BY CAST(DATE_TRUNC('day', watched) AS TIMESTAMP) HAVING COUNT(*) > 1 ORDER BY day",
        {
            "day": pa.timestamp("us"),
            "latest": pa.timestamp("us"),
            "sent": pa.timestamp("us", "UTC"),
            "number": pa.int64(),
        },
        [
            (
                datetime.combine(date(2026, 3, day), datetime.min.time()),
                _late(day),
                datetime(2026, 3, 1, hour, tzinfo=UTC),
                day,
            )
            for day, hour in ((2, 1), (3, 3))
        ],
    ),
    (
        'SELECT UPPER(name) AS "Name", LENGTH(name) AS length, SUBSTRING(name, 1, 2) AS start, '
        "COALESCE(name || '\\n', 'it''s') AS told, CASE WHEN name LIKE 'Über%' THEN 1 ELSE 0 END AS over "
        "FROM titles WHERE name IS DISTINCT FROM 'Über' ORDER BY id",
        {"Name": pa.string(), "length": pa.int64(), "start": pa.string(), "told": pa.string(), "over": pa.int64()},
        [
            ("ÜBERMUT", 7, "Üb", "Übermut\\n", 1),
            ("NAÏVE 🎬", 7, "na", "naïve 🎬\\n", 0),
            (None, None, None, "it's", 0),
        ],
    ),
    (
        "WITH seen AS (SELECT DISTINCT title FROM plays WHERE title IS NOT NULL) "
        "SELECT id FROM titles WHERE id NOT IN (SELECT title FROM seen) "
        "UNION ALL SELECT CAST(NULL AS INT) AS id ORDER BY id DESC",
        {"id": pa.int64()},
        [(4,), (None,)],
    ),
    (
        "SELECT viewer, COUNT(*) FILTER (WHERE seconds > 10) AS long, 7 / 2 AS half, 7 % 4 AS rest FROM plays "
        "WHERE seconds <> 1e300 GROUP BY viewer ORDER BY 2 DESC, viewer LIMIT 2",
        {"viewer": pa.int64(), "long": pa.int64(), "half": pa.float64(), "rest": pa.int64()},
        [(2, 2, 3.5, 3), (1, 1, 3.5, 3)],
    ),
    ("SELECT id FROM titles WHERE 1 = 0", {"id": pa.int64()}, []),
)
"""Queries with the types and the rows of their answers."""


class ComputeContract:
    """Subclass it and give it the fixture `open_compute`."""

    @pytest.fixture
    def open_compute(self) -> Callable[[], Compute]:
        """A function that opens the compute with two workers or more."""
        raise NotImplementedError

    @pytest.fixture
    def compute(self, open_compute: Callable[[], Compute]) -> Iterator[Compute]:
        """The open port."""
        opened = open_compute()
        yield opened
        opened.close()

    def test_results_come_in_order(self, compute: Compute) -> None:
        """Though the first takes longest."""
        assert list(compute.map(late_square, range(20))) == [number * number for number in range(20)]

    def test_nothing_to_do(self, compute: Compute) -> None:
        """No items, no results."""
        assert list(compute.map(square, [])) == []

    def test_items_are_taken_as_they_are_needed(self, compute: Compute) -> None:
        """An iterable without end can be worked on."""
        results = compute.map(square, itertools.count())
        assert list(itertools.islice(results, 50)) == [number * number for number in range(50)]
        results.close()  # type: ignore[attr-defined]

    def test_it_can_be_used_again(self, compute: Compute) -> None:
        """Also with another function, and twice at once."""
        assert list(compute.map(square, range(5))) == [0, 1, 4, 9, 16]
        pairs = zip(compute.map(square, range(5)), compute.map(str, range(5)), strict=True)
        assert list(pairs) == [(0, "0"), (1, "1"), (4, "2"), (9, "3"), (16, "4")]

    def test_the_first_error_is_raised_as_it_was(self, compute: Compute) -> None:
        """After the results before it, and the compute lives on."""
        results = compute.map(fail_at_three, range(100))
        assert list(itertools.islice(results, 3)) == [0, 1, 2]
        with pytest.raises(InvalidInput, match="3 is too much") as caught:
            next(results)
        assert caught.value.next_step == "Take less."
        assert list(compute.map(square, range(3))) == [0, 1, 4]

    def test_an_error_that_cannot_be_sent_is_still_told(self, compute: Compute) -> None:
        """By its name and text."""
        with pytest.raises(RuntimeError, match="_Unpicklable: 1 and 2"):
            list(compute.map(fail_oddly, range(3)))

    def test_an_error_of_the_items_comes_in_its_turn(self, compute: Compute) -> None:
        """After the results of those before it."""

        def items() -> Iterator[int]:
            yield from (1, 2)
            raise OSError("the list broke off")

        results = compute.map(square, items())
        assert [next(results), next(results)] == [1, 4]
        with pytest.raises(OSError, match="broke off"):
            next(results)

    def test_a_dead_worker_is_told(self, compute: Compute) -> None:
        """And the compute lives on."""
        results = compute.map(die_at_two, range(100))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(Unavailable, match="worker"):
            next(results)
        assert list(compute.map(square, range(3))) == [0, 1, 4]

    def test_progress_is_reported(self, compute: Compute) -> None:
        """Under the label, one for each result; not at all without."""
        reporter = _Counting()
        with reporting_to(reporter):
            assert len(list(compute.map(square, range(7), "squaring"))) == 7
            assert len(list(compute.map(square, range(7)))) == 7
        assert reporter.started == [("squaring", 7)]
        assert reporter.done == 7
        assert reporter.finished == [None]

    def test_a_program_runs_in_the_way_of_the_engine(self, compute: Compute) -> None:
        """With the same result, and its own errors."""
        assert compute.run(Sum(1000)) == 499_500
        with pytest.raises(InvalidInput, match="below zero") as caught:
            compute.run(Sum(-1))
        assert caught.value.next_step == "Give another number."

    @pytest.fixture
    def parquet(self, tmp_path: Path) -> dict[str, Source]:
        """Titles in one file, plays in two of a folder, whose names mean something to patterns."""
        folder = tmp_path / "plays [März] {1,2} *"
        folder.mkdir()
        pq.write_table(TITLES, tmp_path / "titles.parquet")
        pq.write_table(PLAYS.slice(0, 4), folder / "a b.parquet")
        pq.write_table(PLAYS.slice(4), folder / "c?.parquet")
        return {"titles": str(tmp_path / "*.parquet"), "plays": folder}

    @pytest.mark.parametrize(("query", "types", "rows"), QUESTIONS)
    def test_questions_are_answered(
        self,
        compute: Compute,
        parquet: dict[str, Source],
        query: str,
        types: dict[str, pa.DataType],
        rows: list[tuple[object, ...]],
    ) -> None:
        """To the last bit, in the types that were promised."""
        answer = compute.sql(query, parquet)
        assert {field.name: field.type for field in answer.schema} == types
        assert [tuple(row.values()) for row in answer.to_pylist()] == rows

    @pytest.mark.parametrize(
        "query",
        [
            "SELEC 1",
            "",
            "SELECT nothing FROM titles",
            "SELECT * FROM nowhere",
            "SELECT 1 / 0 AS a",
            "SELECT CAST(name AS INT) AS a FROM titles",
            "SELECT 9223372036854775807 + viewer AS a FROM plays",
            "SELECT SUM(a) AS a FROM (SELECT 9223372036854775807 AS a UNION ALL SELECT 1 AS a) b",
            "DROP VIEW titles",
            "CREATE TABLE a AS SELECT 1 AS b",
            "SELECT 1 AS a; SELECT 2 AS a",
            "SELECT * FROM parquet.`/etc/passwd`",
            "SELECT * FROM '/etc/passwd'",
        ],
    )
    def test_bad_questions_are_refused(self, compute: Compute, parquet: dict[str, Source], query: str) -> None:
        """With a reason; nothing can be changed or read but the tables."""
        with pytest.raises(InvalidInput):
            compute.sql(query, parquet)

    def test_missing_and_broken_files_are_told(self, compute: Compute, tmp_path: Path) -> None:
        """Each by its own error."""
        broken = tmp_path / "broken.parquet"
        broken.write_bytes(b"PAR1 this is none PAR1")
        (tmp_path / "empty").mkdir()
        for source in (tmp_path / "none.parquet", tmp_path / "empty", str(tmp_path / "x*.parquet")):
            with pytest.raises(NotFound, match="no Parquet for the table t"):
                compute.sql("SELECT 1 AS a FROM t", {"t": source})
        with pytest.raises(InvalidInput, match="cannot be answered"):
            compute.sql("SELECT * FROM t", {"t": broken})
        with pytest.raises(InvalidInput, match="is no name of a table"):
            compute.sql("SELECT 1 AS a", {"a b": broken})
