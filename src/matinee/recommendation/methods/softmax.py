"""What the next title was worth: losses over all titles, and over some.

**Full softmax** (`all_titles`). With ``z = h·E'`` the loss is ``-log softmax(z)[next]``. The logits of a batch (6,400
questions by 3,400 titles) would be the largest thing in memory by far; they are made, turned into their own gradient
``softmax(z) - onehot(next)``, and multiplied back, a slab at a time that stays in the cache.

What is past at a question cannot come next, and has no part in its softmax.

**Sampled** (`some_titles`), for catalogues of more titles than that is worth: negatives are drawn once for each
batch in proportion to a power of their popularity, and

    softmax   logits less the logarithm of how often a title is expected to be drawn (logQ; Bengio & Senécal 2008),
    gbce      binary cross-entropy with positives raised to β (gSASRec; Petrov & Macdonald 2023), which undoes the
              overconfidence that few negatives teach,
    bpr-max   pairs against negatives weighted by their softmax (GRU4Rec; Hidasi & Karatzoglou 2018).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

SLAB = 800
"""Questions whose logits are made at once."""
NEVER = -30_000.0
"""The logit of a negative that is what came next."""
CALIBRATION = 0.75
"""``t`` of gBCE: 0 is plain binary cross-entropy, 1 takes all overconfidence away."""


NONE = torch.zeros(0, dtype=torch.int64)


class Next(NamedTuple):
    """What came next at each question."""

    columns: Tensor
    weights: Tensor
    """1 where something is to be found, else 0."""
    past: tuple[Tensor, Tensor] = NONE, NONE
    """Questions, ascending, and columns of what had come before, which cannot come next."""


class Drawn(NamedTuple):
    """Negatives of one batch."""

    columns: Tensor
    log_expected: Tensor
    """Of every title, the logarithm of how often it is expected among them."""


class _AllTitles(torch.autograd.Function):
    """Loss and gradients in one go, because keeping the logits for later would cost more than making them."""

    @staticmethod
    def forward(ctx: Any, asked: Tensor, vectors: Tensor, bias: Tensor, came: Next) -> Tensor:
        to_asked = torch.empty_like(asked)
        to_vectors, to_bias = torch.zeros(vectors.shape), torch.zeros(bias.shape)
        ones, loss = torch.ones(1, SLAB, dtype=asked.dtype), 0.0
        questions, past = came.past
        cuts = torch.searchsorted(questions, torch.arange(0, asked.shape[0] + SLAB, SLAB)).tolist()
        for slab, start in enumerate(range(0, asked.shape[0], SLAB)):
            part, of_slab = slice(start, start + SLAB), slice(cuts[slab], cuts[slab + 1])
            columns, weights = came.columns[part, None], came.weights[part, None]
            logits = functional.linear(asked[part], vectors, bias)
            logits.view(-1).index_fill_(0, (questions[of_slab] - start) * logits.shape[1] + past[of_slab], NEVER)
            chances = torch.softmax(logits, -1)
            right = chances.gather(1, columns)
            loss -= float((right.float().clamp_min(1e-30).log() * weights).sum())
            chances.scatter_(1, columns, right - 1)
            if not bool(weights.all()):
                chances *= weights.to(chances.dtype)
            torch.mm(chances, vectors, out=to_asked[part])
            to_vectors += chances.T @ asked[part]
            to_bias += (ones[:, : chances.shape[0]] @ chances)[0]
        total = max(1.0, float(came.weights.sum()))
        ctx.save_for_backward(to_asked.div_(total), to_vectors.div_(total), to_bias.div_(total))
        ctx.dtype = vectors.dtype
        return torch.tensor(loss / total)

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> Any:
        to_asked, to_vectors, to_bias = ctx.saved_tensors
        by = outer[0]
        return to_asked * by, (to_vectors * by).to(ctx.dtype), (to_bias * by).to(ctx.dtype), None


def all_titles(asked: Tensor, vectors: Tensor, bias: Tensor, came: Next) -> Tensor:
    """Mean cross-entropy over all titles.

    `asked` has shape (questions, factors), `vectors` (titles, factors), `bias` (titles).
    """
    kind = asked.dtype
    return _AllTitles.apply(asked, vectors.to(kind), bias.to(kind), came)  # type: ignore[no-any-return, no-untyped-call]


def draw_negatives(counts: NDArray[np.int64], many: int, power: float, generator: torch.Generator) -> Drawn:
    """`many` titles with replacement, each in proportion to ``(count + 1)^power``."""
    chances = torch.from_numpy((counts + 1.0) ** power)
    chances /= chances.sum()
    columns = torch.multinomial(chances, many, replacement=True, generator=generator)
    return Drawn(columns, (chances * many).log().float())


def some_titles(asked: Tensor, titles: tuple[Tensor, Tensor], came: Next, drawn: Drawn, loss: str) -> Tensor:
    """Mean loss of a kind against the negatives drawn; `titles` are their vectors and biases."""
    vectors, bias = titles
    kept = came.weights > 0
    asked, targets = asked[kept].float(), came.columns[kept]
    right = (asked * vectors[targets]).sum(-1) + bias[targets]
    wrong = functional.linear(asked, vectors[drawn.columns], bias[drawn.columns])
    same = drawn.columns[None] == targets[:, None]
    if loss == "softmax":
        wrong = (wrong - drawn.log_expected[drawn.columns]).masked_fill(same, NEVER)
        return (torch.logsumexp(torch.cat([right[:, None], wrong], 1), 1) - right).mean()
    wrong = wrong.masked_fill(same, NEVER)
    if loss == "gbce":
        share = min(1.0, drawn.columns.numel() / max(1, vectors.shape[0] - 1))
        power = share * (CALIBRATION * (1 - 1 / share) + 1 / share)
        return (functional.softplus(wrong).sum(1) - power * functional.logsigmoid(right)).mean()
    by = torch.softmax(wrong, 1)
    pairs = (by * torch.sigmoid(right[:, None] - wrong)).sum(1).clamp_min(1e-24).log()
    return (by * wrong.masked_fill(same, 0.0).square()).sum(1).mean() - pairs.mean()
