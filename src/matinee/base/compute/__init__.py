"""Compute: where heavy work is done. The embedded one is a set of processes on this machine, and DuckDB in this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from matinee.base.compute.parquet import Source

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Program(Protocol[R_co]):
    """Work that each engine has a way of its own for, as factorising: both ways stand side by side, with one result."""

    def locally(self, workers: int) -> R_co:
        """The result, worked out on this machine by as many threads or processes."""

    def on_spark(self, session: SparkSession, workers: int) -> R_co:
        """The result, worked out by a Spark cluster of as many cores."""


class Compute(Protocol):
    """Somewhere to run functions on many items at once, and to ask questions about much data."""

    @property
    def workers(self) -> int:
        """How many items are worked on at once."""

    def map(self, function: Callable[[T], R], items: Iterable[T], label: str = "") -> Iterator[R]:
        """``function(item)`` of each item, in the order of the items, worked on side by side.

        The function and the items must pickle. The first error that the function raises is raised here, as it
        was, once the items before it have been yielded; what runs elsewhere is then stopped. Raises
        `Unavailable` where a worker died. Progress goes to `matinee.base.progress` under `label`, where given.
        """

    def sql(self, query: str, tables: Mapping[str, Source]) -> pa.Table:
        """The answer to one SELECT over Parquet files, `tables` by name; nothing else can be read, and nothing changed.

        A query that every implementation answers alike names its columns, divides by nothing that is zero, casts
        decimals before it divides them and keeps to functions that both DuckDB and Spark know. NULL is smaller than
        anything, time is UTC. The answer has whole numbers as int64, others as double or decimal(38, scale), text as
        string, and timestamps in microseconds. Raises `InvalidInput` for a query that cannot be answered or Parquet
        that cannot be read, and `NotFound` where there is none.
        """

    def run(self, program: Program[R]) -> R:
        """What the program comes to, worked out in the engine's own way.

        For what is neither a map nor a query. Raises what the program raises, and `Unavailable` where a worker died
        more often than the engine tries again.
        """

    def close(self) -> None:
        """Stop the workers."""
