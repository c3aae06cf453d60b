"""Leave last out on ``ml-1m_sas.txt``: every model of ours that learns no sequences, and peers'.

    python -m benchmarks.recommendation ranking

Full ranking, titles of the history left out, one fit per system. Knobs of ours were chosen on the second to last items;
peers have those under which they did best on them. A model that reads the order of a history only in that later titles
weigh more is marked ``recency``; with ``recency=0`` order means nothing to it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from benchmarks.recommendation.listing import Judged, ours, peer
from benchmarks.report import Bar, Row, at_least
from matinee.learning.interactions import Interactions
from matinee.learning.intervals import estimate
from matinee.learning.splits import Split, leave_last_out
from matinee.recommendation.methods import make

DATA = "ml-1m_sas.txt, leave last out"
BLIND = {
    "recency": 0.0,
    "regularisation": 300.0,
    "dropout": 0.0,
    "activity": 0.0,
    "share": 1.0,
    "factor_regularisation": 0.002,
    "unobserved_weight": 1.0,
}
OURS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "popularity": ("popularity", {"half_life_days": 1e6}),
    "item-neighbours cosine": ("item-neighbours", {"recency": 0.0, "weighting": "cosine"}),
    "item-neighbours bm25": ("item-neighbours", {"recency": 0.0}),
    "item-neighbours recency": ("item-neighbours", {}),
    "viewer-neighbours": ("viewer-neighbours", {"recency": 0.0}),
    "viewer-neighbours recency": ("viewer-neighbours", {}),
    "als 64": ("als", {"factors": 64}),
    "als 128": ("als", {"factors": 128, "epochs": 15}),
    "ease": ("ease", {"recency": 0.0}),
    "ease recency": ("ease", {}),
    "ensemble": ("ensemble", BLIND),
    "ensemble recency": ("ensemble", {"share": 0.5}),
}
PEERS: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("implicit", "als", {"factors": 128, "regularization": 0.1, "alpha": 3.0, "iterations": 15, "random_state": 0}),
    ("implicit", "bm25", {"K": 100}),
    ("implicit", "cosine", {"K": 100}),
    ("irspack", "ials", {"n_components": 128, "alpha0": 1.0, "reg": 0.002, "random_seed": 0}),
    ("irspack", "ease", {"reg": 300.0}),
)


def read(folder: Path) -> Interactions:
    """The SASRec file in its archive: a viewer and a title on each line, in order of time."""
    with ZipFile(folder / "ml-1m-extras.zip") as archive:
        [name] = [one for one in archive.namelist() if one.endswith("ml-1m_sas.txt")]
        viewers, titles = np.array(archive.read(name).split(), np.int64).reshape(-1, 2).T
    return Interactions.from_columns(viewers, titles, at_ms=np.arange(viewers.size))


def measure(folder: Path) -> list[Row]:
    """HR@10, NDCG@10 and seconds of training of every system."""
    split = leave_last_out(read(folder))
    return [row for judged in _all(split) for row in _rows(judged)]


def bars(rows: Sequence[Row]) -> list[Bar]:
    """What EASE reached when this was first measured, with and without the order of histories."""
    found = {(row.system, row.metric): row.value for row in rows}
    best = {metric: max(found["matinee " + one, metric] for one in OURS) for metric in ("HR@10", "NDCG@10")}
    blind = {
        metric: max(found["matinee " + one, metric] for one in OURS if "recency" not in one)
        for metric in ("HR@10", "NDCG@10")
    }
    return [
        at_least("best without a model of sequences, HR@10", best["HR@10"], 0.1083),
        at_least("best without a model of sequences, NDCG@10", best["NDCG@10"], 0.0535),
        at_least("best that is blind to order, HR@10", blind["HR@10"], 0.1083),
        at_least("best that is blind to order, NDCG@10", blind["NDCG@10"], 0.0535),
    ]


def _all(split: Split) -> Iterator[Judged]:
    for name, (kind, knobs) in OURS.items():
        model = make(kind, **knobs)
        begun = time.perf_counter()
        model.fit(split.train, np.random.default_rng(0))
        yield ours(f"matinee {name}", model, split, 10, time.perf_counter() - begun)
    for package, system, knobs in PEERS:
        yield peer(package, system, knobs, split, 10)


def _rows(judged: Judged) -> Iterator[Row]:
    for metric, named in (("hit_rate", "HR@10"), ("ndcg", "NDCG@10")):
        yield Row(system=judged.system, data=DATA, metric=named, value=estimate(judged.samples[metric]).value)
    yield Row(system=judged.system, data=DATA, metric="training", value=judged.seconds["fit"], unit="s")
