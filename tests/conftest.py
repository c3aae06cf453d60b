"""What every test shares: a clean environment, real data where it is present, and no unexpected error logs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from tests.servers import nats, nats_url, postgres, postgres_url, s3, s3_url, spark, spark_url

mpl.use("agg")

# One for all modules, since they take seconds to start.
__all__ = ["nats", "nats_url", "postgres", "postgres_url", "s3", "s3_url", "spark", "spark_url"]

REPOSITORY = Path(__file__).parents[1]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `--dist loadscope`."""
    from tests.scheduling import Shared

    return Shared(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data: `MATINEE_TEST_DATA`, or ``shared/data`` beside the checkout."""
    named = os.environ.get("MATINEE_TEST_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (folder / "movielens").is_dir():
        pytest.skip("the folder of real data is not on this machine (name it in MATINEE_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("MATINEE_") and name != "MATINEE_TEST_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_unexpected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test during which something was logged as an error fails, unless it is marked `logs_errors`."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("matinee")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    if records and not request.node.get_closest_marker("logs_errors"):
        pytest.fail("logged as an error: " + "; ".join(record.getMessage() for record in records))
