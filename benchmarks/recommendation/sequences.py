"""Models of sequences on ``ml-1m_sas.txt``: how good after how many minutes of training, with three seeds.

    python -m benchmarks.recommendation sequences

Trained on all but the last two entries of each viewer, chosen on the second to last, tested on the last (whose history
holds the second to last), full ranking. Each budget is a training of its own, because the learning rate falls to its
end; ``training, CPU`` says how much of the cores the minutes really held. Beside it the recurrent network, and two
controls that have to fail: histories shuffled when they are asked, and histories shuffled before training.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks.recommendation import ranking
from benchmarks.recommendation.keeping import kept
from benchmarks.report import Bar, Row, at_least
from matinee.base.plotting import theme
from matinee.learning.evaluation import evaluate
from matinee.learning.interactions import Interactions
from matinee.learning.model import Model
from matinee.learning.splits import Split, leave_last_out
from matinee.recommendation.methods import make

DATA = "ml-1m_sas.txt, all but the last two"
SEEDS = (0, 1, 2)
MINUTES: Mapping[float, Mapping[str, Any]] = {
    2.5: {"epochs": 8},
    10.0: {"epochs": 30},
    20.0: {"epochs": 60, "dropout": 0.25},
}
"""By budget, the knobs chosen for it. Epochs are more than two cores manage: the minutes end the training."""
PUBLISHED = {"gSASRec": 0.1726, "eSASRec": 0.1772, "HSTU-large": 0.1893}
"""NDCG@10 that others told: the first of this very file, the others of a like one."""
RECURRENT: Mapping[str, Any] = {"epochs": 40}
METRICS = (("hit_rate", "HR@10"), ("ndcg", "NDCG@10"))


class Protocol(NamedTuple):
    """What to learn from, what to choose by, and what to test with."""

    chosen: Split
    tested: Split

    @classmethod
    def of(cls, known: Interactions) -> Protocol:
        """The last entry to test with, the one before to choose by, the rest to learn from."""
        last = leave_last_out(known)
        before = leave_last_out(last.train)
        return cls(before, Split(before.train, last.train, last.test))


def measure(folder: Path) -> list[Row]:
    """Every budget with every seed, the recurrent network, and the controls; what was measured before is kept."""
    protocol = Protocol.of(ranking.read(folder))
    return [*_transformers(protocol), *_recurrent(protocol), *_controls(protocol)]


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Means over the seeds, of the budgets that were measured; what has to be reached in 30 minutes is asked of 20."""

    def values(minutes: float, metric: str) -> list[float]:
        return [row.value for row in rows if row.metric == metric and row.system.startswith(_name(minutes))]

    wanted = {
        (20.0, "HR@10"): 0.340,
        (20.0, "NDCG@10"): 0.200,
        (20.0, "HR@10 unfiltered"): 0.285,
        (20.0, "NDCG@10 unfiltered"): 0.160,
        (10.0, "HR@10"): 0.3294,
        (10.0, "NDCG@10"): 0.1893,
    }
    return [
        at_least(f"sequences, {minutes:g} minutes, {metric}", float(np.mean(found)), target)
        for (minutes, metric), target in wanted.items()
        if (found := values(minutes, metric))
    ]


