"""Growth: seconds and memory of a sweep of ALS at 1, 10 and 50 million synthetic interactions.

    python -m benchmarks.recommendation growth

Viewers have 100 titles each on the average, titles follow a power law of popularity; there is a title for every ten
viewers, from 1,000 to 60,000. Each size is measured in a process of its own, whose greatest memory counts. A size that
this machine's free memory cannot hold is left out, and said to be.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.report import Bar, Row
from matinee.learning.interactions import Interactions
from matinee.recommendation.methods.als import ImplicitALS

SIZES = (1_000_000, 10_000_000, 50_000_000)
FACTORS, SWEEPS = 64, 2
NEEDED = 250
"""Bytes for each interaction, with what it takes to sort them."""


def measure(folder: Path) -> list[Row]:  # noqa: ARG001  a part is given the folder, whether it reads or not
    """Seconds of reading in and of a sweep, and the greatest memory, by size."""
    rows = []
    for size in SIZES:
        data = f"{size // 1_000_000} million interactions"
        if size * NEEDED > _free_bytes():
            print(f"left out, for want of memory: {data}")
            continue
        command = [sys.executable, "-m", "benchmarks.recommendation.growth", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for metric, (value, unit) in json.loads(done.stdout).items():
            rows.append(Row(system="matinee als", data=data, metric=metric, value=value, unit=unit))
    return rows


def bars(rows: Sequence[Row]) -> list[Bar]:  # noqa: ARG001
    """None: growth is told, not promised."""
    return []


def synthetic(size: int, rng: np.random.Generator) -> Interactions:
    """About `size` interactions; what is drawn twice counts once."""
    viewers = size // 100
    titles = min(60_000, max(1000, viewers // 10))
    columns = (titles * rng.random(size) ** 2.5).astype(np.int32)
    return Interactions.from_columns(rng.integers(0, viewers, size, dtype=np.int32), columns)


def _measured(size: int) -> dict[str, tuple[float, str]]:
    rng = np.random.default_rng(0)
    ImplicitALS(factors=FACTORS, epochs=1).fit(synthetic(10_000, rng), rng)  # compiled
    begun = time.perf_counter()
    known = synthetic(size, rng)
    drawn = time.perf_counter()
    model = ImplicitALS(factors=FACTORS, epochs=SWEEPS).fit(known, rng)
    fitted = time.perf_counter()
    return {
        "interactions": (float(known.count), ""),
        "made ready": (drawn - begun, "s"),
        f"{SWEEPS} sweeps, {FACTORS} factors": (fitted - drawn, "s"),
        "loss": (model.losses[-1], ""),
        "greatest memory": (_greatest_memory() / 2**30, "GiB"),
    }


def _greatest_memory() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _free_bytes() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(json.dumps(_measured(int(sys.argv[1]))))
