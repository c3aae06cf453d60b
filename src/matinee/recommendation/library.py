"""The catalogue as arrays: what a page is chosen from, for one revision of the catalogue.

Pages show films and series; what a viewer does with an episode counts for its series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.catalog.records import Kind, Title
from matinee.learning.interactions import columns_of

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

UNRATED = 18
"""A title that nobody has rated is for adults."""
DEPTH = 4
"""Episode, season, series; one more, and a loop in damaged data ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Films and series by ascending id; every array has one entry for each."""

    all: Mapping[int, Title]
    """Every title, episodes too."""
    titles: tuple[Title, ...]
    ids: Ints
    age: Ints
    """The youngest age each is meant for."""
    playable: Bools
    """Whether it, or an episode of it, can be played."""
    newest: Ints
    """Indices, last added first; of those added together, the later made first."""
    genres: tuple[str, ...]
    """By how many titles have them, most first."""
    of_genre: Bools
    """Which titles have each, shape (genres, titles)."""
    mixtures: Floats
    """Each title's genres as equal shares of 1, shape (titles, genres); all 0 for a title without genres."""
    runtime_s: Floats
    """How long each runs, for a series its episodes on average; NaN where it is not known."""
    languages: tuple[str, ...]
    language: Ints
    """Index of each title's original language in `languages` (first parts of tags), -1 where it is not known."""
    tags: csr_array
    """Genres and keywords, rare ones weighing more, rows of length 1: shape (titles, tags)."""
    shown_as: Mapping[int, int]
    """Index of the film or series that stands for a title on a page, for every title."""
    ages: Mapping[int, int]
    """The age of every title, its series considered."""
    next_episode: Mapping[int, int]
    """The episode after each, by id."""

    @classmethod
    def of(cls, titles: Mapping[int, Title]) -> Library:
        """Made from all titles of the catalogue; some 5 ms per thousand."""
        shown = tuple(titles[one] for one in sorted(titles) if titles[one].kind in {Kind.FILM, Kind.SERIES})
        place = {title.id: index for index, title in enumerate(shown)}
        ancestry = {one: list(_upwards(title, titles)) for one, title in titles.items()}
        shown_as = {one: place[line[-1].id] for one, line in ancestry.items() if line[-1].id in place}
        ages = {one: _age(line) for one, line in ancestry.items()}
        playable = np.zeros(len(shown), bool)
        playable[[index for one, index in shown_as.items() if titles[one].playable]] = True
        order = sorted(
            range(len(shown)), key=lambda i: (shown[i].added_ms, shown[i].year or 0, shown[i].id), reverse=True
        )
        genres, of_genre = _genres(shown)
        languages = sorted({first(title.language) for title in shown if title.language})
        code = {name: index for index, name in enumerate(languages)}
        return cls(
            all=titles,
            titles=shown,
            ids=np.array([title.id for title in shown], np.int64),
            age=np.array([ages[title.id] for title in shown], np.int64),
            playable=playable,
            newest=np.array(order, np.int64),
            genres=genres,
            of_genre=of_genre,
            mixtures=np.ascontiguousarray((of_genre / np.maximum(of_genre.sum(axis=0), 1)).T, np.float32),
            runtime_s=_runtimes(shown, titles, shown_as),
            languages=tuple(languages),
            language=np.array([code.get(first(title.language), -1) for title in shown], np.int64),
            tags=_tags(shown),
            shown_as=shown_as,
            ages=ages,
            next_episode=_next_episodes(titles),
        )

    def places(self, title_ids: Sequence[int] | Ints) -> Ints:
        """Indices of films and series by id, -1 for what is neither."""
        return columns_of(self.ids, title_ids)

    def alike(self, weights: Mapping[int, float]) -> Floats:
        """How much each title has in common with the weighted titles (by index), by genres and keywords."""
        mixture = np.zeros(len(self.titles), np.float32)
        mixture[list(weights)] = list(weights.values())
        return np.asarray(self.tags @ (self.tags.T @ mixture), np.float32)


def age(title: Title, titles: Mapping[int, Title]) -> int:
    """The youngest age that a title is meant for: its own, or its series' where that is higher."""
    return _age(list(_upwards(title, titles)))


def first(tag: str) -> str:
    """The language of a tag without region and script: ``pt`` of ``pt-BR``."""
    return tag.partition("-")[0].lower()


def _runtimes(shown: Sequence[Title], titles: Mapping[int, Title], shown_as: Mapping[int, int]) -> Floats:
    known: dict[int, list[float]] = defaultdict(list)
    for one, index in shown_as.items():
        runtime_s = titles[one].runtime_s
        if runtime_s and titles[one].kind in {Kind.FILM, Kind.EPISODE}:
            known[index].append(runtime_s)
    found = np.full(len(shown), np.nan, np.float32)
    for index, lengths in known.items():
        found[index] = sum(lengths) / len(lengths)
    return found


def _upwards(title: Title, titles: Mapping[int, Title]) -> Iterator[Title]:
    found: Title | None = title
    for _ in range(DEPTH):
        if found is None:
            return
        yield found
        found = titles.get(found.parent_id) if found.parent_id is not None else None


def _age(line: Sequence[Title]) -> int:
    return max((one.maturity for one in line if one.maturity is not None), default=UNRATED)


def _genres(titles: Sequence[Title]) -> tuple[tuple[str, ...], Bools]:
    having: dict[str, list[int]] = defaultdict(list)
    for place, title in enumerate(titles):
        for genre in title.genres:
            having[genre].append(place)
    names = tuple(sorted(having, key=lambda one: (-len(having[one]), one)))
    masks = np.zeros((len(names), len(titles)), bool)
    for row, genre in enumerate(names):
        masks[row, having[genre]] = True
    return names, masks


def _tags(titles: Sequence[Title]) -> csr_array:
    columns: dict[tuple[str, str], int] = {}
    rows, found = [], []
    for index, title in enumerate(titles):
        named = {("genre", one.lower()) for one in title.genres} | {("keyword", one.lower()) for one in title.keywords}
        for tag in sorted(named):
            rows.append(index)
            found.append(columns.setdefault(tag, len(columns)))
    counts = np.bincount(found, minlength=max(1, len(columns)))
    weights = np.log(1 + len(titles) / np.maximum(counts, 1)).astype(np.float32)[found]
    lengths = np.sqrt(np.bincount(rows, np.square(weights), minlength=len(titles))).astype(np.float32)
    values = weights / np.maximum(lengths[rows], 1e-9) if rows else weights
    starts = np.searchsorted(rows, np.arange(len(titles) + 1))
    return csr_array((values, np.array(found, np.int64), starts), shape=(len(titles), max(1, len(columns))))


def _next_episodes(titles: Mapping[int, Title]) -> dict[int, int]:
    runs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for title in titles.values():
        if title.kind is Kind.EPISODE:
            line = list(_upwards(title, titles))
            season = line[1].number or 0 if len(line) > 2 else 0
            runs[line[-1].id].append((season, title.number or 0, title.id))
    found = {}
    for run in runs.values():
        run.sort()
        found.update({before[2]: after[2] for before, after in pairwise(run)})
    return found
