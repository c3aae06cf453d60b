"""Nearest neighbours: which vectors point where a query points, exactly or nearly so.

`Exact` multiplies queries with all vectors, block by block so that memory stays small, one block of queries in each
thread. Its time grows with the catalogue: right up to some 50,000 titles. `Approximate` walks a graph in which every
vector knows some near ones, first coarsely and then finely (hierarchical navigable small worlds: Malkov & Yashunin
2018, "Efficient and robust approximate nearest neighbor search", as usearch implements it), which takes time that
grows with the logarithm. `index_of` chooses.

Likeness is the cosine or the inner product. The product is no metric, and a graph built on it works all the same
(Morozov & Babenko 2018, "Non-metric similarity graphs for maximum inner product search"). Making vectors equally long
by one more coordinate (Bachrach et al. 2014) found .58 of the 50 nearest of 10,000 where the product itself found .99.

Filters are asked with the query. Where few are allowed, they are compared one by one; where many are, the graph is
asked for more than is wanted, and for still more until enough are allowed.

>>> index = index_of(np.eye(3, dtype=np.float32))
>>> found = index.nearest(np.array([[1.0, 0.5, 0.0]], np.float32), n=2)
>>> found.places.tolist()
[[0, 1]]
>>> index.nearest(np.array([[1.0, 0.5, 0.0]], np.float32), 2, allowed=np.array([False, True, False])).places.tolist()
[[1, -1]]
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from matinee.base.errors import InvalidInput
from matinee.learning.model import Floats, Ints, top
from matinee.learning.stored import Stored, reading

Bools = NDArray[np.bool_]
Likeness = Literal["cosine", "product"]

APPROXIMATE_FROM = 50_000
"""From so many vectors on an index is approximate."""
QUERIES, VECTORS = 256, 16_384
"""Queries and vectors multiplied at once: 16 MiB of products."""
FEW = 20_000
"""Up to so many allowed vectors, an approximate index compares them one by one."""


class Nearest(NamedTuple):
    """The nearest vectors of several queries, nearest first."""

    places: Ints
    """Rows of the vectors, shape (queries, n); -1 where fewer than n were allowed."""
    likeness: Floats
    """Cosine or product, shape (queries, n); -inf there."""


class Neighbours(Protocol):
    """An index over vectors. May be asked from any thread."""

    kind: str
    size: int
    """How many vectors."""

    def nearest(self, queries: Floats, n: int, allowed: Bools | None = None) -> Nearest:
        """The `n` vectors most like each row of `queries`; `allowed` is a mask over the vectors, for all queries.

        Raises `InvalidInput` where queries or mask have another shape.
        """

    def save(self) -> Stored:
        """Everything that `load` needs."""


def index_of(
    vectors: Floats, likeness: Likeness = "cosine", approximate_from: int = APPROXIMATE_FROM, threads: int = 1
) -> Neighbours:
    """An index over the rows of `vectors`: exact, or approximate from so many rows on.

    With one thread the same vectors give the same graph. Raises `InvalidInput` for what is no matrix of numbers.
    """
    if len(vectors) >= approximate_from:
        return Approximate(vectors, likeness, threads=threads)
    return Exact(vectors, likeness)


def load(stored: Stored) -> Neighbours:
    """The index that was saved. Raises `InvalidInput` where it is none."""
    kinds: dict[str, Any] = {Exact.kind: Exact, Approximate.kind: Approximate}
    if stored.kind not in kinds:
        raise InvalidInput(f"{stored.kind!r} is no index of neighbours.", next_step="Train again.")
    with reading(stored, stored.kind):
        found: Neighbours = kinds[stored.kind].of(stored)
        return found


class Exact:
    """Compares with every vector."""

    kind = "neighbours-exact"

    def __init__(self, vectors: Floats, likeness: Likeness = "cosine") -> None:
        self.vectors, self.likeness = _checked(vectors, likeness), likeness
        self.size = len(self.vectors)
        self._seen = _unit(self.vectors) if likeness == "cosine" else self.vectors

    def nearest(self, queries: Floats, n: int, allowed: Bools | None = None) -> Nearest:
        """As `Neighbours.nearest`."""
        queries = _asked(queries, n, allowed, self.vectors)
        places = np.arange(self.size) if allowed is None else np.flatnonzero(allowed)
        if self.likeness == "cosine":
            queries = _unit(queries)
        return self._among(queries, n, None if allowed is None else places)

    def _among(self, queries: Floats, n: int, places: Ints | None) -> Nearest:
        blocks = [queries[start : start + QUERIES] for start in range(0, len(queries), QUERIES)]
        if len(blocks) <= 1:
            found = [self._block(one, n, places) for one in blocks]
        else:
            workers = len(os.sched_getaffinity(0))
            with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(workers, "neighbours") as pool:
                found = list(pool.map(lambda one: self._block(one, n, places), blocks))
        return Nearest(
            np.concatenate([one.places for one in found] or [np.zeros((0, n), np.int64)]),
            np.concatenate([one.likeness for one in found] or [np.zeros((0, n), np.float32)]),
        )

    def _block(self, queries: Floats, n: int, places: Ints | None) -> Nearest:
        """Keeps the best so far while it walks the vectors."""
        best = Nearest(np.full((len(queries), n), -1), np.full((len(queries), n), -np.inf, np.float32))
        count = self.size if places is None else places.size
        for start in range(0, count, VECTORS):
            rows = slice(start, min(start + VECTORS, count)) if places is None else places[start : start + VECTORS]
            likeness = queries @ self._seen[rows].T
            order = top(likeness, n)
            found = order + start if places is None else places[start + order]
            best = _merged(best, Nearest(found, np.take_along_axis(likeness, order, axis=1)), n)
        return best

    def save(self) -> Stored:
        """The vectors."""
        return Stored(self.kind, {"vectors": self.vectors}, {"likeness": self.likeness})

    @classmethod
    def of(cls, stored: Stored) -> Exact:
        """From what was saved; raises what goes wrong."""
        return cls(stored.arrays["vectors"], stored.facts["likeness"])


class Approximate:
    """Walks a graph; what it finds is compared exactly, and what is not found is missing from the tail."""

    kind = "neighbours-approximate"

    def __init__(
        self,
        vectors: Floats,
        likeness: Likeness = "cosine",
        *,
        connectivity: int = 16,
        breadth: int = 128,
        threads: int = 1,
        graph: bytes = b"",
    ) -> None:
        """`connectivity`: neighbours that each vector knows; `breadth`: how many are looked at on the way."""
        from usearch.index import Index  # a tenth of a second to import, and small catalogues need none

        self._exact = Exact(vectors, likeness)
        self.size, self.likeness = self._exact.size, likeness
        self.connectivity, self.breadth = connectivity, breadth
        self._graph = Index(
            ndim=self._exact.vectors.shape[1],
            metric="cos" if likeness == "cosine" else "ip",
            dtype="f32",
            connectivity=connectivity,
            expansion_add=breadth,
            expansion_search=breadth,
        )
        self._lock = threading.Lock()  # searches share their scratch space
        if graph:
            self._graph.load(graph)
        else:
            self._graph.add(np.arange(self.size, dtype=np.uint64), self._exact.vectors, threads=threads)

    def nearest(self, queries: Floats, n: int, allowed: Bools | None = None) -> Nearest:
        """As `Neighbours.nearest`."""
        queries = _asked(queries, n, allowed, self._exact.vectors)
        count = self.size if allowed is None else int(np.count_nonzero(allowed))
        if not len(queries) or not n or (allowed is not None and count <= max(FEW, n)):
            return self._exact.nearest(queries, n, allowed)
        wanted = min(self.size, n if allowed is None else -(-n * self.size * 3 // (2 * count)))
        places = self._walked(queries, wanted)
        while allowed is not None and wanted < self.size and (allowed[places].sum(axis=1) < min(n, count)).any():
            wanted = min(self.size, 4 * wanted)
            places = self._walked(queries, wanted)
        return self._compared(queries, places, n, allowed)

    def save(self) -> Stored:
        """The vectors and the graph."""
        graph = bytes(self._graph.save(None) or b"")
        facts = {
            "likeness": self.likeness,
            "connectivity": self.connectivity,
            "breadth": self.breadth,
            "sha256": hashlib.sha256(graph).hexdigest(),
        }
        return Stored(self.kind, {"vectors": self._exact.vectors, "graph": np.frombuffer(graph, np.uint8)}, facts)

    @classmethod
    def of(cls, stored: Stored) -> Approximate:
        """From what was saved; raises what goes wrong."""
        graph, facts = stored.arrays["graph"].tobytes(), stored.facts
        # The library trusts the bytes that it is given.
        if hashlib.sha256(graph).hexdigest() != facts["sha256"]:
            raise ValueError("the graph has changed")
        knobs = {name: facts[name] for name in ("connectivity", "breadth")}
        found = cls(stored.arrays["vectors"], facts["likeness"], **knobs, graph=graph)
        if len(found._graph) != found.size:
            raise ValueError("graph and vectors")
        return found

    def _walked(self, queries: Floats, wanted: int) -> Ints:
        """Rows of the vectors that the graph leads to, shape (queries, wanted)."""
        with self._lock:
            keys = self._graph.search(queries, wanted).keys
        return np.asarray(keys, np.int64).reshape(len(queries), -1)

    def _compared(self, queries: Floats, places: Ints, n: int, allowed: Bools | None) -> Nearest:
        if self.likeness == "cosine":
            queries = _unit(queries)
        likeness = np.einsum("qd,qpd->qp", queries, self._exact._seen[places], dtype=np.float32)
        if allowed is not None:
            likeness = np.where(allowed[places], likeness, np.float32(-np.inf))
        missing = Nearest(np.full((len(queries), n), -1), np.full((len(queries), n), -np.inf, np.float32))
        return _merged(missing, Nearest(places, likeness), n)


def _merged(one: Nearest, two: Nearest, n: int) -> Nearest:
    places = np.hstack([one.places, two.places])
    likeness = np.hstack([one.likeness, two.likeness])
    order = top(likeness, n)
    likeness = np.take_along_axis(likeness, order, axis=1)
    return Nearest(np.where(np.isfinite(likeness), np.take_along_axis(places, order, axis=1), -1), likeness)


def _checked(vectors: Floats, likeness: str) -> Floats:
    if likeness not in ("cosine", "product"):
        raise InvalidInput(f"{likeness!r} is no likeness.", next_step="Take cosine or product.")
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise InvalidInput("Vectors of neighbours are no matrix of numbers.", next_step="Train again.")
    return np.ascontiguousarray(vectors, np.float32)


def _asked(queries: Floats, n: int, allowed: Bools | None, vectors: Floats) -> Floats:
    if queries.ndim != 2 or queries.shape[1] != vectors.shape[1] or n < 0:
        raise InvalidInput(
            f"Queries of shape {queries.shape} do not fit vectors of {vectors.shape[1]} dimensions.",
            next_step="Give a row for each query, and n of 0 or more.",
        )
    if allowed is not None and allowed.shape != (len(vectors),):
        raise InvalidInput(
            f"A mask of shape {allowed.shape} does not fit {len(vectors)} vectors.", next_step="Give a mark for each."
        )
    return np.asarray(queries, np.float32)


def _unit(vectors: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-30), np.float32)


__all__: Sequence[str] = ("Approximate", "Exact", "Nearest", "Neighbours", "index_of", "load")
