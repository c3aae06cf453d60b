"""Run the benchmark of recommendation and write its report: ``make bench B=recommendation``.

Parts can be run alone (``ARGS="strong speed"``); the report then keeps the other parts of the last run, which lie in
``work/``. The real data's folder is named in MATINEE_TEST_DATA, or lies in ``shared/data`` beside the checkout.

A part is a module of this folder with ``measure(folder) -> rows`` and ``bars(rows) -> bars``, where `folder` holds
MovieLens' archives; a line in `PARTS` adds it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.recommendation import sequences
from benchmarks.recommendation.environments import PACKAGES, WORK
from benchmarks.report import Bar, Report, Row, commit
from matinee.base.plotting import save

HERE = Path(__file__).parent
NOTES = HERE / "notes.md"
PLOT = "sequences.svg"
PARTS: Mapping[str, str] = {
    "ranking": "leave last out, every model that learns no sequences, beside peers",
    "sequences": "models of sequences by minutes of training, and controls",
    "strong": "viewers who were not in training, beside peers",
    "speed": "training, lists for everybody and for one, beside implicit",
    "growth": "time and memory by the number of interactions",
    "cold": "titles and viewers of whom little is known",
    "page": "the home page with all that it does",
    "ratings": "how far predicted stars are off, beside myFM and Surprise",
}
"""By name, which is that of a module, what each part measures."""


def data() -> Path:
    """The folder of MovieLens' archives."""
    named = os.environ.get("MATINEE_TEST_DATA")
    folder = (Path(named) if named else HERE.parents[2] / "shared" / "data") / "movielens"
    if not (folder / "ml-1m.zip").is_file():
        sys.exit("ml-1m is not on this machine: name the folder of real data in MATINEE_TEST_DATA.")
    return folder


def main(names: list[str]) -> None:
    """Run the parts named, or all, and write the report."""
    if unknown := set(names) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    WORK.mkdir(exist_ok=True)
    for name in names or PARTS:
        print(f"== {name}: {PARTS[name]}", flush=True)
        part, begun = import_module(f"benchmarks.recommendation.{name}"), time.monotonic()
        rows: list[Row] = list(part.measure(data()))
        bars: list[Bar] = list(part.bars(rows))
        rows.insert(0, Row(system="this part", data=name, metric="duration", value=time.monotonic() - begun, unit="s"))
        kept = {"commit": commit(), "rows": [asdict(row) for row in rows], "bars": [asdict(bar) for bar in bars]}
        (WORK / f"{name}.json").write_text(json.dumps(kept))
        for bar in bars:
            print(f"{'met ' if bar.met else 'MISS'} {bar.bar}: {bar.value:.4g} ({bar.target})", flush=True)
    report().write(HERE)


def report() -> Report:
    """What all parts measured, the latest of each."""
    found = Report(
        title="Recommendation",
        intro="How well and how fast titles are recommended, beside peers in the same run, each in an environment of "
        "its own. Run it with `make bench B=recommendation`.",
        packages=("matinee", "numpy", "scipy", "numba", "lightgbm", "torch"),
        seeds=(0, 1, 2, 3, 4),
    )
    for name in PARTS:
        if (path := WORK / f"{name}.json").exists():
            kept = json.loads(path.read_text())
            found.rows += [Row(**row) for row in kept["rows"]]
            found.bars += [Bar(**bar) for bar in kept["bars"]]
            if name == "sequences":
                save(sequences.plot([Row(**row) for row in kept["rows"]]), HERE / PLOT)
                found.pictures = [(PLOT, "How good models of sequences are after how many minutes of training")]
    peers = ", ".join(package for packages in PACKAGES.values() for package in packages)
    found.notes = [f"Peers: {peers}.", *([NOTES.read_text().strip()] if NOTES.exists() else [])]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
