"""Plots as vectors: texts about the same things lie close together, whatever words they use.

Latent semantic analysis (Deerwester et al. 1990, "Indexing by latent semantic analysis", JASIS 41): a matrix of texts
by words, each entry ``(1 + log tf) · log(N / df)`` (Salton & Buckley 1988), is cut down to its strongest
directions by a singular value decomposition, ``A ≈ U S V'``; a text is its row of ``A V``, set to length 1. The
decomposition is found by random projection with a few power iterations (Halko, Martinsson & Tropp 2011, "Finding
structure with randomness"), which takes seconds where an exact one takes minutes.

`sentences.SentenceVectors` does the same with a small language model that has read what words mean elsewhere, and so
does better on catalogues too small to learn it from; its weights are a package of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

Floats = NDArray[np.float32]

_WORD = re.compile(r"[^\W\d_][\w'’]*[^\W_]")


def words(text: str) -> list[str]:
    """The words of a text in lower case; single letters and numbers are none.

    >>> words("Ocean's Eleven, part 2")
    ["ocean's", 'eleven', 'part']
    """
    return _WORD.findall(text.casefold())


class Embedder(Protocol):
    """Turns texts into vectors whose products say how much they are about the same."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, dimensions), rows of length 1; of a text that says nothing a row of zeros."""


@dataclass(frozen=True, slots=True)
class LatentSemantics:
    """Vectors learned from the texts themselves; nothing else is needed.

    >>> texts = ["a shark eats swimmers", "swimmers flee a shark", "a clown robs a bank", "the bank robs a clown"]
    >>> near = LatentSemantics(dimensions=2, commonest=1.0).embed(texts)
    >>> bool(near[0] @ near[1] > near[0] @ near[2])
    True
    """

    dimensions: int = 64
    rarest: int = 2
    """Words in fewer texts than this are left out: they say what no other text does."""
    commonest: float = 0.2
    """Words in a greater share of the texts are left out: they say nothing."""
    seed: int = 0

    def embed(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, dimensions); fewer dimensions only where there are fewer texts or words."""
        counts = _counts(words(text) for text in texts)
        df = np.bincount(counts.indices, minlength=counts.shape[1])
        kept = np.flatnonzero((df >= self.rarest) & (df <= max(self.rarest, self.commonest * len(texts))))
        if not kept.size:
            return np.zeros((len(texts), 0), np.float32)
        counts = csr_array(counts[:, kept])
        counts.data = 1 + np.log(counts.data)
        weighted = _unit_rows(csr_array(counts @ diags_array(np.log(len(texts) / df[kept]) + 1)))
        found = weighted @ _directions(weighted, self.dimensions, np.random.default_rng(self.seed))
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 1e-6), np.float32)


def _counts(texts: Iterable[list[str]]) -> csr_array:
    """How often each word stands in each text, shape (texts, words)."""
    places: dict[str, int] = {}
    found: list[int] = []
    starts = [0]
    for text in texts:
        found += [places.setdefault(word, len(places)) for word in text]
        starts.append(len(found))
    shape = (len(starts) - 1, max(1, len(places)))
    counts = csr_array((np.ones(len(found), np.float32), np.array(found, np.int64), np.array(starts)), shape=shape)
    counts.sum_duplicates()
    return counts


def _unit_rows(matrix: csr_array) -> csr_array:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    lengths = np.sqrt(np.bincount(rows, np.square(matrix.data), minlength=matrix.shape[0]))
    data = (matrix.data / np.maximum(lengths[rows], 1e-12)).astype(np.float32)
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _directions(matrix: csr_array, dimensions: int, rng: np.random.Generator, rounds: int = 4) -> Floats:
    """The strongest right singular vectors, shape (columns, dimensions), strongest first."""
    wanted = min(dimensions, *matrix.shape)
    drawn = min(wanted + 16, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], drawn)).astype(np.float32)
    for _ in range(rounds):
        basis, _ = np.linalg.qr(matrix.T @ np.linalg.qr(matrix @ basis)[0])
    _, _, turned = np.linalg.svd(matrix @ basis, full_matrices=False)
    return np.asarray(basis @ turned[:wanted].T, np.float32)
