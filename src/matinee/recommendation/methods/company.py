"""Where the vectors of titles begin: near to those in whose company they are watched.

A network that starts from random vectors spends its first epochs finding out which titles are watched one soon after
another, which can be counted. Of the counts, those near to each other counting more, the positive pointwise mutual
information is taken, and of that the best factors: word vectors as Levy & Goldberg (2014, "Neural word embedding as
implicit matrix factorization") explain them, with titles for words.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.learning.model import Floats
from matinee.recommendation.methods.sequences import Sequences

REACH = 8
"""Titles so many places apart keep each other company; the next one counts 1, the second 1/2, and so on."""
MORE = 16
"""Factors looked for beyond those wanted, which makes those exact enough."""
ROUNDS = 3


def vectors(sequences: Sequences, titles: int, factors: int, rng: np.random.Generator) -> Floats:
    """Shape (titles, factors), rows of length 1, or 0 for titles without company."""
    found = _factors(_information(sequences, titles), factors, rng)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(lengths, 1e-12), np.float32)


def _information(sequences: Sequences, titles: int) -> csr_array:
    """Positive pointwise mutual information of titles that stand near to each other, those disliked left out."""
    liked = sequences.wanted > 0
    viewers = np.repeat(np.arange(sequences.starts.size - 1), np.diff(sequences.starts))[liked]
    columns = sequences.columns[liked]
    counts = csr_array((titles, titles), dtype=np.float32)
    for apart in range(1, REACH + 1):
        same = viewers[apart:] == viewers[:-apart]
        pairs = columns[:-apart][same], columns[apart:][same]
        near = csr_array((np.full(pairs[0].size, 1 / apart, np.float32), pairs), shape=(titles, titles))
        counts = csr_array(counts + near + near.T)
    each: NDArray[np.float32] = np.asarray(counts.sum(axis=0))
    expected = np.repeat(each, np.diff(counts.indptr)) * each[counts.indices] / max(1.0, float(each.sum()))
    positive = np.maximum(np.log(counts.data / expected), 0).astype(np.float32)
    return csr_array((positive, counts.indices, counts.indptr), shape=(titles, titles))


def _factors(matrix: csr_array, factors: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Left factors times the root of their values, by subspace iteration (Halko, Martinsson & Tropp 2011)."""
    wide = min(factors + MORE, matrix.shape[0])
    basis, _ = np.linalg.qr(matrix @ rng.standard_normal((matrix.shape[0], wide), np.float32))
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(matrix @ basis)
    values, turned = np.linalg.eigh(basis.T @ (matrix @ basis))
    best = np.argsort(-values, kind="stable")[:factors]
    found = basis @ turned[:, best] * np.sqrt(np.maximum(values[best], 0))
    return np.pad(found, ((0, 0), (0, factors - found.shape[1])))
