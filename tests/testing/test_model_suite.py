"""The conformance suite itself: it finds files by itself, and wrong models fail it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from matinee.recommendation.methods import KINDS
from matinee.testing.finding import find_models

RIGHT = '''
"""Counts: the right model of this test, which says of every title how many viewers touched it, to everybody the same,
so that nobody's taste is understood and nothing can go wrong either; as in shops, where what sells stands in front.

>>> Counts.kind
'counts'
"""
from dataclasses import dataclass, field
from typing import ClassVar
import numpy as np
from matinee.learning.stored import Stored, reading

@dataclass
class Counts:
    kind: ClassVar[str] = "counts"
    needs: ClassVar[frozenset] = frozenset()
    title_ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))

    def fit(self, interactions, rng, checkpoint=None):
        self.title_ids = interactions.title_ids
        found = np.bincount(interactions.values.indices, minlength=self.title_ids.size)
        self.counts = found.astype(np.float32)
        return self

    def score(self, histories):
        return np.tile(self.counts, (len(histories), 1))

    def save(self):
        return Stored(self.kind, {"title_ids": self.title_ids, "counts": self.counts})

    @classmethod
    def load(cls, stored):
        model = cls()
        with reading(stored, cls.kind):
            model.title_ids, model.counts = stored.arrays["title_ids"], stored.arrays["counts"]
            if model.title_ids.shape != model.counts.shape:
                raise ValueError("titles and counts")
        return model
'''
WRONG = {
    "told": ('"""Counts: the right model', '"""Hello."""\n_ = """'),
    "the_same_seed": ("np.float32)\n        return", "np.float32) + np.random.rand()\n        return"),
    "taste": ("return np.tile", "return 1e-6 * np.arange(len(histories))[:, None] * self.title_ids + np.tile"),
    "numbers": ("return np.tile(self.counts, (len(histories), 1))", "return np.full((len(histories), 30), np.nan)"),
    "alone_and_in_company": ("self.counts, (len(", "self.counts * np.float32(len(histories)), (len("),
    "everything": ("return np.tile", "_ = [1 / (30 - len(one.columns)) for one in histories]; return np.tile"),
    "saved": ('"counts": self.counts}', '"counts": self.counts + 1}'),
    "none_of_its_kind": ("with reading(stored, cls.kind):", "if True:"),
    "damaged": ("if model.title_ids.shape != model.counts.shape:", "if False:"),
    "little_and_odd": ("found = np", "assert interactions.count > 50; found = np"),
    "defaults": ("title_ids: np", "factors: int\n    title_ids: np"),
}


def package(folder: Path, source: str) -> Path:
    """A package of methods with one file, and a test that walks it."""
    (folder / "shop_methods").mkdir()
    (folder / "shop_methods/__init__.py").write_text("")
    (folder / "shop_methods/counts.py").write_text(source)
    (folder / "test_shop.py").write_text(
        "import pytest\n"
        "from matinee.testing.finding import find_models\n"
        "from matinee.testing.models import ModelContract\n"
        "class TestModels(ModelContract):\n"
        "    @pytest.fixture(params=find_models('shop_methods'), ids=str, scope='class')\n"
        "    def found(self, request):\n"
        "        return request.param\n"
    )
    return folder


def test_files_that_were_added_are_tested_and_every_fault_is_found(tmp_path: Path) -> None:
    """The right model and all wrong ones lie in one package, so that one run shows them all."""
    package(tmp_path, RIGHT)
    for name, (what, instead) in WRONG.items():
        assert what in RIGHT, name
        wrong = RIGHT.replace(what, instead, 1).replace("class Counts", f"class Wrong_{name}")
        (tmp_path / f"shop_methods/wrong_{name}.py").write_text(wrong.replace(">>> Counts", f">>> Wrong_{name}"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "test_shop.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    failed = re.findall(r"(?:FAILED|ERROR) \S+::test_(\w+)\[(\w+)", done.stdout)
    assert not [test for test, model in failed if model == "Counts"]
    for name in WRONG:
        assert any(name in test for test, model in failed if model == f"Wrong_{name}"), (name, failed)


def test_every_kind_of_the_package_is_found_once() -> None:
    found = find_models()
    modules = {one.module.rpartition(".")[2] for one in found}
    assert {path.partition(":")[0] for path in KINDS.values()} <= modules
    kinds = [one.cls.kind for one in found if one.cls]
    assert len(set(kinds)) == len(kinds)


def test_without_pytorch_a_module_is_found_and_skipped_in_words(tmp_path: Path) -> None:
    folder = package(tmp_path, RIGHT)
    (folder / "shop_methods/network.py").write_text("import torch\n")
    (folder / "conftest.py").write_text("import sys\nsys.modules['torch'] = None\n")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--tb=short", "test_shop.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout
    assert "network needs PyTorch, which is not installed: pip install" in done.stdout


def test_a_module_that_is_broken_is_no_model_that_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = package(tmp_path, RIGHT)
    (folder / "shop_methods/broken.py").write_text("import nothing_of_this_name\n")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        find_models("shop_methods")
