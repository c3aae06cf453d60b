"""Gradient descent on sequences: epoch by epoch, to a budget, and on from where it was interrupted.

AdamW (Loshchilov & Hutter 2019) with a learning rate that rises over the first steps and then falls in a straight line
to zero at the end of the budget, whether that is a number of epochs or of minutes. What is kept in the end is not the
last step but an average over the last few hundred, each step counting a little less than the one after it (Polyak
averaging with decay): on small data that is worth more than a larger network.

Everything random in an epoch comes from a generator seeded by the fit's seed and the epoch's number, so a fit that was
killed and goes on from the epoch before ends in the same network to the last bit. Only a budget in minutes is no
number of steps that could be repeated.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matinee.base.progress import working
from matinee.learning.stored import Stored
from matinee.learning.training import Checkpoint, check_finite
from matinee.recommendation.methods import company, softmax
from matinee.recommendation.methods.networks import Network, tensors
from matinee.recommendation.methods.sequences import Batch, Sequences, Window, chunks, packed

BATCHES = 16
"""At least so many in an epoch, where there are rows enough: little data is learnt from in small batches."""
UNTOLD = 0.3
"""Share of rows that are not told times, so that a model also understands histories without."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to descend; the knobs of `next_title.NextTitle`."""

    factors: int
    epochs: int
    minutes: float
    window: int
    batch: int
    learning_rate: float
    warm_up: float
    decay: float
    averaging: float
    negatives: int
    power: float
    loss: str
    packs: bool
    seed: int


def begin(network: Network, sequences: Sequences, far: float, seed: int) -> None:
    """Put titles near to those in whose company they are watched, `far` times as long, and popular ones ahead."""
    table = network.reading.titles.weight
    titles, factors = table.shape[0] - 1, table.shape[1]
    found = torch.from_numpy(company.vectors(sequences, titles, factors, np.random.default_rng(seed)))
    counts = torch.from_numpy(np.bincount(sequences.columns, sequences.wanted, minlength=titles) + 1.0)
    with torch.no_grad():
        drawn = table[1:]
        moved = found * (far * drawn.norm(dim=1, keepdim=True))
        table[1:] = torch.where(found.any(dim=1, keepdim=True), moved, drawn)
        network.bias.copy_((counts / counts.mean()).log())


