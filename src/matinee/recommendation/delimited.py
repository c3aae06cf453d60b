"""Interactions in a file of lines: fields apart by ``::``, tab, comma, semicolon, bar or blank.

There may be a header. Without one two fields are viewer and title; a third is a rating, or a time where its numbers
are as great as times are; a fourth is a time.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow

from matinee.base.errors import InvalidInput
from matinee.catalog.refusals import Refusals

Doubles = NDArray[np.float64]

NAMES = {
    "viewer": ("viewer_id", "viewer", "user_id", "userid", "user", "uid", "customer_id", "session_id"),
    "title": (
        "title_id",
        "title",
        "item_id",
        "itemid",
        "item",
        "movie_id",
        "movieid",
        "movie",
        "film_id",
        "film",
        "iid",
    ),
    "value": ("stars", "rating", "value", "score", "strength", "weight"),
    "time": ("at_ms", "timestamp", "time", "at", "date", "datetime"),
}
"""What columns are called, in lower case; behind a colon there may be a type, as ``user_id:token``."""
SEPARATORS = ("::", "\t", ",", ";", "|", " ")
EARLIEST_S = 100_000_000
"""Numbers from here on are taken for seconds since 1970 (March 1973), smaller ones for ratings."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_MOMENTS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


class Columns(NamedTuple):
    """What a file says, column by column."""

    viewers: pa.Array[Any]
    """Texts, as they stand in the file."""
    titles: pa.Array[Any]
    values: Doubles | None
    """NaN for what is no number; None where the file has none."""
    times: Doubles | None
    """Milliseconds since 1970; NaN and None likewise."""
    lines: NDArray[np.int64]
    """The line that each row stands on, from 1."""


def read(data: bytes, refused: Refusals) -> Columns:
    """The columns of a text.

    Lines with a wrong number of fields are counted in `refused`. Raises `InvalidInput` where the text is none, or where
    its columns cannot be told.
    """
    text, where = _text(data, refused.file), refused.file
    first = text[: text.find("\n") + 1 or len(text)].strip("\r\n")
    separator = _separator(first, where)
    fields = _fields(first, separator)
    roles = roles_of(fields)
    header = "viewer" in roles and "title" in roles
    table, lines = _table(text, separator, len(fields), int(header), refused)
    if not header:
        if _is_number(_cell(table, 0)) and not any(map(_is_number, fields)):
            raise InvalidInput(
                f"{where}: the header {first[:80]!r} does not say which columns are viewers and titles.",
                next_step="Call them user_id and item_id (and rating, timestamp).",
            )
        roles = _by_place(table, where)
    return from_table(table, roles, lines)


def from_table(table: pa.Table, roles: dict[str, int], lines: NDArray[np.int64]) -> Columns:
    """The columns of a table whose roles are known."""

    def column(role: str) -> Any:
        return table.column(roles[role]) if role in roles else None

    values, times = column("value"), column("time")
    return Columns(
        _texts(column("viewer")),
        _texts(column("title")),
        None if values is None else numbers(values),
        None if times is None else moments(times),
        lines,
    )


def roles_of(names: list[str]) -> dict[str, int]:
    """Which column plays which role, by its name."""
    plain = [name.strip().strip('"').partition(":")[0].casefold() for name in names]
    found = {}
    for role, aliases in NAMES.items():
        place = next((plain.index(alias) for alias in aliases if alias in plain), None)
        if place is not None:
            found[role] = place
    return found


def numbers(column: Any) -> Doubles:
    """A column as numbers, NaN for what is none."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        trimmed = pc.utf8_trim_whitespace(column)
        good = pc.match_substring_regex(trimmed, _NUMBER)
        column = pc.if_else(good, trimmed, pa.scalar(None, trimmed.type))
    return np.asarray(pc.fill_null(pc.cast(column, pa.float64()), float("nan")), np.float64)


def moments(column: Any) -> Doubles:
    """A column as milliseconds since 1970, NaN for what is no time.

    Numbers are seconds, milliseconds, microseconds or nanoseconds, whichever puts most of them into our days; texts are
    as 2026-11-22 or 2026-11-22T08:00:00, in UTC.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return numbers(pc.cast(pc.cast(column, pa.timestamp("ms")), pa.int64()))
    found = numbers(column)
    known = found[np.isfinite(found)]
    if known.size:
        unit = int(np.searchsorted([1e11, 1e14, 1e17], np.median(np.abs(known))))
        return np.asarray(found * 1000.0 ** (1 - unit), np.float64)
    if not pa.types.is_string(column.type):
        return found
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"(\.\d+)?(Z|\+00:00)?$", "")
    parsed = pc.coalesce(*(pc.strptime(trimmed, one, "ms", error_is_null=True) for one in _MOMENTS))
    return numbers(pc.cast(parsed, pa.int64()))


