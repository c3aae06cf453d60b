"""Data sets: interactions read from a file, whoever wrote it, with an account of what was not understood.

Known are MovieLens' archives and what lies in them, lines of viewer, title, rating and time in any of the usual layouts
(`matinee.recommendation.delimited`), Parquet with columns of the usual names, and our own events as JSON Lines. Lines
without times are taken to stand in the order of time, as in the files of SASRec.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from matinee.base.clock import DAY_MS
from matinee.base.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from matinee.base.progress import track
from matinee.catalog.archive import Files, open_files
from matinee.catalog.movielens import read as read_movielens
from matinee.catalog.records import Title
from matinee.catalog.refusals import Refusals
from matinee.events import codec, projection
from matinee.events.strength import UNKNOWN_SHARE, strength
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.recommendation import delimited
from matinee.recommendation.delimited import Columns
from matinee.recommendation.features import features_of

Ints = NDArray[np.int64]

KNOWN = ("ratings.dat", "ratings.csv", "u.data")
"""Where MovieLens keeps ratings."""
FILMS = ("movies.dat", "movies.csv", "u.item")
SCALES = ((0.5, 5.0), (0.0, 10.0), (0.0, 100.0), (0.0, float("inf")))
"""Ranges of ratings; the first that holds nearly all of a file's is taken to be meant. The last is of counts."""
NEARLY = 0.99
TOO_MANY = 0.1
"""Share of refused rows from which on a file must be something else."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Interactions from a file."""

    path: Path
    known: Interactions
    viewer_names: tuple[str, ...]
    """Of viewer ``known.viewer_ids[i]``; empty where the names were numbers, which are the ids then."""
    title_names: tuple[str, ...]
    scale: tuple[float, float] | None
    """Least and greatest rating; None where there are no ratings, and every value is 1."""
    timed: bool
    rows: int
    doubled: int
    """Rows that repeat a viewer and title: the latest stays."""
    refused: Refusals

    def remarks(self) -> list[str]:
        """What whoever reads the results should know of the data, a sentence each."""
        found = [f"{self.path.name}: {self.refused.sentence()}."] if self.refused.total else []
        if self.doubled:
            found.append(f"{self.doubled:,} rows repeat a viewer and title; the latest of each was taken.")
        if not self.timed:
            found.append("There are no times: rows are taken to stand in the order of time.")
        if self.known.viewer_ids.size == 1:
            found.append("There is one viewer only: nothing can be learnt from others, and intervals have no end.")
        if self.known.title_ids.size == 1:
            found.append("There is one title only: every model puts it first.")
        return found

    def features(self, now_ms: int) -> Features | None:
        """What the archive says of the films, None where it says nothing."""
        archive, _ = _apart(self.path)
        if archive is None:
            return None
        with open_files(archive) as files:
            if not any(files.find(one) for one in FILMS):
                return None
        found = read_movielens(archive, now_ms)
        plain = ("kind", "name", "year", "original_name", "genres", "keywords")
        drafts = zip(found.films.tolist(), found.drafts, strict=True)
        return features_of(Title(id=one, **{field: getattr(draft, field) for field in plain}) for one, draft in drafts)


def read(path: Path, now_ms: int) -> Dataset:
    """The interactions in a file, in an archive or folder, or in a file inside one (``ml-100k.zip/u1.base``).

    Rows that are broken, out of range or dated after `now_ms` are left out and counted. Raises `NotFound`,
    `NotAllowed`, `Unavailable`, and `InvalidInput` for what holds no interactions, or more broken rows than a slip
    explains.
    """
    data, name = _data(path)
    refused = Refusals(name)
    found, scale = _checked(_columns(data, refused), now_ms, refused)
    if refused.total > max(20, TOO_MANY * refused.rows) or not len(found.viewers):
        raise InvalidInput(
            f"{path} holds no interactions that can be used: {refused.sentence() or 'it has no rows'}.",
            next_step="Check that it is whole, and that its columns are viewer, title, rating and time.",
        )
    viewer_ids, viewer_names = _ids(found.viewers)
    title_ids, title_names = _ids(found.titles)
    known = Interactions.from_columns(viewer_ids, title_ids, found.values, found.times)
    return Dataset(
        path=path,
        known=known,
        viewer_names=viewer_names,
        title_names=title_names,
        scale=scale,
        timed=found.times is not None and bool(found.times.min() < found.times.max()),
        rows=refused.rows,
        doubled=len(found.viewers) - known.count,
        refused=refused,
    )


def _columns(data: bytes, refused: Refusals) -> Columns:
    if data.startswith(b"PAR1"):
        return _parquet(data, refused)
    if data.lstrip()[:1] == b"{":
        return _events(data, refused)
    return delimited.read(data, refused)


def _parquet(data: bytes, refused: Refusals) -> Columns:
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidInput(f"{refused.file} is damaged: {str(error)[:100]}.", next_step="Fetch it again.") from None
    roles = delimited.roles_of(table.column_names)
    if "viewer" not in roles or "title" not in roles:
        raise InvalidInput(
            f"{refused.file} has the columns {', '.join(table.column_names)[:100]}: which are viewers and titles?",
            next_step="Call them user_id and item_id (and rating, timestamp).",
        )
    refused.rows = table.num_rows
    return delimited.from_table(table, roles, np.arange(1, table.num_rows + 1))


