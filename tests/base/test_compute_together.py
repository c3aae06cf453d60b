"""Functions that work together: two processes learn what one learns, here and on Spark, and a death is survived."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.base.compute.together import Together
from matinee.base.errors import InvalidInput

pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'matinee[torch]'")
STEPS, RATE = 20, 0.1


@pytest.fixture(params=["local", pytest.param("spark", marks=pytest.mark.server)])
def compute(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Compute]:
    if request.param == "local":
        made: Compute = LocalCompute.open("local://?workers=2", tmp_path)
    else:
        from matinee.base.compute.spark.compute import SparkCompute

        made = SparkCompute.open(request.getfixturevalue("spark_url"), tmp_path)
    yield made
    made.close()


def train(rows: np.ndarray, wanted: np.ndarray, mark: Path) -> list[float]:
    """The weights of a small regression, its rows shared among the processes; the second dies once, half way."""
    import torch
    import torch.distributed as group
    from torch.nn.parallel import DistributedDataParallel

    rank = group.get_rank()
    mine = [torch.tensor(one[rank :: group.get_world_size()], dtype=torch.float32) for one in (rows, wanted[:, None])]
    layer = torch.nn.Linear(rows.shape[1], 1, bias=False)
    torch.nn.init.zeros_(layer.weight)
    model = DistributedDataParallel(layer)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    for step in range(STEPS):
        if step == STEPS // 2 and rank == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(model(mine[0]), mine[1]).backward()
        optimiser.step()
    return layer.weight.flatten().tolist()


def alone(rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The same descent by hand."""
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        weights -= RATE * 2 * rows.T @ (rows @ weights - wanted) / len(rows)
    return weights


def refuse() -> None:
    raise InvalidInput("There is nothing to learn.", next_step="Give rows.")


def test_two_learn_what_one_learns(compute: Compute, tmp_path: Path) -> None:
    """Here though one dies half way; on Spark, where a beginning takes many seconds, the benchmark kills one."""
    rows = np.random.default_rng(0).normal(size=(64, 3))
    wanted, mark = rows @ [1.0, -2.0, 0.5], tmp_path / "died"
    if not isinstance(compute, LocalCompute):
        mark.touch()
    learned = compute.run(Together(train, (rows, wanted, mark), processes=2))
    assert mark.exists()  # nobody dies a second time
    np.testing.assert_allclose(learned, alone(rows, wanted), atol=1e-5)


def test_what_the_function_raises_is_raised() -> None:
    with pytest.raises(InvalidInput, match="nothing to learn") as caught:
        LocalCompute(2).run(Together(refuse))
    assert caught.value.next_step == "Give rows."


@pytest.mark.server
def test_more_than_there_are_cores_are_refused_at_once(spark_url: str, tmp_path: Path) -> None:
    """Spark itself would wait for ten minutes."""
    from matinee.base.compute.spark.compute import SparkCompute

    compute = SparkCompute.open(spark_url, tmp_path)
    with pytest.raises(InvalidInput, match="3 processes cannot work together on 2 cores"):
        compute.run(Together(refuse, processes=3))
    compute.close()
