"""The networks of the models of sequences: from titles watched to the direction in which the next one lies.

Both read a row of titles as vectors, and give for each place a vector whose product with a title's vector says how
well that title would come next. Titles have one vector each, for being read and for being found (tied embeddings).
Numbers drawn here come from a generator of the network's own, so that fits in several threads leave each other alone.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from matinee.recommendation.methods.sequences import GAPS, HOURS, STRENGTHS

Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""The fields of `sequences.Rows`."""


class Size(NamedTuple):
    """How large a network is; the knobs of `next_title.NextTitle`."""

    factors: int
    blocks: int
    length: int
    dropout: float
    heads: int = 1


class Dropout(nn.Module):
    """Zeros at random. One byte is drawn for each number, which is several times quicker than PyTorch's own on CPUs."""

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.level, self.generator = round(share * 256), generator

    def forward(self, values: Tensor) -> Tensor:
        """The values, and what remains of them in training."""
        if not self.training or not self.level:
            return values
        words = torch.empty((values.numel() + 7) // 8, dtype=torch.int64)
        bytes_ = words.random_(-(2**63), None, generator=self.generator).view(torch.uint8)[: values.numel()]
        kept = (bytes_.view(values.shape) >= self.level).to(values.dtype)
        return values * kept.mul_(256 / (256 - self.level))


class Reading(nn.Module):
    """Vectors of what stands at each place: the title, how it was liked, and when the next is asked for."""

    def __init__(self, titles: int, factors: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.titles = nn.Embedding(titles + 1, factors)
        self.strengths = nn.Embedding(STRENGTHS, factors)
        self.gaps, self.hours = nn.Embedding(GAPS, factors), nn.Embedding(HOURS, factors)
        self.scale = math.sqrt(factors)
        self.dropout = Dropout(dropout, generator)

    def forward(self, inputs: Inputs) -> Tensor:
        """Shape (rows, length, factors)."""
        titles, strengths, gaps, hours = inputs[:4]
        read: Tensor = self.titles(titles)
        for table, tokens in ((self.strengths, strengths), (self.gaps, gaps), (self.hours, hours)):
            # What nobody knows costs nothing: token 0 alone would only shift all places alike.
            if bool((tokens > 0).any()):
                read = read + table(tokens) * (tokens > 0)[..., None]
        return read * self.scale


class Block(nn.Module):
    """Attention over what came before, then a small network at each place; both add to what is there (pre-norm)."""

    def __init__(self, size: Size, generator: torch.Generator) -> None:
        super().__init__()
        factors, self.heads = size.factors, size.heads
        self.before, self.between = nn.LayerNorm(factors), nn.LayerNorm(factors)
        self.ask = nn.Linear(factors, 3 * factors, bias=False)
        self.answer = nn.Linear(factors, factors, bias=False)
        self.widen, self.narrow = nn.Linear(factors, 4 * factors), nn.Linear(4 * factors, factors)
        self.distances = nn.Parameter(torch.zeros(size.heads, size.length))
        self.dropout = Dropout(size.dropout, generator)

    def forward(self, state: Tensor, hidden: Tensor, distance: Tensor) -> Tensor:
        """`hidden` is added to attention (-10000 where a place may not look), `distance` says how far places are."""
        rows, length, factors = state.shape
        asked = self.ask(self.before(state)).view(rows, length, 3, self.heads, factors // self.heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        bias = hidden + self.distances[:, distance].to(hidden.dtype)
        # Written out: on CPUs quicker than scaled_dot_product_attention, which has no fast path for such a bias.
        attention = torch.softmax((query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2) + bias, -1)
        mixed = (attention.to(value.dtype) @ value).transpose(1, 2).reshape(rows, length, factors)
        state = state + self.dropout(self.answer(mixed))
        thought = functional.gelu(self.widen(self.between(state)))
        return state + self.dropout(self.narrow(thought))  # type: ignore[no-any-return]


class Network(nn.Module):
    """What both have: a table of titles, and how well each does whoever watches."""

    halves: ClassVar[bool]
    """Whether it gains from numbers of half the width, where the CPU multiplies those faster."""
    reading: Reading
    bias: nn.Parameter


class Transformer(Network):
    """Blocks of attention over a row."""

    halves = True

    def __init__(self, titles: int, size: Size, generator: torch.Generator) -> None:
        super().__init__()
        self.reading = Reading(titles, size.factors, size.dropout, generator)
        self.places = nn.Embedding(size.length, size.factors)
        self.blocks = nn.ModuleList(Block(size, generator) for _ in range(size.blocks))
        self.last = nn.LayerNorm(size.factors)
        self.bias = nn.Parameter(torch.zeros(titles))
        draw(self, generator, calm=("answer.weight", "narrow.weight"), depth=size.blocks)

    def forward(self, inputs: Inputs) -> Tensor:
        """Shape (rows, length, factors)."""
        *_, places, segments = inputs
        state = self.reading(inputs) + self.places(places) * self.reading.scale
        state = self.reading.dropout(state).to(computing())
        length = places.shape[1]
        steps = torch.arange(length)
        distance = (steps[:, None] - steps).clamp_min(0)
        visible = (segments[:, :, None] == segments[:, None, :]) & (steps[:, None] >= steps)
        hidden = torch.zeros(visible.shape, dtype=state.dtype).masked_fill_(~visible, -10_000)[:, None]
        for block in self.blocks:
            state = block(state, hidden, distance)
        return self.last(state)  # type: ignore[no-any-return]


class Recurrent(Network):
    """Gated recurrent units, one layer above the other."""

    halves = False  # its steps are too small for the casting to pay

    def __init__(self, titles: int, size: Size, generator: torch.Generator) -> None:
        super().__init__()
        self.reading = Reading(titles, size.factors, size.dropout, generator)
        layers = (nn.GRU(size.factors, size.factors, batch_first=True) for _ in range(size.blocks))
        self.layers = nn.ModuleList(layers)
        self.last = nn.LayerNorm(size.factors)
        self.bias = nn.Parameter(torch.zeros(titles))
        draw(self, generator, calm=(), depth=size.blocks)

    def forward(self, inputs: Inputs) -> Tensor:
        """Shape (rows, length, factors). Rows hold one window each."""
        state = self.reading.dropout(self.reading(inputs))
        for layer in self.layers:
            found, _ = layer(state)
            # What was watched last also goes past the gates: with tied embeddings it says much of what is alike.
            state = state + self.reading.dropout(found)
        return self.last(state)  # type: ignore[no-any-return]


def draw(network: nn.Module, generator: torch.Generator, calm: tuple[str, ...], depth: int) -> None:
    """First values: embeddings small, matrices by their width, what adds to a sum smaller the more there is to add."""
    with torch.no_grad():
        for name, values in network.named_parameters():
            if values.ndim < 2:
                values.fill_(1.0 if name.endswith((".weight", "before", "between", "last")) else 0.0)
                continue
            if name.endswith("distances"):
                continue
            deviation = (0.2 if is_table(network, name) else 0.5) / math.sqrt(values.shape[1])
            if name.endswith(calm) and calm:
                deviation /= 2 * math.sqrt(2 * depth)
            values.normal_(0.0, deviation, generator=generator)


def is_table(network: nn.Module, name: str) -> bool:
    """Whether a parameter is a table of vectors."""
    return isinstance(network.get_submodule(name.rpartition(".")[0]), nn.Embedding)


def computing() -> torch.dtype:
    """The type in which matrices are multiplied: that of autocast where it is on."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32


def tensors(rows: Any) -> Inputs:
    """The arrays of `sequences.Rows` as tensors."""
    return tuple(torch.from_numpy(np.ascontiguousarray(one)) for one in rows)  # type: ignore[return-value]
