"""A transformer over the viewing sequence: attention says which of the titles watched bear on what comes next.

Each event of a history asks of all events before it how much they matter here, takes what they have to say in that
proportion, and thinks it over; two such blocks one above the other, and the last event holds what comes next:

    a_ts = softmax over s <= t of (q_t · k_s / sqrt(d) + b_(t-s)),      h_t = h_t + Σ_s a_ts v_s

This is SASRec (Kang & McAuley 2018, "Self-attentive sequential recommendation") as later work made it good: what
matters most is the loss. SASRec told the next title from one other; against many (gSASRec; Petrov & Macdonald 2023) or
all of them (eSASRec; Tikhonovich et al. 2025) the same network finds half as much again. From HSTU (Zhai et al. 2024,
"Actions speak louder than words") comes the bias ``b`` by distance beside learned positions, and tokens of time: each
event is told how long after the last one, and at which hour, the next is asked for; and how the title was liked. The
device is not among them, because interactions do not tell it. Blocks are pre-norm, embeddings tied.

`factors` (width), `blocks` and `window` cost time in proportion; `dropout` wants to be higher for smaller data and
longer training. On a CPU with bfloat16 instructions matrices are multiplied in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.recommendation.methods.next_title import NextTitle

if TYPE_CHECKING:
    import torch

    from matinee.recommendation.methods.networks import Network


@dataclass(eq=False)
class Transformer(NextTitle):
    """What comes next, by attention to what came before.

    >>> import numpy as np
    >>> from matinee.learning.model import History
    >>> people, films = np.repeat(np.arange(30), 4), np.tile([10, 11, 12, 13], 30)  # everybody watches in this order
    >>> known = Interactions.from_columns(people, films, at_ms=np.tile([1, 2, 3, 4], 30))
    >>> model = Transformer(factors=16, epochs=20, window=4, learning_rate=0.01).fit(known, np.random.default_rng(0))
    >>> int(model.title_ids[model.score([History.of(model.title_ids, {10: 1.0, 11: 1.0})]).argmax()])
    12
    """

    kind: ClassVar[str] = "transformer"
    packs: ClassVar[bool] = True

    heads: int = 2
    """Kinds of attention in a block; `factors` is shared among them."""

    def network(self, titles: int, generator: torch.Generator) -> Network:
        """An untrained network for so many titles."""
        from matinee.recommendation.methods import networks

        size = networks.Size(self.factors, self.blocks, self.window, self.dropout, self.heads)
        return networks.Transformer(titles, size, generator)

    def _check(self, interactions: Interactions) -> None:
        super()._check(interactions)
        if self.heads < 1 or self.factors % self.heads:
            raise InvalidInput(
                f"{self.factors} factors cannot be shared among {self.heads} heads.",
                next_step="Choose factors that heads divide.",
            )
