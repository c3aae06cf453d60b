"""Parquet that questions are asked about, and the types in which answers come, whichever engine gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from glob import escape, glob
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.types as is_

from matinee.base.errors import InvalidInput, NotFound

Source: TypeAlias = str | Path | Sequence[str | Path]
"""A file, a folder (every ``*.parquet`` in it and below), a pattern as of `glob`, or several of these."""


def files_of(tables: Mapping[str, Source]) -> dict[str, list[str]]:
    """The absolute paths of the files of each table, sorted.

    Raises `InvalidInput` for a name that no table can have, and `NotFound` where a source holds nothing.

    >>> files_of({"my table": "x.parquet"})
    Traceback (most recent call last):
    matinee.base.errors.InvalidInput: 'my table' is no name of a table. Use letters, digits and underscores.
    """
    for name in tables:
        if not (name.isascii() and name.isidentifier()):
            raise InvalidInput(f"{name!r} is no name of a table.", next_step="Use letters, digits and underscores.")
    return {name: sorted(set(_found(name, source))) for name, source in tables.items()}


def _found(table: str, source: Source) -> Iterator[str]:
    for one in [source] if isinstance(source, str | Path) else source:
        place = Path(one).absolute()
        pattern = f"{escape(str(place))}/**/*.parquet" if place.is_dir() else str(place)
        found = [str(place)] if place.is_file() else glob(pattern, recursive=True)  # noqa: PTH207  it is absolute
        if not found:
            raise NotFound(
                f"There is no Parquet for the table {table} at {one}.",
                next_step="Name a file, a folder or a pattern on a disk that every worker sees.",
            )
        yield from found


def plain(table: pa.Table, meant: pa.Schema | None = None) -> pa.Table:
    """The same table in the types of every answer (see `matinee.base.compute.Compute.sql`), of types that are `meant`.

    Raises `InvalidInput` where a whole number does not fit.
    """
    try:
        return table.cast(pa.schema([(field.name, _plain(field.type)) for field in meant or table.schema]))
    except pa.ArrowInvalid as error:
        raise InvalidInput(f"The answer does not fit: {error}.", next_step="Cast that column to DOUBLE.") from None


def _plain(kind: pa.DataType) -> pa.DataType:
    return next((become(kind) for test, become in _TYPES if test(kind)), kind)


_TYPES: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], pa.DataType]], ...] = (
    (is_.is_integer, lambda _: pa.int64()),
    (is_.is_floating, lambda _: pa.float64()),
    (is_.is_decimal, lambda kind: pa.decimal128(38, kind.scale)),
    (is_.is_timestamp, lambda kind: pa.timestamp("us", "UTC" if kind.tz else None)),
    (lambda kind: is_.is_large_string(kind) or is_.is_string_view(kind), lambda _: pa.string()),
    (lambda kind: is_.is_large_binary(kind) or is_.is_binary_view(kind), lambda _: pa.binary()),
    (lambda kind: is_.is_list(kind) or is_.is_large_list(kind), lambda kind: pa.list_(_plain(kind.value_type))),
)
