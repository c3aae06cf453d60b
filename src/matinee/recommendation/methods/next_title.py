"""What models of sequences share: they learn which title comes next, and say it of any history.

A network reads a history, oldest first, and gives a vector; its product with a title's vector, plus the title's bias,
is the logit of that title coming next. So a viewer is nothing but a history: a newcomer, or one whose last play was a
second ago, is read like any other, and an empty history gives what people begin with.

A history holds a title once. So what is past is left out of the choice, in training as in asking: learning to tell
what was watched already, among titles that are much alike, would take up most of a small network.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints
from matinee.learning.stored import Stored, reading
from matinee.learning.training import Checkpoint, within_memory
from matinee.recommendation.methods.sequences import Sequences, asked

if TYPE_CHECKING:
    import torch

    from matinee.recommendation.methods.descent import Descent
    from matinee.recommendation.methods.networks import Network

FULL = 50_000
"""Catalogues of more titles than this are learnt with sampled negatives unless their number is given."""
SAMPLED = 4096
PAST = np.float32(100.0)
"""What is past scores so much less than the network says, which has not learnt to tell: nothing comes next twice."""
QUESTIONS = 12_800
"""Read at once when scoring."""
LOSSES = ("softmax", "gbce", "bpr-max")


@dataclass(eq=False)
class NextTitle:
    """A model of sequences but for its network."""

    kind: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset({"torch"})
    packs: ClassVar[bool]
    """Whether several windows may lie in one row."""

    factors: int = 128
    """Numbers in the vector of a title."""
    blocks: int = 2
    """Layers."""
    window: int = 200
    """Events that are looked back on."""
    epochs: int = 60
    minutes: float = 0.0
    """Training ends after so long if `epochs` have not passed by then, its learning rate falling accordingly; 0 for
    as long as it takes."""
    batch: int = 32
    """Rows of `window` events that are learnt from at once."""
    dropout: float = 0.2
    learning_rate: float = 0.002
    """At 128 factors; narrower networks take larger steps, by the root of how much narrower they are."""
    warm_up: float = 0.02
    """Share of all steps in which the learning rate rises."""
    decay: float = 0.01
    """Weight decay of matrices."""
    averaging: float = 0.998
    """How much of the average of the network stays at each step."""
    negatives: int = 0
    """Titles that the next one is told from, drawn anew for each batch; 0 for all, and for 4,096 where there are more
    than 50,000."""
    power: float = 0.5
    """Of its popularity in which a negative is drawn."""
    loss: str = "softmax"
    """With negatives: ``softmax``, ``gbce`` or ``bpr-max``."""
    company: float = 2.0
    """How far titles stand from 0 at first, each towards those in whose company it is watched, in lengths of the random
    vectors that they begin with where this is 0; see `matinee.recommendation.methods.company`."""
    times: bool = True
    """Whether to understand when things happened."""
    dislike_below: float = 0.0
    """Strengths up to this mean that the title was not wanted: it is read, and not learnt to be found."""
    title_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64), init=False)
    losses: list[float] = field(default_factory=list, init=False)
    """Mean training loss of each epoch."""
    curve: list[float] = field(default_factory=list, init=False)
    """Seconds of training after each epoch."""
    weights: dict[str, NDArray[Any]] = field(default_factory=dict, init=False, repr=False)
    """Of the network, by name."""
    after_epoch: Callable[[NextTitle], None] | None = field(default=None, init=False, repr=False)
    """Called with the model, ready to score, after each epoch: for learning curves."""
    _network: Network | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def network(self, titles: int, generator: torch.Generator) -> Network:
        """An untrained network for so many titles."""
        raise NotImplementedError

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Learn what comes after what; `losses` and `curve` tell how it went."""
        self._check(interactions)
        import torch

        from matinee.recommendation.methods.descent import Descent, Plan, begin

        self.title_ids, self.losses, self.curve = interactions.title_ids, [], []
        sequences = Sequences.of(interactions, self.dislike_below, timed=self.times)
        seed = int(rng.integers(2**62))
        generator = torch.Generator().manual_seed(seed)
        many = self.negatives or (SAMPLED if self.title_ids.size > FULL else 0)
        if self.loss != "softmax":
            many = many or min(256, self.title_ids.size)
        shared = {one.name for one in fields(Plan)} & {one.name for one in fields(self)} - {"negatives"}
        plan = Plan(**{name: getattr(self, name) for name in shared}, negatives=many, packs=self.packs, seed=seed)
        with within_memory("batch, window, factors or negatives"):
            network = self.network(self.title_ids.size, generator)
            if self.company > 0:
                begin(network, sequences, self.company, seed)
            descent = Descent(network, sequences, plan, generator)
            descent.run(checkpoint, self.kind, self._take)
            self._take(descent, done=True)
        return self

    def score(self, histories: Sequence[History]) -> Floats:
        """Logits of what comes next, shape (histories, titles)."""
        scores = np.zeros((len(histories), self.title_ids.size), np.float32)
        sizes = np.array([min(self.window, one.columns.size + 1) for one in histories], np.int64)
        order = np.argsort(sizes, kind="stable")[::-1]
        start = 0
        while start < order.size:
            rows = order[start : start + max(1, QUESTIONS // int(sizes[order[start]]))]
            scores[rows] = self._logits([histories[row] for row in rows])
            start += rows.size
        for row, one in enumerate(histories):
            scores[row, one.columns] -= PAST
        return scores

    def save(self) -> Stored:
        """Titles, and the network's weights."""
        facts = {name: getattr(self, name) for name in self._knobs()}
        arrays = {"title_ids": self.title_ids, **self.weights}
        return Stored(self.kind, arrays, facts | {"losses": self.losses, "curve": self.curve})

    @classmethod
    def load(cls, stored: Stored) -> Self:
        """The model that was saved. Raises `InvalidInput` where it is none of this kind."""
        import torch

        with reading(stored, cls.kind):
            model = cls(**{name: stored.facts[name] for name in cls._knobs()})
            model.losses, model.curve = list(stored.facts["losses"]), list(stored.facts["curve"])
            model.title_ids = stored.arrays["title_ids"]
            network = model.network(model.title_ids.size, torch.Generator())
            for name, values in network.state_dict().items():
                array = stored.arrays[name]
                if array.shape != tuple(values.shape):
                    raise ValueError(f"{name} has shape {array.shape} instead of {tuple(values.shape)}")
                model.weights[name] = array
        return model

    @classmethod
    def _knobs(cls) -> list[str]:
        return [one.name for one in fields(cls) if one.init]

    def _take(self, descent: Descent, *, done: bool = False) -> None:
        """Take over the average of the network so far."""
        self.losses, self.curve, self._network = descent.losses, descent.curve, None
        if done or self.after_epoch is not None:
            self.weights = {name: one.numpy().copy() for name, one in descent.average.items()}
        if self.after_epoch is not None and not done:
            self.after_epoch(self)

    def _logits(self, histories: Sequence[History]) -> Floats:
        import torch

        from matinee.recommendation.methods.networks import tensors

        rows, last = asked(histories, self.window, timed=self.times)
        network = self._ready()
        with torch.inference_mode():
            state = network(tensors(rows))[torch.arange(len(histories)), torch.from_numpy(last)]
            vectors, bias = self.weights["reading.titles.weight"], self.weights["bias"]
            return np.asarray(state.numpy() @ vectors[1:].T + bias, np.float32)

    def _ready(self) -> Network:
        """The network with its weights, made when it is first asked."""
        import torch

        with self._lock:
            if self._network is None:
                network = self.network(self.title_ids.size, torch.Generator())
                network.load_state_dict({name: torch.from_numpy(one) for name, one in self.weights.items()})
                self._network = network.eval()
            return self._network

    def _check(self, interactions: Interactions) -> None:
        """Raise `InvalidInput` where there is nothing to learn from, or a knob makes no sense."""
        if not interactions.count:
            raise InvalidInput("There are no interactions to learn from.", next_step="Import or record some first.")
        if self.loss not in LOSSES:
            raise InvalidInput(f"There is no loss {self.loss!r}.", next_step=f"There are {', '.join(LOSSES)}.")
        for name in ("factors", "blocks", "window", "epochs", "batch"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"The knob {name} is below 1.", next_step=f"Give {name} 1 or more.")
        if not 0 <= self.dropout < 1:
            raise InvalidInput(f"A dropout of {self.dropout} leaves nothing.", next_step="Choose from 0 to below 1.")
