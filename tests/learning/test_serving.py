"""Hot swap: no request waits, fails, or gets half of a model while versions are published and tidied away."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from matinee.base.clock import now_ms
from matinee.base.objects.folder import FolderObjects
from matinee.learning.interactions import Interactions
from matinee.learning.model import History, Model
from matinee.learning.serving import Ready, Serving
from matinee.learning.shelf import Shelf, Version
from matinee.recommendation.methods import load
from matinee.recommendation.methods.popularity import Popularity


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(FolderObjects.open("file://objects", tmp_path), "taste")


def publish(shelf: Shelf, number: int) -> None:
    """A model whose every score is the number of its version."""
    known = Interactions.from_columns(np.repeat(np.arange(number), 3) + 1, np.tile([10, 11, 12], number))
    model = Popularity().fit(known, np.random.default_rng(0))
    shelf.publish(Version(f"{number:04d}", number, {"popularity": model.save()}))


def made(version: Version | None) -> Model | None:
    return load(version.models["popularity"]) if version else None


def test_nothing_is_served_until_something_is_published(shelf: Shelf) -> None:
    serving = Serving(shelf, made, check_s=0)
    assert (serving.get().version, serving.get().value) == ("", None)
    publish(shelf, 1)
    assert serving.get().version == "0001"


def test_the_pointer_is_read_when_it_is_due(shelf: Shelf) -> None:
    clock = [0.0]
    serving = Serving(shelf, made, check_s=1.0, clock_s=lambda: clock[0])
    publish(shelf, 1)
    assert serving.get().version == "0001"
    publish(shelf, 2)
    assert serving.get().version == "0001"
    clock[0] = 1.0
    assert serving.get().version == "0002"
    publish(shelf, 3)
    serving.look_again()
    assert serving.get().version == "0003"
    shelf.roll_back()
    clock[0] = 2.5
    assert serving.get().version == "0002"


def test_threads_score_while_versions_are_published_and_pruned(shelf: Shelf) -> None:
    publish(shelf, 1)
    serving = Serving(shelf, made, check_s=0)
    history = History.of(np.array([10, 11, 12]), {11: 1.0})
    done = threading.Event()

    def ask() -> list[int]:
        """Versions in the order in which this thread was served."""
        seen = []
        while not done.is_set():
            ready = serving.get()
            assert ready.value is not None
            scores = ready.value.score([history])
            assert (scores == int(ready.version)).all()  # the version said is the model that scored, whole
            seen.append(int(ready.version))
            time.sleep(0.001)  # Python runs one thread at a time: who publishes is to have a turn
        return seen

    with ThreadPoolExecutor(4) as pool:
        threads = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(2, 60):
                publish(shelf, number)
                shelf.prune(1, now_ms())
        finally:
            done.set()
        orders = [thread.result() for thread in threads]  # raises what a request raised
    assert all(order == sorted(order) for order in orders)
    assert len({number for order in orders for number in order}) > 3  # they did swap meanwhile
    assert serving.get().version == "0059"


def test_nobody_waits_for_a_model_that_is_being_loaded(shelf: Shelf) -> None:
    publish(shelf, 1)
    loading, go_on = threading.Event(), threading.Event()

    def slowly(version: Version | None) -> Model | None:
        if version is not None and version.version == "0002":
            loading.set()
            assert go_on.wait(60)
        return made(version)

    serving = Serving(shelf, slowly, check_s=0)
    assert serving.get().version == "0001"
    publish(shelf, 2)
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(serving.get)
        assert loading.wait(60)
        assert {serving.get().version for _ in range(100)} == {"0001"}  # would never end, did it wait
        go_on.set()
        assert renewing.result().version == "0002"
    assert serving.get().version == "0002"


@pytest.mark.logs_errors
def test_a_damaged_version_is_told_once_and_the_one_before_is_served(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(shelf, 1)
    serving = Serving(shelf, made, check_s=0)
    assert serving.get().version == "0001"
    publish(shelf, 2)
    (tmp_path / "objects/models/taste/0002/popularity.npz").write_bytes(b"")
    assert [serving.get().version for _ in range(3)] == ["0001"] * 3
    [told] = caplog.records
    assert "Served is version 0001" in told.getMessage()
    assert "0002/popularity.npz has changed" in told.getMessage()
    publish(shelf, 3)
    assert serving.get().version == "0003"


@pytest.mark.logs_errors
def test_of_a_shelf_that_is_damaged_from_the_start_the_newest_whole_version_is_served(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2, 3):
        publish(shelf, number)
    (tmp_path / "objects/models/taste/0003/popularity.npz").write_bytes(b"")
    serving = Serving(shelf, made, check_s=0)
    assert [serving.get().version for _ in range(3)] == ["0002"] * 3
    for number in (1, 2):
        (tmp_path / f"objects/models/taste/000{number}/popularity.npz").write_bytes(b"")
    bare = Serving(shelf, made, check_s=0)
    assert bare.get() == Ready("", made(None))
    assert [one.getMessage().partition(":")[0] for one in caplog.records] == [
        "Served is version 0002",
        "Served is nothing trained",
    ]
    publish(shelf, 4)
    assert bare.get().version == serving.get().version == "0004"
