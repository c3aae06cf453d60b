"""What every implementation of `matinee.base.compute.Compute` does."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator

import pytest

from matinee.base.compute import Compute
from matinee.base.errors import InvalidInput, Unavailable
from matinee.base.progress import Task, reporting_to


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
