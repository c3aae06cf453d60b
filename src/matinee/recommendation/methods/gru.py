"""GRU4Rec: a recurrent network that carries a viewer's state from title to title.

Hidasi et al. (2016, "Session-based recommendations with recurrent neural networks"). A state ``h`` is all that is
remembered; at each title gates say how much of it to forget (``r``) and how much of it to replace (``z``):

    r, z = σ(W x + U h),   n = tanh(W_n x + r ∘ U_n h),   h' = (1 - z) ∘ n + z ∘ h

and the next title is the one whose vector the state points to. The second paper (Hidasi & Karatzoglou 2018,
"Recurrent neural networks with top-k gains for session-based recommendations") found that its losses made most of the
difference: cross-entropy, and BPR-max against many negatives (``loss="bpr-max"``, with `negatives`). Here cross-entropy
over all titles is the default, and everything else is as for the transformer: times, strengths, averaging, budget.

A step has to wait for the one before, so it is slower to train than a transformer and reads long histories in order of
their length, one in each row. What it needs to score the next event is one small state: nothing is as cheap to keep up
to date while somebody is watching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matinee.recommendation.methods.next_title import NextTitle

if TYPE_CHECKING:
    import torch

    from matinee.recommendation.methods.networks import Network


@dataclass(eq=False)
class GRU(NextTitle):
    """What comes next, from a state carried along.

    >>> import numpy as np
    >>> from matinee.learning.interactions import Interactions
    >>> from matinee.learning.model import History
    >>> people, films = np.repeat(np.arange(30), 4), np.tile([10, 11, 12, 13], 30)  # everybody watches in this order
    >>> known = Interactions.from_columns(people, films, at_ms=np.tile([1, 2, 3, 4], 30))
    >>> model = GRU(factors=16, epochs=20, window=4, learning_rate=0.01).fit(known, np.random.default_rng(0))
    >>> int(model.title_ids[model.score([History.of(model.title_ids, {10: 1.0, 11: 1.0})]).argmax()])
    12
    """

    kind: ClassVar[str] = "gru"
    packs: ClassVar[bool] = False

    blocks: int = 1
    """Layers."""
    learning_rate: float = 0.004
    """At 128 factors; more than a transformer bears, whose layers are deeper."""

    def network(self, titles: int, generator: torch.Generator) -> Network:
        """An untrained network for so many titles."""
        from matinee.recommendation.methods import networks

        size = networks.Size(self.factors, self.blocks, self.window, self.dropout)
        return networks.Recurrent(titles, size, generator)
