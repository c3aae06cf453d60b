"""A row of the IMDb table of 5,043 films (``movie_metadata.csv``)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from matinee.catalog.genres import genres
from matinee.catalog.languages import language_named
from matinee.catalog.maturity import maturity
from matinee.catalog.names import clean
from matinee.catalog.records import CreditDraft, ExternalId, Kind, TitleDraft
from matinee.catalog.rows import Refused, minutes, year_of


def film(row: Mapping[str, str]) -> TitleDraft:
    """A film, or a series where it has neither a year nor a director. Raises `Refused`."""
    title = clean(row["movie_title"])
    found = re.search(r"/(tt\d{7,9})\b", row["movie_imdb_link"])
    if not title:
        raise Refused("without a title")
    if found is None:
        raise Refused("without a link to IMDb")
    year = year_of(row.get("title_year", ""))
    director = clean(row.get("director_name", ""))
    return TitleDraft(
        kind=Kind.FILM if year is not None or director else Kind.SERIES,
        name=title,
        year=year,
        runtime_s=minutes(row.get("duration", "")),
        language=language_named(row.get("language", "")),
        maturity=maturity(row.get("content_rating", "")),
        genres=genres(row.get("genres", "").split("|")),
        keywords=tuple(one for one in dict.fromkeys(map(clean, row.get("plot_keywords", "").split("|"))) if one),
        ids=(ExternalId(source="imdb", key=found[1]),),
        credits=_credits(director, [clean(row.get(f"actor_{n}_name", "")) for n in (1, 2, 3)]),
    )


def _credits(director: str, actors: list[str]) -> tuple[CreditDraft, ...]:
    parts = [CreditDraft(name=director, role="director")] if director else []
    parts += [CreditDraft(name=name, role="actor", position=at) for at, name in enumerate(actors) if name]
    return tuple(parts)