class Descent:
    """A network under way."""

    def __init__(self, network: Network, sequences: Sequences, plan: Plan, generator: torch.Generator) -> None:
        self.network, self.sequences, self.plan, self.generator = network, sequences, plan, generator
        self.average = copy.deepcopy(network.state_dict())
        self.losses: list[float] = []
        self.curve: list[float] = []
        self.epoch, self.step, self.seconds = 0, 0, 0.0
        matrices = [one for name, one in network.named_parameters() if one.ndim == 2 and "distances" not in name]
        vectors = [one for name, one in network.named_parameters() if one.ndim != 2 or "distances" in name]
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": plan.decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98), fused=True)
        self.counts = np.bincount(sequences.columns, minlength=network.bias.shape[0])

    def run(self, checkpoint: Checkpoint | None, kind: str, after: Callable[[Descent], None] | None) -> None:
        """Descend to the end of the budget; `after` is called after every epoch."""
        with threads_for(self.plan.batch * self.plan.window * self.plan.factors, self.sequences.columns.size):
            self._run(checkpoint, kind, after)

    def _run(self, checkpoint: Checkpoint | None, kind: str, after: Callable[[Descent], None] | None) -> None:
        if checkpoint is not None and (state := checkpoint.load()) is not None and state.kind == kind:
            self._go_on(state)
        with working(f"training {kind}", self.plan.epochs, "epochs") as task:
            task.advance(self.epoch)
            while self.epoch < self.plan.epochs and not self._late():
                began = time.monotonic()
                loss = self._epoch(began)
                self.seconds += time.monotonic() - began
                check_finite(loss, self.epoch, "learning_rate")
                self.losses.append(loss)
                self.curve.append(self.seconds)
                self.epoch += 1
                task.advance(1)
                if checkpoint is not None:
                    checkpoint.save(self._state(kind))
                if after is not None:
                    after(self)
        if checkpoint is not None:
            checkpoint.clear()

    def _late(self, since: float = 0.0) -> bool:
        return 0 < self.plan.minutes * 60 <= self.seconds + since

    def _epoch(self, began: float) -> float:
        """The mean loss of one pass over all questions."""
        seed = [self.plan.seed & 0xFFFF_FFFF, self.plan.seed >> 32, self.epoch]
        rng = np.random.default_rng(seed)
        self.generator.manual_seed(int(rng.integers(2**62)))
        batches = list(self._batches(rng))
        losses, weight = 0.0, 0.0
        self.network.train()
        for number, rows in enumerate(batches):
            if number and self._late(time.monotonic() - began):
                break
            done = (self.epoch + number / len(batches)) / self.plan.epochs
            batch = self._read(rows, rng)
            questions = float(batch.weights.sum())
            losses += self._learn(batch, done, began, len(batches)) * questions
            weight += questions
        self.network.eval()
        return losses / max(1.0, weight)

    def _batches(self, rng: np.random.Generator) -> Iterator[list[list[Window]]]:
        """Rows of windows, in an order of chance."""
        plan = self.plan
        windows = self.sequences.windows(plan.window, rng)
        rng.shuffle(windows)
        if plan.packs:
            rows = packed([Window(*one) for one in windows], plan.window)
            rng.shuffle(rows)
            many = max(1, min(plan.batch, len(rows) // BATCHES))
            yield from (rows[start : start + many] for start in range(0, len(rows), many))
            return
        questions = int(self.sequences.columns.size)
        found = list(
            chunks([Window(*one) for one in windows], max(1, min(plan.batch * plan.window, 2 * questions // BATCHES)))
        )
        yield from (found[place] for place in rng.permutation(len(found)))

    def _read(self, rows: Sequence[Sequence[Window]], rng: np.random.Generator) -> Batch:
        length = max(sum(end - begin for _, begin, end in row) for row in rows)
        return self.sequences.batch(rows, length, rng.random(len(rows)) >= UNTOLD)

    def _learn(self, batch: Batch, done: float, began: float, batches: int) -> float:
        """One step; the loss before it."""
        if self.plan.minutes:
            done = max(done, (self.seconds + time.monotonic() - began) / (60 * self.plan.minutes))
        rising = (self.step + 1) / max(1.0, self.plan.warm_up * self.plan.epochs * batches)
        narrow = math.sqrt(128 / self.plan.factors)  # few numbers have further to go
        rate = narrow * self.plan.learning_rate * min(1.0, rising) * max(0.01, 1 - done)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.step += 1
        keeping = min(self.plan.averaging, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            now = self.network.state_dict()
            torch._foreach_lerp_(list(self.average.values()), [now[name] for name in self.average], 1 - keeping)
        return float(loss.detach())

    def _loss(self, batch: Batch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16() and self.network.halves):
            state = self.network(tensors(batch.rows))
        asked = state.reshape(-1, state.shape[-1])
        came = softmax.Next(
            torch.from_numpy(batch.targets).reshape(-1),
            torch.from_numpy(batch.weights).reshape(-1),
            (torch.from_numpy(batch.past[0]), torch.from_numpy(batch.past[1])),
        )
        vectors, bias = self.network.reading.titles.weight[1:], self.network.bias
        if not self.plan.negatives:
            return softmax.all_titles(asked.to(torch.bfloat16 if bf16() else torch.float32), vectors, bias, came)
        drawn = softmax.draw_negatives(self.counts, self.plan.negatives, self.plan.power, self.generator)
        return softmax.some_titles(asked, (vectors, bias), came, drawn, self.plan.loss)

    def _state(self, kind: str) -> Stored:
        arrays: dict[str, NDArray[Any]] = {
            f"now/{name}": one.numpy() for name, one in self.network.state_dict().items()
        }
        arrays |= {f"average/{name}": one.numpy() for name, one in self.average.items()}
        for number, kept in self.optimiser.state_dict()["state"].items():
            arrays |= {f"optimiser/{number}/{name}": np.asarray(one) for name, one in kept.items()}
        facts = {
            "losses": self.losses,
            "curve": self.curve,
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
        }
        return Stored(kind, arrays, facts)

    def _go_on(self, state: Stored) -> None:
        self.network.load_state_dict({name: torch.tensor(one) for name, one in _under("now", state.arrays).items()})
        self.average = {name: torch.tensor(one) for name, one in _under("average", state.arrays).items()}
        kept: dict[int, dict[str, Tensor]] = {}
        for name, array in _under("optimiser", state.arrays).items():
            number, _, part = name.partition("/")
            kept.setdefault(int(number), {})[part] = torch.tensor(array)
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": kept})
        self.losses, self.curve = list(state.facts["losses"]), list(state.facts["curve"])
        self.seconds = float(state.facts["seconds"])
        self.epoch, self.step = int(state.facts["epoch"]), int(state.facts["step"])


@contextmanager
def threads_for(batch: int, events: int) -> Iterator[None]:
    """One thread where a batch, or all there is, is so small that threads would wait for each other more than work."""
    before = torch.get_num_threads()
    if batch < 1 << 18 or events < 1 << 14:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def bf16() -> bool:
    """Whether this CPU multiplies matrices of bfloat16 faster than of float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _under(group: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.partition("/")[2]: one for name, one in arrays.items() if name.startswith(f"{group}/")}
