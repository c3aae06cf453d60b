"""What every implementation of `matinee.base.compute.Compute` does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matinee.base.compute import Compute
from matinee.base.compute.parquet import Source
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.progress import Task, reporting_to
from matinee.testing.programs import Sum, die_at_two, fail_at_three, fail_oddly, late_square, square
from matinee.testing.questions import PLAYS, QUESTIONS, TITLES


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


class ComputeContract:
    """Subclass it and give it the fixture `open_compute`, of scope ``class``."""

    @pytest.fixture(scope="class")
    def open_compute(self) -> Callable[[], Compute]:
        """A function that opens the compute with two workers or more."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    def compute(self, open_compute: Callable[[], Compute]) -> Iterator[Compute]:
        """The open port: one for all, since workers take long to begin and have to outlive what goes wrong."""
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