def _text(data: bytes, where: str) -> str:
    if not data.strip():
        raise InvalidInput(f"{where} is empty.", next_step="Name a file of interactions.")
    if b"\0" in data[:4096]:
        raise InvalidInput(
            f"{where} is no text.", next_step="Give lines of viewer and title, Parquet, events, or MovieLens' archive."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # as MovieLens; every byte is a letter there


def _separator(first: str, where: str) -> str:
    for one in SEPARATORS:
        if len([field for field in first.split(one) if field.strip()]) > 1:
            return one
    raise InvalidInput(
        f"{where}: line 1 ({first[:60]!r}) holds one field.",
        next_step="Give a viewer and a title on each line, apart by a tab, a comma or ::.",
    )


def _fields(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    return next(csv.reader([line])) if separator == "," else line.split(separator)


def _table(text: str, separator: str, width: int, header: int, refused: Refusals) -> tuple[pa.Table, NDArray[np.int64]]:
    """All rows that have as many fields as the first, as texts, and their lines."""
    if separator == "::":
        text, separator = text.replace("::", "\x1f"), "\x1f"
    elif separator == " ":
        text = re.sub(r"(?m)^ +| +$", "", re.sub(r" {2,}", " ", text))
    bad: list[int] = []
    skipped: list[int] = []

    def skip(row: Any) -> Literal["skip"]:
        if row.text.strip():
            bad.append(row.number)
        skipped.append(row.number)
        return "skip"

    names = [str(place) for place in range(width)]
    try:
        table = arrow.read_csv(
            io.BytesIO(text.encode()),
            arrow.ReadOptions(column_names=names, skip_rows=header, use_threads=False),
            arrow.ParseOptions(
                delimiter=separator,
                quote_char='"' if separator in ",;" else False,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise InvalidInput(
            f"{refused.file} cannot be taken apart: {str(error)[:100]}.", next_step="Check its separators and quotes."
        ) from None
    said = np.any([np.asarray(pc.not_equal(column, pa.scalar(""))) for column in table.columns], axis=0)
    every = np.arange(header + 1, header + 1 + table.num_rows + len(skipped))
    lines = np.setdiff1d(every, skipped, assume_unique=True)[said]
    refused.rows += lines.size + len(bad)
    if bad:
        refused.add("with a wrong number of fields", min(bad), len(bad))
    return table.filter(pa.array(said)), lines


def _by_place(table: pa.Table, where: str) -> dict[str, int]:
    if table.num_columns > 4:
        raise InvalidInput(
            f"{where} has {table.num_columns} columns and no header.",
            next_step="Name them in the first line: user_id, item_id, rating, timestamp.",
        )
    roles = {"viewer": 0, "title": 1}
    if table.num_columns == 4:
        return roles | {"value": 2, "time": 3}
    if table.num_columns == 3:
        third = numbers(table.column(2))
        late = third[np.isfinite(third)]
        return roles | {"time" if not late.size or np.median(late) >= EARLIEST_S else "value": 2}
    return roles


def _texts(column: Any) -> pa.Array[Any]:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    texts: pa.Array[Any] = pc.utf8_trim_whitespace(pc.cast(column, pa.string())).fill_null("")
    return texts


def _cell(table: pa.Table, place: int) -> str:
    # The first line may be a header that names nothing we know; the second then looks different.
    return str(table.column(place)[1]) if table.num_rows > 1 else ""


def _is_number(text: str) -> bool:
    return re.match(_NUMBER, text.strip()) is not None
