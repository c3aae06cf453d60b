"""More like this: titles whose viewers are the same, or, where nobody has watched them, whose descriptions are."""

from __future__ import annotations

import numpy as np

from matinee.catalog.records import Title
from matinee.recommendation.library import Library
from matinee.recommendation.serving import Fitted

CONTENT = 0.15
"""How much common genres and keywords count beside common viewers: enough to settle near ties."""


def similar(library: Library, fitted: Fitted, place: int, maturity: int, n: int) -> list[Title]:
    """The `n` titles nearest to the one at index `place`, within the maturity limit, nearest first.

    Nearness is the cosine of the factors plus a little of what the descriptions have in common; the title itself and
    those that share nothing with it are left out.
    """
    likeness = CONTENT * library.alike({place: 1.0}) + fitted.vectors @ fitted.vectors[place]
    allowed = (library.age <= maturity) & (likeness > 0)
    allowed[place] = False
    places = np.flatnonzero(allowed)
    best = places[np.argsort(-likeness[places], kind="stable")[:n]]
    return [library.titles[one] for one in best.tolist()]