def plot(rows: Sequence[Row]) -> Figure:
    """NDCG@10 by minutes of training, a point for each seed and a line through their means."""
    found: dict[str, dict[float, list[float]]] = {}
    for row in rows:
        who, _, rest = row.system.removeprefix("matinee ").partition(", ")
        if row.metric == "NDCG@10" and " minutes, seed " in rest:
            found.setdefault(who, {}).setdefault(float(rest.split()[0]), []).append(row.value)
    with theme("light"):
        figure = Figure(figsize=(7, 3.6))
        axes = figure.subplots()
        for who, by_minutes in found.items():
            minutes = sorted(by_minutes)
            axes.plot(minutes, [np.mean(by_minutes[one]) for one in minutes], marker="o", markersize=3, label=who)
            for one in minutes:
                axes.plot([one] * len(by_minutes[one]), by_minutes[one], ".", color="0.4", markersize=3)
        for name, value in PUBLISHED.items():
            axes.axhline(value, color="0.75", linewidth=0.8)
            text = f"{name}, as published"
            axes.annotate(text, (axes.get_xlim()[1], value), (-4, 2), textcoords="offset points", ha="right")
        axes.set(xscale="log", xlabel="minutes of training on two cores", ylabel="NDCG@10", title=DATA)
        axes.set_xticks(list(MINUTES), [f"{one:g}" for one in MINUTES])
        axes.minorticks_off()
        axes.legend(loc="upper left")
        return figure


def shuffled(known: Interactions, rng: np.random.Generator) -> Interactions:
    """The same entries, in an order of chance within each history."""
    viewers, titles, values, _ = known.columns()
    return Interactions.from_columns(viewers, titles, values, rng.permutation(known.count))


def _transformers(protocol: Protocol) -> Iterator[Row]:
    for minutes, knobs in MINUTES.items():
        for seed in SEEDS:
            name = f"{_name(minutes)}, seed {seed}"
            yield from _measured(name, "transformer", protocol, seed, {"minutes": minutes, **knobs})


def _recurrent(protocol: Protocol) -> Iterator[Row]:
    yield from _measured("matinee gru, 10 minutes, seed 0", "gru", protocol, 0, {"minutes": 10.0, **RECURRENT})


def _measured(name: str, kind: str, protocol: Protocol, seed: int, knobs: Mapping[str, Any]) -> list[Row]:
    def rows() -> Iterator[Row]:
        model, spent = _fitted(kind, protocol, seed, knobs)
        yield from (*spent(name), *_judged(name, model, protocol))

    return kept("sequences", name, rows, **knobs)


def _controls(protocol: Protocol) -> Iterator[Row]:
    knobs = {"minutes": 2.5, **MINUTES[2.5]}

    def rows() -> Iterator[Row]:
        rng = np.random.default_rng(0)
        model, _ = _fitted("transformer", protocol, 0, knobs)
        tested = protocol.tested
        asked = Split(tested.train, shuffled(tested.given, rng), tested.test)
        yield from _judged(
            "control: histories shuffled when asked, 2.5 minutes", model, protocol._replace(tested=asked)
        )
        mixed = Split(shuffled(protocol.chosen.train, rng), protocol.chosen.given, protocol.chosen.test)
        model, _ = _fitted("transformer", Protocol(mixed, asked), 0, knobs)
        name = "control: histories shuffled before training, 2.5 minutes"
        yield from _judged(name, model, Protocol(mixed, asked))

    yield from kept("sequences", "controls", rows, **knobs)


def _name(minutes: float) -> str:
    return f"matinee transformer, {minutes:g} minutes"


def _fitted(kind: str, protocol: Protocol, seed: int, knobs: Mapping[str, Any]) -> tuple[Model, Any]:
    """A fitted model, and rows that say what it took."""
    model = make(kind, times=False, **knobs)  # the file holds an order and no times
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(protocol.chosen.train, np.random.default_rng(seed))
    seconds = {"training": time.perf_counter() - wall, "training, CPU": time.process_time() - cpu}

    def spent(name: str) -> list[Row]:
        return [Row(system=name, data=DATA, metric=one, value=value, unit="s") for one, value in seconds.items()]

    return model, spent


def _judged(name: str, model: Model, protocol: Protocol) -> Iterator[Row]:
    for suffix, split, seen in (
        ("", protocol.tested, False),
        (" unfiltered", protocol.tested, True),
        (" to choose by", protocol.chosen, False),
    ):
        found = evaluate(model, split, 10, seen=seen, told_when=False).estimates()
        for metric, named in METRICS:
            yield Row(system=name, data=DATA, metric=named + suffix, value=found[metric].value)
