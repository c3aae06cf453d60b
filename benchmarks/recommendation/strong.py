"""Strong generalisation on ml-1m: ratings of 4 and more, 600 viewers who are not trained on, five seeds.

    python -m benchmarks.recommendation strong

Four fifths of each tested viewer's titles are given, drawn at random, and the rest is to be found (Liang et al. 2018).
Knobs were chosen on viewers drawn with other seeds. The bar is the difference to whichever peer did best, viewer by
viewer, over all seeds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from benchmarks.recommendation.listing import Judged, ours, peer
from benchmarks.report import Bar, Row
from matinee.learning.interactions import Interactions
from matinee.learning.intervals import Sample, difference, estimate
from matinee.learning.splits import Split, strong
from matinee.recommendation.methods import make

DATA = "ml-1m, 4 stars and more, strong"
SEEDS = (0, 1, 2, 3, 4)
VIEWERS, HELD, N = 600, 0.2, 100
BEST = "matinee ensemble"
OURS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "ensemble": ("ensemble", {"recency": 0.0}),
    "ease with dropout": ("ease", {"regularisation": 500.0, "dropout": 0.4, "activity": 0.5, "recency": 0.0}),
    "als 64": ("als", {"factors": 64, "epochs": 12, "regularisation": 0.004, "unobserved_weight": 0.3}),
}
PEERS: Sequence[tuple[str, str, str, dict[str, Any]]] = (
    ("irspack", "ials", "64", {"n_components": 64, "alpha0": 0.3, "reg": 0.004}),
    ("irspack", "ials", "256", {"n_components": 256, "alpha0": 0.3, "reg": 0.008}),
    ("irspack", "ease", "500", {"reg": 500.0}),
    ("irspack", "ease", "1000", {"reg": 1000.0}),
    ("implicit", "als", "64", {"factors": 64, "regularization": 0.1, "alpha": 3.0, "iterations": 15}),
)


def read(folder: Path) -> Interactions:
    """The ratings of 4 and more."""
    with ZipFile(folder / "ml-1m.zip") as archive:
        [name] = [one for one in archive.namelist() if one.endswith("ratings.dat")]
        table = np.array(archive.read(name).replace(b"::", b" ").split(), np.int64).reshape(-1, 4)
    viewers, titles, stars, at_s = table[table[:, 2] >= 4].T
    return Interactions.from_columns(viewers, titles, stars, at_s * 1000)


def measure(folder: Path) -> list[Row]:
    """NDCG@100 of every system over all seeds, and its difference to the best peer with the interval."""
    known = read(folder)
    values: dict[str, list[Any]] = {}
    for seed in SEEDS:
        split = strong(known, VIEWERS, HELD, np.random.default_rng(seed))
        for judged in _all(split, seed):
            values.setdefault(judged.system, []).append(judged.samples["ndcg"].values)
    samples = {system: Sample(np.concatenate(parts)) for system, parts in values.items()}
    return list(_rows(samples))


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Above the best peer, with the interval of the difference clear of zero."""
    [low] = [row.value for row in rows if row.metric == "difference to the best peer, low"]
    return [
        Bar(bar="NDCG@100 above the best of peers' iALS and EASE", value=low, target="interval above 0", met=low > 0)
    ]


def _all(split: Split, seed: int) -> Iterator[Judged]:
    for name, (kind, knobs) in OURS.items():
        begun = time.perf_counter()
        model = make(kind, **knobs).fit(split.train, np.random.default_rng(seed))
        yield ours(f"matinee {name}", model, split, N, time.perf_counter() - begun)
    for package, system, name, knobs in PEERS:
        found = peer(package, system, knobs, split, N)
        yield Judged(f"{package} {system} {name}", found.samples, found.seconds)


def _rows(samples: Mapping[str, Sample]) -> Iterator[Row]:
    for system, sample in samples.items():
        yield Row(system=system, data=DATA, metric="NDCG@100", value=estimate(sample).value)
    best = max((one for one in samples if not one.startswith("matinee")), key=lambda one: estimate(samples[one]).value)
    found = difference(samples[BEST], samples[best])
    for end, value in (("value", found.value), ("low", found.low), ("high", found.high)):
        metric = "difference to the best peer" + ("" if end == "value" else f", {end}")
        yield Row(system=f"{BEST} against {best}", data=DATA, metric=metric, value=value)
