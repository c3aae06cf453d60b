"""Compute that counts what it costs, wherever the work is done, and ends it once too much is spent."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from matinee.base.compute import Compute, Program

if TYPE_CHECKING:
    import pyarrow as pa

    from matinee.base.compute.parquet import Source

T = TypeVar("T")
R = TypeVar("R")


class OverBudget(Exception):
    """More processor time was spent than was allowed."""


class Metered:
    """Another `Compute`, with the seconds of processor that its items took, their children's among them.

    Once more than `allowed_s` are spent, `map` raises `OverBudget` instead of its next result; what is under way by
    then is stopped. `spending` is told of every item's seconds.
    """

    def __init__(
        self,
        compute: Compute,
        *,
        allowed_s: float = float("inf"),
        spending: Callable[[float], None] | None = None,
    ) -> None:
        self._compute, self._allowed_s, self._spending = compute, allowed_s, spending
        self.spent_s = 0.0

    @property
    def workers(self) -> int:
        """How many items are worked on at once."""
        return self._compute.workers

    def map(self, function: Callable[[T], R], items: Iterable[T], label: str = "") -> Iterator[R]:
        """``function(item)`` of each item, in order; see `matinee.base.compute.Compute.map`."""
        for result, cpu_s in self._compute.map(partial(_timed, function), items, label):
            self.spent_s += cpu_s
            if self._spending is not None:
                self._spending(cpu_s)
            if self.spent_s > self._allowed_s:
                raise OverBudget
            yield result

    def sql(self, query: str, tables: Mapping[str, Source]) -> pa.Table:
        """The answer to a query, which is not counted; see `matinee.base.compute.Compute.sql`."""
        return self._compute.sql(query, tables)

    def run(self, program: Program[R]) -> R:
        """What a program comes to, which is not counted; see `matinee.base.compute.Compute.run`."""
        return self._compute.run(program)

    def close(self) -> None:
        """Stop the workers, those of whoever else uses them as well."""
        self._compute.close()


def _timed(function: Callable[[T], R], item: T) -> tuple[R, float]:
    """What comes out, and the processor seconds that it took here."""
    began = _cpu_s()
    result = function(item)
    return result, _cpu_s() - began


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
