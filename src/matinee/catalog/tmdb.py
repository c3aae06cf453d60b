"""Tables of films: The Movie Database's as published on Kaggle, and the IMDb table of 5,043 films.

    tmdb_5000_movies.csv, movies_metadata.csv   one film a row, lists as JSON (or as Python writes them)
    tmdb_5000_credits.csv, credits.csv          cast and crew of each
    movie_metadata.csv                          IMDb: three actors, director, certification; apart by ; or ,

A table is known by its columns, not by its name.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matinee.base.errors import InvalidInput, NotAllowed, NotFound
from matinee.base.progress import track
from matinee.catalog import imdb_table
from matinee.catalog.archive import open_files
from matinee.catalog.genres import genres
from matinee.catalog.names import clean
from matinee.catalog.records import CreditDraft, ExternalId, Kind, TitleDraft
from matinee.catalog.refusals import Refusals
from matinee.catalog.rows import Refused, minutes, whole, year_of
from matinee.catalog.texts import decode
from matinee.media.languages import language_tag

_LARGEST = 512 << 20
_CAST = 20
"""Actors of each film that are taken over, in billing order."""
_JOBS = {
    "Director": "director",
    "Screenplay": "writer",
    "Writer": "writer",
    "Author": "writer",
    "Novel": "writer",
    "Original Music Composer": "composer",
    "Director of Photography": "cinematographer",
    "Editor": "editor",
    "Producer": "producer",
}
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilmTable:
    """A table as it was read; nothing is stored yet."""

    name: str
    drafts: tuple[TitleDraft, ...]
    refusals: tuple[Refusals, ...]


def read(path: Path, credits_path: Path | None = None) -> FilmTable:
    """The films of a CSV file, or of those in a ZIP archive or folder, with the credits that lie beside them.

    Raises `NotFound`, `NotAllowed`, and `InvalidInput` where there is no such table or too much of it is broken.
    """
    texts = dict(_texts(path))
    if credits_path is not None:
        texts |= dict(_texts(credits_path))
    films: list[TitleDraft] = []
    cast: dict[str, tuple[CreditDraft, ...]] = {}
    refusals: list[Refusals] = []
    for where, text in texts.items():
        found = _known(_header(text))
        if found is None:
            continue
        refused = Refusals(where)
        if found is _credits:
            cast |= dict(_parsed(text, found, refused))
        else:
            films += _parsed(text, found, refused)
        refused.judge()
        refusals.append(refused)
    if not films:
        raise InvalidInput(
            f"{path} holds no table of films (columns id, title and overview, or movie_title and movie_imdb_link).",
            next_step="Name tmdb_5000_movies.csv, movie_metadata.csv, or the ZIP archive that holds it.",
        )
    return FilmTable(path.name, tuple(_with_cast(film, cast) for film in films), tuple(refusals))


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Name and text of every table."""
    try:
        if path.is_file() and path.read_bytes()[:2] != b"PK":
            if path.stat().st_size > _LARGEST:
                raise InvalidInput(f"{path} is larger than {_LARGEST >> 20} MiB.", next_step="Name the right file.")
            yield path.name, decode(path.read_bytes(), str(path))
            return
    except PermissionError:
        raise NotAllowed(f"{path} may not be read.", next_step="Give yourself the permission to read it.") from None
    if not path.exists():
        raise NotFound(f"There is no {path}.", next_step="Check the name of the file.")
    with open_files(path) as files:
        for name in files.names():
            if name.casefold().endswith(".csv"):
                yield name, decode(files.read(name, _LARGEST), f"{path}: {name}")


def _header(text: str) -> tuple[str, ...]:
    line = text.partition("\n")[0].strip().strip("\ufeff")
    separator = ";" if line.count(";") > line.count(",") else ","
    return tuple(name.strip() for name in next(csv.reader([line], delimiter=separator), []))


def _known(header: tuple[str, ...]) -> Callable[[Row], Any] | None:
    """How to read a row of the table with these columns."""
    columns = set(header)
    if {"cast", "crew"} <= columns and columns & {"movie_id", "id"}:
        return _credits
    if {"id", "title", "overview"} <= columns:
        return _film
    if {"movie_title", "movie_imdb_link"} <= columns:
        return imdb_table.film
    return None


