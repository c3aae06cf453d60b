"""How alike two rows of a matrix of 1 and 0 are, by the words they share: neighbours rest on it.

As in the search for documents: for `ItemNeighbours` a title is a document and its viewers are the words, for
`ViewerNeighbours` a viewer is a document of titles. Likeness is ``sum over shared words w of e(w)^2 f(a) f(b)``:

- ``cosine``: every word counts alike, ``f = 1 / sqrt(length)``: the cosine of the angle between the rows.
- ``bm25``: rare words count more, ``e = log(documents / (1 + documents with the word))``, and long documents less,
  ``f = (k + 1) / (k (1 - b + b length / mean length) + 1)`` (Robertson & Zaragoza 2009, "The probabilistic relevance
  framework"). Viewers compared have ``k`` 100 and ``b`` .8: who watches a lot says little by one more title.

Of titles under ``bm25`` the documents are still the viewers, and words are compared (`words_weighed`): popular titles
are alike to all, which their own ``e`` takes away. There ``k`` is 1.2 and ``b`` .75, as for texts.

Few words in common may be chance; `shrinkage` takes likeness from pairs that share few,
``likeness · shared / (shared + shrinkage)`` (Bell & Koren 2007, "Improved neighborhood-based collaborative filtering").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from matinee.base.errors import InvalidInput

Floats = NDArray[np.float32]
WEIGHTINGS = ("cosine", "bm25")
VIEWERS_K, VIEWERS_B = 100.0, 0.8
TITLES_K, TITLES_B = 1.2, 0.75
CHUNK = 1 << 23
"""Likenesses looked at at once (32 MiB)."""


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What it takes to compare any row with the rows of a matrix."""

    weighting: str
    words: Floats
    """``e`` of each column."""
    mean_length: float
    k: float = VIEWERS_K
    b: float = VIEWERS_B

    @classmethod
    def among(cls, documents: csr_array, weighting: str, k: float = VIEWERS_K, b: float = VIEWERS_B) -> Self:
        """From the rows of a matrix. Raises `InvalidInput` for a weighting that does not exist."""
        if weighting not in WEIGHTINGS:
            raise InvalidInput(
                f"There is no weighting {weighting!r}.", next_step=f"Choose one of {', '.join(WEIGHTINGS)}."
            )
        rows, columns = documents.shape
        words = np.ones(columns, np.float32)
        if weighting == "bm25":
            holding = np.bincount(documents.indices, minlength=columns)
            words = np.log(np.maximum(rows / (1.0 + holding), 1.0)).astype(np.float32)
        return cls(weighting, words, documents.nnz / max(1, rows), k, b)

    def weighed(self, documents: csr_array) -> csr_array:
        """The rows with ``e f`` in place of 1; the likeness of two rows is the product of what this gives."""
        lengths = np.maximum(1, np.diff(documents.indptr))
        if self.weighting == "cosine":
            factors = lengths**-0.5
        else:
            relative = lengths / max(1e-9, self.mean_length)
            factors = (self.k + 1) / (self.k * (1 - self.b + self.b * relative) + 1)
        scaled = documents.copy()
        scaled.data = (documents.data * np.repeat(factors, np.diff(documents.indptr))).astype(np.float32)
        scaled.data *= self.words[documents.indices]
        return scaled


def words_weighed(documents: csr_array, weighting: str) -> csr_array:
    """A row for each word of the documents, to be compared; raises what `Likeness.among` raises."""
    words = csr_array(documents.T.tocsr())
    if weighting != "bm25":
        return Likeness.among(words, weighting).weighed(words)
    return csr_array(Likeness.among(documents, weighting, TITLES_K, TITLES_B).weighed(documents).T.tocsr())


def nearest(documents: csr_array, weighed: csr_array, neighbours: int, shrinkage: float) -> csr_array:
    """For each row the likeness of its `neighbours` most alike rows, itself left out; shape (rows, rows).

    `weighed` is what `Likeness.weighed` or `words_weighed` made of the rows.
    """
    rows = documents.shape[0]
    across, shared = weighed.T.tocsr(), documents.T.tocsr()
    kept = []
    chunk = max(1, CHUNK // max(1, rows))
    for start in range(0, rows, chunk):
        part = slice(start, min(start + chunk, rows))
        likely = (weighed[part] @ across).toarray()
        if shrinkage > 0:
            common = (documents[part] @ shared).toarray()
            likely *= common / (common + shrinkage)
        likely[np.arange(likely.shape[0]), np.arange(part.start, part.stop)] = 0.0
        kept.append(greatest(likely, neighbours))
    return stacked(kept, rows)


def greatest(likely: Floats, neighbours: int) -> csr_array:
    """The `neighbours` greatest entries of each row, those above zero."""
    rows, columns = likely.shape
    n = min(neighbours, columns)
    if n < columns:
        places = np.argpartition(-likely, n - 1, axis=1)[:, :n]
        places.sort(axis=1)
    else:
        places = np.tile(np.arange(columns), (rows, 1))
    values = np.take_along_axis(likely, places, axis=1)
    found = csr_array((values.ravel(), places.ravel(), np.arange(rows + 1) * n), shape=likely.shape)
    found.eliminate_zeros()
    return found


def stacked(parts: list[csr_array], columns: int) -> csr_array:
    """Rows below rows."""
    if not parts:
        return csr_array(np.zeros((0, columns), np.float32))
    return csr_array(vstack(parts, format="csr"))
