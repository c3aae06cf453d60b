"""Evidence: what is known of a title in a moment, as a row of numbers for a ranker to weigh.

For each candidate: what every model thinks of it (score in standard deviations of that viewer's scores, logarithm of
its place among the candidates), how popular it is and was of late, how long ago it was first and last touched, how
much is known of the viewer, the moment (hour, weekday, device, language, time since the last event), and the mood of
the session: how alike the title is to the last few that were touched. What is not known is NaN, which the ranker takes
as it is.

Likeness is the cosine in a space of few dimensions, the leading singular vectors of the matrix of who touched what with
rows of length 1 (Deerwester et al. 1990, "Indexing by latent semantic analysis", with viewers for documents).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from matinee.base.clock import DAY_MS
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.recommendation.methods.popularity import decayed

HALF_LIFE_DAYS = 30.0
"""Of what counts as popular of late."""
DIMENSIONS = 32
MOOD = 5
"""Titles of the session that make its mood."""
HOUR_MS = 3_600_000
DEVICES = ("tv", "phone", "tablet", "desktop")
COMMON = (
    *("popularity", "popularity of late", "age", "quiet"),
    *("history", "hour", "weekday", "device", "language", "pause"),
    *("likeness to the last", "mood", "mood at most"),
)
"""Names of the columns that stand behind those of the models."""


class Pairs(NamedTuple):
    """Candidates of several histories, one below the other."""

    rows: Ints
    """Which history."""
    columns: Ints
    """Which title."""


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """What holds for a title whoever asks."""

    counts: Floats
    late: Floats
    """Counts with what is old weighing less."""
    first_ms: Ints
    last_ms: Ints
    vectors: Floats
    """Of length 1, or 0 where nothing is known: shape (titles, dimensions)."""

    @classmethod
    def of(cls, known: Interactions) -> Backdrop:
        """From interactions."""
        size, at = known.title_ids.size, known.values.indices
        weights = decayed(known.times, int(known.times.max(initial=0)), HALF_LIFE_DAYS)
        first = np.full(size, np.iinfo(np.int64).max)
        last = np.zeros(size, np.int64)
        np.minimum.at(first, at, known.times)
        np.maximum.at(last, at, known.times)
        counts, late = np.bincount(at, minlength=size), np.bincount(at, weights, minlength=size)
        return cls(counts.astype(np.float32), late.astype(np.float32), first, last, _vectors(known.values))


def candidates(scores: Mapping[str, Floats], histories: Sequence[History], each: int) -> Pairs:
    """The union of the `each` best of every model for every history, without what the history holds."""
    best = []
    for found in scores.values():
        unseen = found.copy()
        for row, history in enumerate(histories):
            unseen[row, history.columns] = -np.inf
        rows, titles = unseen.shape
        n = min(each, titles)
        places = np.argpartition(-unseen, n - 1, axis=1)[:, :n] if n else np.zeros((rows, 0), np.int64)
        kept = np.isfinite(np.take_along_axis(unseen, places, axis=1))
        best.append((np.arange(rows)[:, None] * titles + places)[kept])
    pairs = np.unique(np.concatenate(best))
    return Pairs(*np.divmod(pairs, max(1, next(iter(scores.values())).shape[1])))


def evidence(
    scores: Mapping[str, Floats | None], pairs: Pairs, histories: Sequence[History], backdrop: Backdrop
) -> Floats:
    """A row for each pair: two columns for each model, in the order of `scores`, then those of `COMMON`.

    A model whose scores are None is one that is missing.
    """
    parts = [_opinion(found, pairs) for found in scores.values()]
    common = np.column_stack([_of_titles(pairs, histories, backdrop), _of_moments(histories)[pairs.rows]])
    return np.column_stack([*parts, common, _mood(pairs, histories, backdrop)]).astype(np.float32)


def _opinion(scores: Floats | None, pairs: Pairs) -> NDArray[np.float64]:
    if scores is None:
        return np.full((pairs.rows.size, 2), np.nan)
    finite = np.isfinite(scores)
    count = np.maximum(finite.sum(axis=1), 1)
    plain = np.where(finite, scores, 0).astype(np.float64)
    mean = plain.sum(axis=1) / count
    spread = np.sqrt(np.maximum(np.square(plain).sum(axis=1) / count - mean**2, 0))
    mine = scores[pairs.rows, pairs.columns].astype(np.float64)
    standard = (mine - mean[pairs.rows]) / np.maximum(spread, 1e-9)[pairs.rows]
    order = np.lexsort((pairs.columns, -mine, pairs.rows))
    starts = np.searchsorted(pairs.rows, pairs.rows)
    places = np.empty(order.size)
    places[order] = np.arange(order.size) - starts[order]
    standard[~np.isfinite(standard)] = np.nan
    return np.column_stack([np.clip(standard, -100, 100), np.log2(places + 2)])


def _of_titles(pairs: Pairs, histories: Sequence[History], backdrop: Backdrop) -> NDArray[np.float64]:
    now = np.array([_now(one) for one in histories], np.float64)[pairs.rows]
    ages = [now - times[pairs.columns] for times in (backdrop.first_ms, backdrop.last_ms)]
    return np.column_stack(
        [
            np.log1p(backdrop.counts[pairs.columns]),
            np.log1p(backdrop.late[pairs.columns]),
            *(np.log1p(np.maximum(age, 0) / DAY_MS) for age in ages),
        ]
    )


def _of_moments(histories: Sequence[History]) -> NDArray[np.float64]:
    """A row for each history: how much is known of it, and when and where it is asked about."""
    rows = np.full((len(histories), 6), np.nan)
    for row, (columns, _, times, context) in enumerate(histories):
        rows[row, 0] = np.log1p(columns.size)
        if context.now_ms:
            hours = context.now_ms / HOUR_MS + context.utc_offset_min / 60
            rows[row, 1], rows[row, 2] = int(hours % 24), int(hours // 24 + 3) % 7  # 1970 began on a Thursday
        if context.device in DEVICES:
            rows[row, 3] = DEVICES.index(context.device)
        if context.language:
            rows[row, 4] = zlib.crc32(context.language.partition("-")[0].encode()) % 64
        if context.now_ms and times.size and times[-1]:
            rows[row, 5] = np.log1p(max(0, context.now_ms - int(times[-1])) / 1000)
    return rows


def _mood(pairs: Pairs, histories: Sequence[History], backdrop: Backdrop) -> NDArray[np.float64]:
    """How alike each title is to the last that was touched, and to the last few on average and at most."""
    recent = np.full((len(histories), MOOD), -1)
    for row, history in enumerate(histories):
        last = history.columns[::-1][:MOOD]
        recent[row, : last.size] = last
    near = np.full((pairs.rows.size, MOOD), np.nan)
    mine = backdrop.vectors[pairs.columns]
    for place in range(MOOD):
        other = recent[pairs.rows, place]
        cosine = np.einsum("pd,pd->p", mine, backdrop.vectors[other])
        near[:, place] = np.where(other >= 0, cosine, np.nan)
    none = np.isnan(near).all(axis=1)
    filled = np.where(none[:, None], 0, near)
    mean, most = np.nanmean(filled, axis=1), np.nanmax(filled, axis=1)
    return np.column_stack([near[:, 0], np.where(none, np.nan, mean), np.where(none, np.nan, most)])


def _now(history: History) -> float:
    """The moment of asking, else that of the last event, else NaN."""
    now = history.context.now_ms or (int(history.times[-1]) if history.times.size else 0)
    return now or np.nan


def _vectors(values: csr_array) -> Floats:
    viewers, titles = values.shape
    dimensions = min(DIMENSIONS, viewers - 1, titles - 1)
    if dimensions < 1:
        return np.zeros((titles, 1), np.float32)
    lengths = np.sqrt(np.diff(values.indptr))
    data = np.repeat(1 / np.maximum(lengths, 1), np.diff(values.indptr))
    matrix = csr_array((data, values.indices, values.indptr), shape=values.shape)
    # A start that is the same each time, and no symmetry that would hide a direction from it.
    start = np.cos(np.arange(min(viewers, titles)))
    _, strengths, right = svds(matrix, k=dimensions, v0=start)
    vectors = right.T * strengths
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)
