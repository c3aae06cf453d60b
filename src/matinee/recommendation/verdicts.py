"""Verdicts: what came of trials, as tables to read and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table

from matinee.learning.intervals import Estimate
from matinee.recommendation.trials import Trial

LOWER_IS_BETTER = {"rmse", "mae", "calibration"}
MAIN = ("hit_rate", "ndcg", "recall", "rmse", "mae")
"""Metrics that tables of several models show."""
HEADINGS = {
    "hit_rate": "HR",
    "ndcg": "NDCG",
    "recall": "R",
    "precision": "P",
    "mrr": "MRR",
    "map": "MAP",
    "rmse": "RMSE",
    "mae": "MAE",
}


def told(one: Trial) -> dict[str, Any]:
    """A trial as JSON."""
    found = one.evaluation
    sliced = {name: numbers(of) for name, of in found.sliced().items()}
    return {
        "kind": one.kind,
        "knobs": dict(one.knobs),
        "fit_s": round(one.fit_s, 3),
        "evaluate_s": round(one.evaluate_s, 3),
        "metrics": numbers(found.estimates()),
        "coverage": found.coverage if found.n else None,
        "unreachable": found.unreachable,
        "slices": sliced,
        "losses": list(one.losses),
    }


def numbers(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | int]]:
    """JSON has no word for what is no number or has no end: such become null."""
    return {
        name: {"value": one.value, "low": one.low, "high": one.high, "viewers": one.viewers}
        for name, one in estimates.items()
    }


def one_table(one: Trial) -> Group:
    """Everything about one model: every metric with its interval, then the main ones for each slice."""
    whole, sliced, n = one.evaluation.estimates(), one.evaluation.sliced(), one.evaluation.n
    metrics = _table(one.kind, "metric", "value", "95 % interval", "viewers")
    for name, estimate in whole.items():
        metrics.add_row(heading(name, n), _short(estimate.value), _interval(estimate), f"{estimate.viewers:,}")
    if n:
        metrics.add_row("coverage", _short(one.evaluation.coverage), "", "")
        metrics.add_row("titles to be found that it does not know", f"{one.evaluation.unreachable:,}", "", "")
    names = [name for name in whole if name in MAIN]
    slices = _table("", "slice", "viewers", *(heading(name, n) for name in names))
    for slice_, estimates in sliced.items():
        viewers = estimates[names[0]].viewers
        slices.add_row(slice_, f"{viewers:,}", *(_cell(estimates[metric]) for metric in names))
    return Group(metrics, "", slices, "")


def side_by_side(found: Sequence[Trial], title: str) -> Table:
    """Every model in a row, the main metrics with the halves of their intervals."""
    n = found[0].evaluation.n
    names = [name for name in found[0].evaluation.samples if name in MAIN]
    table = _table(title, "model", *(heading(name, n) for name in names), *(["coverage"] if n else []), "learnt in")
    for one in found:
        estimates = one.evaluation.estimates()
        coverage = [_short(one.evaluation.coverage)] if n else []
        table.add_row(one.kind, *(_cell(estimates[name]) for name in names), *coverage, f"{one.fit_s:.1f} s")
    return table


def differences(against: Mapping[str, Mapping[str, Estimate]], first: str, n: int) -> Table:
    """How far each model is from the first, and whether that may be chance."""
    table = _table(f"against {first}", "model", "metric", "difference", "95 % interval", "")
    for kind, estimates in against.items():
        for name in MAIN:
            if name in estimates:
                one = estimates[name]
                table.add_row(kind, heading(name, n), _signed(one.value), _interval(one, _signed), _verdict(name, one))
    return table


def heading(name: str, n: int) -> str:
    """A metric as papers write it."""
    return f"{HEADINGS[name]}@{n}" if n and name in HEADINGS else HEADINGS.get(name, name)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    return table


def _verdict(name: str, one: Estimate) -> str:
    if not one.clear_of_zero:
        return "may be chance"
    return "better" if (one.value < 0) == (name in LOWER_IS_BETTER) else "worse"


def _interval(one: Estimate, form: Callable[[float], str] | None = None) -> str:
    if not (np.isfinite(one.low) and np.isfinite(one.high)):
        return "too few viewers"
    form = form or _short
    return f"{form(one.low)} to {form(one.high)}"


def _cell(one: Estimate) -> str:
    if not one.viewers:
        return ""
    half = (one.high - one.low) / 2
    return f"{_short(one.value)} ±{_short(half)}" if np.isfinite(half) else _short(one.value)


def _signed(value: float) -> str:
    return ("-" if value < 0 else "+") + _short(abs(value))


def _short(value: float) -> str:
    """Four decimals without a leading zero, as papers print them."""
    if np.isnan(value):
        return ""
    return f"{value:.4f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.4f}"
