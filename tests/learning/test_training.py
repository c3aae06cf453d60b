"""Long training: killed and gone on with, short of memory, diverging; each told or mended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, Unavailable
from matinee.base.objects.folder import FolderObjects
from matinee.catalog.records import Kind, TitleDraft
from matinee.learning.shelf import Shelf
from matinee.learning.stored import Stored
from matinee.learning.training import ObjectsCheckpoint, check_finite, fingerprint, within_memory
from matinee.subsystems import create_workspace
from matinee.testing.tastes import world

# A process of its own: fits a model, keeping states in a folder, and says how often it kept one. With a number it dies
# by `kill -9` once it has kept so many.
TRAINER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from matinee.base.objects.folder import FolderObjects
from matinee.learning.stored import pack
from matinee.learning.training import ObjectsCheckpoint
from matinee.recommendation.methods import make
from matinee.testing.tastes import world

root, deadly = Path(sys.argv[1]), int(sys.argv[2])

class Counting(ObjectsCheckpoint):
    kept = 0
    def save(self, state):
        super().save(state)
        self.kept += 1
        if self.kept == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

checkpoint = Counting(FolderObjects.open("file://objects", root), "als-fit")
model = make("als", factors=8, epochs=12).fit(world(), np.random.default_rng(1), checkpoint)
(root / "fitted").write_bytes(pack(model.save()))
print(checkpoint.kept)
"""
# Another one, that may take so many bytes more than it has taken by the time it begins.
POOR = """
import resource, sys
import numpy as np
from matinee.base.errors import Unavailable
from matinee.learning.interactions import Interactions
from matinee.recommendation.methods import make
from matinee.testing.tastes import world

kind, knobs, titles, spare = sys.argv[1], eval(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
make(kind).fit(world(), np.random.default_rng(0))  # threads are started, and libraries loaded
known = Interactions.from_columns(np.arange(titles) % 500, np.arange(titles))
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + spare, taken + spare))
try:
    make(kind, **knobs).fit(known, np.random.default_rng(0))
except Unavailable as error:
    print(error)
"""
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}


def run(script: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, args)]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **THREADS}
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=environ)


def test_a_training_that_was_killed_goes_on_and_ends_in_the_same_model(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    kept = int(run(TRAINER, whole, 0).stdout)
    assert kept >= 10
    first = run(TRAINER, killed, kept // 2)
    assert (first.returncode, first.stdout) == (-signal.SIGKILL, "")
    assert not (killed / "fitted").exists()
    again = run(TRAINER, killed, 0)
    assert int(again.stdout) == kept - kept // 2, again.stderr  # only what was left to do
    assert (killed / "fitted").read_bytes() == (whole / "fitted").read_bytes()
    assert not list(killed.rglob("*.npz"))


def test_the_command_goes_on_too_after_kill_9(tmp_path: Path) -> None:
    """The whole way: workspace, command, shelf. Until it is done nothing is published."""
    flags = ["--set", "recommendation.measure=false", "--set", 'recommendation.models=["popularity","als"]']
    knobs = ["--set", "recommendation.epochs=400", "--set", "recommendation.factors=16"]
    train = [sys.executable, "-m", "matinee", *flags, *knobs, "recommendation", "train", "--seed", "3", "--workspace"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with create_workspace(whole) as workspace:
        films = [TitleDraft(kind=Kind.FILM, name=f"Film {number}") for number in range(30)]
        ids = np.array(workspace.service("catalog").merge(films, now_ms()).ids)
        viewers, titles, stars, times = world().columns()
        workspace.service("catalog").viewers_for("test", [str(one) for one in range(60)], now_ms())
        workspace.service("events").record_ratings(viewers, ids[titles - titles.min()], stars, times)
    shutil.copytree(whole, killed)
    with subprocess.Popen([*train, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 200
        while not list(killed.glob("objects/checkpoints/als-*.npz")) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert Shelf(FolderObjects.open("file://objects", killed), "taste").current() is None
    models = []
    for root in (killed, whole):
        done = subprocess.run([*train, str(root)], capture_output=True, text=True, timeout=250, check=False)
        assert done.returncode == 0, done.stderr
        shelf = Shelf(FolderObjects.open("file://objects", root), "taste")
        models.append(shelf.load(shelf.current() or "").models["als"])
        assert not list(root.glob("objects/checkpoints/*.npz"))
    one, two = models
    assert one.facts == two.facts
    assert len(one.facts["losses"]) == 400
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, two.arrays[name])


@pytest.mark.parametrize(
    ("kind", "knobs", "titles", "knob"),
    [("ease", {"titles": 12_000}, 12_000, "titles"), ("als", {"factors": 1024}, 60_000, "factors")],
)
def test_where_memory_is_short_it_is_said_what_to_lower(
    kind: str, knobs: dict[str, int], titles: int, knob: str
) -> None:
    done = run(POOR, kind, knobs, titles, 100 << 20)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"There is not enough memory to fit this model. Lower {knob}."


@pytest.mark.parametrize(
    "words", ["DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", "CUDA out of memory"]
)
def test_how_pytorch_says_it_is_understood(words: str) -> None:
    with pytest.raises(Unavailable, match=r"not enough memory.*Lower batch\."), within_memory("batch"):
        raise RuntimeError(words)


def test_other_faults_are_not_taken_for_want_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"), within_memory("batch"):
        raise RuntimeError("shapes do not fit")


def test_a_fit_that_diverges_says_which_knob() -> None:
    check_finite(0.5, 3, "learning_rate")
    for loss in (float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match=r"diverged in epoch 4.*Lower learning_rate\."):
            check_finite(loss, 3, "learning_rate")


def test_a_checkpoint_is_replaced_whole_and_damage_starts_anew(tmp_path: Path) -> None:
    objects = FolderObjects.open("file://objects", tmp_path)
    checkpoint = ObjectsCheckpoint(objects, "als-1")
    assert checkpoint.load() is None
    for epoch in range(3):
        checkpoint.save(Stored("als", {"factors": np.full(100, epoch)}, {"epoch": epoch}))
    found = ObjectsCheckpoint(objects, "als-1").load()
    assert found is not None
    assert (found.kind, found.facts, set(found.arrays["factors"].tolist())) == ("als", {"epoch": 2}, {2})
    assert ObjectsCheckpoint(objects, "als-2").load() is None
    data = objects.get("checkpoints/als-1.npz")
    for damaged in (b"", b"PK", data[:-1], data[: len(data) // 2], data[:99] + bytes([data[99] ^ 1]) + data[100:]):
        objects.put("checkpoints/als-1.npz", damaged)
        assert checkpoint.load() is None
    checkpoint.clear()
    checkpoint.clear()
    assert not objects.exists("checkpoints/als-1.npz")


def test_a_fit_is_known_by_model_knobs_data_and_seed() -> None:
    known = world()
    mine = fingerprint("als", {"factors": 8}, known, 0)
    assert mine == fingerprint("als", {"factors": 8}, world(), 0)
    others = [
        fingerprint("ease", {"factors": 8}, known, 0),
        fingerprint("als", {"factors": 9}, known, 0),
        fingerprint("als", {"factors": 8}, world(seed=1), 0),
        fingerprint("als", {"factors": 8}, known.where(np.arange(known.count) > 0), 0),
        fingerprint("als", {"factors": 8}, known, 1),
    ]
    assert len({mine, *others}) == 6
