"""A training set: all that a training depends on, frozen, so that it gives the same models whenever it is run again.

Viewing and catalogue go on while a model is trained, and a training that was killed is begun again later: it has to
find what it saw the first time. Knobs are kept as well, since somebody may change the settings in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.stored import Stored, pack, reading, unpack

KIND = "training-set"
_VERSION = re.compile(r"(\d{13})-([0-9a-f]{8})")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingSet:
    """What methods are fitted on, and how."""

    version: str
    """Of the models that will come of it."""
    known: Interactions
    features: Features | None
    """What titles are about; None where no method asks."""
    kinds: tuple[str, ...]
    """Methods to fit."""
    knobs: Mapping[str, Mapping[str, Any]]
    """By method, where they differ from its own defaults."""
    recommender: str
    """Which method recommends; ``best`` for the one that measures best."""
    measure: bool

    @property
    def created_ms(self) -> int:
        """What happened later is not in it."""
        return parts_of(self.version)[0]

    @property
    def seed(self) -> int:
        """Of all that is drawn."""
        return parts_of(self.version)[1]

    def pack(self) -> bytes:
        """Everything in one piece, which knows whether it is whole."""
        viewers, titles, values, times = self.known.columns()
        arrays: dict[str, NDArray[Any]] = {"viewers": viewers, "titles": titles, "values": values, "times": times}
        facts = {name: getattr(self, name) for name in ("version", "kinds", "knobs", "recommender", "measure")}
        return pack(Stored(KIND, arrays | (self.features.arrays() if self.features else {}), facts))

    @classmethod
    def unpack(cls, data: bytes) -> TrainingSet:
        """What `pack` packed. Raises `InvalidInput` where that is not what these bytes are."""
        stored = unpack(data)
        with reading(stored, KIND):
            arrays, facts = stored.arrays, stored.facts
            columns = (arrays[name] for name in ("viewers", "titles", "values", "times"))
            return cls(
                version=facts["version"],
                known=Interactions.from_columns(*columns),
                features=Features.from_arrays(arrays) if "features_title_ids" in arrays else None,
                kinds=tuple(facts["kinds"]),
                knobs=facts["knobs"],
                recommender=facts["recommender"],
                measure=facts["measure"],
            )


def version_of(created_ms: int, seed: int) -> str:
    """The name of what a training makes; names sort by age.

    >>> version_of(1_790_000_000_000, 7)
    '1790000000000-00000007'
    """
    return f"{created_ms:013d}-{seed:08x}"


def parts_of(version: str) -> tuple[int, int]:
    """When its training was begun, in milliseconds since 1970, and its seed. Raises `InvalidInput`."""
    if found := _VERSION.fullmatch(version):
        return int(found[1]), int(found[2], 16)
    raise InvalidInput(
        f"{version!r} is no name of a version.",
        next_step="It has 13 digits for the time in milliseconds, a dash, and 8 digits in base 16 for the seed.",
    )
