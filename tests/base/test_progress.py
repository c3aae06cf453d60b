from threading import Thread

import pytest

from matinee.base.progress import Task, reporting_to, track, working


class Notes:
    """A reporter that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self, label: str, total: float | None, unit: str) -> Task:
        self.lines.append(f"start {label} of {total} {unit}".rstrip())
        return _Note(self.lines)


class _Note:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def advance(self, done: float) -> None:
        self.lines.append(f"advance {done}")

    def finish(self, error: BaseException | None) -> None:
        self.lines.append(f"finish {error!r}")


def test_silent_without_reporter() -> None:
    assert list(track(iter("abc"), "letters")) == ["a", "b", "c"]


def test_reports_each_item_once_it_is_worked_on() -> None:
    notes = Notes()
    with reporting_to(notes):
        for letter in track("ab", "letters", unit="letters"):
            notes.lines.append(letter)
    list(track("cd", "nobody looks"))
    assert notes.lines == ["start letters of 2 letters", "a", "advance 1", "b", "advance 1", "finish None"]


def test_error_ends_the_task_and_passes_through() -> None:
    notes = Notes()

    def work() -> None:
        with working("opening", 10, "s") as task:
            task.advance(4)
            raise KeyError("lost")

    with reporting_to(notes), pytest.raises(KeyError):
        work()
    assert notes.lines == ["start opening of 10 s", "advance 4", "finish KeyError('lost')"]


def test_abandoned_loop_ends_the_task() -> None:
    notes = Notes()
    with reporting_to(notes):
        numbers = track([1, 2, 3], "numbers")
        next(numbers)
        numbers.close()  # type: ignore[attr-defined]
    assert notes.lines[-1].startswith("finish GeneratorExit")


def test_work_in_other_threads_is_seen_by_every_reporter() -> None:
    one, two = Notes(), Notes()
    with reporting_to(one), reporting_to(two):
        thread = Thread(target=lambda: list(track([1], "elsewhere")))
        thread.start()
        thread.join()
    assert one.lines == two.lines == ["start elsewhere of 1", "advance 1", "finish None"]
