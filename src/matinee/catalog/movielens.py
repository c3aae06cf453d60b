"""MovieLens data sets (GroupLens): films, viewers and ratings of every layout, as columns and drafts.

    ml-100k         u.item, u.user, u.data     fields apart by | or tab, Latin-1
    ml-1m, ml-10M   movies.dat, ratings.dat    fields apart by ::, Latin-1 or UTF-8
    ml-latest...32m movies.csv, links.csv, ratings.csv

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015. Film ids mean the same film in
all of them but ml-100k; viewer ids mean another person in each.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.catalog import ratings
from matinee.catalog.archive import Files, open_files
from matinee.catalog.genres import FORMATS, genres
from matinee.catalog.movielens_names import parse_name
from matinee.catalog.ratings import Ratings
from matinee.catalog.records import ExternalId, Kind, TitleDraft
from matinee.catalog.refusals import Refusals
from matinee.catalog.texts import decode

_GENRES_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a release keeps what."""

    films: str
    ratings: str
    viewers: str
    separator: str
    links: str = ""


_LAYOUTS = (
    Layout("u.item", "u.data", "u.user", "|"),
    Layout("movies.dat", "ratings.dat", "users.dat", "::"),
    Layout("movies.csv", "ratings.csv", "", ",", "links.csv"),
)


@dataclass(frozen=True, slots=True)
class MovieLens:
    """A data set as it was read; nothing is stored yet."""

    name: str
    """As ``ml-1m``."""
    drafts: tuple[TitleDraft, ...]
    films: NDArray[np.int64]
    """The data set's own id of each draft."""
    viewers: NDArray[np.int64]
    """The data set's own ids of its viewers, sorted."""
    ratings: Ratings
    """By viewer, then time."""
    refusals: tuple[Refusals, ...]

    @property
    def titles_source(self) -> str:
        """Source of the films' external ids."""
        return "movielens-100k" if self.name == "ml-100k" else "movielens"

    @property
    def viewers_source(self) -> str:
        """Source of the viewers' external ids: ``movielens`` for ml-1m, else as ``movielens-25m``."""
        return "movielens" if self.name == "ml-1m" else f"movielens-{self.name.removeprefix('ml-')}"


def read(path: Path, now_ms: int) -> MovieLens:
    """The data set in a ZIP archive or an unpacked folder.

    Ratings may be absent. Raises `NotFound`, `NotAllowed`, and `InvalidInput` for what is no MovieLens data set or
    has too many broken rows; single broken rows are counted in `refusals`.
    """
    with open_files(path) as files:
        layout = next((one for one in _LAYOUTS if files.find(one.films)), None)
        if layout is None:
            raise InvalidInput(
                f"{path} holds no MovieLens films (movies.csv, movies.dat or u.item).",
                next_step="Name the ZIP archive as GroupLens publishes it, or the folder it unpacks to.",
            )
        return _read(files, layout, now_ms)


def _read(files: Files, layout: Layout, now_ms: int) -> MovieLens:
    name = _name(files, layout)
    links, refused_links = _links(files, layout)
    source = "movielens-100k" if name == "ml-100k" else "movielens"
    rows, refused_films = _films(files, layout)
    drafts = {key: _draft(source, key, text, kinds, links.get(key, ())) for key, text, kinds in rows}
    keys = np.fromiter(drafts, np.int64, len(drafts))
    found, refused = ratings.read(files, layout.ratings, keys, now_ms)
    viewers = np.union1d(_viewers(files, layout), found.viewers)
    return MovieLens(
        name,
        tuple(drafts.values()),
        keys,
        viewers,
        found,
        tuple(one for one in (refused_films, refused_links, refused) if one is not None),
    )


def _name(files: Files, layout: Layout) -> str:
    """The release, by the folder that the files lie in, else by the layout."""
    where = files.find(layout.films) or ""
    folder = Path(files.path / where).parent.name if "/" in where or files.path.is_dir() else files.path.stem
    name = folder.casefold().removesuffix(".zip")
    if re.fullmatch(r"ml-[a-z0-9-]+", name):
        return re.sub(r"^ml-10m100k$", "ml-10m", name)
    return {"u.item": "ml-100k", "movies.dat": "ml-1m"}.get(layout.films, "ml-csv")


