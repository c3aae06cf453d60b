"""What titles are about: records of the catalogue as weighted features, for models that know titles by their content.

A title has words of its name, the years it was made in, genres, keywords, people by what they did, language, mood,
the age it is meant for, and its plot as a vector. Within each group rare features weigh more,

    weight = w_group · idf(feature) / |row of the group|,    idf = log(1 + titles / titles that have it)

as in text retrieval (Spärck Jones 1972; Lops, de Gemmis & Semeraro 2011, "Content-based recommender systems"), and
every group has the same say, however many keywords one title has and another lacks, times ``w_group``. What only one
title has says nothing of others, what all have tells none apart; both are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from matinee.catalog.records import Credit, Title
from matinee.learning.features import Features
from matinee.recommendation.embeddings import Embedder, LatentSemantics, words

WEIGHTS: Mapping[str, float] = {
    "genre": 1.0,
    "keyword": 1.0,
    "director": 1.0,
    "writer": 0.7,
    "actor": 0.7,
    "crew": 0.3,
    "years": 0.7,
    "word": 0.5,
    "language": 0.5,
    "age": 0.5,
    "mood": 0.5,
    "kind": 0.5,
    "plot": 1.0,
}
"""How much each group counts; 0 leaves it out."""

BILLED = 12
"""Actors further down the bill are left out."""
YEARS = 5
"""Years stand as shares of two neighbouring points on a grid of this width: 1993 is .4 of 1990 and .6 of 1995, so that
films made one year apart are alike and films made twenty years apart are not."""

_COMMON = frozenset(words("and at by de der des die el for from ii iii in la las le les los my of on the to with"))


class Feature(NamedTuple):
    """One entry, before it is weighed."""

    group: str
    key: str | int
    """What makes it the same feature in two titles."""
    name: str
    amount: float = 1.0


def features_of(
    titles: Iterable[Title],
    credits: Iterable[Credit] = (),  # noqa: A002  the catalogue calls them so
    embedder: Embedder | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    rarest: int = 2,
) -> Features:
    """The features of `titles`, a row for each by ascending id.

    `credits` may be of other titles too; `embedder` (by default `LatentSemantics`) turns plots into vectors. Features
    of fewer than `rarest` titles are left out.
    """
    shown = sorted(titles, key=lambda title: title.id)
    cast: dict[int, list[Credit]] = defaultdict(list)
    for credit in credits:
        cast[credit.title_id].append(credit)
    names, said = _weighed([list(_said(one, cast[one.id])) for one in shown], weights, rarest)
    plots = _plots(shown, embedder or LatentSemantics(), weights.get("plot", 0.0))
    values = csr_array(hstack([said, plots], format="csr", dtype=np.float32))
    names = (*names, *(f"plot:{place}" for place in range(plots.shape[1])))
    return Features(np.array([one.id for one in shown], np.int64), values, names)


def _said(title: Title, cast: Iterable[Credit]) -> Iterator[Feature]:
    """Everything that the catalogue says of a title; the same thing may come twice."""
    yield Feature("kind", title.kind.value, title.kind.value)
    for name in dict.fromkeys((title.name, title.original_name)):
        yield from (Feature("word", word, word) for word in words(name) if word not in _COMMON)
    if title.year is not None:
        before, beyond = divmod(title.year, YEARS)
        yield Feature("years", before, f"{before * YEARS}", 1 - beyond / YEARS)
        yield Feature("years", before + 1, f"{(before + 1) * YEARS}", beyond / YEARS)
    for group, tags in (("genre", title.genres), ("keyword", title.keywords)):
        yield from (Feature(group, tag.casefold(), tag) for tag in tags)
    if title.language:
        spoken = title.language.partition("-")[0]
        yield Feature("language", spoken, spoken)
    if title.maturity is not None:
        yield Feature("age", title.maturity, str(title.maturity))
    if title.mood:
        yield Feature("mood", title.mood.casefold(), title.mood)
    for credit in cast:
        group = credit.role if credit.role in {"director", "writer", "actor"} else "crew"
        if group != "actor" or credit.position < BILLED:
            yield Feature(group, credit.person_id, credit.name)


def _weighed(rows: list[list[Feature]], weights: Mapping[str, float], rarest: int) -> tuple[tuple[str, ...], csr_array]:
    """Names and weights of all features but plots."""
    columns: dict[tuple[str, str | int], int] = {}
    names: list[str] = []
    at: list[int] = []
    of: list[int] = []
    amounts: list[float] = []
    for row, found in enumerate(rows):
        mine: dict[int, float] = {}
        for group, key, name, amount in found:
            column = columns.setdefault((group, key), len(columns))
            if column == len(names):
                names.append(f"{group}:{name}")
            if amount > 0:
                mine[column] = amount
        at += [row] * len(mine)
        of += mine
        amounts += mine.values()
    groups = sorted({group for group, _ in columns})
    worth = np.array([weights.get(group, 0.0) for group in groups] or [0.0])
    group_of = np.array([groups.index(group) for group, _ in columns], np.int64)
    entries, values = np.array([at, of], np.int64), np.array(amounts)
    df = np.bincount(entries[1], minlength=len(names))
    kept = ((df >= rarest) & (df < len(rows)) & (worth[group_of] > 0))[entries[1]]
    (rows_kept, used), values = entries[:, kept], values[kept]
    values *= np.log(1 + len(rows) / df[used])
    values *= worth[group_of[used]] / _lengths(rows_kept * worth.size + group_of[used], values)
    left, used = np.unique(used, return_inverse=True)
    matrix = csr_array((values.astype(np.float32), (rows_kept, used)), shape=(len(rows), left.size))
    return tuple(names[one] for one in left.tolist()), matrix


def _lengths(part: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each entry the Euclidean length of all entries of the same part."""
    return np.asarray(np.sqrt(np.bincount(part, np.square(values)))[part], np.float64)


def _plots(titles: list[Title], embedder: Embedder, weight: float) -> csr_array:
    if weight <= 0 or not titles:
        return csr_array(np.zeros((len(titles), 0), np.float32))
    vectors = embedder.embed([f"{one.tagline} {one.synopsis}".strip() for one in titles])
    return csr_array(np.asarray(weight * vectors, np.float32))
