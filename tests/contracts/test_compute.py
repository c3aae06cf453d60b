"""Every implementation of compute against one suite."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.base.compute.metered import Metered
from matinee.testing.compute import ComputeContract


class TestLocal(ComputeContract):
    @pytest.fixture
    def open_compute(self, tmp_path: Path) -> Callable[[], Compute]:
        return lambda: LocalCompute.open("local://?workers=2", tmp_path)


class TestMetered(ComputeContract):
    @pytest.fixture
    def open_compute(self, tmp_path: Path) -> Callable[[], Compute]:
        return lambda: Metered(LocalCompute.open("local://?workers=2", tmp_path))


@pytest.mark.server
class TestSpark(ComputeContract):
    @pytest.fixture
    def open_compute(self, spark_url: str, tmp_path: Path) -> Callable[[], Compute]:
        from matinee.base.compute.spark.compute import SparkCompute

        return lambda: SparkCompute.open(spark_url, tmp_path)
