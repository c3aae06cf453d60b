"""What titles are about, as a sparse matrix: what models know of a title that nobody has watched yet."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.sparse import csr_array

from matinee.learning.interactions import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One row for each title: which features it has, and how much of each."""

    title_ids: Ints
    """Sorted; row ``i`` is title ``title_ids[i]``."""
    values: csr_array
    """Weights (float32), shape (titles, features)."""
    names: tuple[str, ...]
    """Of each feature, as ``genre:Drama``, ``director:Agnès Varda``, ``word:lighthouse`` or ``plot:3``: its group stands
    before the colon."""
