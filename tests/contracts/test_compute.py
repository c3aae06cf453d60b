"""Every implementation of compute against one suite."""

from collections.abc import Callable

import pytest

from matinee.base.compute import Compute
from matinee.base.compute.local import LocalCompute
from matinee.base.compute.metered import Metered
from matinee.testing.compute import ComputeContract


class TestLocal(ComputeContract):
    @pytest.fixture(scope="class")
    def open_compute(self, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Compute]:
        folder = tmp_path_factory.mktemp("compute")
        return lambda: LocalCompute.open("local://?workers=2", folder)


class TestMetered(ComputeContract):
    @pytest.fixture(scope="class")
    def open_compute(self, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Compute]:
        folder = tmp_path_factory.mktemp("compute")
        return lambda: Metered(LocalCompute.open("local://?workers=2", folder))


@pytest.mark.server
class TestSpark(ComputeContract):
    @pytest.fixture(scope="class")
    def open_compute(self, spark_url: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Compute]:
        from matinee.base.compute.spark.compute import SparkCompute

        folder = tmp_path_factory.mktemp("compute")
        return lambda: SparkCompute.open(spark_url, folder)