def _parsed(text: str, parse: Callable[[Row], Any], refused: Refusals) -> Iterator[Any]:
    header = _header(text)
    reader = csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    csv.field_size_limit(1 << 24)  # the cast of one film is longer than the module expects of a field
    next(reader)
    for row in track(_safely(reader, refused), f"reading {Path(refused.file).name}", unit="rows"):
        line = reader.line_num
        refused.rows += 1
        if len(row) != len(header):
            refused.add(f"with too {'few' if len(row) < len(header) else 'many'} fields", line)
            continue
        try:
            yield parse(dict(zip(header, row, strict=True)))
        except Refused as reason:
            refused.add(str(reason), line)
        except InvalidInput as error:
            refused.add(f"that cannot be ({error.message})", line)


def _safely(reader: Any, refused: Refusals) -> Iterator[list[str]]:
    try:
        for row in reader:
            if row:
                yield row
    except csv.Error:
        refused.rows += 1
        refused.add("with a quotation mark that is never closed", reader.line_num)


def _film(row: Row) -> TitleDraft:
    """A film of The Movie Database."""
    key, title = whole(row["id"]), clean(row["title"])
    if key is None:
        raise Refused("whose id is no number")
    if not title:
        raise Refused("without a title")
    imdb = re.fullmatch(r"tt\d{7,9}", row.get("imdb_id", "").strip())
    original = clean(row.get("original_title", ""))
    return TitleDraft(
        kind=Kind.FILM,
        name=title,
        year=year_of(row.get("release_date", "")),
        original_name=original if original != title else "",
        synopsis=clean(row["overview"]) if row["overview"] != "No overview found." else "",
        tagline=clean(row.get("tagline", "")),
        runtime_s=minutes(row.get("runtime", "")),
        language=_language(row.get("original_language", "")),
        maturity=18 if row.get("adult", "") == "True" else None,
        genres=genres(_names(row.get("genres", ""))),
        keywords=tuple(dict.fromkeys(map(clean, _names(row.get("keywords", ""))))),
        ids=(
            ExternalId(source="tmdb", key=str(key)),
            *((ExternalId(source="imdb", key=imdb[0]),) if imdb else ()),
        ),
    )


def _language(code: str) -> str:
    return "" if code == "xx" else "yue" if code == "cn" else language_tag(code)


def _credits(row: Row) -> tuple[str, tuple[CreditDraft, ...]]:
    """A film's key and who took part in it."""
    key = whole(row.get("movie_id") or row.get("id", ""))
    if key is None:
        raise Refused("whose id is no number")
    actors = sorted(_list(row["cast"]), key=lambda one: one.get("order", 0))[:_CAST]
    parts = [_credit(one, "actor", str(one.get("character", "")), at) for at, one in enumerate(actors)]
    crew = [(one, _JOBS[one["job"]]) for one in _list(row["crew"]) if one.get("job") in _JOBS]
    parts += [_credit(one, role, "", at) for at, (one, role) in enumerate(crew)]
    return str(key), tuple(one for one in parts if one is not None)


def _credit(one: Mapping[str, Any], role: str, character: str, position: int) -> CreditDraft | None:
    name, key = clean(str(one.get("name", ""))), one.get("id")
    if not name:
        return None
    ids = (ExternalId(source="tmdb", key=str(key)),) if isinstance(key, int) else ()
    return CreditDraft(name=name, role=role, character=clean(character), position=position, ids=ids)


def _with_cast(film: TitleDraft, cast: Mapping[str, tuple[CreditDraft, ...]]) -> TitleDraft:
    key = next((one.key for one in film.ids if one.source == "tmdb"), "")
    return replace(film, credits=cast[key]) if key in cast else film


def _names(text: str) -> list[str]:
    return [str(one["name"]) for one in _list(text) if one.get("name")]


def _list(text: str) -> list[dict[str, Any]]:
    """A list of objects, as JSON or as Python writes it."""
    if not text.strip():
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise Refused("in which a list cannot be read") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused("in which a list cannot be read")
    return found
