"""What titles are about, as a sparse matrix: what models know of a title that nobody has watched yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Ints, columns_of


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One row for each title: which features it has, and how much of each."""

    title_ids: Ints
    """Sorted; row ``i`` is title ``title_ids[i]``."""
    values: csr_array
    """Weights (float32), shape (titles, features)."""
    names: tuple[str, ...]
    """Of each feature, as ``genre:Drama``, ``director:Agnès Varda``, ``word:lighthouse`` or ``plot:3``: its group
    stands before the colon."""

    def of(self, title_ids: Ints) -> csr_array:
        """The rows of these titles, shape (titles, features); of one that is not known a row of zeros."""
        nothing = csr_array((1, self.values.shape[1]), dtype=self.values.dtype)
        # Column -1 of `columns_of` is the last row, and that is the one of nothing.
        return csr_array(csr_array(vstack([self.values, nothing], format="csr"))[columns_of(self.title_ids, title_ids)])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that `from_arrays` needs, under names that begin with ``features_``."""
        return {
            "features_title_ids": self.title_ids,
            "features_values": self.values.data,
            "features_columns": self.values.indices,
            "features_starts": self.values.indptr,
            "features_names": np.frombuffer("\n".join(self.names).encode(), np.uint8),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The features that were stored. Raises `InvalidInput` where they do not fit each other."""
        try:
            text = arrays["features_names"].tobytes().decode()
            title_ids, names = arrays["features_title_ids"], tuple(text.split("\n")) if text else ()
            parts = arrays["features_values"], arrays["features_columns"], arrays["features_starts"]
            values = csr_array(parts, shape=(title_ids.size, len(names)))
            values.check_format()
        except (KeyError, ValueError) as error:
            raise InvalidInput(f"The stored features are damaged: {error}.", next_step="Train again.") from None
        return cls(title_ids, values, names)
