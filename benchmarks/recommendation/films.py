"""The films of ml-1m with what IMDb says of them, as records of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from matinee.catalog import movielens
from matinee.catalog.maturity import maturity
from matinee.catalog.records import Credit, Title
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.recommendation.features import features_of

_PEOPLE = (("director", 6), ("writer", 7), ("actor", 8))
_PLOT, _AGE = 9, 3


class Films(NamedTuple):
    """Who rated what, and what it is about."""

    known: Interactions
    """Ids of films and viewers are those of the data set, values are stars."""
    titles: list[Title]
    credits: list[Credit]

    def features(self) -> Features:
        """All that is known of the films."""
        return features_of(self.titles, self.credits)


def read(folder: Path) -> Films:
    """From ``ml-1m.zip`` and ``ml-1m-extras.zip`` in `folder`."""
    data = movielens.read(folder / "ml-1m.zip", now_ms=0)
    ratings = data.ratings
    known = Interactions.from_columns(ratings.viewers, ratings.films, ratings.stars, ratings.at_ms)
    with ZipFile(folder / "ml-1m-extras.zip") as archive:
        lines = archive.read("ml-1m/movies_extrainfos.dat").decode().splitlines()
    more = {int(line.split("::")[0]): line.split("::") for line in lines}
    titles, people, cast = [], dict[str, int](), list[Credit]()
    for film, draft in zip(data.films.tolist(), data.drafts, strict=True):
        row = more.get(film, [""] * 11)
        plot = "" if row[_PLOT] == "N/A" else row[_PLOT]
        titles.append(
            Title(
                id=film,
                kind=draft.kind,
                name=draft.name,
                year=draft.year,
                original_name=draft.original_name,
                genres=draft.genres,
                keywords=draft.keywords,
                synopsis=plot,
                maturity=maturity(row[_AGE]),
            )
        )
        cast += _credits(film, row, people)
    return Films(known, titles, cast)


def _credits(film: int, row: list[str], people: dict[str, int]) -> Iterator[Credit]:
    for role, column in _PEOPLE:
        names = (name.strip() for name in re.sub(r"\([^)]*\)", "", row[column]).split(","))
        for position, name in enumerate(one for one in names if one and one != "N/A"):
            person = people.setdefault(name, len(people) + 1)
            yield Credit(title_id=film, person_id=person, name=name, role=role, position=position)