def _text(files: Files, name: str) -> tuple[str, str] | None:
    where = files.find(name)
    if not where:
        return None
    return decode(files.read(where), f"{files.path}: {where}"), where


def _films(files: Files, layout: Layout) -> tuple[Iterator[tuple[int, str, list[str]]], Refusals]:
    text, where = _text(files, layout.films) or ("", layout.films)
    refused = Refusals(where)
    rows = list(_film_rows(text, layout, refused))
    refused.judge()
    if not rows:
        raise InvalidInput(f"{files.path}: {where} lists no film.", next_step="Fetch the data set again.")
    return iter(rows), refused


def _film_rows(text: str, layout: Layout, refused: Refusals) -> Iterator[tuple[int, str, list[str]]]:
    seen: set[str] = set()
    wide = layout.separator == "|"
    for line, row in _rows(text, layout.separator, header="movieId"):
        refused.rows += 1
        if len(row) != (5 + len(_GENRES_100K) if wide else 3):
            refused.add(f"with {'too few' if len(row) < 3 else 'a wrong number of'} fields", line)
        elif not _is_id(row[0]):
            refused.add("whose film id is no number", line)
        elif not row[1].strip():
            refused.add("without a title", line)
        elif row[0] in seen:
            refused.add("that repeat a film id", line)
        else:
            seen.add(row[0])
            kinds = [kind for kind, flag in zip(_GENRES_100K, row[5:], strict=True) if flag == "1"] if wide else None
            yield int(row[0]), row[1], row[2].split("|") if kinds is None else kinds


def _rows(text: str, separator: str, header: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the line and fields of each row that is not blank."""
    for line, whole in enumerate(text.splitlines(), 1):
        # One line is one row in every layout: a quotation mark that is never closed harms no other row.
        row = next(csv.reader([whole]), []) if separator == "," else whole.split(separator)
        if whole.strip() and not (line == 1 and row[0].strip() == header):
            yield line, row


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 2**31


def _links(files: Files, layout: Layout) -> tuple[dict[int, tuple[ExternalId, ...]], Refusals | None]:
    found = _text(files, layout.links) if layout.links else None
    if found is None:
        return {}, None
    text, where = found
    refused, links = Refusals(where), dict[int, tuple[ExternalId, ...]]()
    for line, row in _rows(text, ",", header="movieId"):
        refused.rows += 1
        if len(row) < 3 or not _is_id(row[0]) or any(one and not _is_id(one) for one in row[1:3]):
            refused.add("that do not hold three numbers", line)
            continue
        imdb = (ExternalId(source="imdb", key=f"tt{int(row[1]):07d}"),) if row[1] else ()
        tmdb = (ExternalId(source="tmdb", key=str(int(row[2]))),) if row[2] else ()
        links[int(row[0])] = imdb + tmdb
    refused.judge()
    return links, refused


def _draft(source: str, key: int, text: str, kinds: Iterable[str], links: tuple[ExternalId, ...]) -> TitleDraft:
    named = parse_name(text)
    kinds = list(kinds)
    return TitleDraft(
        kind=Kind.FILM,
        name=named.name,
        year=named.year,
        original_name=named.original,
        aliases=named.aliases,
        genres=genres(kinds),
        keywords=tuple(kind.casefold() for kind in kinds if kind.casefold() in FORMATS),
        ids=(ExternalId(source=source, key=str(key)), *links),
    )


def _viewers(files: Files, layout: Layout) -> NDArray[np.int64]:
    """Ids of the viewers that are listed. What else is told of them (sex, age, work, place) is not taken over."""
    found = _text(files, layout.viewers) if layout.viewers else None
    if found is None:
        return np.empty(0, np.int64)
    keys = {row[0] for _, row in _rows(found[0], layout.separator, header="")}
    return np.array(sorted(int(key) for key in keys if _is_id(key)), np.int64)