def _events(data: bytes, refused: Refusals) -> Columns:
    """What viewers thought of titles by our own events, as `Events.interactions` tells it."""
    events = []
    for line, raw in enumerate(track(data.splitlines(), "reading events", unit="events"), 1):
        if raw.strip():
            refused.rows += 1
            event = codec.try_decode(raw, line)
            if isinstance(event, codec.Refusal):
                refused.add(f"{event.field} {event.reason}".strip(), line)
            else:
                events.append(event)
    changes = projection.fold(events)
    pairs = {pair: np.full(4, np.nan) for pair in (*changes.stars, *changes.thumbs, *changes.positions)}
    for place, said in ((0, changes.stars), (1, changes.thumbs)):
        for pair, (at_ms, value) in said.items():
            pairs[pair][[place, 3]] = value or np.nan, np.fmax(pairs[pair][3], at_ms)
    for pair, (at_ms, position_s) in changes.positions.items():
        _, duration_s = changes.durations.get(pair, (0, 0.0))
        share = position_s / duration_s if duration_s else UNKNOWN_SHARE
        pairs[pair][[2, 3]] = share, np.fmax(pairs[pair][3], at_ms)
    table = np.array([row for row in pairs.values() if not np.isnan(row[:3]).all()]).reshape(-1, 4).T
    kept = [pair for pair, row in pairs.items() if not np.isnan(row[:3]).all()]
    viewers, titles = ([str(pair[side]) for pair in kept] for side in (0, 1))
    return Columns(
        pa.array(viewers, pa.string()),
        pa.array(titles, pa.string()),
        strength(*table[:3]),
        table[3],
        np.arange(1, len(kept) + 1),
    )


class _Checked(NamedTuple):
    viewers: pa.Array[Any]
    titles: pa.Array[Any]
    values: NDArray[np.float64] | None
    times: Ints | None


def _checked(found: Columns, now_ms: int, refused: Refusals) -> tuple[_Checked, tuple[float, float] | None]:
    """The rows that can be used, and the range of their ratings."""
    good = np.ones(len(found.viewers), bool)

    def refuse(wrong: NDArray[np.bool_], why: str) -> None:
        nonlocal good
        fresh = wrong & good
        if fresh.any():
            refused.add(why, int(found.lines[fresh.argmax()]), int(fresh.sum()))
            good &= ~fresh

    for column, name in ((found.viewers, "viewer"), (found.titles, "title")):
        refuse(np.asarray(pc.equal(column, pa.scalar("")), np.bool_), f"without a {name}")
    scale = None
    if found.values is not None:
        refuse(~np.isfinite(found.values), "whose rating is no number")
        scale = _scale(found.values[good])
        low, high = scale
        span = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
        refuse((found.values < low) | (found.values > high), f"whose rating is not in the range {span}")
    if found.times is not None:
        refuse(~np.isfinite(found.times) | (found.times < 0), "whose time is no time")
        # A day's grace: clocks and time zones differ.
        refuse(found.times > now_ms + DAY_MS, "dated after today")
    rows = np.flatnonzero(good)
    return _Checked(
        found.viewers.take(rows),
        found.titles.take(rows),
        None if found.values is None else found.values[good],
        None if found.times is None else found.times[good].astype(np.int64),
    ), scale


def _scale(values: NDArray[np.float64]) -> tuple[float, float]:
    for low, high in SCALES:
        if np.count_nonzero((values >= low) & (values <= high)) >= NEARLY * values.size:
            return low, high
    return SCALES[-1]


def _ids(names: pa.Array[Any]) -> tuple[Ints, tuple[str, ...]]:
    """An id for each row: the number that stands there, or the place of the word among all words, from 1."""
    encoded = names.dictionary_encode()
    words = [str(word) for word in encoded.dictionary.to_pylist()]
    codes = np.asarray(encoded.indices, np.int64)
    if all(word.isascii() and word.isdecimal() and len(word) < 19 and str(int(word)) == word for word in words):
        return np.array([int(word) for word in words], np.int64)[codes], ()
    order = sorted(range(len(words)), key=words.__getitem__)
    place = np.empty(len(words), np.int64)
    place[order] = np.arange(1, len(words) + 1)
    return place[codes], tuple(words[one] for one in order)


def _data(path: Path) -> tuple[bytes, str]:
    """The bytes of the file that is meant, and its name."""
    archive, inner = _apart(path)
    try:
        if archive is None:
            return path.read_bytes(), path.name
        with open_files(archive) as files:
            name = _chosen(files, inner)
            return files.read(name, limit=4 << 30), PurePosixPath(name).name
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", next_step="Check its name.") from None
    except PermissionError:
        raise NotAllowed(f"{path} may not be read.", next_step="Give yourself the permission to read it.") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.", next_step="Check the disk.") from None
    except MemoryError:
        raise Unavailable(f"{path} does not fit into memory.", next_step="Give a part of it, or Parquet.") from None


def _apart(path: Path) -> tuple[Path | None, str]:
    """The archive or folder, and what is asked of it; None where the path is a plain file."""
    for above in (path, *path.parents):
        if above.is_dir() and above != path:
            return None, ""
        if above.is_dir() or (above.is_file() and above.suffix.casefold() == ".zip"):
            return above, "" if above == path else path.relative_to(above).as_posix()
    return None, ""


def _chosen(files: Files, inner: str) -> str:
    if inner:
        found = inner if inner in files.names() else files.find(PurePosixPath(inner).name)
        if found is None:
            raise NotFound(f"{files.path} holds no {inner}.", next_step=f"There are {_some(files.names())}.")
        return found
    for name in KNOWN:
        if found := files.find(name):
            return found
    names = [one for one in files.names() if one.casefold().endswith(("_sas.txt", ".inter", ".parquet", ".jsonl"))]
    if len(names) != 1:
        raise InvalidInput(
            f"{files.path} does not say which of its files holds interactions.",
            next_step=f"Name one of them, as {files.path.name}/NAME: there are {_some(files.names())}.",
        )
    return names[0]


def _some(names: list[str]) -> str:
    shown = [PurePosixPath(one).name for one in names[:8]]
    return ", ".join(shown) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
