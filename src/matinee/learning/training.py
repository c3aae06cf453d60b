"""What long training needs: to go on where it was interrupted, and to fail in words.

A `Checkpoint` keeps the state of one fit. Its name holds a fingerprint of the data, the knobs and the seed, so that a
fit goes on only from a state of its own; a state that is damaged, or of another fit, is as good as none.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import orjson

from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.objects import Objects
from matinee.learning.interactions import Interactions
from matinee.learning.stored import Stored, pack, unpack


class Checkpoint(Protocol):
    """Where one fit keeps its state between epochs."""

    def load(self) -> Stored | None:
        """The state of an interrupted fit; None where there is none."""

    def save(self, state: Stored) -> None:
        """Keep a state in place of the one before."""

    def clear(self) -> None:
        """Forget the state: the fit has ended."""


class ObjectsCheckpoint:
    """A checkpoint in an object store; a state is replaced whole or not at all."""

    def __init__(self, objects: Objects, key: str) -> None:
        self._objects, self._key = objects, f"checkpoints/{key}.npz"

    def load(self) -> Stored | None:
        """The state kept there; None also where it cannot be read, because starting anew is always right."""
        try:
            return unpack(self._objects.get(self._key))
        except (NotFound, InvalidInput):
            return None

    def save(self, state: Stored) -> None:
        """Keep a state in place of the one before."""
        self._objects.put(self._key, pack(state))

    def clear(self) -> None:
        """Forget the state."""
        self._objects.delete(self._key)


def fingerprint(kind: str, knobs: Mapping[str, Any], interactions: Interactions, seed: int) -> str:
    """A name for one fit: it differs where model, knobs, data or seed do."""
    digest = hashlib.sha256(orjson.dumps([kind, dict(knobs), seed], option=orjson.OPT_SORT_KEYS))
    values = interactions.values
    for part in (
        interactions.viewer_ids,
        interactions.title_ids,
        interactions.times,
        interactions.order,
        values.indptr,
        values.indices,
        values.data,
    ):
        digest.update(np.ascontiguousarray(part).tobytes())
    return f"{kind}-{digest.hexdigest()[:24]}"


def check_finite(loss: float, epoch: int, lower: str) -> None:
    """Raise `InvalidInput` where the loss says that the fit diverges; `lower` names the knob to turn."""
    if not math.isfinite(loss):
        raise InvalidInput(
            f"The fit diverged in epoch {epoch + 1}: its loss is no number any more.", next_step=f"Lower {lower}."
        )


@contextmanager
def within_memory(lower: str) -> Iterator[None]:
    """Turn running out of memory into `Unavailable` that says what to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_memory(error):
            raise
        raise Unavailable("There is not enough memory to fit this model.", next_step=f"Lower {lower}.") from None


def _is_memory(error: RuntimeError) -> bool:
    """Whether this is how PyTorch, which has no MemoryError on the CPU, says that there is no memory."""
    words = str(error).lower()
    return "allocate memory" in words or "not enough memory" in words or "out of memory" in words
