"""What work costs, and its end when it has cost enough."""

import subprocess
import sys
import time

import pytest

from matinee.base.compute.local import LocalCompute
from matinee.base.compute.metered import Metered, OverBudget

_BUSY = "import time\nwhile time.process_time() < {}: pass"


def busy(seconds: float) -> float:
    """Takes so much of the processor, here and in a child each."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    subprocess.run([sys.executable, "-c", _BUSY.format(seconds)], check=True)
    return seconds


def test_processor_time_of_children_counts_and_waiting_does_not() -> None:
    compute, told = Metered(LocalCompute(2), spending=(spent := list[float]()).append), [0.2, 0.3]
    assert list(compute.map(busy, told)) == told
    assert 1.0 <= compute.spent_s < 1.6
    assert sum(spent) == compute.spent_s
    before = compute.spent_s
    list(compute.map(time.sleep, [0.3]))
    assert compute.spent_s - before < 0.2
    compute.close()


def test_nothing_comes_after_the_budget() -> None:
    compute, done = Metered(LocalCompute(1), allowed_s=0.5), list[float]()
    with pytest.raises(OverBudget):
        done.extend(compute.map(busy, [0.15] * 20))
    assert 1 <= len(done) < 3
    with pytest.raises(OverBudget):
        next(compute.map(busy, [0.01]))
    compute.close()
