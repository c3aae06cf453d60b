"""Run the benchmark of recommendation and write its report: ``make bench B=recommendation``.

Parts can be run alone (``ARGS="strong speed"``); the report then keeps the other parts of the last run, which lie in
``work/``. The real data's folder is named in MATINEE_TEST_DATA, or lies in ``shared/data`` beside the checkout.

A part is a module of this folder with ``measure(folder) -> rows`` and ``bars(rows) -> bars``, where `folder` holds
MovieLens' archives; a line in `PARTS` adds it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.recommendation import sequences
from benchmarks.recommendation.environments import PACKAGES, WORK
from benchmarks.report import Report
from benchmarks.runner import kept_of, real_data, run
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


def main(names: list[str]) -> None:
    """Run the parts named, or all, and write the report."""
    run("benchmarks.recommendation", PARTS, names, real_data(HERE, "movielens/ml-1m.zip") / "movielens", WORK)
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
    for name, (rows, bars) in kept_of(PARTS, WORK).items():
        found.rows += rows
        found.bars += bars
        if name == "sequences":
            save(sequences.plot(rows), HERE / PLOT)
            found.pictures = [(PLOT, "How good models of sequences are after how many minutes of training")]
    peers = ", ".join(package for packages in PACKAGES.values() for package in packages)
    found.notes = [f"Peers: {peers}.", *([NOTES.read_text().strip()] if NOTES.exists() else [])]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
