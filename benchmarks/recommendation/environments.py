"""Peers' environments: each in one of its own in ``work/``, made when it is first needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

HERE = Path(__file__).parent
WORK = HERE / "work"
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "implicit": ("implicit==0.7.3",),
    "irspack": ("irspack==0.5.2",),
    "myfm": ("myfm==0.3.6", "setuptools==80.9.0", "numpy==1.26.4", "pandas==2.3.3"),
    "surprise": ("scikit-surprise==1.1.5", "numpy==1.26.4", "pandas==2.3.3"),
}
"""What each peer's environment holds."""


def python(peer: str) -> Path:
    """The interpreter of a peer's environment."""
    folder = WORK / "environments" / "-".join(PACKAGES[peer]).replace("==", "-")
    found = folder / "bin" / "python"
    if not (folder / "ready").exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        packages = [*PACKAGES[peer], "threadpoolctl"]
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(found), *packages], check=True)
        (folder / "ready").touch()
    return found


def ask(
    peer: str, system: str, knobs: Mapping[str, Any], train: csr_array, given: csr_array, n: int
) -> tuple[NDArray[np.int64], dict[str, float]]:
    """Lists of `n` columns for the rows of `given` by a peer's system fitted on `train`, and how long each step took.

    What is in `given` is left out of the lists; the peer runs in a process of its own.
    """
    WORK.mkdir(exist_ok=True)
    asked, answered = WORK / f"asked-{system}.npz", WORK / f"answered-{system}.npz"
    arrays = {}
    for name, matrix in (("train", train), ("given", given)):
        arrays |= {f"{name}_{part}": getattr(matrix, part) for part in ("data", "indices", "indptr")}
        arrays[f"{name}_shape"] = np.array(matrix.shape)
    np.savez(asked, **arrays)
    facts = json.dumps({"system": system, "knobs": dict(knobs), "n": n})
    command = [str(python(peer)), str(HERE / "peer.py"), facts, str(asked), str(answered)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{system} failed:\n{done.stderr}")
    with np.load(answered) as found:
        lists, seconds = found["lists"], {"fit": float(found["fit_s"]), "recommend": float(found["recommend_s"])}
    for path in (asked, answered):
        path.unlink()
    return lists, seconds
