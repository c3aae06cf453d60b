"""Questions in SQL about Parquet, answered by DuckDB in this process.

Its dialect is brought as close to Spark's as settings can: where NULLs sort, and that dividing by zero is an error.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import NoReturn

import duckdb
import pyarrow as pa

from matinee.base.compute.parquet import Source, files_of, plain
from matinee.base.errors import InvalidInput, Unavailable

_OURS = (duckdb.OutOfMemoryException, duckdb.InternalException, duckdb.FatalException)


def ask(query: str, tables: Mapping[str, Source], threads: int) -> pa.Table:
    """The answer to one SELECT; see `matinee.base.compute.Compute.sql`."""
    files, allowed = files_of(tables), list[str]()
    with _connection(threads) as connection:
        for name, found in files.items():
            patterns = [escape(one) for one in found]
            connection.read_parquet(patterns, hive_partitioning=False).create_view(name)
            allowed += [*found, *patterns]
        _close_the_house(connection, allowed)
        statements = connection.extract_statements(query)
        if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
            raise InvalidInput("The query is not one SELECT.", next_step="Ask one question; nothing can be changed.")
        return _table(connection.sql(query))


@contextmanager
def _connection(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "default_null_order": "nulls_first_on_asc_last_on_desc",
        "error_on_division_by_zero": True,
        "ieee_floating_point_ops": False,
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "temp_directory": str(Path(tempfile.gettempdir(), f"matinee-duckdb-{os.getpid()}")),
    }
    try:
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
    except duckdb.Error as error:
        _explain(error)


def _close_the_house(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """From here on nothing but these files can be read, and nothing written."""
    connection.execute("SET allowed_paths = $1", [files])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _table(answer: duckdb.DuckDBPyRelation) -> pa.Table:
    """Sums of whole numbers have 128 bits here, which Arrow takes for decimals."""
    table = answer.to_arrow_table()
    kinds = [pa.int64() if str(kind) == "HUGEINT" else None for kind in answer.types]
    fields = [(field.name, kind or field.type) for field, kind in zip(table.schema, kinds, strict=True)]
    return plain(table, pa.schema(fields))


def _explain(error: duckdb.Error) -> NoReturn:
    told = str(error).strip().splitlines()
    if isinstance(error, _OURS):
        raise Unavailable(f"DuckDB gave up: {told[0]}.", next_step="Ask for less, or use spark://.") from None
    raise InvalidInput("The query cannot be answered: " + "\n".join(told), next_step="Mend it and ask again.") from None
