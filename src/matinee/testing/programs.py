"""Functions and programs that suites send to whatever computes: they pickle, and some fail in their own way."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matinee.base.errors import InvalidInput

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
