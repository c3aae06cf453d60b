"""Plots of an evaluation: how models learnt, for whom they are good, and whether they show what everybody shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from matinee.base.errors import InvalidInput
from matinee.base.plotting import theme
from matinee.learning.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Look = Literal["dark", "light"]
DECILES = 10


def learning_curves(losses: Mapping[str, Sequence[float]], look: Look = "light") -> Figure:
    """Loss after each epoch, a panel for each model: losses of different models cannot be compared.

    Raises `InvalidInput` where no model tells any.
    """
    told = {name: values for name, values in losses.items() if len(values)}
    if not told:
        raise InvalidInput("None of these models learns in epochs.", next_step="Add one that does, as als.")
    with theme(look):
        figure = _figure(3.2 * len(told), 2.8)
        axes = figure.subplots(1, len(told), squeeze=False)[0]
        for axis, (name, values) in zip(axes, told.items(), strict=True):
            axis.plot(np.arange(1, len(values) + 1), values, marker="o", markersize=3)
            axis.set(title=name, xlabel="epoch")
        axes[0].set_ylabel("training loss")
        return figure


def by_slice(evaluations: Mapping[str, Evaluation], metric: str, look: Look = "light") -> Figure:
    """A metric with its 95 % intervals in each slice of viewers and titles, by model."""
    slices = list(dict.fromkeys(name for one in evaluations.values() for name in one.slices))
    with theme(look):
        figure = _figure(7.2, 1.2 + 0.2 * len(slices) * (1 + len(evaluations)))
        axis = figure.subplots()
        height = 0.8 / len(evaluations)
        for place, (kind, one) in enumerate(evaluations.items()):
            known = {name: of[metric] for name, of in one.sliced().items() if metric in of and of[metric].viewers > 1}
            rows = [slices.index(name) + (place + 0.5) * height - 0.4 for name in known]
            values = np.array([each.value for each in known.values()])
            spans = [values - [each.low for each in known.values()], [each.high for each in known.values()] - values]
            axis.errorbar(values, rows, xerr=spans, fmt="o", markersize=4, label=kind)
        axis.set_yticks(range(len(slices)), slices)
        axis.invert_yaxis()
        axis.set(title=f"{metric.upper().replace('_', ' ')} by slice, 95 % intervals", xlim=(0, None))
        axis.legend()
        return figure


def popularity_bias(evaluations: Mapping[str, Evaluation], look: Look = "light") -> Figure:
    """Share of what is shown that falls on each tenth of the titles, the most watched tenth first.

    The line is the share of what was watched in training: a model above it at the left shows the popular more than
    viewers watch it.
    """
    with theme(look):
        figure = _figure(7.2, 3.6)
        axis = figure.subplots()
        for kind, one in evaluations.items():
            axis.plot(range(1, DECILES + 1), _deciles(one.shown, one.touched), marker="o", markersize=4, label=kind)
        first = next(iter(evaluations.values()))
        axis.plot(range(1, DECILES + 1), _deciles(first.touched, first.touched), "--", color="0.5", label="watched")
        axis.set(title="What is shown, by popularity", xlabel="tenth of titles, most watched first")
        axis.set_ylabel("share")
        axis.set_xticks(range(1, DECILES + 1))
        axis.set_ylim(0, None)
        axis.legend()
        return figure


def _deciles(shown: np.ndarray, touched: np.ndarray) -> list[float]:
    order = np.argsort(-touched, kind="stable")
    total = max(1, int(shown.sum()))
    return [float(shown[part].sum() / total) for part in np.array_split(order, DECILES)]


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))
