"""The same work here and on Spark: a film encoded in shots, ALS, lists for everybody, SQL, and a torch model.

    python -m benchmarks.compute answers

Each is worked out here, and then on Spark, where a worker is killed with all that runs on it in the middle.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compute.cluster import cluster, killing, opened
from benchmarks.report import Bar, Row, at_least, at_most
from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.base.compute.together import Together
from matinee.catalog import movielens
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import prepare
from matinee.encoding.plans.rungs import Placing
from matinee.jobs.spark.standalone import Standalone
from matinee.learning.evaluation import evaluate
from matinee.learning.interactions import Interactions
from matinee.learning.model import Ranked
from matinee.learning.splits import leave_last_out
from matinee.recommendation import counting
from matinee.recommendation.methods.als import ImplicitALS

SEEDS = (0, 1, 2)
FILM = "gotland_sailing_360p24_10s.mp4"
STEPS = 40


@dataclass(frozen=True)
class Work:
    """Something to be worked out by whatever computes, and how two results are compared."""

    name: str
    data: str
    kill_after_s: float
    done: Callable[[Compute, Path], Any]
    differences: Callable[[Any, Any], int]


def measure(data: Path) -> Iterator[Row]:
    """Seconds here and there, kills, and differences."""
    known = ratings(data / "movielens/ml-1m.zip")
    with tempfile.TemporaryDirectory() as folder, cluster() as spark:
        here, there = LocalCompute(2), opened(spark)
        for work in works(known, data / "clips" / FILM, Path(folder)):
            begun = time.perf_counter()
            expected = work.done(here, Path(folder, f"{work.name} here"))
            here_s, begun = time.perf_counter() - begun, time.perf_counter()
            with killing(spark, work.kill_after_s) as kills:
                found = work.done(there, Path(folder, f"{work.name} there"))
            there_s = time.perf_counter() - begun
            yield Row(system="local", data=work.data, metric=work.name, value=round(here_s, 2), unit="s")
            yield Row(system="spark", data=work.data, metric=f"{work.name}, a worker killed", value=there_s, unit="s")
            yield Row(system="spark", data=work.data, metric=f"{work.name}: kills", value=len(kills))
            different = work.differences(expected, found)
            yield Row(system="spark", data=work.data, metric=f"{work.name}: differences", value=different)
            print(
                f"{work.name}: {here_s:.1f} s, {there_s:.1f} s, {len(kills)} kills, {different} differences", flush=True
            )
        yield from quality(known, here, there, spark)
        here.close()
        there.close()


def bars(rows: Sequence[Row]) -> list[Bar]:
    """The same answers, and NDCG within one in a hundred."""
    kills = [one.value for one in rows if one.metric.endswith(": kills")]
    different = sum(one.value for one in rows if one.metric.endswith(": differences"))
    ndcg = {
        system: np.mean([r.value for r in rows if r.metric == "NDCG@10" and r.system == system])
        for system in ("local", "spark")
    }
    return [
        at_least("Kills in the middle, one for each kind of work", min(kills), 1),
        at_most("Answers that differ", different, 0),
        at_least("NDCG@10 of ALS by Spark, of ours", float(ndcg["spark"] / ndcg["local"]), 0.99),
    ]


def works(known: Interactions, film: Path, folder: Path) -> Iterator[Work]:
    """What is done; scoring takes the vectors of one fit on this machine."""
    viewing = folder / "viewing.parquet"
    counting.write(known, viewing)
    model = ImplicitALS(factors=64, epochs=10).fit(known, np.random.default_rng(0))
    yield Work("features by SQL", "ml-1m", 1.5, lambda compute, _: counted(compute, viewing), differing)
    yield Work("lists for everybody", "ml-1m, 20 times", 0.5, lambda c, _: lists(c, model, known), unlike)
    yield Work("a film in shots", FILM, 8.0, lambda compute, place: encoded(compute, film, place), changed)
    rows = np.random.default_rng(0).normal(size=(256, 8))
    yield Work("a torch model", "regression", 12.0, lambda c, _: c.run(Together(train, (rows,))), apart)


def counted(compute: Compute, viewing: Path) -> list[Any]:
    """All three tables."""
    return [ask(compute, viewing) for ask in (counting.of_titles, counting.of_viewers, counting.together)]


def differing(one: list[Any], other: list[Any]) -> int:
    """Cells: whole numbers to the last digit, others to the twelfth."""
    pairs = [
        (a[name].to_numpy(), b[name].to_numpy()) for a, b in zip(one, other, strict=True) for name in a.column_names
    ]
    if any(a.shape != b.shape for a, b in pairs):
        return -1
    return int(sum((~np.isclose(a, b, rtol=1e-12 if a.dtype.kind == "f" else 0, atol=0)).sum() for a, b in pairs))


def lists(compute: Compute, model: ImplicitALS, known: Interactions) -> Ranked:
    """Twenty times, so that there is a middle."""
    return [model.best(known, 10, compute) for _ in range(20)][-1]


def unlike(one: Ranked, other: Ranked) -> int:
    """Places with another title."""
    return int((one.title_ids != other.title_ids).sum())


def encoded(compute: Compute, film: Path, work: Path) -> Any:
    """The rungs of a plan, each with the bytes and the quality of its shots."""
    work.mkdir()
    goal = Goal(heights=(144, 216), preset="veryfast", placing=Placing(most=4, step=10))
    found = plan(prepare(film, "film", work, goal.heights), goal, Priors.of_codec("h264"), work, compute)
    return [(one.sizes, one.crfs, one.unit_bytes, one.trials, dict(one.quality)) for one in found.rungs]


def changed(one: list[Any], other: list[Any]) -> int:
    """Rungs that differ in anything."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def train(rows: np.ndarray) -> list[float]:
    """A regression by gradient descent whose rows are shared among processes."""
    import torch
    import torch.distributed as group
    from torch.nn.parallel import DistributedDataParallel

    mine = torch.tensor(rows[group.get_rank() :: group.get_world_size()], dtype=torch.float32)
    layer = torch.nn.Linear(rows.shape[1], 1, bias=False)
    torch.nn.init.zeros_(layer.weight)
    model = DistributedDataParallel(layer)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(STEPS):
        time.sleep(0.1)  # as if it were large
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(model(mine), mine.sum(dim=1, keepdim=True)).backward()
        optimiser.step()
    weights: list[float] = layer.weight.detach().flatten().tolist()
    return weights


def apart(one: list[float], other: list[float]) -> int:
    """Weights that differ in the fifth digit."""
    return int((~np.isclose(one, other, atol=1e-5)).sum())


def quality(known: Interactions, here: Compute, there: Compute, spark: Standalone) -> Iterator[Row]:
    """NDCG@10 and seconds of ALS with three seeds, 64 factors, 10 sweeps; a worker is killed in the first fit."""
    split, data = leave_last_out(known), "ml-1m, leave last out"
    for seed in SEEDS:
        for system, compute in (("local", here), ("spark", there)):
            begun, disturbed = time.perf_counter(), system == "spark" and seed == SEEDS[0]
            with killing(spark, 20.0) if disturbed else nullcontext([]) as kills:
                model = ImplicitALS(factors=64, epochs=10).fit_on(compute, split.train, np.random.default_rng(seed))
            took_s = time.perf_counter() - begun
            if disturbed:
                yield Row(system=system, data=data, metric="ALS: kills", value=len(kills))
            ndcg = evaluate(model, split, 10).estimates()["ndcg"].value
            print(f"als {seed} {system}: {took_s:.1f} s, NDCG@10 {ndcg:.4f}", flush=True)
            yield Row(system=system, data=data, metric="NDCG@10", value=round(ndcg, 5))
            yield Row(system=system, data=data, metric="ALS, 64 factors, 10 sweeps", value=round(took_s, 2), unit="s")


def ratings(path: Path) -> Interactions:
    """Of MovieLens."""
    found = movielens.read(path, now_ms=0).ratings
    return Interactions.from_columns(found.viewers, found.films, found.stars, found.at_ms)
